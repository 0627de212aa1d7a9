/* SPDX-License-Identifier: Apache-2.0 */
/* Withdrawals from payment accounts: small ones at once, large ones after a delay in which a stolen key is noticed.
 * What leaves at once is added up over a window, so that many small ones are no way around it. */
#include "chain/types/keys_payment.h"
#include "x/auth/account.h"
#include "x/payment/account.h"

/* May so much more leave at once? Begins a new window when the last one is over. */
static bool at_once(struct ctx *ctx, PaymentAccount *a, uint64_t amount) {
    const PaymentParams *p = ctx->params->payment;
    if (p->withdraw_delay_ms == 0)
        return true;
    if (ctx->time - a->withdrawn_since >= p->withdraw_delay_ms) {
        a->withdrawn_since = ctx->time;
        a->withdrawn = 0;
    }
    if (amount > p->withdraw_at_once || a->withdrawn > p->withdraw_at_once - amount)
        return false;
    a->withdrawn += amount;
    return true;
}

static int put_off(struct ctx *ctx, const struct addr *addr, PaymentAccount *a, uint64_t amount, struct err *err) {
    struct key k;
    if (a->withdraw_at)
        return err_set(err, CODE_PAYMENT_WITHDRAWING,
                       "%s of payment account %s are on their way and arrive at ledger time %llu; another large "
                       "withdrawal has to wait for that",
                       money_text(a->withdrawing).s, ctx_addr_text(ctx, addr), (unsigned long long)a->withdraw_at);
    a->withdrawing = amount;
    a->withdraw_at = ctx->time + ctx->params->payment->withdraw_delay_ms;
    return record_put_mark(ctx, key_withdrawal_due(&k, a->withdraw_at, addr), err);
}

int payment_take_out(struct ctx *ctx, const struct addr *addr, PaymentAccount *a, uint64_t amount, uint64_t *ret_at,
                     struct err *err) {
    if (a->balance < amount)
        return err_set(err, CODE_PAYMENT_FUNDS, "payment account %s has %s free", ctx_addr_text(ctx, addr),
                       money_text(a->balance).s);
    bool now = at_once(ctx, a, amount);
    int rc =
        now ? coins_from_module(ctx, MODULE_PAYMENT, &ctx->signer, amount, err) : put_off(ctx, addr, a, amount, err);
    if (rc)
        return rc;
    a->balance -= amount;
    *ret_at = now ? 0 : a->withdraw_at;
    return CODE_OK;
}

int payment_withdrawal_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    (void)value;
    struct addr addr, owner;
    PaymentAccount *a;
    if (!addr_from(rest, &addr))
        return err_set(err, CODE_CORRUPT, "an entry in the queue of withdrawals is no address");
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return rc;
    if (a->withdraw_at != due_time || !addr_of_field(a->owner, &owner))
        return err_set(err, CODE_INTERNAL, "the withdrawal is queued under another time, or has no owner");
    uint64_t amount = a->withdrawing;
    a->withdrawing = a->withdraw_at = 0;
    rc = coins_from_module(ctx, MODULE_PAYMENT, &owner, amount, err);
    ctx_event(ctx, "payment.withdrawn", "account", ctx_addr_text(ctx, &addr), "amount", ctx_u64_text(ctx, amount),
              NULL);
    return rc ? rc : payment_close(ctx, &addr, a, err);
}
