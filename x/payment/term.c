/* SPDX-License-Identifier: Apache-2.0 */
#include "x/payment/term.h"

#include "chain/crypto/address.h"
#include "chain/types/keys_payment.h"
#include "x/payment/account.h"

#include <inttypes.h>
#include <stdio.h>

struct addr payment_term_address(uint64_t bucket_id) {
    char name[40];
    snprintf(name, sizeof name, "payment.terms.%" PRIu64, bucket_id);
    return addr_of_module(name);
}

/* The bucket's account; a new one when it has none. */
static int open_terms(struct ctx *ctx, const struct addr *addr, PaymentAccount **ret, struct err *err) {
    int rc = payment_open(ctx, addr, true, ret, err);
    if (rc == CODE_OK)
        (*ret)->prepaid = true; /* also one that somebody has deposited to before it was needed */
    return rc;
}

static int need_none(const PaymentAccount *a, struct err *err) {
    return a->territory_id
               ? err_set(err, CODE_TERM, "a territory is paid ahead itself: objects charged to it have no term")
               : CODE_OK;
}

int payment_term_may(struct ctx *ctx, const struct addr *payer, struct err *err) {
    PaymentAccount *a;
    int rc = payment_open(ctx, payer, false, &a, err);
    return rc ? rc : need_none(a, err);
}

static int take_from(struct ctx *ctx, const struct addr *payer, uint64_t amount, struct err *err) {
    PaymentAccount *a;
    int rc = payment_lock(ctx, payer, amount, err); /* what a lock asks for is what a payment asks for */
    if (rc == CODE_OK)
        rc = payment_open(ctx, payer, false, &a, err);
    if (rc)
        return rc;
    rc = need_none(a, err);
    if (rc)
        return rc;
    a->locked -= amount;
    return payment_close(ctx, payer, a, err);
}

static int give_to(struct ctx *ctx, const struct addr *payer, uint64_t amount, struct err *err) {
    PaymentAccount *a;
    if (amount == 0)
        return CODE_OK;
    int rc = payment_open(ctx, payer, true, &a, err);
    if (rc)
        return rc;
    a->balance += amount;
    return payment_close(ctx, payer, a, err);
}

int payment_term_pay(struct ctx *ctx, const struct addr *payer, uint64_t bucket_id, uint64_t amount, struct err *err) {
    PaymentAccount *a;
    struct addr addr = payment_term_address(bucket_id);
    if (amount == 0)
        return CODE_OK;
    int rc = open_terms(ctx, &addr, &a, err);
    if (rc)
        return rc;
    if (a->settled_at < ctx->time)
        return err_set(err, CODE_TERM_BACKLOG, "terms in this bucket are over that the ledger has not come to yet");
    rc = take_from(ctx, payer, amount, err);
    if (rc)
        return rc;
    a->balance += amount;
    ctx_spend(ctx, amount);
    return payment_close(ctx, &addr, a, err);
}

int payment_term_used(struct ctx *ctx, uint64_t bucket_id, u128 rate, uint64_t since, uint64_t *ret, struct err *err) {
    PaymentAccount *a;
    struct addr addr = payment_term_address(bucket_id);
    if (rate == 0) {
        *ret = 0;
        return CODE_OK;
    }
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return ctx_fault(ctx, CODE_CORRUPT, "bucket %" PRIu64 " has objects with a term and no account for them",
                         bucket_id);
    return payment_charge(rate, a->settled_at - u64_min(a->settled_at, since), ret, err);
}

int payment_term_lower(struct ctx *ctx, uint64_t bucket_id, u128 before, u128 after, uint64_t end, uint64_t *since,
                       uint64_t *paid, uint64_t *ret_free, bool *ret_good, struct err *err) {
    PaymentAccount *a;
    struct addr addr = payment_term_address(bucket_id);
    uint64_t used = 0, asked = 0;
    *ret_good = false;
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return ctx_fault(ctx, CODE_CORRUPT, "bucket %" PRIu64 " has objects with a term and no account for them",
                         bucket_id);
    uint64_t now = u64_max(a->settled_at, *since);
    rc = payment_charge(before, now - *since, &used, err);
    if (rc == CODE_OK)
        rc = payment_charge(after, end - u64_min(end, now), &asked, err);
    if (rc || used > *paid || asked > *paid - used)
        return rc;
    *ret_free = *paid - used - asked;
    *since = now;
    *paid = asked;
    *ret_good = true;
    return CODE_OK;
}

int payment_term_refund(struct ctx *ctx, const struct addr *payer, uint64_t bucket_id, uint64_t amount,
                        struct err *err) {
    PaymentAccount *a;
    struct key k;
    struct addr addr = payment_term_address(bucket_id);
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc == CODE_PAYMENT_ACCOUNT_NOT_FOUND && amount == 0)
        return CODE_OK; /* at a price of nothing there never was one */
    if (rc)
        return rc;
    bool last = u128_of(a->rate) == 0;
    if (last)
        amount = a->balance;
    if (a->balance < amount)
        return ctx_fault(ctx, CODE_CORRUPT, "the terms of bucket %" PRIu64 " have paid for less than is given back",
                         bucket_id);
    a->balance -= amount;
    rc = last ? record_del(ctx, key_payment_account(&k, &addr), err) : payment_close(ctx, &addr, a, err);
    return rc ? rc : give_to(ctx, payer, amount, err);
}

int payment_term_stop(struct ctx *ctx, uint64_t bucket_id, uint64_t stop_at, struct err *err) {
    PaymentAccount *a;
    struct addr addr = payment_term_address(bucket_id);
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return rc == CODE_PAYMENT_ACCOUNT_NOT_FOUND ? CODE_OK : rc;
    a->stop_at = stop_at;
    return payment_close(ctx, &addr, a, err);
}

int payment_free(struct ctx *ctx, const struct addr *addr, uint64_t *ret, struct err *err) {
    PaymentAccount *a;
    int rc = payment_open(ctx, addr, false, &a, err);
    if (rc && rc != CODE_PAYMENT_ACCOUNT_NOT_FOUND)
        return rc;
    *ret = rc ? 0 : a->balance;
    return CODE_OK;
}
