/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCreateBucket {spec, approval}: the primary SP has approved exactly this spec; its nonce is consumed. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "x/payment/payment.h"
#include "x/sp/sp.h"
#include "x/storage/approval.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/sponsor.h"

int msg_create_bucket_check(const void *msg, const Params *params, struct err *err) {
    const MsgCreateBucket *m = msg;
    (void)params;
    if (m->spec.len == 0 || m->spec.len > SPEC_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "a bucket's spec has 1 to %zu bytes, not %zu", SPEC_LEN_MAX, m->spec.len);
    return CODE_OK;
}

static int check_spec(struct ctx *ctx, CreateBucketSpec *spec, struct err *err) {
    const StorageParams *params = ctx->params->storage;
    if (!bytes_eq(pb_bytes(spec->creator), addr_bytes(&ctx->signer)))
        return err_set(err, CODE_DENIED, "the spec names another creator than who sends it");
    int rc = fields_check_bucket_name(spec->bucket_name, err);
    if (rc)
        return rc;
    if (spec->visibility != VISIBILITY_PRIVATE && spec->visibility != VISIBILITY_PUBLIC_READ)
        return err_set(err, CODE_VISIBILITY, "a bucket is private or public-read");
    if (!spec->profile)
        return err_set(err, CODE_PROFILE, "a bucket needs a profile for its objects, as ec:4+2+w or replica:1");
    rc = fields_check_profile(spec->profile, params, err);
    return rc ? rc : fields_check_tags(spec->tags, spec->n_tags, params, err);
}

/* The creator's own account, a payment account of the creator's, or one whose owner has granted that. */
static int find_payer(struct ctx *ctx, const CreateBucketSpec *spec, struct addr *ret, bool *ret_sponsored,
                      struct err *err) {
    if (spec->payment_address.len == 0) {
        *ret = ctx->signer;
        return CODE_OK;
    }
    if (!addr_of_field(spec->payment_address, ret))
        return err_set(err, CODE_PAYER, "the payment address must be an address");
    int rc = payment_may_charge(ctx, ret, &ctx->signer, err);
    if (rc != CODE_PAYMENT_OWNER)
        return rc;
    if (spec->read_quota)
        return err_set(err, CODE_PAYER, "another account is to pay for the bucket: it cannot have a read quota");
    *ret_sponsored = true;
    return sponsor_may_pay(ctx, ret, &ctx->signer, err);
}

static BucketInfo *build(struct ctx *ctx, const CreateBucketSpec *spec, const struct addr *payer, uint64_t id,
                         uint64_t free_once) {
    BucketInfo *bucket = CTX_NEW(ctx, BucketInfo);
    bucket_info__init(bucket);
    bucket->id = id;
    bucket->owner = ctx_addr(ctx, &ctx->signer);
    bucket->bucket_name = spec->bucket_name;
    bucket->visibility = spec->visibility;
    bucket->source_type = SOURCE_TYPE_ORIGIN;
    bucket->create_at = ctx->height;
    bucket->payment_address = ctx_addr(ctx, payer);
    bucket->primary_sp = spec->primary_sp;
    bucket->read_quota = spec->read_quota;
    bucket->profile = spec->profile;
    bucket->status = BUCKET_STATUS_CREATED;
    bucket->tags = spec->tags;
    bucket->n_tags = spec->n_tags;
    bucket->version = 1;
    bucket->updated_at = ctx->height;
    bucket->encrypted = spec->encrypted;
    bucket->created_time = ctx->time;
    bucket->free_read_once = free_once;
    return bucket;
}

int msg_create_bucket_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgCreateBucket *m = msg;
    CreateBucketSpec *spec = NULL;
    struct addr payer = {{0}};
    StorageProvider *sp = NULL;
    uint64_t id = 0, price;
    bool sponsored = false;
    int rc = pb_decode(&create_bucket_spec__descriptor, pb_bytes(m->spec), ctx->arena, &spec, err);
    if (rc)
        return err_wrap(err, rc, "bucket spec");
    rc = check_spec(ctx, spec, err);
    if (rc == CODE_OK)
        rc = find_payer(ctx, spec, &payer, &sponsored, err);
    if (rc == CODE_OK)
        rc = approval_use(ctx, m->approval, pb_bytes(m->spec), spec->primary_sp, &price, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, spec->primary_sp, &sp, err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_BUCKET, &id, err);
    if (rc)
        return rc;
    BucketInfo *bucket = build(ctx, spec, &payer, id, sp->free_read_once);
    bucket->sponsored = sponsored;
    rc = bucket_insert(ctx, bucket, err);
    if (rc == CODE_OK && bucket->read_quota)
        rc = payment_quota_set(ctx, &payer, id, bucket->primary_sp, bucket->read_quota, err);
    if (rc)
        return rc;
    ctx_id(ctx, id);
    ctx_event(ctx, "storage.bucket_created", "bucket", bucket->bucket_name, "bucket_id", ctx_u64_text(ctx, id), "owner",
              ctx_addr_text(ctx, &ctx->signer), "primary_sp", ctx_u64_text(ctx, bucket->primary_sp), NULL);
    return CODE_OK;
}
