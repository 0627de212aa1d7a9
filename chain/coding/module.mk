$(call library,chain/coding)
LDLIBS_chain/coding := -lisal
