$(call library,chain/config)
LDLIBS_chain/config := -lyaml -lprotobuf-c
