/* SPDX-License-Identifier: Apache-2.0 */
/* MsgMoveObject: another name in the same bucket. Id, version and pieces stay; providers have nothing to do. */
#include "x/storage/msgs.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/replace.h"

int msg_move_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgMoveObject *m = msg;
    (void)params;
    int rc = fields_check_object_name(m->object_name, err);
    if (rc == CODE_OK)
        rc = fields_check_object_name(m->new_object_name, err);
    if (rc == CODE_OK && strcmp(m->object_name, m->new_object_name) == 0)
        rc = err_set(err, CODE_OBJECT_NAME, "object %.200s has that name already", m->object_name);
    return rc;
}

/* As if it were deleted there and created here; no size budget is spent, no byte is new. */
static int check_access(struct ctx *ctx, const BucketInfo *bucket, const ObjectInfo *object, const char *new_name,
                        struct err *err) {
    ObjectInfo *there = NULL;
    int rc = access_object(ctx, ACTION_DELETE_OBJECT, bucket, object, "move object", err);
    if (rc == CODE_OK)
        rc = access_create(ctx, bucket, new_name, 0, err);
    if (rc == CODE_OK)
        rc = replacement_may_begin(object, err); /* sealed, and nothing on its way under the old name */
    if (rc == CODE_OK)
        rc = object_find(ctx, bucket->id, new_name, &there, err);
    if (rc == CODE_OK && there)
        rc = err_set(err, CODE_OBJECT_EXISTS, "bucket %s already has an object %.200s", bucket->bucket_name, new_name);
    return rc;
}

int msg_move_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgMoveObject *m = msg;
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    ObjectLocation at = OBJECT_LOCATION__INIT;
    struct key k;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = bucket_writable(bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->object_name, &object, err);
    if (rc == CODE_OK)
        rc = check_access(ctx, bucket, object, m->new_object_name, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_object(&k, bucket->id, object->object_name), err);
    if (rc)
        return rc;
    object->object_name = m->new_object_name;
    object->updated_at = ctx->height;
    at.bucket_id = bucket->id;
    at.object_name = m->new_object_name;
    rc = record_put(ctx, key_object_id(&k, object->id), &at, err);
    if (rc == CODE_OK)
        rc = object_put(ctx, object, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.object_moved", "bucket", bucket->bucket_name, "object", m->new_object_name, "from",
              m->object_name, "bucket_id", ctx_u64_text(ctx, bucket->id), "object_id", ctx_u64_text(ctx, object->id),
              "version", ctx_u64_text(ctx, object->version), NULL);
    return CODE_OK;
}
