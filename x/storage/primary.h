/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_PRIMARY_H
#define CAIRN_X_STORAGE_PRIMARY_H
/*
 * Which provider is a bucket's primary, when that changes.
 *
 * One rule for a primary that is jailed or leaving, was forced out or is gone: whoever takes over the first position of
 * a placement group in which the bucket has a slot becomes the bucket's primary. A bucket without slots, or whose slots
 * nobody has taken over, keeps the number; its owner moves it to a provider of the owner's choice (migrate.h), for
 * which the old primary is not needed. Nothing is paid for reading from a provider that was forced out or is gone.
 */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* Changes the primary. A read quota follows, at what the new primary asks for reading, unless that is above
 * read_price_max or the payer cannot pay it: then it ends, and an event says why. The caller puts the bucket. */
int primary_set(struct ctx *ctx, BucketInfo *bucket, uint32_t sp_id, uint64_t read_price_max, struct err *err);

/* May the provider read the object, as who is to make copies must: it holds a position, or everybody may. CODE_DENIED.
 */
int primary_can_read(struct ctx *ctx, const BucketInfo *bucket, const ObjectInfo *object, uint32_t sp_id,
                     struct err *err);

/* For x/sp: position 0 of the group has another holder. The buckets that have slots there hear of it, some a block. */
int primary_changed(struct ctx *ctx, uint64_t group_id, struct err *err);
/* Queue item. rest: group u64be, and the bucket and slot behind which it goes on. */
int primary_news_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

#endif
