$(call library,sp/manager)
