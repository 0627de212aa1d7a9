$(call library,chain/metrics)
