$(call library,x/params)
