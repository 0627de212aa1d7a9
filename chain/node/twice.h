/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_TWICE_H
#define CAIRN_CHAIN_NODE_TWICE_H
/*
 * Every block executed twice: in the builds DEBUG=1 and SAN=asan, to find what makes two machines differ before two
 * machines do. Its signatures are checked again, one after another. The second execution runs on a thread and a stack
 * of its own, over another state object with nothing cached, on an arena of other addresses; then results, every key of
 * the difference and, after the commit, the root's path to those keys are compared. A difference names the first key
 * and its module, and stops the node.
 */
#include "chain/store/store.h"
#include "chain/types/app.h"

/* After the app's finalize of `block` on store_state(store), before its commit, with what came of it. CODE_OK;
 * CODE_INTERNAL with the first difference; other codes when the second execution itself failed where the first did
 * not. */
int twice_execute(const struct app *app, struct store *store, const struct app_block *block,
                  const struct app_outcome *outcome, struct err *err);

/* After the app's commit into `batch`: is the root the same in one thread, over a tree read anew, in another order? */
int twice_root(struct store_batch *batch, uint64_t height, const struct hash *app_hash, struct err *err);

/* After the commit of a block that changed `keys`: does the root lead to each of them, with the value that a view has?
 * CODE_INTERNAL. */
int twice_prove(struct store *store, const struct bytes *keys, size_t n, struct err *err);

/* Some keys of store_state's difference, copied to arena, for twice_prove. Before the commit. */
int twice_keys(struct store *store, struct arena *arena, const struct bytes **ret_keys, size_t *ret_n, struct err *err);

#endif
