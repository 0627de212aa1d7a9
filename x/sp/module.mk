$(call library,x/sp)
