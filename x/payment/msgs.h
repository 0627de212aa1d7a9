/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_MSGS_H
#define CAIRN_X_PAYMENT_MSGS_H
/* The messages of x/payment, as module.c lists them. Private to the folder. */
#include "x/base/ctx.h"

int msg_deposit_check(const void *message, const Params *params, struct err *err);
int msg_deposit_run(struct ctx *ctx, const void *message, struct err *err);
int msg_withdraw_check(const void *message, const Params *params, struct err *err);
int msg_withdraw_run(struct ctx *ctx, const void *message, struct err *err);
int msg_create_payment_account_run(struct ctx *ctx, const void *message, struct err *err);
int msg_disable_refund_check(const void *message, const Params *params, struct err *err);
int msg_disable_refund_run(struct ctx *ctx, const void *message, struct err *err);
int msg_open_channel_check(const void *message, const Params *params, struct err *err);
int msg_open_channel_run(struct ctx *ctx, const void *message, struct err *err);
int msg_top_up_channel_check(const void *message, const Params *params, struct err *err);
int msg_top_up_channel_run(struct ctx *ctx, const void *message, struct err *err);
int msg_redeem_channel_check(const void *message, const Params *params, struct err *err);
int msg_redeem_channel_run(struct ctx *ctx, const void *message, struct err *err);
int msg_close_channel_run(struct ctx *ctx, const void *message, struct err *err);
int msg_mint_territory_check(const void *message, const Params *params, struct err *err);
int msg_mint_territory_run(struct ctx *ctx, const void *message, struct err *err);
int msg_expand_territory_check(const void *message, const Params *params, struct err *err);
int msg_expand_territory_run(struct ctx *ctx, const void *message, struct err *err);
int msg_renew_territory_run(struct ctx *ctx, const void *message, struct err *err);
int msg_reactivate_territory_run(struct ctx *ctx, const void *message, struct err *err);
int msg_consign_territory_run(struct ctx *ctx, const void *message, struct err *err);
int msg_buy_territory_check(const void *message, const Params *params, struct err *err);
int msg_buy_territory_run(struct ctx *ctx, const void *message, struct err *err);
int msg_set_territory_renewal_run(struct ctx *ctx, const void *message, struct err *err);
int msg_cancel_consignment_run(struct ctx *ctx, const void *message, struct err *err);

#endif
