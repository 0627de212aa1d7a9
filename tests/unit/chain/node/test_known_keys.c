/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/crypto/hash.h"
#include "chain/node/known_keys.c" /* set_of */

enum { MANY = 24 };

static struct known_keys known;

static void begin(size_t places) {
    struct err err;
    assert_ok(known_keys_init(&known, places, 7, &err), &err);
}

static struct seckey key_of(unsigned i) {
    uint8_t raw[32] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
    struct seckey key;
    struct err err;
    assert_ok(seckey_init(&key, raw, &err), &err);
    return key;
}

static size_t known_count(void) {
    size_t n = 0;
    for (size_t s = 0; s < known.sets_n; s++)
        for (unsigned i = 0; i < KNOWN_KEYS_WAYS; i++)
            n += known.sets[s].keys[i].b[0] != 0;
    return n;
}

static void known_keys_verify__says_what_key_verify_says(void **state) {
    (void)state;
    struct hash digest = hash_of(DOMAIN_TX, bytes_str("one")), other = hash_of(DOMAIN_TX, bytes_str("two"));
    begin(KNOWN_KEYS_MAX);
    for (unsigned i = 0; i < MANY; i++) {
        struct seckey key = key_of(i);
        struct pubkey pub = seckey_pubkey(&key);
        struct sig sig = seckey_sign(&key, &digest);
        for (unsigned again = 0; again < 2; again++) { /* parsed, then remembered */
            assert_true(known_keys_verify(&known, &pub, &digest, &sig));
            assert_false(known_keys_verify(&known, &pub, &other, &sig));
            assert_int_equal(known_count(), i + 1);
        }
    }
    known_keys_release(&known);
}

static void known_keys_verify__remembers_only_who_signed(void **state) {
    (void)state;
    struct hash digest = hash_of(DOMAIN_TX, bytes_str("one")), other = hash_of(DOMAIN_TX, bytes_str("two"));
    struct seckey key = key_of(1);
    struct pubkey pub = seckey_pubkey(&key), none = {{0}};
    struct sig sig = seckey_sign(&key, &other);
    begin(KNOWN_KEYS_MAX);
    assert_false(known_keys_verify(&known, &pub, &digest, &sig));
    assert_false(known_keys_verify(&known, &none, &digest, &sig)); /* what marks a free place is no key */
    none.b[0] = 5;
    assert_false(known_keys_verify(&known, &none, &digest, &sig));
    assert_int_equal(known_count(), 0);
    known_keys_release(&known);
}

/* Two keys that share a set by one salt do not by another, though they differ where it is cheapest to make many that
 * are otherwise alike: nobody can choose keys that drive others out. */
static void set_of__differs_with_the_salt(void **state) {
    (void)state;
    enum { SALTS = 64 };
    struct pubkey a = {{2, 1, 2, 3, 4, 5, 6, 7, 8}};
    for (unsigned bit = 0; bit < 64; bit++) {
        struct pubkey b = a;
        unsigned shared = 0;
        b.b[1 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        for (uint64_t salt = 0; salt < SALTS; salt++) {
            struct known_keys k = {.sets_n = 4096, .salt = salt * 0x5851f42d4c957f2du};
            assert_true(set_of(&k, &a) < k.sets_n && set_of(&k, &b) < k.sets_n);
            shared += set_of(&k, &a) == set_of(&k, &b);
        }
        assert_true(shared < SALTS / 2);
    }
}

/* As many keys as there are places, and one more: the first is forgotten, and still right. */
static void known_keys_verify__a_full_set_forgets_the_oldest(void **state) {
    (void)state;
    struct hash digest = hash_of(DOMAIN_TX, bytes_str("one"));
    begin(KNOWN_KEYS_WAYS);
    for (unsigned i = 0; i <= KNOWN_KEYS_WAYS; i++) {
        struct seckey key = key_of(i);
        struct pubkey pub = seckey_pubkey(&key);
        struct sig sig = seckey_sign(&key, &digest);
        assert_true(known_keys_verify(&known, &pub, &digest, &sig));
        assert_int_equal(known_count(), i < KNOWN_KEYS_WAYS ? i + 1 : KNOWN_KEYS_WAYS);
    }
    for (unsigned i = 0; i <= KNOWN_KEYS_WAYS; i++) {
        struct seckey key = key_of(i);
        struct pubkey pub = seckey_pubkey(&key);
        bool there = false;
        for (unsigned way = 0; way < KNOWN_KEYS_WAYS; way++)
            there = there || memcmp(known.sets[0].keys[way].b, pub.b, sizeof pub.b) == 0;
        assert_int_equal(there, i > 0);
    }
    struct seckey key = key_of(0);
    struct pubkey pub = seckey_pubkey(&key);
    struct sig sig = seckey_sign(&key, &digest);
    assert_true(known_keys_verify(&known, &pub, &digest, &sig));
    known_keys_release(&known);
}

TEST_MAIN(cmocka_unit_test(known_keys_verify__says_what_key_verify_says),
          cmocka_unit_test(known_keys_verify__remembers_only_who_signed),
          cmocka_unit_test(set_of__differs_with_the_salt),
          cmocka_unit_test(known_keys_verify__a_full_set_forgets_the_oldest))
