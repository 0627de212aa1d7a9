$(call program,cairn-sp,sp/cmd)
LDLIBS_sp/cmd := -ljansson
