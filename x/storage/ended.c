/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/ended.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

#include <string.h>

int ended_find(struct ctx *ctx, uint64_t bucket_id, const char *object_name, EndedObject **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_ended(&k, bucket_id, object_name), &ended_object__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = NULL;
    return CODE_OK;
}

int ended_put(struct ctx *ctx, const ObjectInfo *object, const char *end, const char *reason, uint64_t refund,
              struct err *err) {
    struct key k;
    EndedObject *before = NULL, e = ENDED_OBJECT__INIT;
    int rc = ended_find(ctx, object->bucket_id, object->object_name, &before, err);
    if (rc == CODE_OK && before)
        rc = record_del(ctx, key_ended_until(&k, before->kept_until, object->bucket_id, object->object_name), err);
    if (rc)
        return rc;
    e.object_id = object->id;
    e.version = object->version;
    e.bucket_id = object->bucket_id;
    e.object_name = object->object_name;
    e.end = pb_text(end);
    e.reason = pb_text(reason);
    e.ended_at = ctx->time;
    e.height = ctx->height;
    e.payload_size = object->payload_size;
    e.content_root = object->content_root;
    e.refund = refund;
    e.kept_until = ctx->time + ctx->params->storage->ended_kept_ms;
    rc = record_put_mark(ctx, key_ended_until(&k, e.kept_until, e.bucket_id, e.object_name), err);
    return rc ? rc : record_put(ctx, key_ended(&k, e.bucket_id, e.object_name), &e, err);
}

int ended_forget(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    (void)due_time, (void)value;
    if (rest.len <= 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of what ended has %zu bytes", rest.len);
    char *name = ctx_alloc(ctx, rest.len - 8 + 1);
    memcpy(name, rest.data + 8, rest.len - 8);
    return record_del(ctx, key_ended(&k, load_be64(rest.data), name), err);
}
