$(call library,x/app)
