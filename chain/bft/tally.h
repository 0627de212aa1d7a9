/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_TALLY_H
#define CAIRN_CHAIN_BFT_TALLY_H
/*
 * The votes of one type in one round, and what they add up to.
 *
 * A validator that contradicts itself keeps two votes, each counted for its own value (others may have seen only one of
 * them) and once in the power of any vote. Memory is fixed: two votes a validator.
 */
#include "chain/bft/bft.h"

struct tally_vote {
    struct hash value;
    struct sig sig;
};

struct tally {
    uint16_t validators;
    const uint64_t *powers; /* borrowed from the core */
    uint64_t total;
    uint64_t power;           /* of the validators that sent any vote */
    bool quorum;              /* one value has > 2/3; once true it stays */
    struct hash quorum_value; /* nil is a value, too */
    uint8_t *held;            /* [validators]: how many of its two votes are set */
    struct tally_vote *votes; /* [2 * validators]: 2v and 2v + 1 */
};

/* Strictly more than two thirds, strictly more than one third. `total` is at most UINT64_MAX / 3 (bft_step asserts it).
 */
static inline bool power_is_quorum(uint64_t power, uint64_t total) {
    return power * 3 > total * 2;
}
static inline bool power_has_honest(uint64_t power, uint64_t total) {
    return power * 3 > total;
}

/* Bytes for the arrays of a tally of `validators`; a multiple of 16. */
size_t tally_memory(uint16_t validators);
/* Lays the arrays into `memory` (aligned to 16). The tally has no votes and no validators yet. */
void tally_init(struct tally *t, void *memory, uint16_t validators);
/* Forgets all votes. */
void tally_reset(struct tally *t, const uint64_t *powers, uint16_t validators, uint64_t total);

enum tally_result {
    TALLY_KNOWN,   /* held already, or a third one of this validator: nothing changed */
    TALLY_ADDED,   /* the first of this validator */
    TALLY_DOUBLED, /* the second, contradicting the first: evidence */
};

/* What adding would do. */
enum tally_result tally_would(const struct tally *t, uint16_t validator, const struct hash *value);
/* Adds a vote. `certified`: it comes in a certificate with a quorum, so it must be held even as a third. */
enum tally_result tally_add(struct tally *t, const struct vote *vote, bool certified);
/* Power of the validators that voted for this value. */
uint64_t tally_power(const struct tally *t, const struct hash *value);
/* Writes the votes for `value` (NULL: the first of every validator) as `cert->votes`, and cert->n; sets nothing else.
 */
void tally_collect(const struct tally *t, uint64_t height, uint32_t round, enum vote_type type,
                   const struct hash *value, struct certificate *cert);

#endif
