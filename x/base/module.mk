$(call library,x/base)
