$(call test_program,ledger,tests/property/ledger)
