/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_DEPS_H
#define CAIRN_X_STORAGE_DEPS_H
/* What x/storage tells the module above it; x/challenge answers. */
#include "x/base/ctx.h"

#include "cairn/sp.h"

struct storage_deps {
    /* This provider is about to store its first bytes, or its first after it had none: from now on it is challenged.
     * May change the record, which the caller puts. */
    int (*sp_stores)(struct ctx *ctx, StorageProvider *sp, struct err *err);
};

#endif
