/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"
#include "chain/crypto/key.h"
#include "tests/lib/test.h"

/* The group's order n; a number is written big-endian. */
static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
                                  0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

static struct seckey test_key(uint8_t last) {
    uint8_t raw[32] = {0};
    struct seckey key;
    raw[31] = last;
    assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
    return key;
}

/* s becomes n - s: the other signature that the mathematics allows and the rules do not. */
static struct sig flip_s(const struct sig *sig) {
    struct sig out = *sig;
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int d = order[i] - sig->b[32 + i] - borrow;
        borrow = d < 0;
        out.b[32 + i] = (uint8_t)(d + 256 * borrow);
    }
    return out;
}

static void seckey_init__refuses_zero_and_order(void **state) {
    (void)state;
    struct err err;
    struct seckey key;
    uint8_t raw[32] = {0};
    assert_code(seckey_init(&key, raw, &err), CODE_INVALID_ARGUMENT);
    assert_code(seckey_init(&key, order, &err), CODE_INVALID_ARGUMENT);
    memcpy(raw, order, 32);
    raw[31]--;
    assert_ok(seckey_init(&key, raw, &err), &err);
}

/* Key 1 is the generator. */
static void seckey_pubkey__of_one_is_the_generator(void **state) {
    (void)state;
    struct seckey key = test_key(1);
    struct pubkey pub = seckey_pubkey(&key);
    char hex[67];
    hex_encode(pub.b, sizeof pub.b, hex);
    assert_string_equal(hex, "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
}

static void seckey_sign__is_deterministic_and_low_s(void **state) {
    (void)state;
    struct seckey key = test_key(7);
    struct pubkey pub = seckey_pubkey(&key);
    for (uint8_t i = 0; i < 50; i++) {
        struct hash digest = hash_of(DOMAIN_TX, bytes_of(&i, 1));
        struct sig sig = seckey_sign(&key, &digest), again = seckey_sign(&key, &digest);
        assert_true(sig_eq(&sig, &again));
        assert_true(sig_is_canonical(&sig));
        assert_true(key_verify(&pub, &digest, &sig));
    }
}

static void key_verify__refuses_high_s(void **state) {
    (void)state;
    struct seckey key = test_key(9);
    struct pubkey pub = seckey_pubkey(&key);
    struct hash digest = hash_of(DOMAIN_TX, bytes_str("high"));
    struct sig sig = seckey_sign(&key, &digest);
    struct sig high = flip_s(&sig);
    assert_false(key_verify(&pub, &digest, &high));
    assert_false(sig_is_canonical(&high));
}

static void key_verify__refuses_what_is_not_it(void **state) {
    (void)state;
    struct seckey key = test_key(9), other = test_key(10);
    struct pubkey pub = seckey_pubkey(&key), other_pub = seckey_pubkey(&other), bad = {{5}};
    struct hash digest = hash_of(DOMAIN_TX, bytes_str("a")), other_digest = hash_of(DOMAIN_TX, bytes_str("b"));
    struct sig sig = seckey_sign(&key, &digest), zero = {{0}}, large;
    memset(&large, 0xff, sizeof large);
    assert_true(key_verify(&pub, &digest, &sig));
    assert_false(key_verify(&other_pub, &digest, &sig));
    assert_false(key_verify(&pub, &other_digest, &sig));
    assert_false(key_verify(&bad, &digest, &sig));
    assert_false(key_verify(&pub, &digest, &zero));
    assert_false(key_verify(&pub, &digest, &large));
    for (size_t i = 0; i < sizeof sig.b; i++) {
        struct sig torn = sig;
        torn.b[i] ^= 1;
        assert_false(key_verify(&pub, &digest, &torn));
    }
}

static void verifier_init__refuses_other_forms(void **state) {
    (void)state;
    struct err err;
    struct verifier verifier;
    struct seckey key = test_key(3);
    struct pubkey pub = seckey_pubkey(&key);
    assert_ok(verifier_init(&verifier, &pub, &err), &err);
    static const uint8_t prefixes[] = {0, 1, 4, 5, 6, 7, 0xff};
    for (size_t i = 0; i < sizeof prefixes; i++) {
        pub.b[0] = prefixes[i];
        assert_code(verifier_init(&verifier, &pub, &err), CODE_INVALID_ARGUMENT);
    }
    memset(pub.b + 1, 0xff, 32);
    pub.b[0] = 2;
    assert_code(verifier_init(&verifier, &pub, &err), CODE_INVALID_ARGUMENT);
}

static void seckey_wipe__leaves_zeros(void **state) {
    (void)state;
    struct seckey key = test_key(3), zero = {{0}};
    seckey_wipe(&key);
    assert_memory_equal(&key, &zero, sizeof key);
    seckey_wipe(NULL);
}

static void addr__kinds_do_not_meet(void **state) {
    (void)state;
    struct seckey key = test_key(3);
    struct pubkey pub = seckey_pubkey(&key);
    struct addr owner = addr_of_key(&pub);
    struct hash h = hash_of(DOMAIN_ADDR, pubkey_bytes(&pub));
    assert_memory_equal(owner.b, h.b, 20);
    struct addr pay0 = addr_of_payment(&owner, 0), pay1 = addr_of_payment(&owner, 1), bank = addr_of_module("payment");
    assert_false(addr_eq(&pay0, &pay1) || addr_eq(&pay0, &owner) || addr_eq(&bank, &pay0));
}

TEST_MAIN(cmocka_unit_test(seckey_init__refuses_zero_and_order),
          cmocka_unit_test(seckey_pubkey__of_one_is_the_generator),
          cmocka_unit_test(seckey_sign__is_deterministic_and_low_s), cmocka_unit_test(key_verify__refuses_high_s),
          cmocka_unit_test(key_verify__refuses_what_is_not_it), cmocka_unit_test(verifier_init__refuses_other_forms),
          cmocka_unit_test(seckey_wipe__leaves_zeros), cmocka_unit_test(addr__kinds_do_not_meet))
