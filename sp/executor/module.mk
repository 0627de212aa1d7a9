$(call library,sp/executor)
