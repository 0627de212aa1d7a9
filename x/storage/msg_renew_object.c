/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MsgRenewObject: copies, price, end, renewal by the ledger. What is absent stays; the same again changes nothing and
 * is no error. A later end or another price is agreed on now (renew.h). More or fewer copies are a new version that the
 * primary makes of the present one and that its seal puts in place; until then nothing changes.
 */
#include "x/storage/msgs.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/sp/sp.h"
#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/create.h"
#include "x/storage/fields.h"
#include "x/storage/primary.h"
#include "x/storage/quote.h"
#include "x/storage/renew.h"
#include "x/storage/replace.h"
#include "x/storage/sponsor.h"
#include "x/storage/term.h"

int msg_renew_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgRenewObject *m = msg;
    (void)params;
    int rc = fields_check_object_name(m->object_name, err);
    if (rc == CODE_OK && m->open_ended && m->expires_at)
        rc = err_set(err, CODE_RENEW, "an object is open-ended or has an end, not both");
    if (rc == CODE_OK && !m->copies && !m->max_price && !m->expires_at && !m->open_ended && !m->auto_renew)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the message renews nothing");
    return rc;
}

/* What the object is to be. */
struct plan {
    uint64_t expires_at, limit;
    bool agree;  /* end or price are others than now */
    bool copies; /* another number of copies */
    bool renews; /* other fields of renewal by the ledger */
};

static int plan_end(struct ctx *ctx, const MsgRenewObject *m, const ObjectInfo *o, struct plan *p, struct err *err) {
    p->expires_at = o->expires_at;
    if (m->open_ended)
        p->expires_at = 0;
    else if (m->expires_at)
        p->expires_at = m->expires_at;
    if (p->expires_at == o->expires_at)
        return CODE_OK;
    p->agree = true;
    if (p->expires_at == 0)
        return CODE_OK;
    if (p->expires_at < o->expires_at)
        return err_set(err, CODE_TERM, "object %.200s lives until %llu; its end can only be moved to a later time",
                       o->object_name, (unsigned long long)o->expires_at);
    if (p->expires_at <= ctx->time)
        return err_set(err, CODE_TERM, "ledger time %llu is over", (unsigned long long)p->expires_at);
    return term_check(ctx, p->expires_at - ctx->time, err);
}

static int plan_price(struct ctx *ctx, const MsgRenewObject *m, const BucketInfo *b, const ObjectInfo *o,
                      struct plan *p, struct err *err) {
    p->limit = m->max_price ? m->max_price : o->max_price;
    p->agree = p->agree || p->limit != o->max_price;
    return p->limit == o->max_price ? fields_check_price(p->limit, b, ctx->params, err)
                                    : fields_check_offer(ctx, p->limit, b, err);
}

/* In its grace an object is renewed to a later end; nothing else of it is worth an agreement. */
static int check_end(const struct ctx *ctx, const ObjectInfo *o, const struct plan *p, struct err *err) {
    if ((!p->agree && !p->copies) || p->expires_at == 0 || p->expires_at > ctx->time)
        return CODE_OK;
    return err_set(err, CODE_TERM, "the term of object %.200s was over at ledger time %llu: renew it to a later end",
                   o->object_name, (unsigned long long)p->expires_at);
}

static int plan_copies(const MsgRenewObject *m, const ObjectInfo *o, struct plan *p, struct err *err) {
    if (m->copies == 0)
        return CODE_OK;
    if (o->profile->kind != PROFILE_KIND_REPLICA || o->payload_size == 0)
        return err_set(err, CODE_RENEW,
                       "object %.200s is not kept in copies; copy it onto itself with another profile instead",
                       o->object_name);
    p->copies = m->copies != o->profile->k;
    return CODE_OK;
}

static int plan_auto(struct ctx *ctx, const MsgRenewObject *m, const BucketInfo *b, const ObjectInfo *o, struct plan *p,
                     struct err *err) {
    const AutoRenew *a = m->auto_renew;
    if (!a)
        return CODE_OK;
    p->renews = o->auto_renew != (a->period != 0) || o->renew_period != a->period ||
                o->renew_max_price != a->max_price || o->renew_until != a->until;
    if (a->period == 0)
        return CODE_OK;
    if (p->expires_at == 0)
        return err_set(err, CODE_RENEW, "object %.200s has no term that the ledger could renew", o->object_name);
    int rc = renew_check_auto(ctx, a, err);
    return rc ? rc : fields_check_offer(ctx, a->max_price, b, err);
}

static void apply_auto(ObjectInfo *o, const AutoRenew *a) {
    if (!a)
        return;
    o->auto_renew = a->period != 0;
    o->renew_period = a->period;
    o->renew_max_price = a->period ? a->max_price : 0;
    o->renew_until = a->period ? a->until : 0;
}

/* The new version: as the present one, in another number of copies. */
static ObjectInfo *next_version(struct ctx *ctx, const BucketInfo *bucket, const ObjectInfo *o, uint64_t version,
                                uint32_t copies, const struct plan *p) {
    ObjectInfo *next = CTX_NEW(ctx, ObjectInfo);
    *next = *o;
    next->profile = CTX_NEW(ctx, Profile);
    *next->profile = *o->profile;
    next->profile->k = copies;
    next->version = version;
    next->object_status = OBJECT_STATUS_CREATED;
    next->creator = ctx_addr(ctx, &ctx->signer);
    next->copy_of_id = o->id;
    next->copy_of_version = o->version;
    next->payment_address = bucket->payment_address;
    next->primary_sp = bucket->primary_sp;
    next->approval_price = next->max_price = p->limit;
    next->expires_at = p->expires_at;
    next->ends_at = next->renew_at = next->term_paid = next->term_since = next->slot = next->sealed_at = 0;
    next->sealed_time = next->challenges = next->repair_duties = next->replacing = 0;
    next->n_checksums = next->n_prices = 0;
    next->sealed_positions = next->layout_root = (ProtobufCBinaryData){0, NULL};
    next->coded_by_sp = false;
    next->updated_at = ctx->height;
    next->params_version = ctx->params->version;
    next->create_deadline = ctx->time + ctx->params->storage->create_ttl_ms;
    return next;
}

