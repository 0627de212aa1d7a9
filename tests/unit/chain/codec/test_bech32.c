/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/bech32.h"

#include "tests/lib/test.h"

static void bech32__known(void **state) {
    (void)state;
    /* From BIP-173's list of valid strings: hrp "abcdef", data 0..31 in five-bit groups = these 20 bytes. */
    static const uint8_t want[20] = {0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf,
                                     0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf};
    char text[BECH32_TEXT_MAX];
    uint8_t data[20];
    struct err err;
    bech32_encode("abcdef", bytes_of(want, 20), text);
    assert_string_equal(text, "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw");
    assert_ok(bech32_decode("abcdef", text, data, 20, &err), &err);
    assert_memory_equal(data, want, 20);
    assert_ok(bech32_decode("abcdef", "ABCDEF1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LMQQQXW", data, 20, &err), &err);
}

static void addr_from_text__refuses(void **state) {
    (void)state;
    struct addr addr = {{1, 2, 3}}, back = {{9}};
    char text[ADDR_TEXT_MAX], wrong[ADDR_TEXT_MAX + 8];
    struct err err;
    addr_to_text(&addr, text);
    assert_int_equal(strncmp(text, "cairn1", 6), 0);
    for (size_t i = 6; i < strlen(text); i++) { /* any one character */
        memcpy(wrong, text, sizeof text);
        wrong[i] = wrong[i] == 'q' ? 'p' : 'q';
        assert_code(addr_from_text(wrong, &back, &err), CODE_INVALID_ARGUMENT);
    }
    memcpy(wrong, text, sizeof text);
    wrong[8] = 'b'; /* not in the alphabet */
    assert_code(addr_from_text(wrong, &back, &err), CODE_INVALID_ARGUMENT);
    memcpy(wrong, text, sizeof text);
    wrong[0] = 'C';
    assert_code(addr_from_text(wrong, &back, &err), CODE_INVALID_ARGUMENT);
    snprintf(wrong, sizeof wrong, "%sq", text);
    assert_code(addr_from_text(wrong, &back, &err), CODE_INVALID_ARGUMENT);
    assert_code(addr_from_text("", &back, &err), CODE_INVALID_ARGUMENT);
    assert_code(addr_from_text("cairn1", &back, &err), CODE_INVALID_ARGUMENT);
    assert_code(addr_from_text("cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a", &back, &err), CODE_INVALID_ARGUMENT);
    assert_int_equal(back.b[0], 9);
    assert_ok(addr_from_text(text, &back, &err), &err);
    assert_true(addr_eq(&addr, &back));
}

TEST_MAIN(cmocka_unit_test(bech32__known), cmocka_unit_test(addr_from_text__refuses))
