$(call test_program,e2e/evil,tests/e2e/evil.c)
