$(call program,cairn,client/cli)
LDLIBS_client/cli := -ljansson
