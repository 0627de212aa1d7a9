/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/sponsor.h"

#include "x/auth/grant.h"
#include "x/payment/payment.h"
#include "x/payment/term.h"
#include "x/storage/bucket.h"

/* Whose account that is: one without a record yet belongs to its address. */
static int find_owner(struct ctx *ctx, const struct addr *payer, struct addr *ret, struct err *err) {
    PaymentAccount *a;
    int rc = payment_get(ctx, payer, &a, err);
    *ret = *payer;
    if (rc == CODE_OK && !addr_of_field(a->owner, ret))
        return ctx_fault(ctx, CODE_CORRUPT, "a payment account has no owner");
    return rc == CODE_PAYMENT_ACCOUNT_NOT_FOUND ? CODE_OK : rc;
}

int sponsor_may_pay(struct ctx *ctx, const struct addr *payer, const struct addr *owner, struct err *err) {
    struct addr granter;
    int rc = find_owner(ctx, payer, &granter, err);
    if (rc == CODE_OK)
        rc = grant_pay(ctx, &granter, owner, 0, err);
    return rc == CODE_GRANT_NOT_FOUND
               ? err_set(err, CODE_PAYMENT_OWNER,
                         "payment account %s is not yours to charge, and its owner has not granted you that",
                         ctx_addr_text(ctx, payer))
               : rc;
}

int sponsor_begin(struct ctx *ctx, const BucketInfo *bucket, struct sponsor *ret, struct err *err) {
    *ret = (struct sponsor){.on = bucket->sponsored, .payer = bucket_payer(bucket), .grantee = bucket_owner(bucket)};
    if (!ret->on)
        return CODE_OK;
    ret->spent = ctx->spent;
    int rc = find_owner(ctx, &ret->payer, &ret->granter, err);
    return rc ? rc : payment_free(ctx, &ret->payer, &ret->before, err);
}

int sponsor_end(struct ctx *ctx, const struct sponsor *s, uint64_t agreed, struct err *err) {
    uint64_t after = 0;
    if (!s->on)
        return CODE_OK;
    int rc = payment_free(ctx, &s->payer, &after, err);
    if (rc)
        return rc;
    ctx->spent = s->spent; /* it was not the signer's */
    uint64_t taken = u64_max(agreed, s->before - u64_min(s->before, after));
    if (taken == 0)
        return CODE_OK;
    rc = grant_pay(ctx, &s->granter, &s->grantee, taken, err);
    return rc == CODE_GRANT_NOT_FOUND
               ? err_set(err, CODE_PAYMENT_OWNER, "%s pays for this bucket, and grants its owner nothing any more",
                         ctx_addr_text(ctx, &s->granter))
               : rc;
}

int sponsor_check_end(const struct sponsor *s, bool open_ended, bool renews, struct err *err) {
    if (s->on && open_ended)
        return err_set(err, CODE_PAYER, "another account pays for this bucket: what is stored in it needs a term");
    if (s->on && renews)
        return err_set(err, CODE_PAYER, "another account pays for this bucket: the ledger renews nothing in it");
    return CODE_OK;
}
