$(call library,x/challenge)
