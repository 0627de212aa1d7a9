/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_OWN_TX_H
#define CAIRN_CHAIN_NODE_OWN_TX_H
/* What a node reads in the state for itself, and the transactions that it signs with its validator's key. */
#include "chain/base/arena.h"
#include "chain/crypto/key.h"

#include "cairn/auth.h"
#include "cairn/params.h"
#include "cairn/tx.h"

struct state;

/* The record of a key, on arena; ret is the address of a pointer to its struct. CODE_NOT_FOUND. */
int own_read(struct state *st, struct bytes key, const ProtobufCMessageDescriptor *desc, struct arena *arena, void *ret,
             struct err *err);
/* The parameters in force. */
int own_params(struct state *st, struct arena *arena, Params **ret, struct err *err);

struct own_tx {
    const struct seckey *key; /* its account signs and pays */
    const struct hash *chain_tag;
    bool unordered;       /* without a sequence number */
    uint64_t valid_until; /* height */
};

/* The signed transaction of one message, with the fee that the parameters ask, on arena. CODE_INSUFFICIENT_FUNDS when
 * the account cannot pay it. */
int own_tx_make(const struct own_tx *o, struct state *st, Msg *msg, struct arena *arena, struct bytes *ret_wire,
                struct err *err);

#endif
