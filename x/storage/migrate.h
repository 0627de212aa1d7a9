/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_MIGRATE_H
#define CAIRN_X_STORAGE_MIGRATE_H
/*
 * A bucket moves to another primary. Its objects do not change: slots change the holder of their first position.
 *
 *     migrate    the owner names a destination, which has approved it. From now on the bucket is MIGRATING: nothing
 *                is created, copied, sealed, renamed, renewed, updated or discontinued in it; reading and deleting
 *                go on.
 *     complete   the destination names slots, some a message. Each is set apart in a placement group of its own,
 *                with the same members (no byte changes hands), and the destination takes over position 0 of that
 *                one, by the protocol that serves every change of hands (x/sp/takeover.h): bond, copying, draws,
 *                and then bytes, rate, weights and liability in one step. It has as long as copying takes, within
 *                the deadline of the migration. Until then the source is challenged and paid.
 *     the end    with the last slot the bucket has the new primary, and its read quota pays it.
 *
 * Cancelled by the owner, rejected by the destination or too late, what was begun ends and the bucket stays with its
 * primary; slots that the destination holds by then it keeps, and a bucket may have slots of several primaries: objects
 * are read where their slots point.
 */
#include "x/sp/sp.h"

#include "cairn/storage.h"

/* CODE_MIGRATION_NOT_FOUND. */
int migration_get(struct ctx *ctx, const BucketInfo *bucket, BucketMigration **ret, struct err *err);

/* A new one; the bucket, which the caller puts, is MIGRATING. CODE_MIGRATION_LIMIT. */
int migration_begin(struct ctx *ctx, BucketInfo *bucket, BucketMigration *migration, struct err *err);

/* Is position 0 of every slot the destination's? Then it is the bucket's primary from now on. Puts the bucket if so. */
int migration_look(struct ctx *ctx, BucketInfo *bucket, struct err *err);

/* It ends, and the bucket stays where it is; `how` says what is lost of the bonds for what is not through. Puts the
 * bucket. */
int migration_end(struct ctx *ctx, BucketInfo *bucket, const BucketMigration *migration, enum sp_leave how,
                  const char *reason, struct err *err);

/* Queue item. rest: bucket u64be. */
int migration_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

#endif
