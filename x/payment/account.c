/* SPDX-License-Identifier: Apache-2.0 */
#include "x/payment/account.h"

#include "chain/types/keys_payment.h"
#include "x/payment/flow.h"
#include "x/payment/territory.h"

#include <assert.h>

/* Takes from the balance first, then from the reserve. */
static void pay(PaymentAccount *a, uint64_t amount) {
    uint64_t from_balance = u64_min(amount, a->balance);
    a->balance -= from_balance;
    assert(amount - from_balance <= a->reserve);
    a->reserve -= amount - from_balance;
}

static void freeze(struct ctx *ctx, PaymentAccount *a) {
    struct addr addr;
    a->status = PAYMENT_STATUS_FROZEN;
    a->frozen_at = ctx->time;
    if (addr_of_field(a->address, &addr))
        ctx_event(ctx, "payment.frozen", "account", ctx_addr_text(ctx, &addr), NULL);
}

/* What is paid ahead is paid for up to the first end of what it is for, and no further until that end has been dealt
 * with. */
static uint64_t settle_until(const struct ctx *ctx, const PaymentAccount *a) {
    return a->prepaid ? u64_max(u64_min(ctx->time, a->stop_at), a->settled_at) : ctx->time;
}

void payment_settle(struct ctx *ctx, PaymentAccount *a) {
    u128 rate = u128_of(a->rate);
    if (rate == 0) {
        a->settled_at = ctx->time;
        return;
    }
    uint64_t ms = u64_min(settle_until(ctx, a) - a->settled_at, PAYMENT_MS_MAX);
    ms = u64_min(ms, flow_affordable_ms(rate, a->remainder, a->balance + a->reserve));
    uint64_t before = a->reserve;
    pay(a, flow_accrue(rate, ms, &a->remainder));
    a->settled_at += ms;
    if (!a->prepaid && a->status == PAYMENT_STATUS_ACTIVE && (a->reserve < before || a->settled_at < ctx->time))
        freeze(ctx, a);
}

/* "resuming needs the whole reserve" */
static void resume(struct ctx *ctx, PaymentAccount *a) {
    uint64_t need = 0;
    struct addr addr;
    if (u128_of(a->rate) == 0)
        a->settled_at = ctx->time;
    if (a->status != PAYMENT_STATUS_FROZEN || a->settled_at < ctx->time)
        return;
    if (payment_charge(u128_of(a->rate), ctx->params->payment->reserve_time_ms, &need, NULL))
        return;
    if (a->balance + a->reserve < need)
        return;
    a->balance = a->balance + a->reserve - need;
    a->reserve = need;
    a->status = PAYMENT_STATUS_ACTIVE;
    a->frozen_at = 0;
    if (addr_of_field(a->address, &addr))
        ctx_event(ctx, "payment.resumed", "account", ctx_addr_text(ctx, &addr), NULL);
}

int payment_set_rate(struct ctx *ctx, PaymentAccount *a, u128 rate, struct err *err) {
    uint64_t need = 0;
    bool grows = rate > u128_of(a->rate);
    int rc = payment_charge(rate, a->prepaid ? 0 : ctx->params->payment->reserve_time_ms, &need, err);
    if (rc)
        return rc;
    if (need > a->reserve && grows && need - a->reserve > a->balance)
        return err_set(err, CODE_PAYMENT_FUNDS, "the payment account has %s free, %s more must be held in reserve",
                       money_text(a->balance).s, money_text(need - a->reserve).s);
    if (a->territory_id && grows) {
        rc = territory_may_flow(ctx, a, rate, err);
        if (rc)
            return rc;
    }
    a->rate = ctx_u128(ctx, rate);
    if (a->status == PAYMENT_STATUS_ACTIVE) {
        ctx_spend(ctx, need > a->reserve ? need - a->reserve : 0);
        a->balance = a->balance + a->reserve - need;
        a->reserve = need;
    }
    return CODE_OK;
}

/* When the account must be looked at next: the first millisecond that the balance does not pay, or the end of its
 * frozen time. */
static uint64_t next_due(struct ctx *ctx, const PaymentAccount *a) {
    u128 rate = u128_of(a->rate);
    if (rate == 0 || a->prepaid)
        return 0;
    if (a->status == PAYMENT_STATUS_FROZEN) /* past its end: some more of its objects in the next block */
        return u64_max(a->frozen_at + ctx->params->payment->frozen_time_ms, ctx->time + 1);
    return a->settled_at + flow_affordable_ms(rate, a->remainder, a->balance) + 1;
}

