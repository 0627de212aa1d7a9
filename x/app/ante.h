/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_APP_ANTE_H
#define CAIRN_X_APP_ANTE_H
/*
 * Ante checks: all that decides whether a transaction may be in a block, before any message runs: size, counts, window,
 * fee, funds, sequence or replay, what each message's own check says. One that fails makes the whole block invalid.
 * Their effects (sequence, fee, a spent free attempt) stand when the transaction's messages fail. The signature has
 * been verified by the caller (tx_verify).
 */
#include "chain/types/app.h"
#include "chain/types/tx.h"
#include "x/app/run.h"

/* Checks tx for the run's height and writes its effects; on failure nothing is written. */
int ante_tx(struct run *run, const struct tx *tx, struct app_admission *ret, struct err *err);

/* The account that a message names as its creator, empty when it names none. */
struct bytes ante_creator(const ProtobufCMessage *msg);

/* What tx takes of a block: its place in the encoding, checks of signatures. */
#define BLOCK_OVERHEAD (32 * KIB) /* header and certificate of 128 validators */
static inline size_t ante_block_len(const struct tx *tx) {
    return tx->wire.len + 6;
}

/* The caps of a block, used up by its transactions in order. */
struct block_budget {
    size_t bytes;
    uint64_t txs, signatures;
};
struct block_budget block_budget(const ConsensusParams *params);
/* A share of the block that ordinary transactions leave to free ones. */
#define RESERVED_SHARE 4
/* False, nothing taken, when it does not fit. */
bool block_budget_take(struct block_budget *budget, size_t bytes, uint64_t signatures);

#endif
