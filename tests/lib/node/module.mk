$(call library,tests/lib/node)
