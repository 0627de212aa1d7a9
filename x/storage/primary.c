/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/primary.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/sp/sp.h"
#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/migrate.h"
#include "x/storage/slot.h"
#include "x/storage/weight.h"

/* --- the read quota --- */

static int end_quota(struct ctx *ctx, BucketInfo *bucket, const char *why, struct err *err) {
    struct addr payer = bucket_payer(bucket);
    bucket->read_quota = 0;
    ctx_event(ctx, "storage.quota_ended", "bucket", bucket->bucket_name, "bucket_id", ctx_u64_text(ctx, bucket->id),
              "reason", why, NULL);
    return payment_quota_set(ctx, &payer, bucket->id, bucket->primary_sp, 0, err);
}

static int quota_at(struct ctx *ctx, const BucketInfo *bucket, uint64_t price_max, struct err *err) {
    struct addr payer = bucket_payer(bucket);
    StorageProvider *sp = NULL;
    int rc = sp_get(ctx, bucket->primary_sp, &sp, err);
    if (rc == CODE_OK && sp->read_price > price_max)
        rc = err_set(err, CODE_PRICE, "provider %u asks more for reading than was agreed on", sp->id);
    return rc ? rc : payment_quota_set(ctx, &payer, bucket->id, bucket->primary_sp, bucket->read_quota, err);
}

/* What cannot follow ends: a bucket's way to another primary does not hang on its read quota. */
static int follow_quota(struct ctx *ctx, BucketInfo *bucket, uint64_t price_max, struct err *err) {
    struct err why = {0};
    size_t events = ctx->events.len, mark = state_mark(ctx->state);
    int rc = quota_at(ctx, bucket, price_max, &why);
    if (ctx_failed(ctx, err))
        return ctx_failed(ctx, err);
    if (rc == CODE_OK) {
        state_commit(ctx->state, mark);
        return CODE_OK;
    }
    state_rollback(ctx->state, mark);
    ctx->events.len = events;
    return end_quota(ctx, bucket, err_text(&why), err);
}

int primary_set(struct ctx *ctx, BucketInfo *bucket, uint32_t sp_id, uint64_t read_price_max, struct err *err) {
    uint32_t before = bucket->primary_sp;
    bucket->primary_sp = sp_id;
    bucket->free_read_once = 0; /* the first primary's gift */
    bucket->version++;
    bucket->updated_at = ctx->height;
    ctx_event(ctx, "storage.primary_changed", "bucket", bucket->bucket_name, "bucket_id", ctx_u64_text(ctx, bucket->id),
              "from", ctx_u64_text(ctx, before), "primary_sp", ctx_u64_text(ctx, sp_id), NULL);
    return bucket->read_quota ? follow_quota(ctx, bucket, read_price_max, err) : CODE_OK;
}

/* --- copies --- */

int primary_can_read(struct ctx *ctx, const BucketInfo *bucket, const ObjectInfo *object, uint32_t sp_id,
                     struct err *err) {
    PlacementGroup *group = NULL;
    if (!object->slot || access_public(bucket, object))
        return CODE_OK;
    int rc = slot_group(ctx, object->bucket_id, object->slot, &group, err);
    for (size_t i = 0; rc == CODE_OK && i < group->n_members; i++)
        if (group->members[i] == sp_id)
            return CODE_OK;
    return rc ? rc
              : err_set(
                    err, CODE_DENIED,
                    "provider %u, which would make the copy, holds nothing of object %.200s and may not read it; get "
                    "it and put it, or make it public for the time",
                    sp_id, object->object_name);
}

/* --- news of a group --- */

static int adopt(struct ctx *ctx, BucketInfo *bucket, uint32_t sp_id, struct err *err) {
    StorageProvider *before = NULL;
    ReadQuota *quota = NULL;
    int rc = sp_get(ctx, bucket->primary_sp, &before, err);
    if (rc || before->id == sp_id || (before->status != SP_STATUS_JAILED && !sp_is_leaving(before)))
        return rc;
    rc = payment_quota_find(ctx, bucket->id, &quota, err);
    if (rc == CODE_OK)
        rc = primary_set(ctx, bucket, sp_id, quota ? quota->price : 0, err);
    return rc ? rc : bucket_put(ctx, bucket, err);
}

static int tell(struct ctx *ctx, uint64_t bucket_id, uint32_t sp_id, struct err *err) {
    BucketInfo *bucket = NULL;
    int rc = bucket_by_id(ctx, bucket_id, &bucket, err);
    if (rc)
        return rc;
    return bucket->status == BUCKET_STATUS_MIGRATING ? migration_look(ctx, bucket, err)
                                                     : adopt(ctx, bucket, sp_id, err);
}

struct news {
    uint32_t sp_id;
    uint64_t left, bucket_id, slot; /* the last that was told */
};

/* record_fn over the slots of the group. rest: bucket, slot. */
static int tell_slot(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct news *news = arg;
    (void)value, (void)msg;
    if (news->left == 0)
        return RECORD_STOP;
    news->left--;
    news->bucket_id = load_be64(rest.data);
    news->slot = load_be64(rest.data + 8);
    return tell(ctx, news->bucket_id, news->sp_id, err);
}

int primary_changed(struct ctx *ctx, uint64_t group_id, struct err *err) {
    struct key k;
    return record_put_mark(ctx, key_primary_news(&k, ctx->time, group_id, 0, 0), err);
}

int primary_news_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    PlacementGroup *group = NULL;
    struct key prefix, after, k;
    (void)due_time, (void)value;
    if (rest.len != 24)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of new primaries has %zu bytes", rest.len);
    uint64_t group_id = load_be64(rest.data), bucket_id = load_be64(rest.data + 8), slot = load_be64(rest.data + 16);
    int rc = placement_get(ctx, group_id, &group, err);
    if (rc)
        return rc == CODE_PLACEMENT_GROUP_NOT_FOUND ? CODE_OK : rc; /* nothing lies there any more */
    struct weight_id slots = weight_slots(group_id);
    struct news news = {.sp_id = group->members[0], .left = u64_max(ctx->params->storage->expiries_per_block, 1)};
    rc = record_each(ctx, key_weight_item_all(&prefix, &slots), key_weight_item(&after, &slots, bucket_id, slot), 0,
                     NULL, tell_slot, &news, err);
    if (rc == CODE_OK && news.left == 0)
        rc = record_put_mark(ctx, key_primary_news(&k, ctx->time + 1, group_id, news.bucket_id, news.slot), err);
    return rc;
}
