$(call library,chain/signer)
