$(call library,chain/node)
