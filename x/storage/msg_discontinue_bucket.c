/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDiscontinueBucket: the primary gives notice of a whole bucket (discontinue.h). From now on nothing is added to it.
 */
#include "x/storage/msgs.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/storage/bucket.h"
#include "x/storage/discontinue.h"
#include "x/storage/fields.h"

int msg_discontinue_bucket_check(const void *msg, const Params *params, struct err *err) {
    const MsgDiscontinueBucket *m = msg;
    (void)params;
    int rc = fields_check_bucket_name(m->bucket_name, err);
    return rc ? rc : fields_check_reason(m->reason, err);
}

int msg_discontinue_bucket_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgDiscontinueBucket *m = msg;
    BucketInfo *bucket = NULL;
    struct key k;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = bucket_writable(bucket, err);
    if (rc == CODE_OK)
        rc = discontinue_may(ctx, bucket->primary_sp, err);
    if (rc)
        return rc;
    bucket->status = BUCKET_STATUS_DISCONTINUED;
    bucket->discontinue_at = ctx->time + ctx->params->storage->discontinue_grace_ms;
    bucket->discontinue_reason = m->reason;
    bucket->version++;
    bucket->updated_at = ctx->height;
    rc = record_put_mark(ctx, key_discontinued_bucket(&k, bucket->discontinue_at, bucket->id), err);
    if (rc == CODE_OK)
        rc = bucket_put(ctx, bucket, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.bucket_discontinued", "bucket", bucket->bucket_name, "bucket_id",
              ctx_u64_text(ctx, bucket->id), "primary_sp", ctx_u64_text(ctx, bucket->primary_sp), "delete_at",
              ctx_u64_text(ctx, bucket->discontinue_at), "reason", m->reason, NULL);
    return CODE_OK;
}
