/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_VOUCHER_H
#define CAIRN_CLIENT_LIB_VOUCHER_H
/*
 * Vouchers of payment channels: what a payer signs for a payee, and what the payee checks before it serves. A voucher
 * is cumulative: each is over all that was promised before, so the payee keeps the newest one only.
 */
#include "cairn/payment.h"
#include "client/lib/ledger.h"

/* The channel's record, proven. CODE_CHANNEL_NOT_FOUND. On the arena. */
int voucher_channel(struct ledger *ledger, uint64_t channel_id, struct arena *arena, Channel **ret, struct err *err);

/* Signs a voucher over `amount` in all. Refuses what the payee would refuse: CODE_CHANNEL_PARTY (the key is not the
 * payer's), CODE_PAYMENT_FUNDS (more than the channel holds), CODE_VOUCHER_SPENT (no more than was redeemed). */
int voucher_make(struct ledger *ledger, uint64_t channel_id, uint64_t amount, const struct seckey *key,
                 struct arena *arena, SignedVoucher **ret, struct err *err);

/*
 * Is this voucher worth what it says? Its channel is proven from the ledger, the payer's key too, and the signature is
 * checked. *ret_worth: pebble that redeeming it now would bring; it may be 0. Until ret_channel->close_at, which the
 * payer can draw near by closing, so a payee looks again now and then. CODE_CHAIN_MISMATCH, CODE_CHANNEL_NOT_FOUND,
 * CODE_VOUCHER (signed by somebody else), CODE_MALFORMED.
 */
int voucher_check(struct ledger *ledger, const SignedVoucher *in, struct arena *arena, Channel **ret_channel,
                  uint64_t *ret_worth, struct err *err);

#endif
