/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_COOLING_H
#define CAIRN_X_CHALLENGE_COOLING_H
/*
 * Cooling off: a position that has cost its provider a slash costs none again for cooling_off_ms, whatever else misses
 * there, and nobody may challenge it meanwhile. The draws of its repair, which come repair_interval_ms apart, cost what
 * they cost.
 */
#include "x/base/ctx.h"

int cooling_is(struct ctx *ctx, uint64_t object_id, uint32_t position, bool *ret, struct err *err);
/* Begins now, or anew. */
int cooling_begin(struct ctx *ctx, uint64_t object_id, uint32_t position, struct err *err);
/* Queue item: it is over. rest: object u64be, position u32be. */
int cooling_over(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

#endif
