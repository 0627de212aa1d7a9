$(call library,chain/crypto)
LDLIBS_chain/crypto := -lsecp256k1 -lb2 -lsodium
