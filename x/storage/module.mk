$(call library,x/storage)
