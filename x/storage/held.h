/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_HELD_H
#define CAIRN_X_STORAGE_HELD_H
/*
 * What lies in a slot at each position: the bytes of its objects that are sealed there, so that a slot can change its
 * placement group without a look at its objects. Changes *slot, which the caller puts.
 */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* An object, whose sealed positions are set, enters the slot or leaves it. */
int held_add(struct ctx *ctx, BucketSlot *slot, const ObjectInfo *object, size_t positions, struct err *err);
int held_sub(struct ctx *ctx, BucketSlot *slot, const ObjectInfo *object, size_t positions, struct err *err);
/* One position of an object is not sealed any more. */
int held_sub_at(struct ctx *ctx, BucketSlot *slot, uint32_t position, uint64_t bytes, struct err *err);

/* Of one position; 0 beyond them. */
static inline uint64_t held_at(const BucketSlot *slot, size_t position) {
    return position < slot->n_held ? slot->held[position] : 0;
}

#endif
