/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_INVARIANTS_H
#define CAIRN_X_PERMISSION_INVARIANTS_H
#include "x/base/ctx.h"

/* Every resource counts the policies that it has, no more and no fewer. CODE_INTERNAL. */
int permission_invariants(struct ctx *ctx, struct err *err);

#endif
