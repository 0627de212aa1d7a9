/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/num.h"
#include "tests/lib/test.h"

static void greenfield_11_3_26__sums_and_products_at_the_edges(void **state) {
    (void)state;
    uint64_t v = 7, rest;
    assert_false(u64_add(UINT64_MAX, 1, &v));
    assert_false(u64_sub(1, 2, &v));
    assert_false(u64_mul(UINT64_MAX / 2, 3, &v));
    assert_int_equal(v, 7);
    assert_true(u64_mul_div(UINT64_MAX, UINT64_MAX, UINT64_MAX, &v, &rest));
    assert_true(v == UINT64_MAX && rest == 0);
    assert_false(u64_mul_div(UINT64_MAX, 2, 1, &v, NULL));
    assert_false(u64_mul_div(1, 1, 0, &v, NULL));
    assert_true(u64_mul_div(10, 10, 7, &v, &rest));
    assert_true(v == 14 && rest == 2);
}

static void u64_parse__plain_decimal_only(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "-1", "+1", "01", " 1", "1 ", "18446744073709551616", "99999999999999999999", "1e3"};
    uint64_t v = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(u64_parse(bad[i], strlen(bad[i]), &v));
    assert_int_equal(v, 7);
    assert_true(u64_parse("18446744073709551615", 20, &v));
    assert_true(v == UINT64_MAX);
    assert_true(u64_parse("0", 1, &v));
}

static void money__text_both_ways(void **state) {
    (void)state;
    static const struct {
        const char *in;
        uint64_t want;
        const char *out;
    } rows[] = {{"1.5CAIRN", 1500000000u, "1.5 CAIRN"},
                {"1500000000", 1500000000u, "1.5 CAIRN"},
                {"1 pebble", 1, "0.000000001 CAIRN"},
                {"18 CAIRN", 18000000000u, "18 CAIRN"},
                {"0.000000010CAIRN", 10, "0.00000001 CAIRN"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t v;
        struct err err;
        assert_ok(money_parse(rows[i].in, &v, &err), &err);
        assert_true(v == rows[i].want);
        assert_string_equal(money_text(v).s, rows[i].out);
    }
    static const char *const bad[] = {
        "", "1.5", "1.5pebble", "1.CAIRN", "1.0000000001CAIRN", "18446744074CAIRN", "-1CAIRN", "1 EUR"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t v = 7;
        assert_code(money_parse(bad[i], &v, NULL), CODE_INVALID_ARGUMENT);
        assert_int_equal(v, 7);
    }
}

static void size_and_duration__units(void **state) {
    (void)state;
    uint64_t v;
    assert_code(size_parse("16MiB", &v, NULL), CODE_OK);
    assert_int_equal(v, 16 << 20);
    assert_code(size_parse("4k", &v, NULL), CODE_OK);
    assert_int_equal(v, 4096);
    assert_code(size_parse("99999999TiB", &v, NULL), CODE_INVALID_ARGUMENT);
    assert_code(duration_parse("30d", &v, NULL), CODE_OK);
    assert_int_equal(v, 30ll * 86400 * 1000);
    assert_code(duration_parse("30", &v, NULL), CODE_INVALID_ARGUMENT);
}

TEST_MAIN(cmocka_unit_test(greenfield_11_3_26__sums_and_products_at_the_edges),
          cmocka_unit_test(u64_parse__plain_decimal_only), cmocka_unit_test(money__text_both_ways),
          cmocka_unit_test(size_and_duration__units))
