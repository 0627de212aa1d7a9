$(call library,chain/bft)
