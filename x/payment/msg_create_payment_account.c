/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCreatePaymentAccount: another purse of the same owner, with balance, reserve and fate of its own. */
#include "x/payment/msgs.h"

#include "chain/crypto/address.h"
#include "x/auth/account.h"
#include "x/payment/account.h"

#include <inttypes.h>

int msg_create_payment_account_run(struct ctx *ctx, const void *message, struct err *err) {
    (void)message;
    Account *owner;
    PaymentAccount *a;
    int rc = account_get(ctx, &ctx->signer, &owner, err);
    if (rc)
        return rc;
    if (owner->payment_accounts >= ctx->params->payment->accounts_per_owner)
        return err_set(err, CODE_PAYMENT_ACCOUNT_LIMIT,
                       "the account owns %" PRIu32 " payment accounts, as many as allowed", owner->payment_accounts);
    uint32_t index = ++owner->payment_accounts;
    struct addr addr = addr_of_payment(&ctx->signer, index);
    rc = payment_open(ctx, &addr, true, &a, err); /* it is there when somebody deposited to it already */
    if (rc)
        return rc;
    a->owner = ctx_addr(ctx, &ctx->signer);
    a->index = index;
    rc = account_put(ctx, &ctx->signer, owner, err);
    ctx_id(ctx, index);
    ctx_event(ctx, "payment.account_created", "account", ctx_addr_text(ctx, &addr), "owner",
              ctx_addr_text(ctx, &ctx->signer), "index", ctx_u64_text(ctx, index), NULL);
    return rc ? rc : payment_close(ctx, &addr, a, err);
}
