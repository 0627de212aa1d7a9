/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_PROPERTY_LEDGER_MODEL_H
#define CAIRN_TESTS_PROPERTY_LEDGER_MODEL_H
/*
 * Naive models of what the ledger should say, written from the specification and not from its code: lists that are
 * searched from the front, nothing cached, nothing indexed. A model hears every transaction and what came of it; after
 * each block it is held against the ledger's records and answers. What differs ends the process with words.
 */
#include "tests/lib/ledger/world.h"

struct model;

/* Over the world's genesis. Lives as long as the process. */
struct model *model_new(struct world *w);
/* Before a block runs: what is there now. */
void model_before(struct model *m);
/* A transaction of the block that just ran, in order; result NULL: it was not in it. */
void model_tx(struct model *m, const struct tx *tx, const TxResult *result);
/* After the block. Returns how many questions it put to both. */
uint64_t model_after(struct model *m);

#endif
