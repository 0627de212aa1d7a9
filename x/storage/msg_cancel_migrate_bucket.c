/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCancelMigrateBucket: the owner wants the bucket to stay; what the destination has begun ends, at no cost to it. */
#include "x/storage/msgs.h"

#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/migrate.h"

int msg_cancel_migrate_bucket_check(const void *msg, const Params *params, struct err *err) {
    (void)params;
    return fields_check_bucket_name(((const MsgCancelMigrateBucket *)msg)->bucket_name, err);
}

int msg_cancel_migrate_bucket_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgCancelMigrateBucket *m = msg;
    BucketInfo *bucket = NULL;
    BucketMigration *migration = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = access_bucket(ctx, ACTION_UPDATE_BUCKET, bucket, "cancel the migration", err);
    if (rc == CODE_OK)
        rc = migration_get(ctx, bucket, &migration, err);
    return rc ? rc : migration_end(ctx, bucket, migration, SP_LEAVE_FREE, "cancelled by the owner", err);
}
