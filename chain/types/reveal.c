/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/reveal.h"
#include "chain/crypto/hash.h"

struct hash reveal_secret_of(const struct hash *secret, uint64_t number) {
    struct hasher hasher;
    hasher_init(&hasher, DOMAIN_REVEAL_KEY);
    hasher_add(&hasher, secret->b, sizeof secret->b);
    hasher_add_u64(&hasher, number);
    return hasher_done(&hasher);
}

struct hash reveal_value(const struct hash *first, uint64_t steps) {
    struct hash value = *first;
    for (; steps > 0; steps--)
        value = hash_of(DOMAIN_REVEAL, hash_bytes(&value));
    return value;
}

bool reveal_fits(const struct hash *tip, const struct hash *reveal) {
    struct hash next = reveal_value(reveal, 1);
    return hash_eq(&next, tip);
}

struct hash seed_next(const struct hash *seed, const struct hash *reveal) {
    return hash_pair(DOMAIN_SEED, seed, reveal);
}
