$(call library,tests/lib/chain)
