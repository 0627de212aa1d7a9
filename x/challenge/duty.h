/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_DUTY_H
#define CAIRN_X_CHALLENGE_DUTY_H
/*
 * Repair duties: after a miss a provider owes that position of that object. It is challenged again, where it missed,
 * until an answer passes or the object ends. While too few other positions are sound to rebuild from, the duty rests:
 * it is drawn, so that it can end, and a miss costs nothing.
 */
#include "x/base/ctx.h"

#include "cairn/challenge.h"
#include "cairn/sp.h"
#include "cairn/storage.h"

/* *ret is NULL when there is none. */
int duty_get(struct ctx *ctx, uint64_t object_id, uint32_t position, RepairDuty **ret, struct err *err);

/* After a miss: opens a duty, or counts a further miss and queues it again. Nothing when the object has ended, changed,
 * or the position is another provider's by now. */
int duty_after_miss(struct ctx *ctx, const Challenge *missed, struct err *err);
/* After a pass: the duty that this challenge was drawn for is done. */
int duty_after_pass(struct ctx *ctx, const Challenge *passed, struct err *err);

/* What the duty is about; *ret is NULL when the object has ended, changed, or the position is not this provider's. */
int duty_object(struct ctx *ctx, const RepairDuty *duty, ObjectInfo **ret, struct err *err);
/* Ends it: the provider has paid and the position is vacated by the caller. */
int duty_declared_lost(struct ctx *ctx, const RepairDuty *duty, uint64_t slashed, struct err *err);

/* Queue item: draws for a duty, or drops it when its object has ended. rest: object u64be, position
 * u32be. */
int duty_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* The positions of a sealed object that can be trusted: sealed, under no duty, at a provider that is not jailed, forced
 * out or gone. Bit i = position i. */
int duty_sound(struct ctx *ctx, const ObjectInfo *object, const PlacementGroup *group, uint64_t *ret, struct err *err);

#endif
