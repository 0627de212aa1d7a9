/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_TERM_H
#define CAIRN_X_STORAGE_TERM_H
/*
 * Objects with a term (docs/decisions/0007):
 *
 *     sealed ---------- warning ---- expires_at ---- ends_at
 *     Deal              Pending-End .............    End: settled, what is left given back, deleted
 *
 * An object with a term is paid ahead up to its end, grace included, in a slot of its own kind (x/payment/term.h); its
 * providers hold it and are paid for it until then. Functions do nothing for an object without a term.
 */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* CODE_TERM unless a term of so many milliseconds may be agreed to. 0 is no term, and may. */
int term_check(const struct ctx *ctx, uint64_t term, struct err *err);
/* Sets expires_at and ends_at for a term that begins now; 0: none. */
void term_set(const struct ctx *ctx, ObjectInfo *object, uint64_t term);

/* What a sealed object costs in 2^-64 pebble a millisecond, over all positions. */
u128 object_rate(const ObjectInfo *object);

/* When it enters its slot: pays ahead (before its flow begins), then its entries in the queues of ends. */
int term_pay(struct ctx *ctx, ObjectInfo *object, struct err *err);
int term_enter(struct ctx *ctx, const ObjectInfo *object, struct err *err);

/* When it leaves: what it has paid for and not used, asked before its flow stops; then queues left, that given back. */
int term_unused(struct ctx *ctx, const ObjectInfo *object, uint64_t *ret, struct err *err);
int term_leave(struct ctx *ctx, const ObjectInfo *object, uint64_t refund, struct err *err);

#endif
