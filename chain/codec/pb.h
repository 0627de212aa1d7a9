/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to bytes and back, on arenas. Every decoder of bytes from outside goes through pb_decode, which first runs
 * the strict walker (walk.h), so that a message has exactly one encoding and hostile input meets bounded work and
 * memory.
 *
 * The generated structs are used directly. What pb_decode returns lives on the arena and points nowhere else: neither
 * into the input nor into static memory that could be freed. Nothing is ever freed one by one.
 */
#ifndef CAIRN_CHAIN_CODEC_PB_H
#define CAIRN_CHAIN_CODEC_PB_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "chain/base/arena.h"
#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/codec/walk.h"

/*
 * Decodes a `desc` message: strict walk, then unpack on the arena.
 *   BucketInfo *info;
 *   int rc = pb_decode(&bucket_info__descriptor, bytes, arena, &info, err);
 * ret_msg is the address of a pointer to the message's struct; untouched on failure, and the arena is as before.
 * Errors: as walk_check, and CODE_NO_MEMORY when the arena's cap is reached.
 */
int pb_decode(const ProtobufCMessageDescriptor *desc, struct bytes in, struct arena *arena, void *ret_msg,
              struct err *err);

/* The same of what a later version may have written: fields that this program does not know are passed over. For
 * records and answers that are only read; what is signed, hashed or encoded again is decoded by pb_decode. */
int pb_decode_open(const ProtobufCMessageDescriptor *desc, struct bytes in, struct arena *arena, void *ret_msg,
                   struct err *err);

/* The same without the walk, which costs as much as all the rest: for bytes that pb_encode of this very program's kind
 * wrote and a hash or checksum has guarded since, as records of the state. Never for bytes from outside: what they mean
 * would be what protobuf-c makes of them, and what they cost bounded by the arena alone. Bytes that do not unpack, or
 * that have fields unknown here, get the walker's errors. */
int pb_decode_own(const ProtobufCMessageDescriptor *desc, struct bytes in, struct arena *arena, void *ret_msg,
                  struct err *err);

/* pb_decode under tighter limits than walk_limits_default. */
int pb_decode_limited(const ProtobufCMessageDescriptor *desc, struct bytes in, const struct walk_limits *limits,
                      struct arena *arena, void *ret_msg, struct err *err);

/*
 * Encodes `msg` (any generated struct) onto the arena; ret_bytes borrows from it. Strings must be UTF-8 without NUL,
 * bytes of the sizes that hints.h fixes, enums of named values: the encoder does not look, a decoder will refuse.
 * CODE_NO_MEMORY when the arena's cap is reached.
 */
int pb_encode(const void *msg, struct arena *arena, struct bytes *ret_bytes, struct err *err);

/* Appends the encoding of `msg` to `out`; on failure (its cap) out is unchanged. */
int pb_append(const void *msg, struct buf *out, struct err *err);

/* Bytes that encoding `msg` takes. */
size_t pb_size(const void *msg);

/* A copy of `msg` and all it points to, on the arena. CODE_NO_MEMORY. */
int pb_copy(const void *msg, struct arena *arena, void *ret_msg, struct err *err);

/* Borrowed views between the generated struct's fields and ours. */
static inline struct bytes pb_bytes(ProtobufCBinaryData data) {
    return (struct bytes){data.data, data.len};
}
/* The message borrows `in`; protobuf-c never writes through the pointer when packing. */
static inline ProtobufCBinaryData pb_data(struct bytes in) {
    return (ProtobufCBinaryData){.len = in.len, .data = (uint8_t *)(uintptr_t)in.data};
}
/* Likewise for a string field. */
static inline char *pb_text(const char *text) {
    return (char *)(uintptr_t)text;
}

#endif
