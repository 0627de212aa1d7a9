$(call library,sp/spdb)
LDLIBS_sp/spdb := -lprotobuf-c
