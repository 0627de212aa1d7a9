$(call library,chain/types)
