/* SPDX-License-Identifier: Apache-2.0 */
/* Read quota: one flow a bucket, to its primary provider. */
#include "x/payment/quota.h"

#include "chain/types/keys_payment.h"
#include "x/base/deps.h"
#include "x/payment/account.h"
#include "x/payment/deps.h"
#include "x/payment/flow.h"
#include "x/sp/sp.h"

#include <inttypes.h>

int payment_quota_find(struct ctx *ctx, uint64_t bucket_id, ReadQuota **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_read_quota(&k, bucket_id), &read_quota__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = NULL;
    return CODE_OK;
}

static int accrue(struct ctx *ctx, ReadQuota *q, uint64_t until, uint64_t *ret, struct err *err) {
    (void)err;
    *ret = 0;
    if (until <= q->settled_at)
        return CODE_OK;
    uint64_t ms = until - q->settled_at;
    if (ms > PAYMENT_MS_MAX)
        return ctx_fault(ctx, CODE_CORRUPT, "a read quota was not settled for more than 30 years");
    q->settled_at = until;
    *ret = flow_accrue(u128_of(q->rate), ms, &q->remainder);
    return CODE_OK;
}

/* Up to the time that the account has paid for. What it has paid since its provider was forced out, or has gone, it
 * gets back. */
static int earn(struct ctx *ctx, ReadQuota *q, PaymentAccount *payer, struct err *err) {
    StorageProvider *sp;
    uint64_t earned = 0, back = 0;
    int rc = sp_get(ctx, q->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = accrue(ctx, q, sp_is_out(sp) ? u64_min(sp->exit_since, payer->settled_at) : payer->settled_at, &earned,
                    err);
    if (rc == CODE_OK)
        rc = sp_earn(ctx, q->sp_id, earned, err);
    if (rc == CODE_OK)
        rc = accrue(ctx, q, payer->settled_at, &back, err);
    payer->balance += back; /* it is part of the supply, so it cannot overflow */
    return rc;
}

/* Moves the entry in the queue; 0: it has none. */
static int queue(struct ctx *ctx, ReadQuota *q, uint64_t due, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (q->settle_due)
        rc = record_del(ctx, key_slot_due(&k, q->settle_due, q->bucket_id, QUOTA_SLOT), err);
    q->settle_due = due;
    if (rc == CODE_OK && due)
        rc = record_put_mark(ctx, key_slot_due(&k, due, q->bucket_id, QUOTA_SLOT), err);
    return rc;
}

static int open_payer(struct ctx *ctx, const ReadQuota *q, struct addr *ret_addr, PaymentAccount **ret,
                      struct err *err) {
    if (!addr_of_field(q->payment_address, ret_addr))
        return ctx_fault(ctx, CODE_CORRUPT, "the read quota of bucket %" PRIu64 " has no payer", q->bucket_id);
    return payment_open(ctx, ret_addr, false, ret, err);
}

/* Settled to now, its flow is taken away and the reserve behind it freed. */
static int stop(struct ctx *ctx, ReadQuota *q, struct err *err) {
    struct addr addr;
    struct key k;
    PaymentAccount *a;
    if (u128_of(q->rate) == 0)
        return CODE_OK;
    int rc = open_payer(ctx, q, &addr, &a, err);
    if (rc == CODE_OK)
        rc = earn(ctx, q, a, err);
    if (rc == CODE_OK && (a->slots == 0 || u128_of(a->rate) < u128_of(q->rate)))
        rc = ctx_fault(ctx, CODE_CORRUPT, "a payment account has less of a flow than its read quota");
    if (rc == CODE_OK)
        rc = payment_set_rate(ctx, a, u128_of(a->rate) - u128_of(q->rate), err);
    if (rc)
        return rc;
    a->slots--;
    q->rate = NULL;
    rc = record_del(ctx, key_payer_slot(&k, &addr, q->bucket_id, QUOTA_SLOT), err);
    if (rc == CODE_OK)
        rc = queue(ctx, q, 0, err);
    return rc ? rc : payment_close(ctx, &addr, a, err);
}

static int start(struct ctx *ctx, ReadQuota *q, u128 rate, struct err *err) {
    struct addr addr;
    struct key k;
    PaymentAccount *a;
    q->settled_at = ctx->time;
    q->rate = ctx_u128(ctx, rate);
    if (rate == 0)
        return CODE_OK;
    int rc = open_payer(ctx, q, &addr, &a, err);
    if (rc)
        return rc;
    if (a->territory_id)
        return err_set(err, CODE_PAYER, "a territory pays for what is stored, not for what is read");
    if (a->status != PAYMENT_STATUS_ACTIVE)
        return err_set(err, CODE_PAYER_FROZEN, "payment account %s is frozen; deposit to it",
                       ctx_addr_text(ctx, &addr));
    rc = payment_set_rate(ctx, a, u128_of(a->rate) + rate, err);
    if (rc)
        return rc;
    a->slots++;
    rc = record_put_mark(ctx, key_payer_slot(&k, &addr, q->bucket_id, QUOTA_SLOT), err);
    if (rc == CODE_OK)
        rc = queue(ctx, q, ctx->time + ctx->params->payment->settle_interval_ms, err);
    return rc ? rc : payment_close(ctx, &addr, a, err);
}

/* The record as it will be, its flow not started. */
static int agree(struct ctx *ctx, const ReadQuota *old, const struct addr *payer, uint64_t bucket_id, uint32_t sp_id,
                 uint64_t quota, ReadQuota **ret, u128 *ret_rate, struct err *err) {
    StorageProvider *sp;
    ReadQuota *q = CTX_NEW(ctx, ReadQuota);
    int rc = sp_get(ctx, sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = flow_rate_of_month(sp->read_price, quota, ret_rate, err);
    if (rc)
        return rc;
    read_quota__init(q);
    q->bucket_id = bucket_id;
    q->payment_address = ctx_addr(ctx, payer);
    q->sp_id = sp_id;
    q->quota = quota;
    q->price = sp->read_price;
    q->raised_at = old && quota <= old->quota ? old->raised_at : ctx->time;
    *ret = q;
    return CODE_OK;
}

int payment_quota_set(struct ctx *ctx, const struct addr *payer, uint64_t bucket_id, uint32_t sp_id, uint64_t quota,
                      struct err *err) {
    struct key k;
    ReadQuota *old = NULL, *fresh = NULL;
    u128 rate = 0;
    int rc = payment_quota_find(ctx, bucket_id, &old, err);
    if (rc == CODE_OK && quota)
        rc = agree(ctx, old, payer, bucket_id, sp_id, quota, &fresh, &rate, err);
    if (rc == CODE_OK && old)
        rc = stop(ctx, old, err);
    if (rc == CODE_OK && fresh)
        rc = start(ctx, fresh, rate, err);
    if (rc || (!old && !fresh))
        return rc;
    ctx_event(ctx, "payment.quota_set", "bucket_id", ctx_u64_text(ctx, bucket_id), "quota", ctx_u64_text(ctx, quota),
              NULL);
    return fresh ? record_put(ctx, key_read_quota(&k, bucket_id), fresh, err)
                 : record_del(ctx, key_read_quota(&k, bucket_id), err);
}

int payment_quota_may_change(struct ctx *ctx, uint64_t bucket_id, uint64_t quota, struct err *err) {
    ReadQuota *q;
    int rc = payment_quota_find(ctx, bucket_id, &q, err);
    if (rc || !q || quota >= q->quota)
        return rc;
    uint64_t until = q->raised_at + ctx->params->payment->quota_hold_ms;
    if (ctx->time >= until)
        return CODE_OK;
    return err_set(err, CODE_QUOTA_HELD,
                   "the read quota of %" PRIu64 " bytes was set at ledger time %" PRIu64
                   " and can be lowered from %" PRIu64 " on",
                   q->quota, q->raised_at, until);
}

static int is_out(struct ctx *ctx, uint32_t sp_id, bool *ret, struct err *err) {
    StorageProvider *sp;
    int rc = sp_get(ctx, sp_id, &sp, err);
    if (rc == CODE_OK)
        *ret = sp_is_out(sp);
    return rc;
}

int quota_due(struct ctx *ctx, uint64_t bucket_id, struct err *err) {
    bool out = false;
    uint64_t n = 0;
    struct addr addr;
    struct key k;
    ReadQuota *q;
    PaymentAccount *a;
    int rc = payment_quota_find(ctx, bucket_id, &q, err);
    if (rc || !q)
        return rc;
    rc = is_out(ctx, q->sp_id, &out, err);
    if (rc == CODE_OK && out) { /* then nothing is bought from it any more */
        q->settle_due = 0;      /* the entry has been taken out */
        rc = record_put(ctx, key_read_quota(&k, bucket_id), q, err);
        return rc ? rc : ctx->deps->payment->end_slot(ctx, bucket_id, QUOTA_SLOT, 1, &n, err);
    }
    if (rc == CODE_OK)
        rc = open_payer(ctx, q, &addr, &a, err);
    if (rc == CODE_OK)
        rc = earn(ctx, q, a, err);
    if (rc == CODE_OK)
        rc = queue(ctx, q, ctx->time + ctx->params->payment->settle_interval_ms, err);
    if (rc == CODE_OK)
        rc = record_put(ctx, key_read_quota(&k, bucket_id), q, err);
    return rc ? rc : payment_close(ctx, &addr, a, err);
}

static int free_of(struct ctx *ctx, const struct addr *payer, uint64_t *ret, struct err *err) {
    PaymentAccount *a;
    int rc = payment_open(ctx, payer, true, &a, err);
    if (rc == CODE_OK)
        *ret = a->balance;
    return rc;
}

int quota_quote(struct ctx *ctx, const ReadQuotaQuoteQuery *in, ReadQuotaQuoteAnswer **ret, struct err *err) {
    struct addr payer;
    uint64_t before = 0, after = 0;
    ReadQuota *old = NULL, *fresh = NULL;
    ReadQuotaQuoteAnswer *answer = CTX_NEW(ctx, ReadQuotaQuoteAnswer);
    u128 rate = 0;
    read_quota_quote_answer__init(answer);
    int rc = payment_quota_find(ctx, in->bucket_id, &old, err);
    if (rc == CODE_OK)
        rc = agree(ctx, old, &payer, in->bucket_id, in->sp_id, in->quota, &fresh, &rate, err);
    if (rc == CODE_OK)
        rc = payment_charge(rate, PAYMENT_MONTH_MS, &answer->per_month, err);
    answer->rate = ctx_u128(ctx, rate);
    if (rc == CODE_OK && in->payment_address.len == 0) {
        rc = payment_charge(rate, ctx->params->payment->reserve_time_ms, &answer->reserve, err);
    } else if (rc == CODE_OK) {
        rc = addr_need(in->payment_address, "payment_address", &payer, err);
        if (rc == CODE_OK)
            rc = free_of(ctx, &payer, &before, err);
        if (rc == CODE_OK)
            rc = payment_quota_set(ctx, &payer, in->bucket_id, in->sp_id, in->quota, err);
        if (rc == CODE_OK)
            rc = free_of(ctx, &payer, &after, err);
        answer->reserve = before > after ? before - after : 0;
        answer->freed = after > before ? after - before : 0;
    }
    if (rc == CODE_OK)
        *ret = answer;
    return rc;
}
