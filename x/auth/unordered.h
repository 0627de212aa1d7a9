/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_AUTH_UNORDERED_H
#define CAIRN_X_AUTH_UNORDERED_H
/*
 * Unordered transactions (sequence 0): each may be in one block only. The state keeps the id of each until its
 * valid_until_height has passed; from then on the window of that height refuses it.
 */
#include "x/base/module.h"

/* Notes that a block holds this one. CODE_TX_KNOWN: one does already. CODE_TX_UNORDERED: no room for more that end at
 * this height. Nothing is written on failure. */
int unordered_take(struct ctx *ctx, const struct hash *tx_id, uint64_t valid_until, struct err *err);

/* End work: forgets the ids of transactions that no later block may hold. */
int unordered_forget(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err);
uint64_t unordered_forget_cap(const struct ctx *ctx);

/* Every record: whole ids, ascending, of heights to come. */
int unordered_check(struct ctx *ctx, struct err *err);

#endif
