$(call library,sp/receiver)
LDLIBS_sp/receiver := -lprotobuf-c
