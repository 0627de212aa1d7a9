$(call library,chain/rpc)
