$(call test_program,e2e/evil,tests/e2e/evil.c)
$(call test_program,e2e/load,tests/e2e/load.c)
$(call test_program,e2e/miscount,tests/e2e/miscount.c)
