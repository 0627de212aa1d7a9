/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_SUCCESSOR_H
#define CAIRN_X_CHALLENGE_SUCCESSOR_H
/* Draws that the successor of a position faces before it counts. x/sp/takeover.h has the protocol and the queue. */
#include "x/base/ctx.h"

#include "cairn/challenge.h"

/* Queue item: one draw from what lies in the group. rest: group u64be, position u32be. */
int successor_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* How one ended. Nothing for a challenge of another origin. */
int successor_passed(struct ctx *ctx, const Challenge *passed, struct err *err);
/* Closes it. */
int successor_missed(struct ctx *ctx, Challenge *missed, struct err *err);

#endif
