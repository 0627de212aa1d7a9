/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_VALIDATOR_SET_H
#define CAIRN_CHAIN_TYPES_VALIDATOR_SET_H
/*
 * Who votes at one height: plain values of fixed size, ascending by address; a validator's place is its index in votes
 * and its bit in certificates. The hash in headers is
 *
 *     H(cairn.valset, count u32be | (public key 33 | power u64be) in order)
 *
 * Invariant of a valid set: 1..VALIDATORS_MAX validators, addresses strictly ascending, each power > 0, the sum of
 * powers at most POWER_TOTAL_MAX.
 */
#include "chain/base/arena.h"
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/base/limits.h"

#include "cairn/validator.h"

#define POWER_TOTAL_MAX ((uint64_t)1 << 60) /* three times the total still fits into 63 bits */
#define VALIDATOR_NONE  UINT16_MAX

struct validator {
    struct pubkey key;
    struct addr addr; /* of key */
    uint64_t power;
};

/* Only the first n are set. */
struct validator_set {
    uint16_t n;
    struct validator at[VALIDATORS_MAX];
};

/* Adds a validator in its place. CODE_LIMIT when full, CODE_ALREADY_EXISTS, CODE_INVALID_ARGUMENT for power 0 or too
 * much. */
int validator_set_add(struct validator_set *set, const struct pubkey *key, uint64_t power, struct err *err);

uint64_t validator_set_power(const struct validator_set *set);

/* Strictly more than a third, two thirds of the total power. */
bool validator_set_third(const struct validator_set *set, uint64_t power);
bool validator_set_quorum(const struct validator_set *set, uint64_t power);

/* The index of a validator by address, or VALIDATOR_NONE. */
uint16_t validator_set_find(const struct validator_set *set, const struct addr *addr);

struct hash validator_set_hash(const struct validator_set *set);

/* From a decoded message; checks the whole invariant. CODE_MALFORMED with what is wrong; *ret untouched then. */
int validator_set_from_pb(const ValidatorSet *in, struct validator_set *ret, struct err *err);

/* The message, on the arena, borrowing keys from *set. CODE_NO_MEMORY. */
int validator_set_to_pb(const struct validator_set *set, struct arena *arena, ValidatorSet **ret, struct err *err);

#endif
