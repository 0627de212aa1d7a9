/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/reveal.h"
#include "chain/crypto/hash.h"

struct hash reveal_value(const struct hash *secret, uint64_t steps) {
    struct hash value = *secret;
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
