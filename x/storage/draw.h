/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_DRAW_H
#define CAIRN_X_STORAGE_DRAW_H
/* A stream of numbers that everybody derives alike from the seed: H(cairn.draw, seed | stream u8 | number u64be |
 * counter u64be), each hash read as four numbers. Pure. */
#include "chain/base/num.h"
#include "chain/crypto/hash.h"

struct draw {
    struct hash seed;
    uint8_t stream;
    uint64_t number;
    uint64_t counter;
    struct hash block; /* the hash in use */
    unsigned left;     /* numbers of it not given yet */
};

/* stream and number tell draws from the same seed apart. */
void draw_init(struct draw *d, const struct hash *seed, uint8_t stream, uint64_t number);
uint64_t draw_u64(struct draw *d);
/* Uniform in [0, n); n must not be 0. Refuses the uneven rest, so that no value is favoured; after 64 refusals (chance
 * below 2^-64) it takes what it has. */
u128 draw_below(struct draw *d, u128 n);

#endif
