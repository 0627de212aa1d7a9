/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDeposit: coins of the signer into a payment account, one's own or another's; a frozen one resumes when its reserve
 * is whole. */
#include "x/payment/msgs.h"

#include "chain/types/keys_auth.h"
#include "chain/types/keys_payment.h"
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

/* The first deposit of somebody to whom coins have come already. Other addresses may be nobody's: a purse that was
 * closed, or one not opened yet, and nobody could take the coins out again. */
static int check_new(struct ctx *ctx, const struct addr *addr, struct err *err) {
    struct key k;
    bool there = false;
    int rc = addr_eq(addr, &ctx->signer) ? CODE_OK : record_has(ctx, key_payment_account(&k, addr), &there, err);
    if (rc || there || addr_eq(addr, &ctx->signer))
        return rc;
    rc = record_has(ctx, key_account(&k, addr), &there, err);
    if (rc == CODE_OK && !there)
        rc = err_set(err, CODE_PAYMENT_ACCOUNT_NOT_FOUND,
                     "there is no payment account %s, and no account to which it would belong",
                     ctx_addr_text(ctx, addr));
    return rc;
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
        rc = check_new(ctx, &addr, err);
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
