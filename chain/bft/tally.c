/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/tally.h"

#include <assert.h>

static size_t held_bytes(uint16_t validators) {
    return ((size_t)validators + 15) / 16 * 16;
}

size_t tally_memory(uint16_t validators) {
    return held_bytes(validators) + 2 * (size_t)validators * sizeof(struct tally_vote);
}

void tally_init(struct tally *t, void *memory, uint16_t validators) {
    *t = (struct tally){.held = memory};
    t->votes = (struct tally_vote *)(void *)(t->held + held_bytes(validators));
}

void tally_reset(struct tally *t, const uint64_t *powers, uint16_t validators, uint64_t total) {
    t->validators = validators;
    t->powers = powers;
    t->total = total;
    t->power = 0;
    t->quorum = false;
    t->quorum_value = (struct hash){0};
    memset(t->held, 0, validators);
}

static bool holds(const struct tally *t, uint16_t validator, const struct hash *value) {
    const struct tally_vote *own = &t->votes[2 * validator];
    for (unsigned i = 0; i < t->held[validator]; i++)
        if (hash_eq(&own[i].value, value))
            return true;
    return false;
}

enum tally_result tally_would(const struct tally *t, uint16_t validator, const struct hash *value) {
    assert(validator < t->validators);
    if (t->held[validator] == 0)
        return TALLY_ADDED;
    if (t->held[validator] == 2 || holds(t, validator, value))
        return TALLY_KNOWN;
    return TALLY_DOUBLED;
}

uint64_t tally_power(const struct tally *t, const struct hash *value) {
    uint64_t power = 0;
    for (uint16_t v = 0; v < t->validators; v++)
        if (holds(t, v, value))
            power += t->powers[v];
    return power;
}

enum tally_result tally_add(struct tally *t, const struct vote *vote, bool certified) {
    enum tally_result result = tally_would(t, vote->validator, &vote->value);
    unsigned slot = t->held[vote->validator];
    if (result == TALLY_KNOWN) {
        if (!certified || holds(t, vote->validator, &vote->value))
            return result;
        /* A third one, but others rely on it: it takes the place of one that no quorum here rests on. Evidence is out
         * already. */
        slot = t->quorum && hash_eq(&t->votes[2 * vote->validator + 1].value, &t->quorum_value) ? 0 : 1;
    } else {
        t->held[vote->validator]++;
    }
    t->votes[2 * vote->validator + slot] = (struct tally_vote){.value = vote->value, .sig = vote->sig};
    if (result == TALLY_ADDED)
        t->power += t->powers[vote->validator];
    assert(t->power <= t->total);
    if (!t->quorum && power_is_quorum(tally_power(t, &vote->value), t->total)) {
        t->quorum = true;
        t->quorum_value = vote->value;
    }
    return result;
}

void tally_collect(const struct tally *t, uint64_t height, uint32_t round, enum vote_type type,
                   const struct hash *value, struct certificate *cert) {
    cert->n = 0;
    for (uint16_t v = 0; v < t->validators; v++) {
        for (unsigned i = 0; i < t->held[v]; i++) {
            const struct tally_vote *held = &t->votes[2 * v + i];
            if (value && !hash_eq(&held->value, value))
                continue;
            cert->votes[cert->n++] = (struct vote){.height = height,
                                                   .round = round,
                                                   .validator = v,
                                                   .type = (uint8_t)type,
                                                   .value = held->value,
                                                   .sig = held->sig};
            break;
        }
    }
}
