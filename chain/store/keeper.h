/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_KEEPER_H
#define CAIRN_CHAIN_STORE_KEEPER_H
/*
 * The thread that does a store's background work (store_keep): after each commit, in small steps, never more than a
 * quarter of the time, so that what is committed meanwhile hardly notices. The simulator calls store_keep itself.
 */
#include "chain/store/store.h"

struct keeper;

/* The store is borrowed until keeper_stop. *ret is owned by the caller. */
int keeper_start(struct store *s, struct keeper **ret, struct err *err);
/* Waits for the step under way. What was half made is thrown away at the next start. NULL allowed. */
void keeper_stop(struct keeper *k);

#endif
