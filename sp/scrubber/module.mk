$(call library,sp/scrubber)
LDLIBS_sp/scrubber := -lprotobuf-c
