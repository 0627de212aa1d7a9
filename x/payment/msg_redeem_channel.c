/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRedeemChannel: the payee takes what a voucher promises beyond what was taken before; of a voucher over more than
 * the channel holds, what it holds. */
#include "x/payment/msgs.h"

#include "chain/types/signed.h"
#include "x/auth/account.h"
#include "x/payment/channel.h"

#include <inttypes.h>

int msg_redeem_channel_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgRedeemChannel *msg = message;
    return msg->voucher ? CODE_OK : err_set(err, CODE_VOUCHER, "a voucher is needed");
}

/* Signed by the payer, whose key is known since it opened the channel. */
static int check_signature(struct ctx *ctx, const SignedVoucher *in, const Channel *channel, struct err *err) {
    struct addr payer = channel_payer(channel);
    struct signed_parts parts;
    struct pubkey key;
    Account *account;
    int rc = account_get(ctx, &payer, &account, err);
    if (rc == CODE_OK)
        rc = voucher_parts(in, &ctx->chain_tag, &parts, err);
    if (rc == CODE_BAD_SIGNATURE)
        return err_set(err, CODE_VOUCHER, "the voucher's signature has not 64 bytes");
    if (rc)
        return rc;
    if (!pubkey_from(bytes_of(account->pubkey.data, account->pubkey.len), &key) ||
        !ctx_signed(ctx, &key, &parts.digest, &parts.sig))
        return err_set(err, CODE_VOUCHER, "the voucher is not signed by the payer of channel %" PRIu64 ", %s",
                       channel->id, ctx_addr_text(ctx, &payer));
    return CODE_OK;
}

int msg_redeem_channel_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgRedeemChannel *msg = message;
    Voucher *voucher;
    Channel *channel;
    int rc = voucher_open(msg->voucher, &ctx->chain_tag, ctx->arena, &voucher, err);
    if (rc == CODE_OK)
        rc = channel_get(ctx, voucher->channel_id, &channel, err);
    if (rc)
        return rc;
    struct addr payee = channel_payee(channel);
    if (!addr_eq(&payee, &ctx->signer))
        return err_set(err, CODE_CHANNEL_PARTY, "only the payee of channel %" PRIu64 ", %s, redeems its vouchers",
                       channel->id, ctx_addr_text(ctx, &payee));
    rc = channel_need_open(ctx, channel, err);
    if (rc == CODE_OK)
        rc = check_signature(ctx, msg->voucher, channel, err);
    if (rc)
        return rc;
    uint64_t upto = u64_min(voucher->amount, channel->deposit);
    if (upto <= channel->redeemed)
        return err_set(err, CODE_VOUCHER_SPENT,
                       "the voucher is over %s, channel %" PRIu64 " holds %s in all, and %s have been redeemed",
                       money_text(voucher->amount).s, channel->id, money_text(channel->deposit).s,
                       money_text(channel->redeemed).s);
    uint64_t more = upto - channel->redeemed;
    channel->redeemed = upto;
    rc = coins_from_module(ctx, MODULE_PAYMENT, &payee, more, err);
    ctx_event(ctx, "payment.channel_redeemed", "channel", ctx_u64_text(ctx, channel->id), "amount",
              ctx_u64_text(ctx, more), "redeemed", ctx_u64_text(ctx, channel->redeemed), NULL);
    return rc ? rc : channel_put(ctx, channel, err);
}
