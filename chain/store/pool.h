/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_POOL_H
#define CAIRN_CHAIN_STORE_POOL_H
/* A few threads that help the caller with tasks that do not depend on each other. Private to chain/store. What comes
 * out must not depend on which thread did what. */
#include "chain/base/err.h"

struct pool;

/* `threads` beside the caller, at least 1. *ret is owned by the caller. */
int pool_new(unsigned threads, struct pool **ret, struct err *err);
void pool_free(struct pool *p); /* NULL allowed */

/* fn(ctx, i) for i < n, in any order, some at the same time; returns when all are done. The caller works along. NULL:
 * it works alone. One caller at a time. */
void pool_run(struct pool *p, unsigned n, void (*fn)(void *ctx, unsigned i), void *ctx);

#endif
