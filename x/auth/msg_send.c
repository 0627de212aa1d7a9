/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSend: coins from the signer to another account. */
#include "x/auth/msgs.h"

#include "x/auth/account.h"

int msg_send_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgSend *msg = message;
    struct addr to;
    int rc = addr_need(msg->to, "to", &to, err);
    if (rc == CODE_OK && msg->amount == 0)
        rc = err_set(err, CODE_AMOUNT, "the amount must be 1 pebble or more");
    return rc;
}

int msg_send_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgSend *msg = message;
    struct addr to;
    Account *payee;
    int rc = addr_need(msg->to, "to", &to, err);
    if (rc == CODE_OK)
        rc = account_get(ctx, &to, &payee, err);
    if (rc)
        return rc;
    if (payee->module[0])
        return err_set(err, CODE_RECIPIENT, "coins cannot be sent to the account of module %s", payee->module);
    if (ctx->version >= 2 && addr_eq(&to, &ctx->signer)) /* the test upgrade (LEDGER_VERSION) */
        return err_set(err, CODE_RECIPIENT, "coins cannot be sent to oneself");
    rc = coins_move(ctx, &ctx->signer, &to, msg->amount, err);
    if (rc)
        return rc;
    ctx_event(ctx, "auth.sent", "from", ctx_addr_text(ctx, &ctx->signer), "to", ctx_addr_text(ctx, &to), "amount",
              ctx_u64_text(ctx, msg->amount), NULL);
    return CODE_OK;
}
