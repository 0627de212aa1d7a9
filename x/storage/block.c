/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/block.h"

#include "x/storage/approval.h"
#include "x/storage/bucket.h"
#include "x/storage/discontinue.h"
#include "x/storage/ended.h"
#include "x/storage/group.h"
#include "x/storage/migrate.h"
#include "x/storage/object.h"
#include "x/storage/primary.h"
#include "x/storage/renew.h"
#include "x/storage/replace.h"
#include "x/storage/upload.h"

static uint64_t cap(const struct ctx *ctx) {
    return u64_max(ctx->params->storage->expiries_per_block, 1);
}

/* Forgetting an approval is two deletions, and a block can use thousands. */
static uint64_t approvals_cap(const struct ctx *ctx) {
    return u64_max(cap(ctx), 4096);
}

/* One bucket a block, of which as many objects go as of any other kind. */
static uint64_t buckets_cap(const struct ctx *ctx) {
    (void)ctx;
    return 1;
}

static uint64_t renewals_cap(const struct ctx *ctx) {
    return u64_max(ctx->params->storage->renewals_per_block, 1);
}

/* A version on its way to replace an object was not sealed in time. */
static int drop_replacement(struct ctx *ctx, ObjectInfo *object, struct err *err) {
    int rc = replacement_drop(ctx, object, OBJECT_UNSEALED, "", err);
    return rc ? rc : object_put(ctx, object, err);
}

/* rest of both queues: object id u64be. */
static int end_object(struct ctx *ctx, struct bytes rest, enum object_end end, struct err *err) {
    ObjectInfo *object = NULL;
    BucketInfo *bucket = NULL;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of a queue of objects has %zu bytes", rest.len);
    int rc = object_by_id(ctx, load_be64(rest.data), &object, err);
    if (rc == CODE_OK)
        rc = bucket_by_id(ctx, object->bucket_id, &bucket, err);
    if (rc == CODE_OK && end == OBJECT_UNSEALED && object->replacing)
        return drop_replacement(ctx, object, err);
    if (rc == CODE_OK && (end == OBJECT_UNSEALED || !object_is_stored(object)))
        rc = object_need_status(object, end == OBJECT_UNSEALED ? OBJECT_STATUS_CREATED : OBJECT_STATUS_SEALED, err);
    return rc ? rc : object_remove(ctx, bucket, object, end, "", err);
}

static int unsealed_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    (void)due_time, (void)value;
    return end_object(ctx, rest, OBJECT_UNSEALED, err);
}

static int expiry_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    (void)due_time, (void)value;
    return end_object(ctx, rest, OBJECT_EXPIRED, err);
}

static uint64_t members_cap(const struct ctx *ctx) {
    return ctx->params->permission->expiries_per_block;
}

static uint64_t groups_gone_cap(const struct ctx *ctx) {
    return (members_cap(ctx) + GROUP_MEMBERS_AT_ONCE - 1) / GROUP_MEMBERS_AT_ONCE;
}

const struct hook storage_end_hooks[STORAGE_END_HOOKS] = {
    {.name = "storage.unsealed", .cap = cap, .module = KEY_STORAGE, .queue = 'u', .due = unsealed_due},
    {.name = "storage.renewals", .cap = renewals_cap, .module = KEY_STORAGE, .queue = 'R', .due = renew_due},
    {.name = "storage.discontinued", .cap = cap, .module = KEY_STORAGE, .queue = 'd', .due = discontinue_object_due},
    {.name = "storage.discontinued_buckets",
     .cap = buckets_cap,
     .module = KEY_STORAGE,
     .queue = 'f',
     .due = discontinue_bucket_due},
    {.name = "storage.ended", .cap = approvals_cap, .module = KEY_STORAGE, .queue = 'V', .due = ended_forget},
    {.name = "storage.used_uploads", .cap = approvals_cap, .module = KEY_STORAGE, .queue = 'P', .due = upload_forget},
    {.name = "storage.expired", .cap = cap, .module = KEY_STORAGE, .queue = 'e', .due = expiry_due},
    {.name = "storage.used_approvals",
     .cap = approvals_cap,
     .module = KEY_STORAGE,
     .queue = 'q',
     .due = approval_forget},
    {.name = "storage.member_expired",
     .cap = members_cap,
     .module = KEY_STORAGE,
     .queue = 'h',
     .due = group_member_due},
    {.name = "storage.migrations", .cap = buckets_cap, .module = KEY_STORAGE, .queue = 'D', .due = migration_due},
    {.name = "storage.primary_news", .cap = buckets_cap, .module = KEY_STORAGE, .queue = 'G', .due = primary_news_due},
    {.name = "storage.group_gone", .cap = groups_gone_cap, .module = KEY_STORAGE, .queue = 'z', .due = group_gone_due},
};
