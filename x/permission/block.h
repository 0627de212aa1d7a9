/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_BLOCK_H
#define CAIRN_X_PERMISSION_BLOCK_H
/* End work: what expires leaves the state, and so do policies on and for what is gone. */
#include "x/base/module.h"

#define PERMISSION_END_HOOKS 2
extern const struct hook permission_end_hooks[PERMISSION_END_HOOKS];

/* Puts a resource that is gone, or (kind 0) a group that is gone as principal, in line to have its policies removed. */
int leftover_enqueue(struct ctx *ctx, int kind, uint64_t id, struct err *err);

#endif
