/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/limits.h"
#include "chain/types/name.h"
#include "tests/lib/test.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

typedef int check_fn(const char *name, struct err *err);

static void expect(check_fn *check, const char *const *names, size_t count, int code) {
    for (size_t i = 0; i < count; i++) {
        struct err err;
        int rc = check(names[i], &err);
        if (rc != code)
            fail_msg("'%s': %s", names[i], rc ? err.msg : "accepted");
    }
}

/* `len` times 'a'; one of four buffers. */
static const char *as(size_t len) {
    static char text[4][OBJECT_NAME_MAX + 2];
    static unsigned next;
    char *s = text[next++ % 4];
    memset(s, 'a', len);
    s[len] = 0;
    return s;
}

static void bucket__s3_rules(void **state) {
    (void)state;
    const char *good[] = {"abc",         "a-b",   "a.b",     "0ab",         "a--b",   "my.bucket.2024", "1.2.3",
                          "1.2.3.4.5",   "a.2.3", "1.2.3.a", "1234.5.6.7",  as(3),    as(63),           "xn-a",
                          "s3alias-not", "a1-b2", "192168",  "a.mrap.name", "sthreea"};
    const char *bad[] = {"",           "a",           "ab",
                         as(64),       "Abc",         "aBc",
                         "a_b",        "-ab",         "ab-",
                         ".ab",        "ab.",         "a..b",
                         "a.-b",       "a-.b",        "a b",
                         "a/b",        "\xc3\xa9tea", "192.168.5.4",
                         "1.2.3.4",    "xn--abc",     "sthree-x",
                         "my-s3alias", "my--ol-s3",   "my.mrap",
                         "my--x-s3",   "t--table-s3", "amzn-s3-demo-a",
                         "a\nb"};
    expect(name_check_bucket, good, LEN(good), CODE_OK);
    expect(name_check_bucket, bad, LEN(bad), CODE_INVALID_ARGUMENT);
}

static void object__paths_and_utf8(void **state) {
    (void)state;
    const char *good[] = {"a",      "a/b", "a/",     "a/b/",   ".a",    "..a",      "a..",
                          "a.",     "...", "a/.b/c", as(1024), "a b+%", "\xc3\xa9", "\xf0\x9f\x98\x80",
                          "*?[]\\", "~",   "a/...",  "A_B"};
    const char *bad[] = {"",     as(1025), "/",     "/a",    "a//b",   "a//",          ".",
                         "..",   "./a",    "../a",  "a/./b", "a/../b", "a/.",          "a/..",
                         "a\nb", "a\tb",   "a\x7f", "\xff",  "\xc3",   "\xed\xa0\x80", "\xc0\x80"};
    expect(name_check_object, good, LEN(good), CODE_OK);
    expect(name_check_object, bad, LEN(bad), CODE_INVALID_ARGUMENT);
}

/* 1024 counts bytes, not characters. */
static void object__limit_is_in_bytes(void **state) {
    (void)state;
    char name[OBJECT_NAME_MAX + 2];
    for (size_t i = 0; i < OBJECT_NAME_MAX; i += 2)
        memcpy(name + i, "\xc3\xa9", 2);
    name[OBJECT_NAME_MAX] = 0;
    assert_code(name_check_object(name, NULL), CODE_OK);
    name[OBJECT_NAME_MAX] = 'a';
    name[OBJECT_NAME_MAX + 1] = 0;
    assert_code(name_check_object(name, NULL), CODE_INVALID_ARGUMENT);
}

static void group__edges(void **state) {
    (void)state;
    const char *good[] = {"a", as(63), "Friends of Ann", "\xc3\xa9quipe", "x.y-z_1"};
    const char *bad[] = {"", as(64), " a", "a ", " ", "a/b", "a\n", "\xff", "\x01"};
    expect(name_check_group, good, LEN(good), CODE_OK);
    expect(name_check_group, bad, LEN(bad), CODE_INVALID_ARGUMENT);
}

TEST_MAIN(cmocka_unit_test(bucket__s3_rules), cmocka_unit_test(object__paths_and_utf8),
          cmocka_unit_test(object__limit_is_in_bytes), cmocka_unit_test(group__edges))
