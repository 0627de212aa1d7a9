/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDeposit: coins of the signer into a payment account, one's own or another's; a frozen one resumes when its reserve
 * is whole. */
#include "x/payment/msgs.h"

#include "x/auth/account.h"
#include "x/payment/account.h"

int msg_deposit_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgDeposit *msg = message;
    struct addr addr;
    if (msg->amount == 0)
        return err_set(err, CODE_AMOUNT, "the amount must be 1 pebble or more");
    return addr_need(msg->payment_address, "payment_address", &addr, err);
}

int msg_deposit_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgDeposit *msg = message;
    struct addr addr;
    Account *owner;
    PaymentAccount *a;
    int rc = addr_need(msg->payment_address, "payment_address", &addr, err);
    if (rc == CODE_OK)
        rc = account_get(ctx, &addr, &owner, err);
    if (rc == CODE_OK && owner->module[0])
        rc = err_set(err, CODE_RECIPIENT, "a module has no payment account");
    if (rc == CODE_OK)
        rc = payment_open(ctx, &addr, true, &a, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, &ctx->signer, MODULE_PAYMENT, msg->amount, err);
    if (rc)
        return rc;
    a->balance += msg->amount;
    payment_settle(ctx, a); /* an account that could not pay all pays the rest first */
    ctx_event(ctx, "payment.deposited", "account", ctx_addr_text(ctx, &addr), "from", ctx_addr_text(ctx, &ctx->signer),
              "amount", ctx_u64_text(ctx, msg->amount), NULL);
    return payment_close(ctx, &addr, a, err);
}
