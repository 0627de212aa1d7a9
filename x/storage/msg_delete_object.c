/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDeleteObject: settled to the millisecond, what is not used up given back; providers collect its pieces. */
#include "x/storage/msgs.h"

#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/object.h"

int msg_delete_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgDeleteObject *m = msg;
    (void)params;
    return fields_check_object_name(m->object_name, err);
}

int msg_delete_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgDeleteObject *m = msg;
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->object_name, &object, err);
    if (rc == CODE_OK)
        rc = access_object(ctx, ACTION_DELETE_OBJECT, bucket, object, "delete object", err);
    if (rc)
        return rc;
    if (object->object_status == OBJECT_STATUS_CREATED)
        return err_set(err, CODE_OBJECT_STATUS, "object %.200s is not sealed yet; cancel it instead",
                       object->object_name);
    return object_remove(ctx, bucket, object, OBJECT_DELETED, "", err);
}
