$(call library,sp/signer)
