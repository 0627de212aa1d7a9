$(call program,cairnd,chain/cmd)
