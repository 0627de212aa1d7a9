/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_SEAL_H
#define CAIRN_X_STORAGE_SEAL_H
/* What the messages about sealing share. */
#include "x/base/ctx.h"

#include "cairn/sp.h"

/* Is the running message signed by this provider's seal key? */
bool seal_is_primary(const struct ctx *ctx, const StorageProvider *sp);

#endif
