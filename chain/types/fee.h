/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_FEE_H
#define CAIRN_CHAIN_TYPES_FEE_H
/* What a transaction must pay: a price for each message, by its type, and one for each byte of its wire form. */
#include "cairn/params.h"
#include "cairn/tx.h"
#include "chain/base/err.h"

/* The name of a message's type as parameters know it: "MsgSend". Static. NULL for a message with nothing in it. */
const char *msg_name(const Msg *msg);

/* The fee that params ask for these messages in a transaction of wire_len bytes, in pebble. CODE_OVERFLOW when the sum
 * does not fit; CODE_MALFORMED for an empty message. */
int fee_of(const AuthParams *params, Msg *const *msgs, size_t count, size_t wire_len, uint64_t *ret, struct err *err);

/* True when the transaction may go without a fee: nothing but answers to challenges. */
bool fee_is_free(Msg *const *msgs, size_t count);

#endif
