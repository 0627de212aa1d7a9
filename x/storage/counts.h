/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_COUNTS_H
#define CAIRN_X_STORAGE_COUNTS_H
/* How many buckets and groups an account has, against StorageParams' caps. */
#include "x/base/ctx.h"

int counts_add_bucket(struct ctx *ctx, const struct addr *owner, struct err *err); /* CODE_BUCKET_LIMIT */
int counts_sub_bucket(struct ctx *ctx, const struct addr *owner, struct err *err);
int counts_add_group(struct ctx *ctx, const struct addr *owner, struct err *err); /* CODE_GROUP_LIMIT */
int counts_sub_group(struct ctx *ctx, const struct addr *owner, struct err *err);

#endif
