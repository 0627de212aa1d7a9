$(call program,cairn-testnet,testnet)
LDLIBS_testnet := -ljansson
