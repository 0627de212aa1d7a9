/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_REWARD_H
#define CAIRN_X_VALIDATOR_REWARD_H
/*
 * Fees, shared by power. What came into the fees account in a block belongs to the set of that height. One number per
 * block moves: `index`, what a unit of power has earned since genesis, in 2^-64 pebble. A validator's share since it
 * was last looked at is its voting power times what the index grew, so nobody's record is touched until its power in
 * the set changes or it withdraws.
 *
 * Rounded once, here: the index is the quotient of what came in (and what the division before left) by the power of the
 * set; the rest is carried. Nothing is lost: at all times
 *
 *     owed * 2^64 = sum over validators (rewards * 2^64 + fraction + voting * (index - its index)) + carried
 *
 * and after every block the fees account holds exactly `owed`.
 */
#include "cairn/validator.h"
#include "x/base/module.h"

/* End work: shares out what the fees account got. */
int reward_share_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err);

/* The validator votes with another power from now on: what it earned so far is set down. */
int reward_set_voting(struct ctx *ctx, const struct addr *addr, uint64_t voting, struct err *err);

/* What it would get now; the record brought up to date, not stored. */
int reward_get(struct ctx *ctx, const struct addr *addr, ValidatorRewards **ret, struct err *err);

/* Pays all whole pebble to an account. CODE_OK with 0 when there is nothing. */
int reward_withdraw(struct ctx *ctx, const struct addr *addr, const struct addr *to, uint64_t *ret_amount,
                    struct err *err);

int reward_invariants(struct ctx *ctx, struct err *err);

#endif
