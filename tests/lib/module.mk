$(call library,tests/lib)
LDLIBS_tests/lib := -lcmocka
