$(call library,sp/authenticator)
