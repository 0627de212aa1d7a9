/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_REVEAL_H
#define CAIRN_CHAIN_TYPES_REVEAL_H
/*
 * The seed of challenges, fed by hash chains. A validator draws a secret, makes a chain's
 * first value of it, hashes that n times, and registers the last value as its tip; each of its headers reveals the
 * value before the tip, which then is the tip.
 *
 *     value(0) = H(cairn.revealkey, secret | number of the chain u64be)
 *     value(i + 1) = H(cairn.reveal, value(i))          tip at the start = value(n)
 *     seed     = H(cairn.seed, previous seed | reveal), once a block
 *
 * A spent chain reveals 32 zero bytes.
 */
#include "chain/base/fixed.h"

#define REVEAL_LENGTH                                                                                                  \
    ((uint64_t)1 << 18) /* turns in a chain as our programs make them: walked in a tenth of a second */
#define REVEAL_LENGTH_MAX ((uint64_t)1 << 24) /* and at most, as the ledger takes them */

/* value(0) of a validator's chain, by its number from 0: one secret serves all its chains, and a chain that is spent
 * tells nothing of the next. The number is in the record (RevealChain.number). */
struct hash reveal_secret_of(const struct hash *secret, uint64_t number);

/* value(steps) of the chain that begins with `first`: takes `steps` hashes (3 million a second). */
struct hash reveal_value(const struct hash *first, uint64_t steps);

/* Is `reveal` the value before `tip`? */
bool reveal_fits(const struct hash *tip, const struct hash *reveal);

struct hash seed_next(const struct hash *seed, const struct hash *reveal);

#endif
