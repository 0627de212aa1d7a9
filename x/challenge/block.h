/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_BLOCK_H
#define CAIRN_X_CHALLENGE_BLOCK_H
/* Begin-of-block work: deadlines, then draws over the state of the block before; end: closed challenges are forgotten.
 */
#include "x/base/module.h"

#include "cairn/sp.h"

#define CHALLENGE_BEGIN_HOOKS 5
#define CHALLENGE_END_HOOKS   2
extern const struct hook challenge_begin_hooks[CHALLENGE_BEGIN_HOOKS];
extern const struct hook challenge_end_hooks[CHALLENGE_END_HOOKS];

/* A provider stores its first bytes: from now on the floor stream draws for it. Changes *sp, which the caller puts. */
int floor_enter(struct ctx *ctx, StorageProvider *sp, struct err *err);

#endif
