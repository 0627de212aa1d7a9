/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDiscontinueObject: the primary gives notice of one object (discontinue.h). */
#include "x/storage/msgs.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/storage/bucket.h"
#include "x/storage/discontinue.h"
#include "x/storage/fields.h"
#include "x/storage/replace.h"

int msg_discontinue_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgDiscontinueObject *m = msg;
    (void)params;
    int rc = fields_check_object_name(m->object_name, err);
    return rc ? rc : fields_check_reason(m->reason, err);
}

static int find(struct ctx *ctx, const MsgDiscontinueObject *m, ObjectInfo **ret, struct err *err) {
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = bucket_writable(bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->object_name, &object, err);
    if (rc)
        return rc;
    if (object->id != m->object_id)
        return err_set(err, CODE_OBJECT_VERSION, "object %.200s has id %llu, the message is about %llu",
                       object->object_name, (unsigned long long)object->id, (unsigned long long)m->object_id);
    rc = object_need_status(object, OBJECT_STATUS_SEALED, err);
    if (rc == CODE_OK)
        rc = discontinue_may(ctx, bucket->primary_sp, err);
    if (rc == CODE_OK)
        *ret = object;
    return rc;
}

int msg_discontinue_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgDiscontinueObject *m = msg;
    ObjectInfo *object = NULL;
    struct key k;
    int rc = find(ctx, m, &object, err);
    if (rc == CODE_OK && object->replacing)
        rc = replacement_drop(ctx, object, OBJECT_CANCELLED, m->reason, err);
    if (rc == CODE_OK && object->renew_at)
        rc = record_del(ctx, key_renewal(&k, object->renew_at, object->id), err);
    if (rc)
        return rc;
    object->renew_at = 0;
    object->object_status = OBJECT_STATUS_DISCONTINUED;
    object->discontinue_at = ctx->time + ctx->params->storage->discontinue_grace_ms;
    object->discontinue_reason = m->reason;
    object->updated_at = ctx->height;
    rc = record_put_mark(ctx, key_discontinued(&k, object->discontinue_at, object->id), err);
    if (rc == CODE_OK)
        rc = object_put(ctx, object, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.object_discontinued", "bucket", object->bucket_name, "object", object->object_name,
              "bucket_id", ctx_u64_text(ctx, object->bucket_id), "object_id", ctx_u64_text(ctx, object->id), "version",
              ctx_u64_text(ctx, object->version), "primary_sp", ctx_u64_text(ctx, object->primary_sp), "delete_at",
              ctx_u64_text(ctx, object->discontinue_at), "reason", m->reason, NULL);
    return CODE_OK;
}
