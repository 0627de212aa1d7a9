/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "x/permission/glob.h"

static void glob_match__table(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool want;
    } rows[] = {
        {"a", "a", true},
        {"a", "b", false},
        {"a", "aa", false},
        {"*", "", true},
        {"*", "a/b/c", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"*?", "\xc3\xa9", true},
        {"*??", "\xc3\xa9", false},
        {"logs/*", "logs/", true},
        {"logs/*", "logs", false},
        {"logs/*", "logs/2026/a", true},
        {"*.txt", "a.txt", true},
        {"*.txt", "a.txt.gz", false},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "abbbc", true},
        {"a*b*c", "acb", false},
        {"*ab", "aab", true},
        {"*aab", "aaab", true},
        {"a?c*", "abc", true},
        {"a?c*", "ac", false},
        {"\\*", "*", false},
        {"[a]", "a", false},
        {"[a]", "[a]", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (glob_match(rows[i].pattern, rows[i].name) != rows[i].want)
            fail_msg("%s against %s: want %d", rows[i].pattern, rows[i].name, rows[i].want);
}

/* The definition, by recursion. */
static bool naive_match(const char *p, const char *s) {
    if (!*p)
        return !*s;
    if (*p == '*')
        return naive_match(p + 1, s) || (*s && naive_match(p, s + 1));
    return *s && (*p == '?' || *p == *s) && naive_match(p + 1, s + 1);
}

static void glob_match__as_its_definition(void **state) {
    (void)state;
    struct rng r;
    rng_init(&r, 11);
    for (int round = 0; round < 50000; round++) {
        char p[9] = {0}, s[11] = {0};
        size_t np = rng_below(&r, sizeof p), ns = rng_below(&r, sizeof s);
        for (size_t i = 0; i < np; i++)
            p[i] = "ab*?"[rng_below(&r, 4)];
        for (size_t i = 0; i < ns; i++)
            s[i] = "ab"[rng_below(&r, 2)];
        if (glob_match(p, s) != naive_match(p, s))
            fail_msg("%s against %s", p, s);
    }
}

static void glob_check__edges(void **state) {
    (void)state;
    char p[GLOB_LEN_MAX + 2];
    memset(p, 'a', sizeof p);
    p[GLOB_LEN_MAX + 1] = 0;
    assert_code(glob_check(p, NULL), CODE_POLICY_STATEMENT);
    p[GLOB_LEN_MAX] = 0;
    assert_code(glob_check(p, NULL), CODE_OK);
    p[GLOB_LEN_MAX - 1] = 0;
    assert_code(glob_check(p, NULL), CODE_OK);
    assert_code(glob_check("", NULL), CODE_POLICY_STATEMENT);
    assert_code(glob_check("a**b", NULL), CODE_POLICY_STATEMENT);
    assert_code(glob_check("a*b*", NULL), CODE_OK);
    assert_code(glob_check("a\nb", NULL), CODE_POLICY_STATEMENT);
}

TEST_MAIN(cmocka_unit_test(glob_match__table), cmocka_unit_test(glob_match__as_its_definition),
          cmocka_unit_test(glob_check__edges))
