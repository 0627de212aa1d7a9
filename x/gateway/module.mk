$(call library,x/gateway)
