/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCancelObject: an object, or a new version of one, that is not sealed yet is called off by who created it or
 * by its owner. */
#include "x/storage/msgs.h"

#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/replace.h"

int msg_cancel_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgCancelObject *m = msg;
    (void)params;
    return fields_check_object_name(m->object_name, err);
}

int msg_cancel_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgCancelObject *m = msg;
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->object_name, &object, err);
    if (rc)
        return rc;
    ObjectInfo *next = object;
    if (object->replacing)
        rc = replacement_get(ctx, object, &next, err);
    if (rc)
        return rc;
    struct addr owner = bucket_owner(bucket), creator = object_creator(next);
    if (!addr_eq(&ctx->signer, &owner) && !addr_eq(&ctx->signer, &creator))
        return err_set(err, CODE_DENIED, "cancel object: only its owner or its creator may do this");
    rc = object_need_status(next, OBJECT_STATUS_CREATED, err);
    if (rc)
        return rc;
    if (!object->replacing)
        return object_remove(ctx, bucket, object, OBJECT_CANCELLED, "", err);
    rc = replacement_drop(ctx, object, OBJECT_CANCELLED, "", err);
    return rc ? rc : object_put(ctx, object, err);
}
