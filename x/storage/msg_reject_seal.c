/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRejectSeal: the primary will not seal this object, or this new version of it; the name is free again,
 * or the old version stays, and the lock is given back. */
#include "x/storage/msgs.h"

#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/replace.h"
#include "x/storage/seal.h"

int msg_reject_seal_check(const void *msg, const Params *params, struct err *err) {
    (void)params;
    return fields_check_reason(((const MsgRejectSeal *)msg)->reason, err);
}

int msg_reject_seal_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgRejectSeal *m = msg;
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    StorageProvider *primary = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->object_name, &object, err);
    if (rc)
        return rc;
    if (object->id != m->object_id)
        return err_set(err, CODE_OBJECT_VERSION, "object %.200s has id %llu, the message is about %llu",
                       object->object_name, (unsigned long long)object->id, (unsigned long long)m->object_id);
    ObjectInfo *next = object;
    rc = object->replacing ? replacement_get(ctx, object, &next, err)
                           : object_need_status(object, OBJECT_STATUS_CREATED, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, next->primary_sp, &primary, err);
    if (rc)
        return rc;
    if (!seal_is_primary(ctx, primary))
        return err_set(err, CODE_SEALER, "only the seal key of provider %u may reject this seal", primary->id);
    if (!object->replacing)
        return object_remove(ctx, bucket, object, OBJECT_REJECTED, m->reason, err);
    rc = replacement_drop(ctx, object, OBJECT_REJECTED, m->reason, err);
    return rc ? rc : object_put(ctx, object, err);
}
