$(call library,tests/bench)
SRCS_tests/bench := tests/bench/bench.c tests/bench/net.c tests/bench/load.c tests/bench/object.c
$(call test_program,bench/http,tests/bench/http.c)
$(call test_program,bench/store,tests/bench/store.c)
$(call test_program,bench/pieces,tests/bench/pieces.c)
$(call test_program,bench/tx,tests/bench/tx.c,client/lib)
$(call test_program,bench/finality,tests/bench/finality.c,client/lib)
$(call test_program,bench/put,tests/bench/put.c,client/lib)
$(call test_program,bench/memory,tests/bench/memory.c,client/lib)
