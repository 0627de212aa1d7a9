/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRejectMigrateBucket: the destination does not want the bucket any more; of the bonds for what it has begun it
 * loses what cancelling a reservation costs. */
#include "x/storage/msgs.h"

#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/migrate.h"

int msg_reject_migrate_bucket_check(const void *msg, const Params *params, struct err *err) {
    const MsgRejectMigrateBucket *m = msg;
    (void)params;
    int rc = fields_check_bucket_name(m->bucket_name, err);
    return rc ? rc : fields_check_reason(m->reason, err);
}

int msg_reject_migrate_bucket_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgRejectMigrateBucket *m = msg;
    BucketInfo *bucket = NULL;
    BucketMigration *migration = NULL;
    StorageProvider *sp = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = migration_get(ctx, bucket, &migration, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, migration->to_sp, &sp, err);
    if (rc == CODE_OK && !sp_is_operator(ctx, sp) && !sp_is_sealer(ctx, sp))
        rc = err_set(err, CODE_DENIED, "bucket %s is on its way to provider %u, which alone rejects it",
                     bucket->bucket_name, migration->to_sp);
    return rc ? rc : migration_end(ctx, bucket, migration, SP_LEAVE_CANCELLED, m->reason, err);
}
