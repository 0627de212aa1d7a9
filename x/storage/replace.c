/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/replace.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/payment/payment.h"

int replacement_get(struct ctx *ctx, const ObjectInfo *object, ObjectInfo **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_replacement(&k, object->bucket_id, object->object_name), &object_info__descriptor, ret,
                        err);
    if (rc == CODE_NOT_FOUND)
        return ctx_fault(ctx, CODE_CORRUPT, "object %llu is being replaced by a version that is not there",
                         (unsigned long long)object->id);
    return rc;
}

int replacement_may_begin(const ObjectInfo *object, struct err *err) {
    if (object->replacing)
        return err_set(err, CODE_OBJECT_REPLACING, "version %llu of object %.200s is on its way already",
                       (unsigned long long)object->replacing, object->object_name);
    return object_need_status(object, OBJECT_STATUS_SEALED, err);
}

int replacement_begin(struct ctx *ctx, ObjectInfo *object, ObjectInfo *next, struct err *err) {
    struct key k;
    int rc = replacement_may_begin(object, err);
    if (rc)
        return rc;
    next->id = object->id;
    next->replaces = object->version;
    object->replacing = next->version;
    rc = record_put(ctx, key_replacement(&k, next->bucket_id, next->object_name), next, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_unsealed(&k, next->create_deadline, next->id), err);
    return rc ? rc : object_put(ctx, object, err);
}

/* Out of its own record and out of the queue of what is not sealed. */
static int dequeue(struct ctx *ctx, const ObjectInfo *next, struct err *err) {
    struct key k;
    int rc = record_del(ctx, key_replacement(&k, next->bucket_id, next->object_name), err);
    return rc ? rc : record_del(ctx, key_unsealed(&k, next->create_deadline, next->id), err);
}

int replacement_drop(struct ctx *ctx, ObjectInfo *object, enum object_end end, const char *reason, struct err *err) {
    ObjectInfo *next = NULL;
    int rc = replacement_get(ctx, object, &next, err);
    if (rc)
        return rc;
    struct addr payer = object_payer(next);
    rc = payment_unlock(ctx, &payer, next->locked_balance, err);
    if (rc == CODE_OK)
        rc = dequeue(ctx, next, err);
    if (rc)
        return rc;
    object->replacing = 0;
    ctx_event(ctx, object_end_event(end), "bucket", next->bucket_name, "object", next->object_name, "bucket_id",
              ctx_u64_text(ctx, next->bucket_id), "object_id", ctx_u64_text(ctx, next->id), "version",
              ctx_u64_text(ctx, next->version), "primary_sp", ctx_u64_text(ctx, next->primary_sp), "sps", "", "refund",
              ctx_u64_text(ctx, next->locked_balance), "reason", reason, NULL);
    return CODE_OK;
}

int replacement_take_over(struct ctx *ctx, BucketInfo *bucket, const ObjectInfo *object, ObjectInfo *next,
                          struct err *err) {
    char *sps = NULL;
    int rc = object_unplace(ctx, bucket, object, &sps, err);
    if (rc == CODE_OK && object->replacing == next->version)
        rc = dequeue(ctx, next, err);
    if (rc)
        return rc;
    next->id = object->id;
    next->create_at = object->create_at;
    next->challenges = object->challenges;
    next->repair_duties = object->repair_duties;
    next->replaces = 0;
    ctx_event(ctx, object_end_event(OBJECT_REPLACED), "bucket", bucket->bucket_name, "object", object->object_name,
              "bucket_id", ctx_u64_text(ctx, bucket->id), "object_id", ctx_u64_text(ctx, object->id), "version",
              ctx_u64_text(ctx, object->version), "next", ctx_u64_text(ctx, next->version), "primary_sp",
              ctx_u64_text(ctx, object->primary_sp), "sps", sps, NULL);
    return CODE_OK;
}
