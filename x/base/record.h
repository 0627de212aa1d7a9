/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_BASE_RECORD_H
#define CAIRN_X_BASE_RECORD_H
/*
 * Records: protobuf messages at state keys. The one encoder and the one decoder of state values are here.
 *
 *     struct key k;
 *     BucketInfo *bucket;
 *     rc = record_get(ctx, key_bucket(&k, name), &bucket_info__descriptor, &bucket, err);
 *     bucket->objects++;
 *     rc = record_put(ctx, key_bucket(&k, name), bucket, err);
 *
 * A record got is the caller's copy on ctx->arena: changing it changes nothing until it is put. A value in the state
 * that does not decode is a fault (CODE_CORRUPT), not an answer.
 */
#include "x/base/ctx.h"

#include <protobuf-c/protobuf-c.h>

/* CODE_NOT_FOUND, with no sentence, when there is none: the caller says what is missing. ret_msg: address of a pointer
 * to the message's struct. */
int record_get(struct ctx *ctx, struct bytes key, const ProtobufCMessageDescriptor *desc, void *ret_msg,
               struct err *err);
int record_put(struct ctx *ctx, struct bytes key, const void *msg, struct err *err);
int record_del(struct ctx *ctx, struct bytes key, struct err *err);
int record_has(struct ctx *ctx, struct bytes key, bool *ret, struct err *err);

/* Index entries: a value of no bytes, or a number of 4 or 8. */
int record_put_mark(struct ctx *ctx, struct bytes key, struct err *err);
int record_put_u32(struct ctx *ctx, struct bytes key, uint32_t v, struct err *err);
int record_put_u64(struct ctx *ctx, struct bytes key, uint64_t v, struct err *err);
int record_get_u32(struct ctx *ctx, struct bytes key, uint32_t *ret, struct err *err); /* CODE_NOT_FOUND */
int record_get_u64(struct ctx *ctx, struct bytes key, uint64_t *ret, struct err *err);

/*
 * Every record under a prefix, ascending, at most limit (0 = all), after a key (BYTES_NONE = from the first). fn
 * answering other than CODE_OK stops it with that; RECORD_STOP stops it with CODE_OK. `rest` is the key behind the
 * prefix; key and value are borrowed for the call. fn may change the state. msg is decoded on ctx->arena unless desc is
 * NULL (then msg is NULL).
 */
#define RECORD_STOP (-1)
typedef int record_fn(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err);
int record_each(struct ctx *ctx, struct bytes prefix, struct bytes after, size_t limit,
                const ProtobufCMessageDescriptor *desc, record_fn *fn, void *arg, struct err *err);

#endif
