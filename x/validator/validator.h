/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_VALIDATOR_H
#define CAIRN_X_VALIDATOR_VALIDATOR_H
/*
 * Who votes, and the seed. Every validator registers a hash chain: x_0 secret, x_{i+1} = H(cairn.reveal, x_i); the
 * ledger holds the tip x_n. Each header reveals the next preimage of its proposer's chain, so the proposer cannot
 * choose it:
 *
 *     reveal accepted:  H(cairn.reveal, reveal) == tip;  tip := reveal;  remaining -= 1
 *     seed := H(cairn.seed, seed | reveal)
 *
 * A chain with remaining 0 is spent: its turns reveal 32 zero bytes, which is valid and counted as missed. A registered
 * next chain is adopted at the first turn with the present one spent, not before 2n blocks after it was registered.
 */
#include "cairn/challenge.h"
#include "cairn/validator.h"
#include "chain/types/reveal.h"
#include "chain/types/validator_set.h"
#include "x/base/module.h"

/* By address of the consensus key. CODE_VALIDATOR_NOT_FOUND. */
int validator_get(struct ctx *ctx, const struct addr *addr, Validator **ret, struct err *err);
int validator_put(struct ctx *ctx, const struct addr *addr, const Validator *validator, struct err *err);

#define VALIDATOR_NAME_MAX        64
#define VALIDATOR_DESCRIPTION_MAX 512
/* CODE_VALIDATOR_TEXT. */
int validator_check_text(const char *name, const char *description, struct err *err);

/* Is the signer its operator? */
bool validator_governs(const struct ctx *ctx, const Validator *v);
/* The validator that a message names, whose operator the signer must be. CODE_INVALID_ARGUMENT,
 * CODE_VALIDATOR_NOT_FOUND, CODE_DENIED. */
int validator_need_operator(struct ctx *ctx, ProtobufCBinaryData validator, struct addr *ret_addr, Validator **ret,
                            struct err *err);

int seed_get(struct ctx *ctx, struct hash *ret, struct err *err);

/*
 * The header's reveal. Checks it against the proposer's chain and, when `write` is set, moves the chain on, sets the
 * seed in the state and in ctx->seed. CODE_REVEAL, CODE_VALIDATOR_NOT_FOUND.
 */
int reveal_take(struct ctx *ctx, const struct addr *proposer, const struct hash *reveal, bool write, struct err *err);

extern const struct module validator_module;

#endif
