$(call library,sp/gateway)
LDLIBS_sp/gateway := -ljansson
