/* SPDX-License-Identifier: Apache-2.0 */
/* MsgUpdateObject: what is said about an object, not what it is: visibility, content type, tags, metadata, the digest
 * of its key envelope (sharing wraps the key again), ETag. Fields that the message does not have stay. */
#include "x/storage/msgs.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/object.h"
#include "x/storage/replace.h"

static bool changes_nothing(const MsgUpdateObject *m) {
    return !m->visibility && !m->content_type && !m->tags && !m->metadata && !m->envelope && !m->etag;
}

int msg_update_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgUpdateObject *m = msg;
    int rc = fields_check_object_name(m->object_name, err);
    if (rc == CODE_OK && changes_nothing(m))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the message changes nothing");
    if (rc == CODE_OK && m->visibility)
        rc = fields_check_object_visibility((int)m->visibility, err);
    if (rc == CODE_OK && m->content_type)
        rc = fields_check_text("content type", m->content_type->value, CONTENT_TYPE_MAX, err);
    if (rc == CODE_OK && m->etag)
        rc = fields_check_text("etag", m->etag->value, ETAG_MAX, err);
    if (rc == CODE_OK && m->tags)
        rc = fields_check_tags(m->tags->tags, m->tags->n_tags, params->storage, err);
    if (rc == CODE_OK && m->metadata)
        rc = fields_check_metadata(m->metadata->value, params->storage, err);
    if (rc == CODE_OK && m->envelope)
        rc = fields_check_envelope(m->envelope->value, err);
    return rc;
}

static void apply(ObjectInfo *object, const MsgUpdateObject *m) {
    if (m->visibility)
        object->visibility = m->visibility;
    if (m->content_type)
        object->content_type = m->content_type->value;
    if (m->etag)
        object->etag = m->etag->value;
    if (m->metadata)
        object->metadata = m->metadata->value;
    if (m->envelope)
        object->envelope_digest = m->envelope->value;
    if (m->tags) {
        object->tags = m->tags->tags;
        object->n_tags = m->tags->n_tags;
    }
}

/* More or fewer copies of it are being made: they will take its place with these fields, not with those of before. A
 * version of other content has been described by who sends it. */
static int apply_to_next(struct ctx *ctx, const ObjectInfo *object, const MsgUpdateObject *m, struct err *err) {
    struct key k;
    ObjectInfo *next = NULL;
    int rc = object->replacing ? replacement_get(ctx, object, &next, err) : CODE_OK;
    if (rc || !next || next->copy_of_id != object->id)
        return rc;
    apply(next, m);
    return record_put(ctx, key_replacement(&k, next->bucket_id, next->object_name), next, err);
}

int msg_update_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgUpdateObject *m = msg;
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = bucket_writable(bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->object_name, &object, err);
    if (rc == CODE_OK)
        rc = access_object(ctx, ACTION_UPDATE_OBJECT, bucket, object, "update object", err);
    if (rc)
        return rc;
    if (object->object_status == OBJECT_STATUS_DISCONTINUED)
        return object_need_status(object, OBJECT_STATUS_SEALED, err);
    apply(object, m);
    object->updated_at = ctx->height;
    rc = apply_to_next(ctx, object, m, err);
    if (rc == CODE_OK)
        rc = object_put(ctx, object, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.object_updated", "bucket", bucket->bucket_name, "object", object->object_name, "bucket_id",
              ctx_u64_text(ctx, bucket->id), "object_id", ctx_u64_text(ctx, object->id), "version",
              ctx_u64_text(ctx, object->version), NULL);
    return CODE_OK;
}
