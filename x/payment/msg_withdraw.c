/* SPDX-License-Identifier: Apache-2.0 */
/* MsgWithdraw: free balance of one's payment account back to its owner; or what a provider earned to its beneficiary
 * (its funding account, unless that named another). */
#include "x/payment/msgs.h"

#include "x/auth/account.h"
#include "x/payment/account.h"
#include "x/sp/sp.h"

#include <inttypes.h>

int msg_withdraw_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgWithdraw *msg = message;
    struct addr addr;
    if ((msg->payment_address.len != 0) == (msg->sp_id != 0))
        return err_set(err, CODE_INVALID_ARGUMENT, "give a payment_address, or an sp_id for what a provider earned");
    if (msg->sp_id)
        return CODE_OK;
    if (msg->amount == 0)
        return err_set(err, CODE_AMOUNT, "the amount must be 1 pebble or more");
    return addr_need(msg->payment_address, "payment_address", &addr, err);
}

static int withdraw_balance(struct ctx *ctx, const MsgWithdraw *msg, struct err *err) {
    struct addr addr;
    PaymentAccount *a;
    uint64_t at = 0;
    int rc = addr_need(msg->payment_address, "payment_address", &addr, err);
    if (rc == CODE_OK)
        rc = payment_own(ctx, &addr, &a, err);
    if (rc)
        return rc;
    if (a->status != PAYMENT_STATUS_ACTIVE)
        return err_set(err, CODE_PAYER_FROZEN, "payment account %s is frozen", ctx_addr_text(ctx, &addr));
    if (a->non_refundable)
        return err_set(err, CODE_PAYMENT_NO_REFUND, "refunds of payment account %s have been disabled",
                       ctx_addr_text(ctx, &addr));
    rc = payment_take_out(ctx, &addr, a, msg->amount, &at, err);
    if (rc)
        return rc;
    ctx_event(ctx, at ? "payment.withdrawal_delayed" : "payment.withdrawn", "account", ctx_addr_text(ctx, &addr),
              "amount", ctx_u64_text(ctx, msg->amount), "until", ctx_u64_text(ctx, at), NULL);
    return payment_close(ctx, &addr, a, err);
}

static int withdraw_income(struct ctx *ctx, const MsgWithdraw *msg, struct err *err) {
    StorageProvider *sp;
    struct addr operator, funding, to;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc)
        return rc;
    if (!addr_of_field(sp->operator_, &operator) || !addr_of_field(sp->funding, &funding))
        return ctx_fault(ctx, CODE_CORRUPT, "a provider has no operator or funding account");
    if (!addr_eq(&ctx->signer, &operator) && !addr_eq(&ctx->signer, &funding))
        return err_set(err, CODE_DENIED,
                       "only the operator or the funding account of storage provider %" PRIu32
                       " withdraws what it earned",
                       sp->id);
    uint64_t amount = msg->amount ? msg->amount : sp->income; /* 0: all */
    if (sp->income < amount)
        return err_set(err, CODE_PAYMENT_FUNDS, "storage provider %" PRIu32 " has earned %s", sp->id,
                       money_text(sp->income).s);
    sp->income -= amount;
    if (!addr_of_field(sp->beneficiary, &to))
        to = funding;
    rc = coins_from_module(ctx, MODULE_PAYMENT, &to, amount, err);
    ctx_event(ctx, "payment.paid_out", "sp", ctx_u64_text(ctx, sp->id), "to", ctx_addr_text(ctx, &to), "amount",
              ctx_u64_text(ctx, amount), NULL);
    return rc ? rc : sp_put(ctx, sp, err);
}

int msg_withdraw_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgWithdraw *msg = message;
    return msg->sp_id ? withdraw_income(ctx, msg, err) : withdraw_balance(ctx, msg, err);
}
