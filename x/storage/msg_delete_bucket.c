/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDeleteBucket: only when nothing is in it. */
#include "x/storage/msgs.h"

#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"

int msg_delete_bucket_check(const void *msg, const Params *params, struct err *err) {
    const MsgDeleteBucket *m = msg;
    (void)params;
    return fields_check_bucket_name(m->bucket_name, err);
}

int msg_delete_bucket_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgDeleteBucket *m = msg;
    BucketInfo *bucket = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = access_bucket(ctx, ACTION_DELETE_BUCKET, bucket, "delete bucket", err);
    if (rc)
        return rc;
    if (bucket->status == BUCKET_STATUS_MIGRATING)
        return err_set(err, CODE_BUCKET_STATUS, "bucket %s is migrating; cancel that first", bucket->bucket_name);
    if (bucket->objects)
        return err_set(err, CODE_BUCKET_NOT_EMPTY, "bucket %s still has %llu objects; delete or cancel them first",
                       bucket->bucket_name, (unsigned long long)bucket->objects);
    if (bucket->live_slots)
        return ctx_fault(ctx, CODE_CORRUPT, "bucket %s has slots without objects", bucket->bucket_name);
    rc = bucket_remove(ctx, bucket, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.bucket_deleted", "bucket", bucket->bucket_name, "bucket_id", ctx_u64_text(ctx, bucket->id),
              "primary_sp", ctx_u64_text(ctx, bucket->primary_sp), NULL);
    return CODE_OK;
}
