$(call library,chain/mempool)
