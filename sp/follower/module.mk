$(call library,sp/follower)
