/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_DOWNTIME_H
#define CAIRN_X_VALIDATOR_DOWNTIME_H
/*
 * Who is away. Each block carries the certificate of the one before; a validator of that set without a precommit in it
 * missed the height, unless it proposed the block that carries it. Counted are misses among the last downtime_window
 * heights, from the height at which it began to vote (or was let out of jail); with fewer than downtime_signed_min
 * signed ones it is jailed. A certificate needs only two thirds, so a slow validator is often left out of it:
 * downtime_signed_min asks for a sign of life, not for punctuality.
 *
 * Only misses are written: one small record a height that somebody missed, and the one record with all counters. A
 * height that everybody signed costs nothing. Each counting has a number of its own, so what was noted of one that
 * ended (by a jail, or by leaving the set) concerns no later one.
 */
#include "cairn/validator.h"
#include "x/base/module.h"

/* Begin work: counts the certificate of the height before. Jails. */
int downtime_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err);

/* Counting begins anew with the present height, or ends, also when there was none. */
int downtime_begin(struct ctx *ctx, const struct addr *addr, struct err *err);
int downtime_end(struct ctx *ctx, const struct addr *addr, struct err *err);

/* The counter. CODE_NOT_FOUND: nothing is counted of this one. */
int downtime_get(struct ctx *ctx, const struct addr *addr, Liveness **ret, struct err *err);

/* Counters say how often they are in the records of heights. */
int downtime_invariants(struct ctx *ctx, struct err *err);

#endif
