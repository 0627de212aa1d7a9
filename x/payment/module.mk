$(call library,x/payment)
