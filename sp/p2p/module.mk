$(call library,sp/p2p)
LDLIBS_sp/p2p := -lnng
