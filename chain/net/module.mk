$(call library,chain/net)
LDLIBS_chain/net := -lnng -lsodium
