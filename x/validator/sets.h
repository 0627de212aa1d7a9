/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_SETS_H
#define CAIRN_X_VALIDATOR_SETS_H
/*
 * Which set votes at which height. At the end of block H the set of H + 2 is settled: the newest one moved a step
 * towards the largest bonds (move.h). A set is stored once, under the first height at which it votes, and holds until
 * the next one begins; SetState has the newest few, and pages of HEIGHT_PAGE heights say for each height of the
 * evidence window its ledger time and where its set began. What is older goes, a page a block.
 */
#include "cairn/validator.h"
#include "chain/types/validator_set.h"
#include "x/base/module.h"

#define SETS_NEWEST 4 /* in SetState: a set may begin at each of H - 1 .. H + 2 */

/* Where the set of a height begins, its power and count; also a future height: the newest set. CODE_NOT_FOUND when it
 * is older than what is kept. */
int set_start_at(struct ctx *ctx, uint64_t height, SetStart *ret, struct err *err);

/* That set. CODE_NOT_FOUND as above. */
int set_at(struct ctx *ctx, uint64_t height, struct validator_set *ret, struct err *err);

/* Ledger time of a height up to the running block's. CODE_NOT_FOUND as above. */
int set_time_at(struct ctx *ctx, uint64_t height, uint64_t *ret, struct err *err);

/* Genesis: this set votes from height 1 on. */
int set_genesis(struct ctx *ctx, const struct validator_set *set, struct err *err);

/* Says that bonds, jails or parameters changed: the end of the block looks at the set again, and so do the ends of the
 * next ones until it has become what they ask for. */
int set_touch(struct ctx *ctx, struct err *err);

/* End work, as steps of hooks: the set of height + 2; this height's line in its page and the oldest page if it is out
 * of the evidence window. */
int set_next_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err);
int set_history_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err);

/* Pages follow each other, every set in them is there, every stored set is in them or among the newest. */
int set_invariants(struct ctx *ctx, struct err *err);

#endif
