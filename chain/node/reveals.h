/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_REVEALS_H
#define CAIRN_CHAIN_NODE_REVEALS_H
/*
 * The own reveal chains (chain/types/reveal.h): all of them from one secret, by their number. Tells what the next own
 * block reveals, and makes the transaction that registers the chain that follows, when the present one is half spent.
 */
#include "cairn/tx.h"
#include "cairn/validator.h"
#include "chain/base/arena.h"
#include "chain/base/num.h"
#include "chain/crypto/key.h"
#include "chain/types/reveal.h"

struct state;

/* Values of one chain, every REVEALS_STEP-th, so that any preimage is near. */
#define REVEALS_STEP 1024

struct reveals {
    struct hash secret; /* zero: not a validator */
    uint64_t number;    /* of the chain that the marks are of */
    struct hash *marks;
    uint64_t marks_n;
};

void reveals_init(struct reveals *r, const struct hash *secret);
void reveals_release(struct reveals *r);

/* What an own block at height reveals, given the own record's chain (NULL allowed): the preimage of its tip, or of the
 * next chain's where that one is adopted at this height; 32 zero bytes when there is none. *ret_foreign: the tip is not
 * of a chain of this secret, so the zeros will be refused: the node has another's secret. Walks a chain once when its
 * number changes (10 ms for 32,768 values). */
struct hash reveals_value(struct reveals *r, const RevealChain *chain, uint64_t height, bool *ret_foreign);

/* Half spent and no next one registered. */
bool reveals_due(const RevealChain *chain);

/*
 * The signed transaction of the validator `self` (key's account) that registers its next chain, from the state after
 * height: on arena. *ret_wire is empty when nothing is due. CODE_INSUFFICIENT_FUNDS when the account cannot pay the
 * fee.
 */
int reveals_renewal(struct reveals *r, struct state *st, uint64_t height, const struct seckey *key,
                    const struct hash *chain_tag, struct arena *arena, struct bytes *ret_wire, struct err *err);

#endif
