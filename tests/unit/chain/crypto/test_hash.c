/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/hash.h"
#include "tests/lib/test.h"

static void greenfield_11_3_25__no_two_domains_share_a_name(void **state) {
    (void)state;
    for (int i = 0; i < DOMAIN_COUNT; i++) {
        assert_int_equal(strncmp(domain_name((enum domain)i), "cairn.", 6), 0);
        assert_true(strlen(domain_name((enum domain)i)) <= DOMAIN_BYTES);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(domain_personal((enum domain)i), domain_personal((enum domain)j), DOMAIN_BYTES);
    }
}

/* hashlib.blake2b(b"abc", digest_size=32, person=b"cairn.leaf") */
static void hash_of__is_blake2b_with_personal(void **state) {
    (void)state;
    struct hash h = hash_of(DOMAIN_LEAF, bytes_str("abc"));
    assert_string_equal(hash_hex(&h).s, "ab68eabdac6ee8a3e9265abeb0b4486d37b88c35d186458e3d9a6c72ba5a134d");
}

static void hash_of__domains_differ(void **state) {
    (void)state;
    struct hash a = hash_of(DOMAIN_LEAF, BYTES_NONE), b = hash_of(DOMAIN_NODE, BYTES_NONE);
    assert_false(hash_eq(&a, &b));
}

static void hash_parts__equal_the_whole_however_cut(void **state) {
    (void)state;
    uint8_t data[400];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    struct hash whole = hash_of(DOMAIN_TX, bytes_of(data, sizeof data));
    for (size_t cut = 0; cut <= sizeof data; cut += 13) {
        struct bytes parts[] = {bytes_of(data, cut), BYTES_NONE, bytes_of(data + cut, sizeof data - cut)};
        struct hash h = hash_parts(DOMAIN_TX, parts, 3);
        assert_true(hash_eq(&h, &whole));
    }
}

static void hasher__numbers_are_big_endian(void **state) {
    (void)state;
    struct hasher hasher;
    hasher_init(&hasher, DOMAIN_PIECE);
    hasher_add_u32(&hasher, 0x01020304);
    hasher_add_u64(&hasher, 0x05060708090a0b0cu);
    struct hash got = hasher_done(&hasher);
    struct hash want = hash_of(DOMAIN_PIECE, bytes_of("\1\2\3\4\5\6\7\10\11\12\13\14", 12));
    assert_true(hash_eq(&got, &want));
}

static void hash_pair_and_signed__are_concatenations(void **state) {
    (void)state;
    struct hash two[2] = {hash_of(DOMAIN_LEAF, bytes_str("l")), hash_of(DOMAIN_LEAF, bytes_str("r"))};
    struct hash got = hash_pair(DOMAIN_NODE, &two[0], &two[1]);
    struct hash want = hash_of(DOMAIN_NODE, bytes_of(two, sizeof two));
    assert_true(hash_eq(&got, &want));
    got = hash_signed(DOMAIN_NODE, &two[0], hash_bytes(&two[1]));
    assert_true(hash_eq(&got, &want));
}

TEST_MAIN(cmocka_unit_test(greenfield_11_3_25__no_two_domains_share_a_name),
          cmocka_unit_test(hash_of__is_blake2b_with_personal), cmocka_unit_test(hash_of__domains_differ),
          cmocka_unit_test(hash_parts__equal_the_whole_however_cut), cmocka_unit_test(hasher__numbers_are_big_endian),
          cmocka_unit_test(hash_pair_and_signed__are_concatenations))
