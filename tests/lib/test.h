/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_TEST_H
#define CAIRN_TESTS_LIB_TEST_H
/*
 * What a unit test includes: cmocka with the four headers that it wants before it, a main, a scratch directory.
 *
 *     static void hex_decode__odd_length(void **state) { (void)state; assert_false(hex_decode("abc", 3, b, 1)); }
 *     TEST_MAIN(cmocka_unit_test(hex_decode__odd_length), cmocka_unit_test(...))
 *
 * A test's name is function__case. CAIRN_TEST_FILTER (make test F='*odd*') picks tests by pattern.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chain/base/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets the name filter from the environment. */
void test_setup(void);
/* An empty directory of this process, removed with all it holds at exit. Borrowed, constant for the process. */
const char *test_dir(void);
/* "<test_dir()>/name" in one of eight rotating buffers. */
const char *test_path(const char *name);
/* How much of `all` (rounds of something random, points of a sweep) to go through: all of it, or the share that the
 * environment's CAIRN_TEST_SHARE asks for in percent (1 to 100; tests/run sets it where a sanitizer makes each round
 * dear), at least 1. */
unsigned test_share(unsigned all);
/* Milliseconds by which waits in tests should end at the latest (generous: sanitizers and busy machines). */
#define TEST_DEADLINE_MS 30000

/* rc is CODE_OK; prints err's sentence otherwise (err may be NULL). */
#define assert_ok(rc, err) test_ok((rc), (err), __FILE__, __LINE__)
void test_ok(int rc, const struct err *err, const char *file, int line);
#define assert_code(rc, want)                                                                                          \
    do {                                                                                                               \
        int rc_ = (rc), want_ = (want);                                                                                \
        if (rc_ != want_)                                                                                              \
            print_error("got %s, want %s\n", code_name(rc_), code_name(want_));                                        \
        assert_int_equal(rc_, want_);                                                                                  \
    } while (0)

#define TEST_MAIN(...)                                                                                                 \
    int main(void) {                                                                                                   \
        const struct CMUnitTest tests_[] = {__VA_ARGS__};                                                              \
        test_setup();                                                                                                  \
        return cmocka_run_group_tests(tests_, NULL, NULL);                                                             \
    }

#endif
