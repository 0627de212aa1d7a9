$(call library,sp/downloader)
LDLIBS_sp/downloader := -lprotobuf-c
