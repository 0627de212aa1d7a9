/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/bytes.h"
#include "tests/lib/test.h"

static void hex__round_trip(void **state) {
    (void)state;
    uint8_t b[3] = {0, 0xab, 0xff}, c[3];
    char t[7];
    hex_encode(b, 3, t);
    assert_string_equal(t, "00abff");
    assert_true(hex_decode("00ABff", 6, c, 3));
    assert_memory_equal(b, c, 3);
}

static void hex_decode__refuses_what_does_not_fit(void **state) {
    (void)state;
    uint8_t c[2] = {1, 2};
    assert_false(hex_decode("00a", 3, c, 1));
    assert_false(hex_decode("00ag", 4, c, 2));
    assert_false(hex_decode("00aa", 4, c, 1));
    assert_int_equal(c[0], 1);
}

static void bytes_cmp__prefix_first(void **state) {
    (void)state;
    assert_true(bytes_cmp(bytes_str("ab"), bytes_str("abc")) < 0);
    assert_true(bytes_cmp(bytes_str("b"), bytes_str("abc")) > 0);
    assert_int_equal(bytes_cmp(BYTES_NONE, bytes_str("")), 0);
    assert_true(bytes_starts(bytes_str("abc"), bytes_str("ab")));
}

static void endian__round_trip(void **state) {
    (void)state;
    uint8_t b[8];
    store_be64(b, 0x0102030405060708u);
    assert_int_equal(b[0], 1);
    assert_true(load_be64(b) == 0x0102030405060708u);
    assert_true(load_le64(b) == 0x0807060504030201u);
    store_le32(b, 0xdeadbeef);
    assert_int_equal(b[0], 0xef);
    assert_true(load_le32(b) == 0xdeadbeef);
}

static void buf__never_passes_its_cap(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    for (int i = 0; i < 10; i++)
        buf_put(&b, "0123456789", 10);
    assert_false(buf_failed(&b));
    buf_put_u8(&b, 1);
    assert_true(buf_failed(&b));
    assert_int_equal(b.len, 100);
    assert_code(buf_check(&b, NULL), CODE_TOO_LARGE);
    buf_clear(&b);
    buf_printf(&b, "%d-%s", 7, "x");
    assert_string_equal(buf_cstr(&b), "7-x");
    buf_consume(&b, 2);
    assert_string_equal(buf_cstr(&b), "x");
    buf_release(&b);
}

TEST_MAIN(cmocka_unit_test(hex__round_trip), cmocka_unit_test(hex_decode__refuses_what_does_not_fit),
          cmocka_unit_test(bytes_cmp__prefix_first), cmocka_unit_test(endian__round_trip),
          cmocka_unit_test(buf__never_passes_its_cap))
