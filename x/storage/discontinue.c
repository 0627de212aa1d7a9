/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/discontinue.h"

#include "chain/crypto/address.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/object.h"

#include <string.h>

static int need_gc_key(struct ctx *ctx, uint32_t sp_id, struct err *err) {
    StorageProvider *sp = NULL;
    struct pubkey key;
    int rc = sp_get(ctx, sp_id, &sp, err);
    if (rc)
        return rc;
    if (!pubkey_from(bytes_of(sp->gc_key.data, sp->gc_key.len), &key))
        return ctx_fault(ctx, CODE_CORRUPT, "provider %u has no gc key", sp_id);
    struct addr account = addr_of_key(&key);
    if (!addr_eq(&account, &ctx->signer))
        return err_set(err, CODE_GC_KEY, "only the gc key of provider %u, the primary, may discontinue this", sp_id);
    if (sp->status != SP_STATUS_IN_SERVICE)
        return err_set(err, CODE_SP_STATUS, "provider %u is not in service; what it holds is moved, not discontinued",
                       sp_id);
    return CODE_OK;
}

int discontinue_may(struct ctx *ctx, uint32_t sp_id, struct err *err) {
    const StorageParams *p = ctx->params->storage;
    DiscontinueWindow *window = NULL;
    struct key k;
    int rc = need_gc_key(ctx, sp_id, err);
    if (rc)
        return rc;
    rc = record_get(ctx, key_discontinue_window(&k, sp_id), &discontinue_window__descriptor, &window, err);
    if (rc == CODE_NOT_FOUND || (rc == CODE_OK && ctx->time - window->since >= p->discontinue_window_ms)) {
        window = CTX_NEW(ctx, DiscontinueWindow);
        discontinue_window__init(window);
        window->since = ctx->time;
        rc = CODE_OK;
    }
    if (rc)
        return rc;
    if (window->count >= p->discontinues_per_window)
        return err_set(err, CODE_DISCONTINUE_LIMIT,
                       "provider %u has discontinued %llu objects and buckets, as many as allowed until %llu", sp_id,
                       (unsigned long long)window->count,
                       (unsigned long long)(window->since + p->discontinue_window_ms));
    window->count++;
    return record_put(ctx, key_discontinue_window(&k, sp_id), window, err);
}

int discontinue_object_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    ObjectInfo *object = NULL;
    BucketInfo *bucket = NULL;
    (void)due_time, (void)value;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of a queue of objects has %zu bytes", rest.len);
    int rc = object_by_id(ctx, load_be64(rest.data), &object, err);
    if (rc == CODE_OK)
        rc = bucket_by_id(ctx, object->bucket_id, &bucket, err);
    if (rc == CODE_OK)
        rc = object_need_status(object, OBJECT_STATUS_DISCONTINUED, err);
    return rc ? rc : object_remove(ctx, bucket, object, OBJECT_DISCONTINUED, object->discontinue_reason, err);
}

/* record_fn over the objects of a bucket: takes the first. */
static int take_first(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)err;
    *(ObjectInfo **)arg = msg;
    return RECORD_STOP;
}

static int drop_objects(struct ctx *ctx, BucketInfo *bucket, uint64_t most, struct err *err) {
    struct key k;
    for (uint64_t n = 0; n < most && bucket->objects; n++) {
        ObjectInfo *object = NULL;
        int rc = record_each(ctx, key_object(&k, bucket->id, ""), BYTES_NONE, 1, &object_info__descriptor, take_first,
                             &object, err);
        if (rc)
            return rc;
        if (!object)
            return ctx_fault(ctx, CODE_CORRUPT, "a bucket counts more objects than it has");
        rc = object_remove(ctx, bucket, object, OBJECT_DISCONTINUED, bucket->discontinue_reason, err);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

int discontinue_bucket_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    BucketInfo *bucket = NULL;
    struct key k;
    (void)due_time, (void)value;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of buckets has %zu bytes", rest.len);
    int rc = bucket_by_id(ctx, load_be64(rest.data), &bucket, err);
    if (rc == CODE_OK)
        rc = drop_objects(ctx, bucket, u64_max(ctx->params->storage->expiries_per_block, 1), err);
    if (rc)
        return rc;
    if (bucket->objects) { /* more in the next block */
        bucket->discontinue_at = ctx->time + 1;
        rc = record_put_mark(ctx, key_discontinued_bucket(&k, bucket->discontinue_at, bucket->id), err);
        return rc ? rc : bucket_put(ctx, bucket, err);
    }
    rc = bucket_remove(ctx, bucket, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "storage.bucket_deleted", "bucket", bucket->bucket_name, "bucket_id",
                  ctx_u64_text(ctx, bucket->id), "primary_sp", ctx_u64_text(ctx, bucket->primary_sp), "reason",
                  bucket->discontinue_reason, NULL);
    return rc;
}
