$(call library,sp/metadata)
