/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCreateObject {spec, approval}: a name is taken, the charge locked; the payload follows. An object of no bytes
 * needs no provider and is sealed at once. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "chain/crypto/list_tree.h"
#include "chain/types/layout.h"
#include "x/payment/payment.h"
#include "x/storage/access.h"
#include "x/storage/approval.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/object.h"
#include "x/storage/quote.h"
#include "x/storage/term.h"

int msg_create_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgCreateObject *m = msg;
    (void)params;
    if (m->spec.len == 0 || m->spec.len > SPEC_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "an object's spec has 1 to %zu bytes, not %zu", SPEC_LEN_MAX, m->spec.len);
    return CODE_OK;
}

static int check_extras(const CreateObjectSpec *spec, const StorageParams *params, struct err *err) {
    if (spec->metadata.len > params->metadata_bytes_max)
        return err_set(err, CODE_METADATA, "the metadata has %zu bytes; at most %llu are allowed", spec->metadata.len,
                       (unsigned long long)params->metadata_bytes_max);
    if (spec->envelope_digest.len && spec->envelope_digest.len != sizeof(struct hash))
        return err_set(err, CODE_METADATA, "the envelope digest is a hash of 32 bytes or absent");
    int rc = fields_check_text("content type", spec->content_type, CONTENT_TYPE_MAX, err);
    if (rc == CODE_OK)
        rc = fields_check_text("etag", spec->etag, ETAG_MAX, err);
    return rc ? rc : fields_check_tags(spec->tags, spec->n_tags, params, err);
}

static int check_content(const CreateObjectSpec *spec, const StorageParams *params, struct err *err) {
    uint64_t max = u64_min(params->object_size_max, PAYLOAD_LEN_MAX);
    if (spec->payload_size > max)
        return err_set(err, CODE_OBJECT_SIZE, "the object has %llu bytes; at most %llu are allowed",
                       (unsigned long long)spec->payload_size, (unsigned long long)max);
    if (spec->content_root.len && spec->content_root.len != sizeof(struct hash))
        return err_set(err, CODE_CONTENT_ROOT, "the content root is a hash of 32 bytes or absent");
    if (spec->stream && spec->content_root.len)
        return err_set(err, CODE_CONTENT_ROOT, "a stream's content root is not known yet; leave it out");
    if (spec->stream && spec->payload_size == 0)
        return err_set(err, CODE_OBJECT_SIZE, "a stream needs an upper bound of its size");
    struct hash empty = list_tree_empty();
    if (spec->payload_size == 0 && spec->content_root.len &&
        !bytes_eq(pb_bytes(spec->content_root), hash_bytes(&empty)))
        return err_set(err, CODE_CONTENT_ROOT, "an object of no bytes has the empty list's root as content root");
    return CODE_OK;
}

static int check_spec(struct ctx *ctx, const CreateObjectSpec *spec, struct err *err) {
    if (!bytes_eq(pb_bytes(spec->creator), addr_bytes(&ctx->signer)))
        return err_set(err, CODE_DENIED, "the spec names another creator than who sends it");
    int rc = fields_check_object_name(spec->object_name, err);
    if (rc)
        return rc;
    if (spec->visibility != VISIBILITY_PRIVATE && spec->visibility != VISIBILITY_PUBLIC_READ &&
        spec->visibility != VISIBILITY_INHERIT)
        return err_set(err, CODE_VISIBILITY, "an object is private, public-read, or inherits its bucket's visibility");
    if (spec->auto_renew || spec->renew_until || spec->renew_max_price)
        return err_set(err, CODE_TERM, "renewal by the ledger is not supported yet");
    if (spec->max_price > ctx->params->payment->price_max)
        return err_set(err, CODE_PRICE, "the price limit is above the largest price of %llu",
                       (unsigned long long)ctx->params->payment->price_max);
    rc = term_check(ctx, spec->term, err);
    if (rc == CODE_OK)
        rc = check_content(spec, ctx->params->storage, err);
    return rc ? rc : check_extras(spec, ctx->params->storage, err);
}

/* The bucket, the right to create in it, and that the name is free. */
static int open_bucket(struct ctx *ctx, const CreateObjectSpec *spec, BucketInfo **ret, struct err *err) {
    ObjectInfo *there = NULL;
    int rc = bucket_get(ctx, spec->bucket_name, ret, err);
    if (rc == CODE_OK)
        rc = bucket_writable(*ret, err);
    if (rc == CODE_OK)
        rc = access_create(ctx, *ret, spec->object_name, spec->payload_size, err);
    if (rc)
        return rc;
    if (spec->payment_address.len && !bytes_eq(pb_bytes(spec->payment_address), pb_bytes((*ret)->payment_address)))
        return err_set(err, CODE_PAYER, "an object is paid by its bucket's payment account");
    if (spec->expected_version)
        return err_set(err, CODE_OBJECT_VERSION, "replacing an object is not supported yet; expect version 0, none");
    rc = object_find(ctx, (*ret)->id, spec->object_name, &there, err);
    if (rc)
        return rc;
    if (there)
        return err_set(err, CODE_OBJECT_EXISTS, "bucket %s already has an object %.200s, which is %s",
                       spec->bucket_name, spec->object_name, object_status_name((int)there->object_status));
    return CODE_OK;
}

