/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/create.h"

#include "chain/codec/pb.h"
#include "chain/crypto/list_tree.h"
#include "chain/types/layout.h"
#include "x/payment/payment.h"
#include "x/payment/term.h"
#include "x/storage/access.h"
#include "x/storage/approval.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/object.h"
#include "x/storage/quote.h"
#include "x/storage/renew.h"
#include "x/storage/replace.h"
#include "x/storage/term.h"

static int check_extras(const CreateObjectSpec *spec, const StorageParams *params, struct err *err) {
    int rc = fields_check_metadata(spec->metadata, params, err);
    if (rc == CODE_OK)
        rc = fields_check_envelope(spec->envelope_digest, err);
    if (rc == CODE_OK)
        rc = fields_check_text("content type", spec->content_type, CONTENT_TYPE_MAX, err);
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

/* Term, and renewal of it. */
static int check_time(struct ctx *ctx, const CreateObjectSpec *spec, struct err *err) {
    AutoRenew renew = AUTO_RENEW__INIT;
    int rc = term_check(ctx, spec->term, err);
    if (rc)
        return rc;
    if (!spec->auto_renew)
        return spec->renew_until || spec->renew_max_price || spec->renew_period
                   ? err_set(err, CODE_RENEW, "what the ledger is to renew by is given, and not that it is to renew")
                   : CODE_OK;
    renew.period = spec->renew_period;
    renew.max_price = spec->renew_max_price;
    renew.until = spec->renew_until;
    if (spec->term == 0 || spec->renew_period == 0)
        return err_set(err, CODE_RENEW, "the ledger renews objects with a term, by a period");
    return renew_check_auto(ctx, &renew, err);
}

static int check_spec(struct ctx *ctx, const CreateObjectSpec *spec, struct err *err) {
    if (!bytes_eq(pb_bytes(spec->creator), addr_bytes(&ctx->signer)))
        return err_set(err, CODE_DENIED, "the spec names another creator than who sends it");
    int rc = fields_check_object_name(spec->object_name, err);
    if (rc == CODE_OK)
        rc = fields_check_object_visibility((int)spec->visibility, err);
    if (rc == CODE_OK)
        rc = check_time(ctx, spec, err);
    if (rc == CODE_OK)
        rc = check_content(spec, ctx->params->storage, err);
    return rc ? rc : check_extras(spec, ctx->params->storage, err);
}

/* What lies under the name is what the spec expects: nothing, or the version that is to be replaced. */
static int check_there(struct ctx *ctx, struct creation *c, struct err *err) {
    const CreateObjectSpec *spec = c->spec;
    int rc = object_find(ctx, c->bucket->id, spec->object_name, &c->there, err);
    if (rc)
        return rc;
    if (!spec->expected_version)
        return !c->there
                   ? CODE_OK
                   : err_set(err, CODE_OBJECT_EXISTS,
                             "bucket %s already has an object %.200s, which is %s; to replace it, expect its "
                             "version, %llu",
                             spec->bucket_name, spec->object_name, object_status_name((int)c->there->object_status),
                             (unsigned long long)c->there->version);
    if (!c->there || c->there->version != spec->expected_version)
        return err_set(err, CODE_OBJECT_VERSION, "object %.200s has version %llu, not the %llu that is to be replaced",
                       spec->object_name, (unsigned long long)(c->there ? c->there->version : 0),
                       (unsigned long long)spec->expected_version);
    rc = replacement_may_begin(c->there, err);
    return rc ? rc : access_object(ctx, ACTION_DELETE_OBJECT, c->bucket, c->there, "replace object", err);
}

/* The bucket, and the right to create in it. */
static int open_bucket(struct ctx *ctx, struct creation *c, struct err *err) {
    const CreateObjectSpec *spec = c->spec;
    int rc = bucket_get(ctx, spec->bucket_name, &c->bucket, err);
    if (rc == CODE_OK)
        rc = bucket_writable(c->bucket, err);
    if (rc == CODE_OK)
        rc = access_create(ctx, c->bucket, spec->object_name, spec->payload_size, err);
    if (rc == CODE_OK)
        rc = fields_check_offer(ctx, spec->max_price, c->bucket, err);
    if (rc == CODE_OK && spec->auto_renew)
        rc = fields_check_offer(ctx, spec->renew_max_price, c->bucket, err);
    if (rc)
        return rc;
    if (spec->payment_address.len && !bytes_eq(pb_bytes(spec->payment_address), pb_bytes(c->bucket->payment_address)))
        return err_set(err, CODE_PAYER, "an object is paid by its bucket's payment account");
    return check_there(ctx, c, err);
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
    object->auto_renew = spec->auto_renew;
    object->renew_period = spec->renew_period;
    object->renew_max_price = spec->renew_max_price;
    object->renew_until = spec->renew_until;
    return object;
}

/* Whose money it is going to be. */
static int open_payer(struct ctx *ctx, struct creation *c, struct err *err) {
    int rc = sponsor_begin(ctx, c->bucket, &c->sponsor, err);
    if (rc == CODE_OK && c->spec->payload_size)
        rc = sponsor_check_end(&c->sponsor, c->spec->term == 0, c->spec->auto_renew, err);
    return rc;
}

int create_charge(struct ctx *ctx, const struct creation *c, struct err *err) {
    const ObjectInfo *o = c->object;
    uint64_t agreed = 0;
    int rc = CODE_OK;
    if (c->sponsor.on)
        rc = quote_lock(ctx, o->profile, c->spec->payload_size, c->spec->max_price, c->spec->term, &agreed, err);
    return rc ? rc : sponsor_end(ctx, &c->sponsor, agreed, err);
}

int create_open(struct ctx *ctx, ProtobufCBinaryData spec, struct creation *ret, struct err *err) {
    struct creation c = {.encoded = pb_bytes(spec)};
    uint64_t id = 0;
    int rc = pb_decode(&create_object_spec__descriptor, c.encoded, ctx->arena, &c.spec, err);
    if (rc)
        return err_wrap(err, rc, "object spec");
    rc = check_spec(ctx, c.spec, err);
    if (rc == CODE_OK)
        rc = open_bucket(ctx, &c, err);
    if (rc == CODE_OK && c.spec->profile)
        rc = fields_check_profile(c.spec->profile, ctx->params->storage, err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_OBJECT, &id, err);
    if (rc)
        return rc;
    c.object = build(ctx, c.bucket, c.spec, id);
    rc = open_payer(ctx, &c, err);
    if (rc == CODE_OK)
        *ret = c;
    return rc;
}

static void seal_empty(struct ctx *ctx, ObjectInfo *object) {
    struct hash empty = list_tree_empty();
    object->object_status = OBJECT_STATUS_SEALED;
    object->content_root = ctx_hash(ctx, &empty);
    object->sealed_at = ctx->height;
    object->sealed_time = ctx->time;
    term_set(ctx, object, object->term);
    renew_schedule(ctx, object);
}

int create_commit(struct ctx *ctx, struct creation *c, const SignedApproval *approval, struct err *err) {
    ObjectInfo *object = c->object;
    struct addr payer = object_payer(object);
    if (object->payload_size == 0) {
        seal_empty(ctx, object);
        return CODE_OK;
    }
    int rc = approval_use(ctx, approval, c->encoded, object->primary_sp, &object->approval_price, err);
    if (rc)
        return rc;
    if (object->approval_price > object->max_price)
        return err_set(err, CODE_PRICE, "the primary approved at a price of %llu, above the limit of %llu",
                       (unsigned long long)object->approval_price, (unsigned long long)object->max_price);
    rc = object->term ? payment_term_may(ctx, &payer, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = quote_lock(ctx, object->profile, object->payload_size, object->max_price, object->term,
                        &object->locked_balance, err);
    if (rc == CODE_OK)
        rc = payment_lock(ctx, &payer, object->locked_balance, err);
    object->create_deadline = ctx->time + ctx->params->storage->create_ttl_ms;
    return rc;
}

void create_emit(struct ctx *ctx, const ObjectInfo *object) {
    ctx_event(ctx, "storage.object_created", "bucket", object->bucket_name, "object", object->object_name, "bucket_id",
              ctx_u64_text(ctx, object->bucket_id), "object_id", ctx_u64_text(ctx, object->id), "version",
              ctx_u64_text(ctx, object->version), "creator", ctx_addr_text(ctx, &ctx->signer), "size",
              ctx_u64_text(ctx, object->payload_size), "primary_sp", ctx_u64_text(ctx, object->primary_sp), "status",
              object_status_name((int)object->object_status), "replaces", ctx_u64_text(ctx, object->replaces),
              "copy_of", ctx_u64_text(ctx, object->copy_of_id), NULL);
}

/* In place of what is there: at once when there is nothing to seal, else on its way. */
static int insert_replacement(struct ctx *ctx, struct creation *c, struct err *err) {
    if (c->object->object_status != OBJECT_STATUS_SEALED)
        return replacement_begin(ctx, c->there, c->object, err);
    int rc = replacement_take_over(ctx, c->bucket, c->there, c->object, err);
    if (rc == CODE_OK)
        rc = object_enqueue(ctx, c->object, err);
    if (rc == CODE_OK)
        rc = object_put(ctx, c->object, err);
    return rc ? rc : bucket_put(ctx, c->bucket, err);
}

int create_insert(struct ctx *ctx, struct creation *c, struct err *err) {
    int rc = c->there ? insert_replacement(ctx, c, err) : object_insert(ctx, c->object, err);
    if (rc == CODE_OK && !c->there) {
        c->bucket->objects++;
        rc = bucket_put(ctx, c->bucket, err);
    }
    if (rc == CODE_OK)
        rc = create_charge(ctx, c, err);
    if (rc)
        return rc;
    ctx_spend_bytes(ctx, c->object->payload_size);
    ctx_id(ctx, c->object->id);
    create_emit(ctx, c->object);
    return CODE_OK;
}
