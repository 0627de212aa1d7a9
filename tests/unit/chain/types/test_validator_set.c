/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/key.h"
#include "chain/types/validator_set.h"
#include "tests/lib/test.h"

static struct pubkey key_of(uint16_t n) {
    uint8_t raw[32] = {1};
    struct seckey key;
    store_be16(raw + 30, n);
    assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
    return seckey_pubkey(&key);
}

static void add__keeps_the_order_and_finds_each(void **state) {
    (void)state;
    struct err err;
    struct validator_set set = {.n = 0};
    for (uint16_t i = 0; i < VALIDATORS_MAX; i++) {
        struct pubkey key = key_of(i);
        assert_ok(validator_set_add(&set, &key, i + 1u, &err), &err);
        assert_code(validator_set_add(&set, &key, 1, &err), i + 1 == VALIDATORS_MAX ? CODE_LIMIT : CODE_ALREADY_EXISTS);
    }
    struct pubkey more = key_of(VALIDATORS_MAX);
    assert_code(validator_set_add(&set, &more, 1, &err), CODE_LIMIT);
    for (uint16_t i = 0; i < set.n; i++) {
        assert_true(i == 0 || addr_cmp(&set.at[i - 1].addr, &set.at[i].addr) < 0);
        assert_int_equal(validator_set_find(&set, &set.at[i].addr), i);
    }
    struct addr nobody = {{0}};
    assert_int_equal(validator_set_find(&set, &nobody), VALIDATOR_NONE);
}

static void thirds__are_strict(void **state) {
    (void)state;
    struct validator_set set = {.n = 0};
    struct pubkey a = key_of(1), b = key_of(2);
    assert_ok(validator_set_add(&set, &a, 100, NULL), NULL);
    assert_ok(validator_set_add(&set, &b, 200, NULL), NULL);
    assert_false(validator_set_third(&set, 100));
    assert_true(validator_set_third(&set, 101));
    assert_false(validator_set_quorum(&set, 200));
    assert_true(validator_set_quorum(&set, 201));
}

static void add__bounds_power(void **state) {
    (void)state;
    struct validator_set set = {.n = 0};
    struct pubkey a = key_of(1), b = key_of(2);
    assert_code(validator_set_add(&set, &a, 0, NULL), CODE_INVALID_ARGUMENT);
    assert_code(validator_set_add(&set, &a, POWER_TOTAL_MAX + 1, NULL), CODE_INVALID_ARGUMENT);
    assert_ok(validator_set_add(&set, &a, POWER_TOTAL_MAX, NULL), NULL);
    assert_code(validator_set_add(&set, &b, 1, NULL), CODE_INVALID_ARGUMENT);
    assert_true(validator_set_quorum(&set, POWER_TOTAL_MAX));
}

static int from_pb(const struct pubkey *first, const struct pubkey *second, uint64_t power, struct validator_set *ret) {
    ValidatorPower one = VALIDATOR_POWER__INIT, two = VALIDATOR_POWER__INIT;
    one.pubkey = (ProtobufCBinaryData){sizeof first->b, (uint8_t *)(uintptr_t)first->b};
    two.pubkey = (ProtobufCBinaryData){sizeof second->b, (uint8_t *)(uintptr_t)second->b};
    one.power = 1;
    two.power = power;
    ValidatorPower *list[2] = {&one, &two};
    ValidatorSet in = VALIDATOR_SET__INIT;
    in.n_validators = 2;
    in.validators = list;
    return validator_set_from_pb(&in, ret, NULL);
}

static void from_pb__takes_only_the_one_order(void **state) {
    (void)state;
    struct validator_set set = {.n = 0}, got;
    struct pubkey a = key_of(1), b = key_of(2);
    assert_ok(validator_set_add(&set, &a, 1, NULL), NULL);
    assert_ok(validator_set_add(&set, &b, 1, NULL), NULL);
    assert_code(from_pb(&set.at[0].key, &set.at[1].key, 1, &got), CODE_OK);
    struct hash x = validator_set_hash(&set), y = validator_set_hash(&got);
    assert_true(hash_eq(&x, &y));
    got.n = 77;
    assert_code(from_pb(&set.at[1].key, &set.at[0].key, 1, &got), CODE_MALFORMED);
    assert_code(from_pb(&set.at[0].key, &set.at[0].key, 1, &got), CODE_MALFORMED);
    assert_code(from_pb(&set.at[0].key, &set.at[1].key, 0, &got), CODE_MALFORMED);
    assert_int_equal(got.n, 77);
    ValidatorSet empty = VALIDATOR_SET__INIT;
    assert_code(validator_set_from_pb(&empty, &got, NULL), CODE_MALFORMED);
}

static void hash__binds_power(void **state) {
    (void)state;
    struct validator_set a = {.n = 0}, b = {.n = 0};
    struct pubkey key = key_of(1);
    assert_ok(validator_set_add(&a, &key, 1, NULL), NULL);
    assert_ok(validator_set_add(&b, &key, 2, NULL), NULL);
    struct hash x = validator_set_hash(&a), y = validator_set_hash(&b);
    assert_false(hash_eq(&x, &y));
}

TEST_MAIN(cmocka_unit_test(add__keeps_the_order_and_finds_each), cmocka_unit_test(thirds__are_strict),
          cmocka_unit_test(add__bounds_power), cmocka_unit_test(from_pb__takes_only_the_one_order),
          cmocka_unit_test(hash__binds_power))
