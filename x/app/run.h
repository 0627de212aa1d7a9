/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_APP_RUN_H
#define CAIRN_X_APP_RUN_H
/* One call's worth of running rules: a ctx with its arenas over a state. Private to x/app. */
#include "cairn/state.h"
#include "x/app/ledger.h"

#define RUN_SCRATCH_MAX (256 * MIB) /* records of one transaction; the genesis of a large network */

struct run {
    struct ctx ctx;
    const struct ledger *ledger;
    struct arena scratch;
    ChainState *chain; /* of the height before; on the results arena */
};

/* A run over st, after its newest height. results: where events and results are built, the caller's. CODE_NOT_READY
 * when there is no genesis in the state. Every successful open needs a run_close. */
int run_open(struct run *run, const struct ledger *ledger, struct state *st, struct arena *results, struct err *err);
/* The same over an empty state, for genesis. */
void run_open_empty(struct run *run, const struct ledger *ledger, struct state *st, struct arena *results);
void run_close(struct run *run);

/* Does this program know the rules by which the next block runs? CODE_UPGRADE_NEEDED says which are needed. */
int run_check_version(const struct run *run, struct err *err);

/* Sets height, header time and the ledger time that follows from it. */
void run_next_block(struct run *run, uint64_t height, uint64_t header_time);

/* The events gathered so far as a list on the results arena; the ctx begins anew. CODE_NO_MEMORY. */
int run_take_events(struct ctx *ctx, Event ***ret, size_t *ret_n, struct err *err);

int run_put_chain(struct run *run, const ChainState *chain, struct err *err);

#endif
