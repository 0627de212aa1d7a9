$(call library,chain/codec)
LDLIBS_chain/codec := -lprotobuf-c -ljansson -lsodium
