$(call library,sp/approver)
