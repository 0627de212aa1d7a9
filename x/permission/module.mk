$(call library,x/permission)
