/* SPDX-License-Identifier: Apache-2.0 */
/* MsgTopUpChannel: more coins into a channel, or more time. */
#include "x/payment/msgs.h"

#include "x/auth/account.h"
#include "x/payment/channel.h"

#include <inttypes.h>

int msg_top_up_channel_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgTopUpChannel *msg = message;
    if (msg->amount == 0 && msg->expires_at == 0)
        return err_set(err, CODE_AMOUNT, "give an amount, a later expiry, or both");
    return CODE_OK;
}

static int move_expiry(struct ctx *ctx, Channel *channel, uint64_t expires_at, struct err *err) {
    if (expires_at <= channel->expires_at)
        return err_set(err, CODE_CHANNEL_EXPIRY,
                       "channel %" PRIu64 " expires at ledger time %" PRIu64 "; it can only be later", channel->id,
                       channel->expires_at);
    int rc = channel_check_expiry(ctx, expires_at, err);
    channel->expires_at = expires_at;
    return rc ? rc : channel_move_end(ctx, channel, expires_at, err);
}

int msg_top_up_channel_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgTopUpChannel *msg = message;
    Channel *channel;
    int rc = channel_get(ctx, msg->channel_id, &channel, err);
    if (rc == CODE_OK)
        rc = channel_need_payer(ctx, channel, err);
    if (rc == CODE_OK && channel->closing)
        rc = err_set(err, CODE_CHANNEL_CLOSING, "channel %" PRIu64 " is closing", channel->id);
    if (rc == CODE_OK)
        rc = channel_need_open(ctx, channel, err);
    uint64_t deposit = 0; /* all that was ever put in: the same coins may have come back to the payer */
    if (rc == CODE_OK && !u64_add(channel->deposit, msg->amount, &deposit))
        rc = err_set(err, CODE_AMOUNT, "channel %" PRIu64 " has taken %s in all, no more can be counted; open another",
                     channel->id, money_text(channel->deposit).s);
    if (rc == CODE_OK && msg->expires_at)
        rc = move_expiry(ctx, channel, msg->expires_at, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, &ctx->signer, MODULE_PAYMENT, msg->amount, err);
    if (rc)
        return rc;
    channel->deposit = deposit;
    ctx_event(ctx, "payment.channel_topped_up", "channel", ctx_u64_text(ctx, channel->id), "deposit",
              ctx_u64_text(ctx, channel->deposit), "expires_at", ctx_u64_text(ctx, channel->expires_at), NULL);
    return channel_put(ctx, channel, err);
}
