$(call library,tests/lib/ledger)