static int move_entry(struct ctx *ctx, const struct addr *addr, PaymentAccount *a, uint64_t due, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (due == a->dry_at)
        return CODE_OK;
    if (a->dry_at)
        rc = record_del(ctx, key_payment_due(&k, a->dry_at, addr), err);
    if (rc == CODE_OK && due)
        rc = record_put_mark(ctx, key_payment_due(&k, due, addr), err);
    a->dry_at = due;
    return rc;
}

int payment_get(struct ctx *ctx, const struct addr *addr, PaymentAccount **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_payment_account(&k, addr), &payment_account__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_PAYMENT_ACCOUNT_NOT_FOUND, "there is no payment account %s; deposit to it first",
                     ctx_addr_text(ctx, addr));
    return rc;
}

int payment_open(struct ctx *ctx, const struct addr *addr, bool create, PaymentAccount **ret, struct err *err) {
    int rc = payment_get(ctx, addr, ret, err);
    if (rc == CODE_OK)
        payment_settle(ctx, *ret);
    if (rc != CODE_PAYMENT_ACCOUNT_NOT_FOUND || !create)
        return rc;
    PaymentAccount *a = CTX_NEW(ctx, PaymentAccount);
    payment_account__init(a);
    a->address = ctx_addr(ctx, addr);
    a->owner = a->address;
    a->status = PAYMENT_STATUS_ACTIVE;
    a->settled_at = ctx->time;
    *ret = a;
    return CODE_OK;
}

int payment_own(struct ctx *ctx, const struct addr *addr, PaymentAccount **ret, struct err *err) {
    struct addr owner;
    int rc = payment_open(ctx, addr, false, ret, err);
    if (rc)
        return rc;
    if (!addr_of_field((*ret)->owner, &owner) || !addr_eq(&owner, &ctx->signer))
        return err_set(err, CODE_PAYMENT_OWNER, "payment account %s belongs to somebody else",
                       ctx_addr_text(ctx, addr));
    return CODE_OK;
}

int payment_close(struct ctx *ctx, const struct addr *addr, PaymentAccount *a, struct err *err) {
    struct key k;
    resume(ctx, a);
    int rc = move_entry(ctx, addr, a, next_due(ctx, a), err);
    return rc ? rc : record_put(ctx, key_payment_account(&k, addr), a, err);
}

int payment_may_charge(struct ctx *ctx, const struct addr *payer, const struct addr *who, struct err *err) {
    PaymentAccount *a;
    struct addr owner = *payer;
    int rc = payment_get(ctx, payer, &a, err);
    if (rc == CODE_OK && !addr_of_field(a->owner, &owner))
        return ctx_fault(ctx, CODE_CORRUPT, "a payment account has no owner");
    if (rc && rc != CODE_PAYMENT_ACCOUNT_NOT_FOUND)
        return rc;
    if (!addr_eq(&owner, who))
        return err_set(err, CODE_PAYMENT_OWNER, "payment account %s is not yours to charge", ctx_addr_text(ctx, payer));
    return CODE_OK;
}

static int need_active(struct ctx *ctx, const struct addr *addr, const PaymentAccount *a, struct err *err) {
    if (a->status == PAYMENT_STATUS_ACTIVE)
        return CODE_OK;
    return err_set(err, CODE_PAYER_FROZEN, "payment account %s is frozen; deposit to it", ctx_addr_text(ctx, addr));
}

int payment_lock(struct ctx *ctx, const struct addr *payer, uint64_t amount, struct err *err) {
    PaymentAccount *a;
    if (amount == 0)
        return CODE_OK;
    int rc = payment_open(ctx, payer, false, &a, err);
    if (rc == CODE_OK)
        rc = need_active(ctx, payer, a, err);
    if (rc)
        return rc;
    if (a->territory_id) {
        rc = territory_may_lock(ctx, a, amount, err);
        if (rc)
            return rc;
    }
    if (a->balance < amount)
        return err_set(err, CODE_PAYMENT_FUNDS, "payment account %s has %s free, %s is needed",
                       ctx_addr_text(ctx, payer), money_text(a->balance).s, money_text(amount).s);
    a->balance -= amount;
    a->locked += amount;
    ctx_spend(ctx, amount);
    return payment_close(ctx, payer, a, err);
}

int payment_unlock(struct ctx *ctx, const struct addr *payer, uint64_t amount, struct err *err) {
    PaymentAccount *a;
    if (amount == 0)
        return CODE_OK;
    int rc = payment_open(ctx, payer, false, &a, err);
    if (rc)
        return rc;
    if (a->locked < amount)
        return ctx_fault(ctx, CODE_CORRUPT, "a payment account has less locked than is unlocked");
    a->locked -= amount;
    a->balance += amount;
    return payment_close(ctx, payer, a, err);
}
