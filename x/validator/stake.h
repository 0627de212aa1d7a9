/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_STAKE_H
#define CAIRN_X_VALIDATOR_STAKE_H
/*
 * What validators have at stake: the bond, and parts of it on their way out. All of it lies in the account of the
 * module; slashing moves it away. Power is bond / bond_per_power. A candidate is who may vote: bonded enough, not in
 * jail; the index of candidates is kept here, and nowhere else.
 */
#include "cairn/validator.h"
#include "x/base/module.h"

#define UNBONDINGS_MAX 16 /* parts of one bond on their way out at once: they are slashed together */
/* A set needs two heights to follow a bond, and more when much changes at once; coins stay until it has. */
#define SET_LAG_BLOCKS 32

/* May it vote? A least bond that was voted in holds for those that come, and for others when their bond or jail
 * changes: a vote never empties the set. */
bool stake_eligible(const Validator *v);

/* Is there another candidate than this one? */
int stake_others(struct ctx *ctx, const struct addr *addr, bool *ret, struct err *err);

/* Stores a validator whose bond or jail changed: its power, its place among the candidates, and the next set. */
int stake_put(struct ctx *ctx, const struct addr *addr, Validator *v, struct err *err);

/* Moves coins from an account into the bond; stores. CODE_INSUFFICIENT_FUNDS, CODE_VALIDATOR_BOND when it remains below
 * the least. */
int stake_bond(struct ctx *ctx, const struct addr *addr, Validator *v, const struct addr *payer, uint64_t amount,
               struct err *err);

/* Sends a part of the bond on its way out; stores. CODE_VALIDATOR_BOND: more than there is, or what remains is neither
 * nothing nor enough; CODE_VALIDATOR_LAST; CODE_UNBONDING_LIMIT. */
int stake_unbond(struct ctx *ctx, const struct addr *addr, Validator *v, uint64_t amount, uint64_t *ret_release_at,
                 struct err *err);

/* A hook's item: pays back what is due of one validator. */
int stake_release(struct ctx *ctx, uint64_t due, struct bytes rest, struct bytes value, struct err *err);

/* Takes ppm millionths of the bond and of each part on its way out, rounded down; reward_ppm millionths of that go to
 * reward_to (NULL: nobody), the rest to the account of what was slashed. Stores. */
int stake_slash(struct ctx *ctx, const struct addr *addr, Validator *v, uint64_t ppm, const struct addr *reward_to,
                uint64_t reward_ppm, uint64_t *ret_taken, struct err *err);

/* Bonds add up to what the module holds; candidates and queue say what the records say. */
int stake_invariants(struct ctx *ctx, struct err *err);

#endif
