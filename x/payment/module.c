/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/key.h"
#include "x/payment/account.h"
#include "x/payment/channel.h"
#include "x/payment/msgs.h"
#include "x/payment/queries.h"
#include "x/payment/territory.h"

/* A voucher is one signature. */
static uint64_t one_signature(const void *msg) {
    (void)msg;
    return 1;
}

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_DEPOSIT, .desc = &msg_deposit__descriptor, .check = msg_deposit_check, .run = msg_deposit_run},
    {.kind = MSG__BODY_WITHDRAW,
     .desc = &msg_withdraw__descriptor,
     .check = msg_withdraw_check,
     .run = msg_withdraw_run},
    {.kind = MSG__BODY_CREATE_PAYMENT_ACCOUNT,
     .desc = &msg_create_payment_account__descriptor,
     .run = msg_create_payment_account_run},
    {.kind = MSG__BODY_DISABLE_REFUND,
     .desc = &msg_disable_refund__descriptor,
     .check = msg_disable_refund_check,
     .run = msg_disable_refund_run},
    {.kind = MSG__BODY_OPEN_CHANNEL,
     .desc = &msg_open_channel__descriptor,
     .check = msg_open_channel_check,
     .run = msg_open_channel_run},
    {.kind = MSG__BODY_TOP_UP_CHANNEL,
     .desc = &msg_top_up_channel__descriptor,
     .check = msg_top_up_channel_check,
     .run = msg_top_up_channel_run},
    {.kind = MSG__BODY_REDEEM_CHANNEL,
     .desc = &msg_redeem_channel__descriptor,
     .check = msg_redeem_channel_check,
     .signatures = one_signature,
     .run = msg_redeem_channel_run},
    {.kind = MSG__BODY_CLOSE_CHANNEL, .desc = &msg_close_channel__descriptor, .run = msg_close_channel_run},
    {.kind = MSG__BODY_MINT_TERRITORY,
     .desc = &msg_mint_territory__descriptor,
     .check = msg_mint_territory_check,
     .run = msg_mint_territory_run},
    {.kind = MSG__BODY_EXPAND_TERRITORY,
     .desc = &msg_expand_territory__descriptor,
     .check = msg_expand_territory_check,
     .run = msg_expand_territory_run},
    {.kind = MSG__BODY_RENEW_TERRITORY, .desc = &msg_renew_territory__descriptor, .run = msg_renew_territory_run},
    {.kind = MSG__BODY_REACTIVATE_TERRITORY,
     .desc = &msg_reactivate_territory__descriptor,
     .run = msg_reactivate_territory_run},
    {.kind = MSG__BODY_CONSIGN_TERRITORY, .desc = &msg_consign_territory__descriptor, .run = msg_consign_territory_run},
    {.kind = MSG__BODY_BUY_TERRITORY,
     .desc = &msg_buy_territory__descriptor,
     .check = msg_buy_territory_check,
     .run = msg_buy_territory_run},
    {.kind = MSG__BODY_CANCEL_CONSIGNMENT,
     .desc = &msg_cancel_consignment__descriptor,
     .run = msg_cancel_consignment_run},
    {.kind = MSG__BODY_SET_TERRITORY_RENEWAL,
     .desc = &msg_set_territory_renewal__descriptor,
     .run = msg_set_territory_renewal_run},
};

static uint64_t settlements(const struct ctx *ctx) {
    return ctx->params->payment->settlements_per_block;
}

static const struct hook end[] = {
    {.name = "payment.accounts", .cap = settlements, .module = KEY_PAYMENT, .queue = 'd', .due = payment_due},
    {.name = "payment.slots", .cap = settlements, .module = KEY_PAYMENT, .queue = 's', .due = payment_slot_due},
    {.name = "payment.withdrawals",
     .cap = settlements,
     .module = KEY_PAYMENT,
     .queue = 'w',
     .due = payment_withdrawal_due},
    {.name = "payment.channels", .cap = settlements, .module = KEY_PAYMENT, .queue = 'x', .due = channel_due},
    {.name = "payment.territories", .cap = settlements, .module = KEY_PAYMENT, .queue = 'e', .due = territory_due},
};

const struct module payment_module = {
    .name = "payment",
    .id = KEY_PAYMENT,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .end = end,
    .end_n = COUNT_OF(end),
    .queries = payment_queries,
    .queries_n = PAYMENT_QUERIES,
    .invariants = payment_invariants,
};
