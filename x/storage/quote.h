/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_QUOTE_H
#define CAIRN_X_STORAGE_QUOTE_H
/* What storing costs: one function for the lock at create, for queries, and for tests that compare the two. */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* What a create locks: bytes stored over all positions x price x the reserve time, or for an object with a term x the
 * term and the grace behind it, which the seal takes ahead; in pebble, rounded up. CODE_FLOW when it does not fit. */
int quote_lock(struct ctx *ctx, const Profile *profile, uint64_t size, uint64_t price, uint64_t term,
               uint64_t *ret_pebble, struct err *err);
/* The whole quote; the profile must be a checked one. */
int quote_answer(struct ctx *ctx, const Profile *profile, uint64_t size, uint64_t price, uint64_t term,
                 QuoteAnswer **ret, struct err *err);

#endif
