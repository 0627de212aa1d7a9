/* SPDX-License-Identifier: Apache-2.0 */
/* Slots as x/payment sees them: settled now and then, and ended when nobody pays for them any more. */
#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/object.h"
#include "x/storage/slot.h"
#include "x/storage/storage.h"
#include "x/storage/weight.h"

/* *ret is NULL when the slot is gone. */
static int find(struct ctx *ctx, uint64_t bucket_id, uint64_t slot, BucketSlot **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_slot(&k, bucket_id, slot), &bucket_slot__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = NULL;
    return CODE_OK;
}

static int settle_slot(struct ctx *ctx, uint64_t bucket_id, uint64_t number, struct err *err) {
    BucketSlot *slot = NULL;
    BucketInfo *bucket = NULL;
    PlacementGroup *group = NULL;
    int rc = find(ctx, bucket_id, number, &slot, err);
    if (rc || !slot)
        return rc;
    rc = bucket_by_id(ctx, bucket_id, &bucket, err);
    if (rc == CODE_OK)
        rc = placement_get(ctx, slot->group_id, &group, err);
    if (rc)
        return rc;
    struct addr payer = slot_payer(bucket, slot);
    bool changing = group->handovers || group->n_vacant; /* then settling changes the group's record */
    rc = payment_slot_settle(ctx, &payer, slot, group, err);
    if (rc == CODE_OK && changing)
        rc = placement_put(ctx, group, err);
    return rc ? rc : slot_put(ctx, slot, err);
}

/* record_fn over the items of a slot's set of objects: takes the first one's id. rest: two numbers u64be. */
static int take_first(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)value, (void)msg, (void)err;
    *(uint64_t *)arg = load_be64(rest.data + 8);
    return RECORD_STOP;
}

static int end_first(struct ctx *ctx, const struct weight_id *set, BucketInfo *bucket, bool *ret_ended,
                     struct err *err) {
    struct key k;
    uint64_t id = 0;
    ObjectInfo *object = NULL;
    int rc = record_each(ctx, key_weight_item_all(&k, set), BYTES_NONE, 1, NULL, take_first, &id, err);
    *ret_ended = false;
    if (rc || id == 0)
        return rc;
    rc = object_by_id(ctx, id, &object, err);
    if (rc == CODE_OK)
        rc = object_remove(ctx, bucket, object, OBJECT_UNPAID, "", err);
    *ret_ended = rc == CODE_OK;
    return rc;
}

/* "slot 0": the bucket's read quota ends, and with it what its provider lets be read for it. */
static int end_quota(struct ctx *ctx, BucketInfo *bucket, struct err *err) {
    struct addr payer = bucket_payer(bucket);
    bucket->read_quota = 0;
    int rc = payment_quota_set(ctx, &payer, bucket->id, bucket->primary_sp, 0, err);
    ctx_event(ctx, "storage.quota_unpaid", "bucket", bucket->bucket_name, "bucket_id", ctx_u64_text(ctx, bucket->id),
              NULL);
    return rc ? rc : bucket_put(ctx, bucket, err);
}

static int end_slot(struct ctx *ctx, uint64_t bucket_id, uint64_t number, uint64_t objects_max, uint64_t *ret_n,
                    struct err *err) {
    struct weight_id set = weight_objects(bucket_id, number);
    BucketInfo *bucket = NULL;
    uint64_t n = 0;
    bool ended = true;
    int rc = bucket_by_id(ctx, bucket_id, &bucket, err);
    if (rc == CODE_OK && number == 0) {
        *ret_n = 1;
        return end_quota(ctx, bucket, err);
    }
    while (rc == CODE_OK && ended && n < objects_max) {
        rc = end_first(ctx, &set, bucket, &ended, err);
        n += ended;
    }
    if (rc == CODE_OK)
        *ret_n = n;
    return rc;
}

const struct payment_deps storage_payment_deps = {
    .settle_slot = settle_slot,
    .end_slot = end_slot,
};
