/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MsgCopyObject: a new object with the bytes of another. The ledger knows what the bytes are (the source's size and
 * content root, of which the spec must say the same) and nobody sends them again: the primary of the destination copies
 * them and seals the new object as it would an upload. Until then it is CREATED, like any other; it is given up like
 * any other when its source is gone before the copy is made (docs/decisions/0012).
 */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/create.h"
#include "x/storage/fields.h"
#include "x/storage/object.h"
#include "x/storage/primary.h"

int msg_copy_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgCopyObject *m = msg;
    (void)params;
    int rc = fields_check_object_name(m->source_object_name, err);
    return rc ? rc : fields_check_spec(m->spec, err);
}

static int find_source(struct ctx *ctx, const MsgCopyObject *m, BucketInfo **ret_bucket, ObjectInfo **ret,
                       struct err *err) {
    BucketInfo *bucket = NULL;
    ObjectInfo *source = NULL;
    int rc = bucket_get(ctx, m->source_bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->source_object_name, &source, err);
    if (rc == CODE_OK)
        rc = access_object(ctx, ACTION_COPY_OBJECT, bucket, source, "copy object", err);
    if (rc)
        return rc;
    if (source->version != m->source_version)
        return err_set(err, CODE_OBJECT_VERSION, "object %.200s has version %llu, the copy is of %llu",
                       source->object_name, (unsigned long long)source->version, (unsigned long long)m->source_version);
    if (!object_is_stored(source))
        return object_need_status(source, OBJECT_STATUS_SEALED, err);
    *ret_bucket = bucket;
    *ret = source;
    return CODE_OK;
}

static int check_same(const CreateObjectSpec *spec, const ObjectInfo *source, struct err *err) {
    if (spec->stream || spec->payload_size != source->payload_size)
        return err_set(err, CODE_OBJECT_SIZE, "the source has %llu bytes, the copy says %llu",
                       (unsigned long long)source->payload_size, (unsigned long long)spec->payload_size);
    if (!bytes_eq(pb_bytes(spec->content_root), pb_bytes(source->content_root)))
        return err_set(err, CODE_CONTENT_ROOT, "the copy has another content root than its source");
    return CODE_OK;
}

int msg_copy_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgCopyObject *m = msg;
    struct creation c;
    BucketInfo *bucket = NULL;
    ObjectInfo *source = NULL;
    int rc = find_source(ctx, m, &bucket, &source, err);
    if (rc == CODE_OK)
        rc = create_open(ctx, m->spec, &c, err);
    if (rc == CODE_OK)
        rc = check_same(c.spec, source, err);
    if (rc == CODE_OK)
        rc = primary_can_read(ctx, bucket, source, c.object->primary_sp, err);
    if (rc)
        return rc;
    if (c.object->payload_size) {
        c.object->copy_of_id = source->id;
        c.object->copy_of_version = source->version;
    }
    rc = create_commit(ctx, &c, m->approval, err);
    return rc ? rc : create_insert(ctx, &c, err);
}
