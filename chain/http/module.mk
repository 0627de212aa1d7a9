$(call library,chain/http)
LDLIBS_chain/http := -lmicrohttpd -lcurl -ljansson
