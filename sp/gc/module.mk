$(call library,sp/gc)
LDLIBS_sp/gc := -lprotobuf-c
