$(call library,x/auth)
