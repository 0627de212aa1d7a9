/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/validator_set.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"

int validator_set_add(struct validator_set *set, const struct pubkey *key, uint64_t power, struct err *err) {
    if (set->n == VALIDATORS_MAX)
        return err_set(err, CODE_LIMIT, "there can be at most %d validators", VALIDATORS_MAX);
    if (power == 0 || power > POWER_TOTAL_MAX - validator_set_power(set))
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "a validator's power is at least 1 and all powers together at most 2^60");
    struct validator fresh = {.key = *key, .addr = addr_of_key(key), .power = power};
    uint16_t place = set->n;
    for (; place > 0 && addr_cmp(&fresh.addr, &set->at[place - 1].addr) <= 0; place--)
        if (addr_eq(&fresh.addr, &set->at[place - 1].addr))
            return err_set(err, CODE_ALREADY_EXISTS, "this validator is in the set already");
    memmove(&set->at[place + 1], &set->at[place], (size_t)(set->n - place) * sizeof *set->at);
    set->at[place] = fresh;
    set->n++;
    return CODE_OK;
}

uint64_t validator_set_power(const struct validator_set *set) {
    uint64_t sum = 0;
    for (uint16_t i = 0; i < set->n; i++)
        sum += set->at[i].power;
    return sum;
}

bool validator_set_third(const struct validator_set *set, uint64_t power) {
    return 3 * power > validator_set_power(set);
}

bool validator_set_quorum(const struct validator_set *set, uint64_t power) {
    return 3 * power > 2 * validator_set_power(set);
}

uint16_t validator_set_find(const struct validator_set *set, const struct addr *addr) {
    uint16_t low = 0, high = set->n;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        int order = addr_cmp(addr, &set->at[middle].addr);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = (uint16_t)(middle + 1);
    }
    return VALIDATOR_NONE;
}

struct hash validator_set_hash(const struct validator_set *set) {
    struct hasher hasher;
    hasher_init(&hasher, DOMAIN_VALSET);
    hasher_add_u32(&hasher, set->n);
    for (uint16_t i = 0; i < set->n; i++) {
        hasher_add(&hasher, set->at[i].key.b, sizeof set->at[i].key.b);
        hasher_add_u64(&hasher, set->at[i].power);
    }
    return hasher_done(&hasher);
}

static int take(const ValidatorPower *in, struct validator_set *set, struct err *err) {
    struct pubkey key;
    if (!pubkey_from(bytes_of(in->pubkey.data, in->pubkey.len), &key))
        return err_set(err, CODE_MALFORMED, "a validator's public key has 33 bytes, not %zu", in->pubkey.len);
    if (validator_set_add(set, &key, in->power, err) != CODE_OK)
        return err_wrap(err, CODE_MALFORMED, "validator set");
    if (!pubkey_eq(&set->at[set->n - 1].key, &key))
        return err_set(err, CODE_MALFORMED, "validators are not ascending by address");
    return CODE_OK;
}

int validator_set_from_pb(const ValidatorSet *in, struct validator_set *ret, struct err *err) {
    if (in->n_validators == 0)
        return err_set(err, CODE_MALFORMED, "a validator set may not be empty");
    struct validator_set set = {.n = 0};
    for (size_t i = 0; i < in->n_validators; i++) {
        int rc = take(in->validators[i], &set, err);
        if (rc != CODE_OK)
            return rc;
    }
    *ret = set;
    return CODE_OK;
}

int validator_set_to_pb(const struct validator_set *set, struct arena *arena, ValidatorSet **ret, struct err *err) {
    ValidatorSet *pb = ARENA_NEW(arena, ValidatorSet);
    ValidatorPower *rows = arena_array(arena, set->n, sizeof *rows);
    ValidatorPower **list = arena_array(arena, set->n, sizeof *list);
    if (pb == NULL || rows == NULL || list == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a validator set");
    validator_set__init(pb);
    for (uint16_t i = 0; i < set->n; i++) {
        validator_power__init(&rows[i]);
        rows[i].pubkey = pb_data(pubkey_bytes(&set->at[i].key));
        rows[i].power = set->at[i].power;
        list[i] = &rows[i];
    }
    pb->n_validators = set->n;
    pb->validators = list;
    *ret = pb;
    return CODE_OK;
}
