$(call library,chain/sync)
