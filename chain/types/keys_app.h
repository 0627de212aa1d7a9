/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_APP_H
#define CAIRN_CHAIN_TYPES_KEYS_APP_H
/* Keys of x/app: the chain's own state. Each builds into *k and returns it as bytes, borrowed from k. */
#include "chain/types/key.h"

struct bytes key_chain_state(struct key *k);                   /* 'c' -> ChainState */
struct bytes key_sequences(struct key *k);                     /* 's' -> Sequences */
struct bytes key_quarantine(struct key *k, struct bytes item); /* 'q' item key -> the record that failed, put aside */
struct bytes key_quarantine_prefix(struct key *k);

#endif
