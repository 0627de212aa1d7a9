/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_INVARIANTS_H
#define CAIRN_X_CHALLENGE_INVARIANTS_H
#include "x/base/ctx.h"

/* Open challenges have all their indexes, closed ones their place in the queue of the forgotten; counts at objects,
 * providers and in the statistics are right; bonds add up to the module's account; duties are queued or have an open
 * challenge; each provider with bytes is in the floor's queue. CODE_INTERNAL. */
int challenge_invariants(struct ctx *ctx, struct err *err);

#endif
