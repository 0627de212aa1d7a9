$(call library,tests/lib/http)
