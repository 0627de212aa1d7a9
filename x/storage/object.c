/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/object.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/payment/term.h"
#include "x/permission/permission.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/ended.h"
#include "x/storage/replace.h"
#include "x/storage/slot.h"

int object_find(struct ctx *ctx, uint64_t bucket_id, const char *object_name, ObjectInfo **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_object(&k, bucket_id, object_name), &object_info__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = NULL;
    return CODE_OK;
}

int object_get(struct ctx *ctx, const BucketInfo *bucket, const char *object_name, ObjectInfo **ret, struct err *err) {
    ObjectInfo *object = NULL;
    int rc = object_find(ctx, bucket->id, object_name, &object, err);
    if (rc)
        return rc;
    if (!object)
        return err_set(err, CODE_OBJECT_NOT_FOUND, "bucket %s has no object %.200s", bucket->bucket_name, object_name);
    *ret = object;
    return CODE_OK;
}

int object_by_id(struct ctx *ctx, uint64_t object_id, ObjectInfo **ret, struct err *err) {
    struct key k;
    ObjectLocation *at;
    ObjectInfo *object = NULL;
    int rc = record_get(ctx, key_object_id(&k, object_id), &object_location__descriptor, &at, err);
    if (rc == CODE_OK)
        rc = object_find(ctx, at->bucket_id, at->object_name, &object, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    if (rc == CODE_NOT_FOUND || !object)
        return err_set(err, CODE_OBJECT_NOT_FOUND, "there is no object with id %llu", (unsigned long long)object_id);
    *ret = object;
    return CODE_OK;
}

int object_put(struct ctx *ctx, const ObjectInfo *object, struct err *err) {
    struct key k;
    return record_put(ctx, key_object(&k, object->bucket_id, object->object_name), object, err);
}

int object_insert(struct ctx *ctx, const ObjectInfo *object, struct err *err) {
    struct key k;
    ObjectLocation at = OBJECT_LOCATION__INIT;
    at.bucket_id = object->bucket_id;
    at.object_name = object->object_name;
    int rc = record_put(ctx, key_object_id(&k, object->id), &at, err);
    if (rc == CODE_OK && object->object_status == OBJECT_STATUS_CREATED)
        rc = record_put_mark(ctx, key_unsealed(&k, object->create_deadline, object->id), err);
    if (rc == CODE_OK)
        rc = object_enqueue(ctx, object, err);
    return rc ? rc : object_put(ctx, object, err);
}

const char *object_status_name(int status) {
    switch (status) {
    case OBJECT_STATUS_CREATED:
        return "created";
    case OBJECT_STATUS_SEALED:
        return "sealed";
    case OBJECT_STATUS_DISCONTINUED:
        return "discontinued";
    default:
        return "unknown";
    }
}

int object_need_status(const ObjectInfo *object, int status, struct err *err) {
    if ((int)object->object_status == status)
        return CODE_OK;
    return err_set(err, CODE_OBJECT_STATUS, "object %.200s is %s; it would have to be %s", object->object_name,
                   object_status_name((int)object->object_status), object_status_name(status));
}

struct addr object_payer(const ObjectInfo *object) {
    struct addr a = {{0}};
    addr_of_field(object->payment_address, &a);
    return a;
}

struct addr object_refunded(const BucketInfo *bucket, const ObjectInfo *object) {
    return object->slot && !object->ends_at ? bucket_payer(bucket) : object_payer(object);
}

struct addr object_creator(const ObjectInfo *object) {
    struct addr a = {{0}};
    addr_of_field(object->creator, &a);
    return a;
}

static const struct {
    const char *name, *event;
} ends[] = {
    [OBJECT_DELETED] = {"deleted", "storage.object_deleted"},
    [OBJECT_CANCELLED] = {"cancelled", "storage.object_cancelled"},
    [OBJECT_REJECTED] = {"rejected", "storage.object_rejected"},
    [OBJECT_UNSEALED] = {"unsealed", "storage.object_unsealed_expired"},
    [OBJECT_EXPIRED] = {"expired", "storage.object_expired"},
    [OBJECT_UNPAID] = {"unpaid", "storage.object_unpaid"},
    [OBJECT_DISCONTINUED] = {"discontinued", "storage.object_dropped"},
    [OBJECT_REPLACED] = {"replaced", "storage.object_replaced"},
};

const char *object_end_event(enum object_end end) {
    return ends[end].event;
}

const char *object_end_name(enum object_end end) {
    return ends[end].name;
}

bool object_is_stored(const ObjectInfo *object) {
    return object->object_status == OBJECT_STATUS_SEALED || object->object_status == OBJECT_STATUS_DISCONTINUED;
}

int object_enqueue(struct ctx *ctx, const ObjectInfo *object, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (object->ends_at)
        rc = record_put_mark(ctx, key_expiry(&k, object->ends_at, object->id), err);
    if (rc == CODE_OK && object->renew_at)
        rc = record_put_mark(ctx, key_renewal(&k, object->renew_at, object->id), err);
    return rc;
}

int object_unplace(struct ctx *ctx, BucketInfo *bucket, const ObjectInfo *object, char **ret_sps, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    *ret_sps = ctx_str(ctx, "");
    if (object->slot)
        rc = slot_sps_text(ctx, object, ret_sps, err);
    if (rc == CODE_OK && object->ends_at)
        rc = record_del(ctx, key_expiry(&k, object->ends_at, object->id), err);
    if (rc == CODE_OK && object->renew_at)
        rc = record_del(ctx, key_renewal(&k, object->renew_at, object->id), err);
    if (rc == CODE_OK && object->discontinue_at)
        rc = record_del(ctx, key_discontinued(&k, object->discontinue_at, object->id), err);
    if (rc == CODE_OK && object->slot)
        rc = slot_remove_object(ctx, bucket, object, err);
    if (rc == CODE_OK)
        bucket->stored_bytes -= u64_min(bucket->stored_bytes, object->payload_size);
    return rc;
}

int object_place_again(struct ctx *ctx, BucketInfo *bucket, ObjectInfo *object, uint64_t group_id, uint64_t fresh,
                       struct err *err) {
    PlacementGroup *group = NULL;
    int rc = CODE_OK;
    if (group_id)
        rc = placement_get(ctx, group_id, &group, err);
    if (rc == CODE_OK && group)
        rc = fresh ? slot_add_more(ctx, bucket, group, object, fresh, err)
                   : slot_add_again(ctx, bucket, group, object, err);
    bucket->stored_bytes += object->payload_size;
    if (rc == CODE_OK)
        rc = object_enqueue(ctx, object, err);
    if (rc == CODE_OK)
        rc = object_put(ctx, object, err);
    return rc ? rc : bucket_put(ctx, bucket, err);
}

/* Money and place of an object that is not sealed. */
static int release_created(struct ctx *ctx, const ObjectInfo *object, struct err *err) {
    struct key k;
    struct addr payer = object_payer(object);
    int rc = payment_unlock(ctx, &payer, object->locked_balance, err);
    return rc ? rc : record_del(ctx, key_unsealed(&k, object->create_deadline, object->id), err);
}

/* Index, record, policies. */
static int forget(struct ctx *ctx, const ObjectInfo *object, struct err *err) {
    struct key k;
    int rc = permission_drop(ctx, RESOURCE_KIND_OBJECT, object->id, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_object_id(&k, object->id), err);
    return rc ? rc : record_del(ctx, key_object(&k, object->bucket_id, object->object_name), err);
}

int object_remove(struct ctx *ctx, BucketInfo *bucket, ObjectInfo *object, enum object_end end, const char *reason,
                  struct err *err) {
    char *sps = ctx_str(ctx, "");
    struct addr payer = object_refunded(bucket, object);
    uint64_t before = 0, after = 0;
    int rc = payment_free(ctx, &payer, &before, err);
    if (rc == CODE_OK && object->replacing)
        rc = replacement_drop(ctx, object, OBJECT_CANCELLED, "the object that it was to replace has ended", err);
    if (rc == CODE_OK)
        rc = object_is_stored(object) ? object_unplace(ctx, bucket, object, &sps, err)
                                      : release_created(ctx, object, err);
    if (rc == CODE_OK)
        rc = forget(ctx, object, err);
    if (rc == CODE_OK)
        rc = payment_free(ctx, &payer, &after, err);
    uint64_t refund = after - u64_min(after, before);
    if (rc == CODE_OK && object_is_stored(object))
        rc = ended_put(ctx, object, object_end_name(end), reason, refund, err);
    if (rc)
        return rc;
    if (bucket->objects == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "a bucket counts fewer objects than it has");
    bucket->objects--;
    ctx_event(ctx, object_end_event(end), "bucket", bucket->bucket_name, "object", object->object_name, "bucket_id",
              ctx_u64_text(ctx, bucket->id), "object_id", ctx_u64_text(ctx, object->id), "version",
              ctx_u64_text(ctx, object->version), "primary_sp", ctx_u64_text(ctx, object->primary_sp), "sps", sps,
              "refund", ctx_u64_text(ctx, refund), "reason", reason, NULL);
    return bucket_put(ctx, bucket, err);
}
