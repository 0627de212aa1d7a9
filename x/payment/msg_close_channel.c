/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCloseChannel: by the payee the channel ends at once; by the payer after a time in which the payee can redeem what
 * it has. */
#include "x/payment/msgs.h"

#include "x/payment/channel.h"

#include <inttypes.h>

static int begin_close(struct ctx *ctx, Channel *channel, struct err *err) {
    if (channel->closing)
        return err_set(err, CODE_CHANNEL_CLOSING, "channel %" PRIu64 " is closing already, until ledger time %" PRIu64,
                       channel->id, channel->close_at);
    uint64_t at = u64_min(channel->expires_at, ctx->time + ctx->params->payment->channel_redeem_ms);
    int rc = channel_move_end(ctx, channel, at, err);
    channel->closing = true;
    ctx_event(ctx, "payment.channel_closing", "channel", ctx_u64_text(ctx, channel->id), "close_at",
              ctx_u64_text(ctx, at), NULL);
    return rc ? rc : channel_put(ctx, channel, err);
}

int msg_close_channel_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgCloseChannel *msg = message;
    Channel *channel;
    int rc = channel_get(ctx, msg->channel_id, &channel, err);
    if (rc)
        return rc;
    struct addr payer = channel_payer(channel), payee = channel_payee(channel);
    if (!addr_eq(&payer, &ctx->signer) && !addr_eq(&payee, &ctx->signer))
        return err_set(err, CODE_CHANNEL_PARTY, "only payer or payee of channel %" PRIu64 " may close it", channel->id);
    rc = channel_need_open(ctx, channel, err);
    if (rc)
        return rc;
    return addr_eq(&payee, &ctx->signer) ? channel_end(ctx, channel, err) : begin_close(ctx, channel, err);
}
