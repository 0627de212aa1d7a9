$(call library,chain/store)
LDLIBS_chain/store := -lrocksdb
