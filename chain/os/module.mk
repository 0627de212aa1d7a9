$(call library,chain/os)
LDLIBS_chain/os := -lisal
