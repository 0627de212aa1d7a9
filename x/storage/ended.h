/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_ENDED_H
#define CAIRN_X_STORAGE_ENDED_H
/* What ended a while ago: the last object that was stored under a name, kept for StorageParams.ended_kept_ms so that
 * its End can be seen and proven. */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* In place of what was remembered under that name before. `end` and `reason` are copied. */
int ended_put(struct ctx *ctx, const ObjectInfo *object, const char *end, const char *reason, uint64_t refund,
              struct err *err);
/* *ret is NULL when nothing is remembered. */
int ended_find(struct ctx *ctx, uint64_t bucket_id, const char *object_name, EndedObject **ret, struct err *err);

/* Queue item. rest: bucket id u64be, name. */
int ended_forget(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

#endif
