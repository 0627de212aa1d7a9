/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_BUCKET_H
#define CAIRN_X_STORAGE_BUCKET_H
/* Buckets: the record lies under the name; indexes by id and by owner; a count for each owner. */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* CODE_BUCKET_NOT_FOUND with the name. *ret is the caller's copy on ctx->arena. */
int bucket_get(struct ctx *ctx, const char *bucket_name, BucketInfo **ret, struct err *err);
int bucket_by_id(struct ctx *ctx, uint64_t bucket_id, BucketInfo **ret, struct err *err);
/* CODE_BUCKET_STATUS unless objects may be created and sealed in it. */
int bucket_writable(const BucketInfo *bucket, struct err *err);
int bucket_put(struct ctx *ctx, const BucketInfo *bucket, struct err *err);

/* A new one with a fresh id in its field: CODE_BUCKET_EXISTS, CODE_BUCKET_LIMIT. */
int bucket_insert(struct ctx *ctx, const BucketInfo *bucket, struct err *err);
/* Record, indexes, count, policies and the flow of its read quota. It must be empty of objects and slots. */
int bucket_remove(struct ctx *ctx, const BucketInfo *bucket, struct err *err);

struct addr bucket_owner(const BucketInfo *bucket);
struct addr bucket_payer(const BucketInfo *bucket);

#endif
