/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_DISCONTINUE_H
#define CAIRN_X_STORAGE_DISCONTINUE_H
/*
 * A primary gives notice: it says why, by its gc key, and after the grace the ledger deletes. Until then the object can
 * be read and copied away, is paid for and challenged. A provider may do it so often in a window and no more.
 */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* Is the running message by the gc key of this provider, which is in service, and may it discontinue one more? Counts
 * it. CODE_GC_KEY, CODE_SP_STATUS, CODE_DISCONTINUE_LIMIT. */
int discontinue_may(struct ctx *ctx, uint32_t sp_id, struct err *err);

/* Queue items. rest: object id, or bucket id, u64be. A bucket goes some objects a block, itself with the last. */
int discontinue_object_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
int discontinue_bucket_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

#endif
