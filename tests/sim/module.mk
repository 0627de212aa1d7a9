$(call test_program,sim,tests/sim)
