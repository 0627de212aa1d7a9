/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_UNIT_X_VALIDATOR_COMMON_H
#define CAIRN_TESTS_UNIT_X_VALIDATOR_COMMON_H
/* What tests of validators do to a ledger, and look at. */
#include "tests/lib/ledger/validators.h"

#include "chain/types/keys_validator.h"
#include "chain/types/signed.h"
#include "x/validator/sets.h"

#define CAIRN ((uint64_t)PEBBLE_PER_CAIRN)

static struct fixture f;

static inline MsgCreateValidator a_create(const char *operator, const char * key, uint64_t bonded) {
    return validators_create(&f, operator, key, bonded);
}

static inline int create(const char *operator, const char * key, uint64_t bond) {
    MsgCreateValidator m = a_create(operator, key, bond);
    return (int)fixture_do(&f, operator, & m.base)->code;
}

static inline int bond(const char *who, const char *validator, uint64_t amount) {
    MsgBond m = MSG_BOND__INIT;
    m.validator = fixture_addr_data(&f, validator);
    m.amount = amount;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static inline int unbond(const char *who, const char *validator, uint64_t amount) {
    MsgUnbond m = MSG_UNBOND__INIT;
    m.validator = fixture_addr_data(&f, validator);
    m.amount = amount;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static inline const Validator *record(const char *name) {
    struct key k;
    struct addr addr = fixture_addr(name);
    const Validator *v = fixture_record(&f, key_validator(&k, &addr), &validator__descriptor);
    assert_non_null(v);
    return v;
}

struct look {
    uint64_t height;
    struct validator_set set;
    uint64_t time;
    int rc, time_rc;
};

static inline void look_at(struct ctx *ctx, void *arg) {
    struct look *look = arg;
    look->rc = set_at(ctx, look->height, &look->set, NULL);
    look->time_rc = set_time_at(ctx, look->height, &look->time, NULL);
}

static inline struct look set_of_height(uint64_t height) {
    struct look look = {.height = height};
    fixture_with_ctx(&f, look_at, &look);
    return look;
}

/* 0: not in it. */
static inline uint64_t power_at(uint64_t height, const char *name) {
    struct look look = set_of_height(height);
    struct addr addr = fixture_addr(name);
    assert_int_equal(look.rc, CODE_OK);
    uint16_t at = validator_set_find(&look.set, &addr);
    return at == VALIDATOR_NONE ? 0 : look.set.at[at].power;
}

/* Its place in the set of a height. */
static inline uint16_t place_of(uint64_t height, const char *name) {
    struct look look = set_of_height(height);
    struct addr addr = fixture_addr(name);
    uint16_t at = validator_set_find(&look.set, &addr);
    assert_true(at != VALIDATOR_NONE);
    return at;
}

static inline void pass(unsigned blocks) {
    while (blocks--)
        fixture_block(&f, NULL, 0);
}

#endif