static ObjectInfo *build(struct ctx *ctx, const BucketInfo *bucket, const CreateObjectSpec *spec, uint64_t id) {
    ObjectInfo *object = CTX_NEW(ctx, ObjectInfo);
    object_info__init(object);
    object->id = id;
    object->version = id; /* from the objects' sequence, so it is never reused for a name */
    object->owner = bucket->owner;
    object->bucket_id = bucket->id;
    object->bucket_name = bucket->bucket_name;
    object->object_name = spec->object_name;
    object->creator = spec->creator;
    object->payload_size = spec->payload_size;
    object->visibility = spec->visibility;
    object->content_type = spec->content_type;
    object->create_at = object->updated_at = ctx->height;
    object->object_status = OBJECT_STATUS_CREATED;
    object->profile = spec->profile ? spec->profile : bucket->profile;
    object->source_type = SOURCE_TYPE_ORIGIN;
    object->content_root = spec->content_root;
    object->metadata = spec->metadata;
    object->envelope_digest = spec->envelope_digest;
    object->etag = spec->etag;
    object->tags = spec->tags;
    object->n_tags = spec->n_tags;
    object->params_version = ctx->params->version;
    object->max_price = spec->max_price;
    object->term = spec->term;
    object->payment_address = bucket->payment_address;
    object->primary_sp = bucket->primary_sp;
    object->stream = spec->stream;
    return object;
}

static void seal_empty(struct ctx *ctx, ObjectInfo *object) {
    struct hash empty = list_tree_empty();
    object->object_status = OBJECT_STATUS_SEALED;
    object->content_root = ctx_hash(ctx, &empty);
    object->sealed_at = ctx->height;
    object->sealed_time = ctx->time;
    term_set(ctx, object, object->term);
}

/* Takes the primary's approval and locks the charge. */
static int commit_money(struct ctx *ctx, const MsgCreateObject *m, ObjectInfo *object, struct err *err) {
    struct addr payer = object_payer(object);
    int rc = approval_use(ctx, m->approval, pb_bytes(m->spec), object->primary_sp, &object->approval_price, err);
    if (rc)
        return rc;
    if (object->approval_price > object->max_price)
        return err_set(err, CODE_PRICE, "the primary approved at a price of %llu, above the limit of %llu",
                       (unsigned long long)object->approval_price, (unsigned long long)object->max_price);
    rc = quote_lock(ctx, object->profile, object->payload_size, object->max_price, object->term,
                    &object->locked_balance, err);
    if (rc == CODE_OK)
        rc = payment_lock(ctx, &payer, object->locked_balance, err);
    object->create_deadline = ctx->time + ctx->params->storage->create_ttl_ms;
    return rc;
}

static void emit(struct ctx *ctx, const ObjectInfo *object) {
    ctx_event(ctx, "storage.object_created", "bucket", object->bucket_name, "object", object->object_name, "bucket_id",
              ctx_u64_text(ctx, object->bucket_id), "object_id", ctx_u64_text(ctx, object->id), "version",
              ctx_u64_text(ctx, object->version), "creator", ctx_addr_text(ctx, &ctx->signer), "size",
              ctx_u64_text(ctx, object->payload_size), "primary_sp", ctx_u64_text(ctx, object->primary_sp), "status",
              object_status_name((int)object->object_status), NULL);
}

int msg_create_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgCreateObject *m = msg;
    CreateObjectSpec *spec = NULL;
    BucketInfo *bucket = NULL;
    uint64_t id = 0;
    int rc = pb_decode(&create_object_spec__descriptor, pb_bytes(m->spec), ctx->arena, &spec, err);
    if (rc)
        return err_wrap(err, rc, "object spec");
    rc = check_spec(ctx, spec, err);
    if (rc == CODE_OK)
        rc = open_bucket(ctx, spec, &bucket, err);
    if (rc == CODE_OK && spec->profile)
        rc = fields_check_profile(spec->profile, ctx->params->storage, err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_OBJECT, &id, err);
    if (rc)
        return rc;
    ObjectInfo *object = build(ctx, bucket, spec, id);
    if (object->payload_size == 0)
        seal_empty(ctx, object);
    else
        rc = commit_money(ctx, m, object, err);
    if (rc == CODE_OK)
        rc = object_insert(ctx, object, err);
    bucket->objects++;
    if (rc == CODE_OK)
        rc = bucket_put(ctx, bucket, err);
    if (rc)
        return rc;
    ctx_spend_bytes(ctx, object->payload_size);
    ctx_id(ctx, id);
    emit(ctx, object);
    return CODE_OK;
}
