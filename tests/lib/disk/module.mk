$(call library,tests/lib/disk)
