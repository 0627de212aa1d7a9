$(call library,chain/base)
