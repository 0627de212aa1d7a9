$(call library,tests/bench)
SRCS_tests/bench := tests/bench/bench.c
$(call test_program,bench/http,tests/bench/http.c)
$(call test_program,bench/store,tests/bench/store.c)
$(call test_program,bench/pieces,tests/bench/pieces.c)
