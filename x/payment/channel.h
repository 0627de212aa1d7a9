/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_CHANNEL_H
#define CAIRN_X_PAYMENT_CHANNEL_H
/*
 * Channels: coins that a payer puts aside for one payee, who takes them by vouchers. A voucher is cumulative and names
 * the channel's id, which is never used again, and the chain; of several the largest counts. What a channel holds lies
 * in module payment's coins and is nobody else's until it ends:
 *
 *     open ---- close_at: expires_at, or redeem_ms after the payer began to close it ---- the rest goes to the payer
 *     the payee redeems until close_at, and may end it at any time
 *
 * From close_at on nothing is redeemed, also while the ledger has not come to the end's entry yet.
 */
#include "x/payment/payment.h"

/* CODE_CHANNEL_NOT_FOUND. */
int channel_get(struct ctx *ctx, uint64_t id, Channel **ret, struct err *err);
int channel_put(struct ctx *ctx, const Channel *channel, struct err *err);
/* A new one with a fresh id in its field: record, indexes, queue, count. CODE_CHANNEL_LIMIT. */
int channel_insert(struct ctx *ctx, const Channel *channel, struct err *err);
/* The end: what is left goes to the payer, the record away. */
int channel_end(struct ctx *ctx, const Channel *channel, struct err *err);
/* Another time at which it ends. */
int channel_move_end(struct ctx *ctx, Channel *channel, uint64_t close_at, struct err *err);

struct addr channel_payer(const Channel *channel);
struct addr channel_payee(const Channel *channel);
/* CODE_CHANNEL_PARTY unless the signer is the payer. */
int channel_need_payer(struct ctx *ctx, const Channel *channel, struct err *err);
/* CODE_CHANNEL_CLOSING once its time is over. */
int channel_need_open(const struct ctx *ctx, const Channel *channel, struct err *err);
/* CODE_CHANNEL_EXPIRY unless a channel may expire then: at least the redeem time ahead, at most the longest term. */
int channel_check_expiry(const struct ctx *ctx, uint64_t expires_at, struct err *err);

/* Its entry in the queue is due. */
int channel_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* Queues, indexes and counts of all channels; *ret_held is what they hold. */
int channel_invariants(struct ctx *ctx, uint64_t *ret_held, struct err *err);

#endif
