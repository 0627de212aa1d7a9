$(call library,chain/os)
