$(call library,tests/lib/light)
