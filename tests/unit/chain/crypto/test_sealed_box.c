/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/sealed_box.h"
#include "tests/lib/test.h"

enum { PLAIN = 32, SEALED = PLAIN + SEALED_BOX_TAG };

static uint8_t plain[PLAIN], sealed[SEALED];
static struct sealed_box box;

static int make(void **state) {
    (void)state;
    struct err err;
    for (uint8_t i = 0; i < PLAIN; i++)
        plain[i] = i;
    memset(&box, 7, sizeof box);
    sealed_box_set_least_cost(&box);
    assert_ok(sealed_box_seal(&box, bytes_str("open sesame"), bytes_str("name"), bytes_of(plain, PLAIN), sealed, &err),
              &err);
    return 0;
}

static int open_with(const struct sealed_box *how, const char *passphrase, const char *context, size_t len) {
    uint8_t out[PLAIN] = {0};
    int rc = sealed_box_open(how, bytes_str(passphrase), bytes_str(context), bytes_of(sealed, len), out, NULL);
    assert_true(rc != CODE_OK || memcmp(out, plain, PLAIN) == 0);
    return rc;
}

static void open__gives_back_what_was_sealed(void **state) {
    (void)state;
    assert_code(open_with(&box, "open sesame", "name", SEALED), CODE_OK);
    assert_memory_not_equal(sealed, plain, PLAIN);
}

static void open__refuses_another_passphrase_or_context(void **state) {
    (void)state;
    assert_code(open_with(&box, "open sesamE", "name", SEALED), CODE_WRONG_PASSPHRASE);
    assert_code(open_with(&box, "", "name", SEALED), CODE_WRONG_PASSPHRASE);
    assert_code(open_with(&box, "open sesame", "Name", SEALED), CODE_WRONG_PASSPHRASE);
}

static void open__notices_every_changed_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < SEALED; i++) {
        sealed[i] ^= 1;
        assert_code(open_with(&box, "open sesame", "name", SEALED), CODE_WRONG_PASSPHRASE);
        sealed[i] ^= 1;
    }
    struct sealed_box other = box;
    other.salt[0] ^= 1;
    assert_code(open_with(&other, "open sesame", "name", SEALED), CODE_WRONG_PASSPHRASE);
    other = box;
    other.nonce[23] ^= 1;
    assert_code(open_with(&other, "open sesame", "name", SEALED), CODE_WRONG_PASSPHRASE);
    other = box;
    other.passes++;
    assert_code(open_with(&other, "open sesame", "name", SEALED), CODE_WRONG_PASSPHRASE);
    for (size_t len = 0; len < SEALED; len += 5)
        assert_code(open_with(&box, "open sesame", "name", len),
                    len < SEALED_BOX_TAG ? CODE_MALFORMED : CODE_WRONG_PASSPHRASE);
}

static void cost__is_bounded_both_ways(void **state) {
    (void)state;
    static const struct {
        uint64_t passes, memory;
    } bad[] = {{0, SEALED_BOX_MEMORY_MIN},
               {SEALED_BOX_PASSES_MAX + 1, SEALED_BOX_MEMORY_MIN},
               {1, SEALED_BOX_MEMORY_MIN - 1},
               {1, SEALED_BOX_MEMORY_MAX + 1},
               {UINT64_MAX, UINT64_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sealed_box other = box;
        uint8_t out[SEALED];
        other.passes = bad[i].passes;
        other.memory_bytes = bad[i].memory;
        assert_code(open_with(&other, "open sesame", "name", SEALED), CODE_MALFORMED);
        assert_code(sealed_box_seal(&other, bytes_str("p"), BYTES_NONE, bytes_of(plain, PLAIN), out, NULL),
                    CODE_INVALID_ARGUMENT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__gives_back_what_was_sealed),
        cmocka_unit_test(open__refuses_another_passphrase_or_context),
        cmocka_unit_test(open__notices_every_changed_byte),
        cmocka_unit_test(cost__is_bounded_both_ways),
    };
    test_setup();
    return cmocka_run_group_tests(tests, make, NULL);
}
