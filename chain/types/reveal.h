/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_REVEAL_H
#define CAIRN_CHAIN_TYPES_REVEAL_H
/*
 * The seed of challenges, fed by hash chains. A validator draws a secret, hashes it n times, and registers the last
 * value as its tip; each of its headers reveals the value before the tip, which then is the tip.
 *
 *     value(0) = secret          value(i + 1) = H(cairn.reveal, value(i))          tip at the start = value(n)
 *     seed     = H(cairn.seed, previous seed | reveal), once a block
 *
 * A spent chain reveals 32 zero bytes.
 */
#include "chain/base/fixed.h"

/* value(steps) of the chain: takes `steps` hashes (3 million a second). */
struct hash reveal_value(const struct hash *secret, uint64_t steps);

/* Is `reveal` the value before `tip`? */
bool reveal_fits(const struct hash *tip, const struct hash *reveal);

struct hash seed_next(const struct hash *seed, const struct hash *reveal);

#endif
