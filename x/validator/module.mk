$(call library,x/validator)
