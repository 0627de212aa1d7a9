$(call library,client/lib)