static int make_copies(struct ctx *ctx, const MsgRenewObject *m, BucketInfo *bucket, ObjectInfo *object,
                       const struct plan *p, struct err *err) {
    StorageProvider *primary = NULL;
    uint64_t version = 0;
    int rc = sp_get(ctx, bucket->primary_sp, &primary, err);
    if (rc == CODE_OK && primary->store_price > p->limit)
        rc = err_set(err, CODE_PRICE, "provider %u asks %llu; the limit is %llu", primary->id,
                     (unsigned long long)primary->store_price, (unsigned long long)p->limit);
    if (rc == CODE_OK)
        rc = primary_can_read(ctx, bucket, object, primary->id, err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_OBJECT, &version, err);
    if (rc)
        return rc;
    ObjectInfo *next = next_version(ctx, bucket, object, version, m->copies, p);
    struct addr payer = object_payer(next);
    apply_auto(next, m->auto_renew);
    rc = fields_check_profile(next->profile, ctx->params->storage, err);
    if (rc == CODE_OK)
        rc = quote_lock(ctx, next->profile, next->payload_size, p->limit, p->expires_at ? p->expires_at - ctx->time : 0,
                        &next->locked_balance, err);
    if (rc == CODE_OK)
        rc = payment_lock(ctx, &payer, next->locked_balance, err);
    if (rc == CODE_OK)
        rc = replacement_begin(ctx, object, next, err);
    if (rc == CODE_OK)
        create_emit(ctx, next);
    return rc;
}

static int change_auto(struct ctx *ctx, ObjectInfo *object, const AutoRenew *a, struct err *err) {
    struct key k;
    int rc = object->renew_at ? record_del(ctx, key_renewal(&k, object->renew_at, object->id), err) : CODE_OK;
    apply_auto(object, a);
    renew_schedule(ctx, object);
    object->updated_at = ctx->height;
    if (rc == CODE_OK && object->renew_at)
        rc = record_put_mark(ctx, key_renewal(&k, object->renew_at, object->id), err);
    return rc ? rc : object_put(ctx, object, err);
}

static int begin_paying(struct ctx *ctx, const BucketInfo *bucket, const struct plan *p, const AutoRenew *renew,
                        struct sponsor *ret, struct err *err) {
    int rc = sponsor_begin(ctx, bucket, ret, err);
    bool agrees = p->agree || p->copies;
    return rc ? rc : sponsor_check_end(ret, agrees && p->expires_at == 0, renew && renew->period, err);
}

static int end_paying(struct ctx *ctx, const MsgRenewObject *m, const ObjectInfo *object, const struct plan *p,
                      const struct sponsor *sponsor, struct err *err) {
    Profile profile = *object->profile;
    uint64_t agreed = 0;
    int rc = CODE_OK;
    if (p->copies)
        profile.k = m->copies;
    if (sponsor->on && (p->agree || p->copies))
        rc = quote_lock(ctx, &profile, object->payload_size, p->limit, p->expires_at - ctx->time, &agreed, err);
    return rc ? rc : sponsor_end(ctx, sponsor, agreed, err);
}

static int carry_out(struct ctx *ctx, const MsgRenewObject *m, BucketInfo *bucket, ObjectInfo *object,
                     const struct plan *p, struct err *err) {
    int rc;
    if (p->copies)
        return make_copies(ctx, m, bucket, object, p, err);
    if (p->agree) {
        apply_auto(object, m->auto_renew);
        rc = renew_agree(ctx, bucket, object, p->expires_at, p->limit, err);
    } else if (p->renews) {
        rc = change_auto(ctx, object, m->auto_renew, err);
    } else {
        return CODE_OK; /* the same again */
    }
    if (rc == CODE_OK)
        renew_emit(ctx, object, false);
    return rc;
}

int msg_renew_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgRenewObject *m = msg;
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    struct plan plan = {0};
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = bucket_writable(bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->object_name, &object, err);
    if (rc == CODE_OK)
        rc = access_object(ctx, ACTION_RENEW_OBJECT, bucket, object, "renew object", err);
    if (rc == CODE_OK)
        rc = replacement_may_begin(object, err);
    if (rc == CODE_OK)
        rc = plan_end(ctx, m, object, &plan, err);
    if (rc == CODE_OK)
        rc = plan_price(ctx, m, bucket, object, &plan, err);
    if (rc == CODE_OK)
        rc = plan_copies(m, object, &plan, err);
    if (rc == CODE_OK)
        rc = check_end(ctx, object, &plan, err);
    if (rc == CODE_OK)
        rc = plan_auto(ctx, m, bucket, object, &plan, err);
    struct sponsor sponsor = {.on = false};
    if (rc == CODE_OK)
        rc = begin_paying(ctx, bucket, &plan, m->auto_renew, &sponsor, err);
    if (rc == CODE_OK)
        rc = carry_out(ctx, m, bucket, object, &plan, err);
    return rc ? rc : end_paying(ctx, m, object, &plan, &sponsor, err);
}
