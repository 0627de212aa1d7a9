$(call library,sp/uploader)
LDLIBS_sp/uploader := -lprotobuf-c
