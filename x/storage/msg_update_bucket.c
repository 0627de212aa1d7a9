/* SPDX-License-Identifier: Apache-2.0 */
/* MsgUpdateBucket: visibility, who pays, read quota, the highest price, tags, the profile of new objects. Fields that
 * the message does not have stay. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "x/payment/payment.h"
#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/slot.h"
#include "x/storage/sponsor.h"

static bool changes_nothing(const MsgUpdateBucket *m) {
    return !m->visibility && !m->payment_address.len && !m->read_quota && !m->price_cap && !m->tags && !m->profile;
}

int msg_update_bucket_check(const void *msg, const Params *params, struct err *err) {
    const MsgUpdateBucket *m = msg;
    int rc = fields_check_bucket_name(m->bucket_name, err);
    if (rc == CODE_OK && changes_nothing(m))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the message changes nothing");
    if (rc == CODE_OK && m->visibility && m->visibility != VISIBILITY_PRIVATE &&
        m->visibility != VISIBILITY_PUBLIC_READ)
        rc = err_set(err, CODE_VISIBILITY, "a bucket is private or public-read");
    if (rc == CODE_OK && m->tags)
        rc = fields_check_tags(m->tags->tags, m->tags->n_tags, params->storage, err);
    if (rc == CODE_OK && m->profile)
        rc = fields_check_profile(m->profile, params->storage, err);
    if (rc == CODE_OK && m->price_cap && m->price_cap->value > params->payment->price_max)
        rc = err_set(err, CODE_PRICE, "the price cap is above the largest price of %llu",
                     (unsigned long long)params->payment->price_max);
    return rc;
}

/* An account of somebody's who has granted the bucket's owner that, and who takes over nothing that is there. */
static int take_sponsor(struct ctx *ctx, const MsgUpdateBucket *m, const BucketInfo *bucket, const struct addr *payer,
                        bool *ret_sponsored, struct err *err) {
    struct addr owner = bucket_owner(bucket);
    uint64_t quota = m->read_quota ? m->read_quota->value : bucket->read_quota;
    int rc = sponsor_may_pay(ctx, payer, &owner, err);
    if (rc == CODE_OK && !addr_eq(&owner, &ctx->signer))
        rc = err_set(err, CODE_PAYMENT_OWNER, "only the bucket's owner has others pay for it");
    if (rc == CODE_OK && (bucket->objects || bucket->read_quota || quota))
        rc = err_set(err, CODE_PAYER,
                     "bucket %s has %llu objects and a read quota of %llu bytes; another account can begin to pay for "
                     "an empty one without a quota",
                     bucket->bucket_name, (unsigned long long)bucket->objects, (unsigned long long)quota);
    *ret_sponsored = rc == CODE_OK;
    return rc;
}

/* What flows is charged to the new account from now on; locks stay with who locked them. */
static int change_payer(struct ctx *ctx, const MsgUpdateBucket *m, BucketInfo *bucket, struct err *err) {
    struct addr payer;
    if (!m->payment_address.len || bytes_eq(pb_bytes(m->payment_address), pb_bytes(bucket->payment_address)))
        return CODE_OK;
    int rc = addr_need(m->payment_address, "payment_address", &payer, err);
    bool sponsored = false;
    if (rc == CODE_OK)
        rc = payment_may_charge(ctx, &payer, &ctx->signer, err);
    if (rc == CODE_PAYMENT_OWNER)
        rc = take_sponsor(ctx, m, bucket, &payer, &sponsored, err);
    if (rc == CODE_OK)
        rc = slots_change_payer(ctx, bucket, &payer, err);
    bucket->payment_address = m->payment_address;
    bucket->sponsored = sponsored;
    return rc;
}

/* The quota's flow follows what the bucket says now: so many bytes, paid by this account. */
static int change_quota(struct ctx *ctx, const MsgUpdateBucket *m, BucketInfo *bucket, struct err *err) {
    struct addr payer = bucket_payer(bucket);
    int rc = m->read_quota ? payment_quota_may_change(ctx, bucket->id, m->read_quota->value, err) : CODE_OK;
    if (rc)
        return rc;
    if (bucket->sponsored && m->read_quota && m->read_quota->value)
        return err_set(err, CODE_PAYER, "another account pays for bucket %s: it cannot have a read quota",
                       bucket->bucket_name);
    if (m->read_quota)
        bucket->read_quota = m->read_quota->value;
    if (!m->read_quota && !(m->payment_address.len && bucket->read_quota))
        return CODE_OK;
    return payment_quota_set(ctx, &payer, bucket->id, bucket->primary_sp, bucket->read_quota, err);
}

static void apply(BucketInfo *bucket, const MsgUpdateBucket *m) {
    if (m->visibility)
        bucket->visibility = m->visibility;
    if (m->price_cap)
        bucket->price_cap = m->price_cap->value;
    if (m->profile)
        bucket->profile = m->profile;
    if (m->tags) {
        bucket->tags = m->tags->tags;
        bucket->n_tags = m->tags->n_tags;
    }
}

int msg_update_bucket_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgUpdateBucket *m = msg;
    BucketInfo *bucket = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = bucket_writable(bucket, err);
    if (rc == CODE_OK)
        rc = access_bucket(ctx, ACTION_UPDATE_BUCKET, bucket, "update bucket", err);
    if (rc == CODE_OK)
        rc = change_payer(ctx, m, bucket, err);
    if (rc == CODE_OK)
        rc = change_quota(ctx, m, bucket, err);
    if (rc)
        return rc;
    apply(bucket, m);
    bucket->version++;
    bucket->updated_at = ctx->height;
    rc = bucket_put(ctx, bucket, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.bucket_updated", "bucket", bucket->bucket_name, "bucket_id", ctx_u64_text(ctx, bucket->id),
              "version", ctx_u64_text(ctx, bucket->version), NULL);
    return CODE_OK;
}
