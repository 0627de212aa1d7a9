$(call library,x/gov)
