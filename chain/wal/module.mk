$(call library,chain/wal)
