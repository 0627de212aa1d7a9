/* SPDX-License-Identifier: Apache-2.0 */
/* MsgOpenChannel: coins put aside for one payee. */
#include "x/payment/msgs.h"

#include "x/auth/account.h"
#include "x/payment/channel.h"

int msg_open_channel_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgOpenChannel *msg = message;
    struct addr payee;
    if (msg->amount == 0)
        return err_set(err, CODE_AMOUNT, "a channel holds 1 pebble or more");
    return addr_need(msg->payee, "payee", &payee, err);
}

static int check_payee(struct ctx *ctx, const struct addr *payee, struct err *err) {
    Account *account;
    int rc = account_get(ctx, payee, &account, err);
    if (rc)
        return rc;
    if (addr_eq(payee, &ctx->signer))
        return err_set(err, CODE_CHANNEL_PAYEE, "a channel to oneself pays nobody");
    if (account->module[0])
        return err_set(err, CODE_CHANNEL_PAYEE, "a module takes no vouchers");
    return CODE_OK;
}

int msg_open_channel_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgOpenChannel *msg = message;
    Channel *channel = CTX_NEW(ctx, Channel);
    struct addr payee;
    channel__init(channel);
    int rc = addr_need(msg->payee, "payee", &payee, err);
    if (rc == CODE_OK)
        rc = check_payee(ctx, &payee, err);
    if (rc == CODE_OK)
        rc = channel_check_expiry(ctx, msg->expires_at, err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_CHANNEL, &channel->id, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, &ctx->signer, MODULE_PAYMENT, msg->amount, err);
    if (rc)
        return rc;
    channel->payer = ctx_addr(ctx, &ctx->signer);
    channel->payee = msg->payee;
    channel->deposit = msg->amount;
    channel->opened_at = ctx->time;
    channel->expires_at = channel->close_at = msg->expires_at;
    ctx_id(ctx, channel->id);
    ctx_event(ctx, "payment.channel_opened", "channel", ctx_u64_text(ctx, channel->id), "payer",
              ctx_addr_text(ctx, &ctx->signer), "payee", ctx_addr_text(ctx, &payee), "amount",
              ctx_u64_text(ctx, msg->amount), "expires_at", ctx_u64_text(ctx, msg->expires_at), NULL);
    return channel_insert(ctx, channel, err);
}
