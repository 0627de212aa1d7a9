/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/pb.h"

#include <assert.h>
#include <string.h>

#include "chain/base/code.h"

static void *alloc_on_arena(void *arena, size_t len) {
    return arena_alloc(arena, len);
}

static void keep(void *arena, void *data) {
    (void)arena;
    (void)data;
}

static int no_memory(struct err *err, const char *type) {
    return err_set(err, CODE_NO_MEMORY, "%s needs more memory than this task may take", type);
}

static int unpack(const ProtobufCMessageDescriptor *desc, struct bytes in, struct arena *arena, void *ret_msg,
                  struct err *err) {
    ProtobufCAllocator allocator = {.alloc = alloc_on_arena, .free = keep, .allocator_data = arena};
    struct arena_mark mark = arena_mark(arena);
    ProtobufCMessage *msg = protobuf_c_message_unpack(desc, &allocator, in.len, in.data);
    if (!msg) {
        arena_rewind(arena, mark); /* of bytes that the walker accepts, only memory can have been missing */
        return no_memory(err, desc->short_name);
    }
    memcpy(ret_msg, &msg, sizeof msg);
    return CODE_OK;
}

int pb_decode_limited(const ProtobufCMessageDescriptor *desc, struct bytes in, const struct walk_limits *limits,
                      struct arena *arena, void *ret_msg, struct err *err) {
    int rc = walk_check(desc, in, limits, err);
    if (rc)
        return rc;
    ProtobufCMessage *msg = NULL;
    rc = unpack(desc, in, arena, &msg, err);
    assert(rc || (limits && limits->open) || msg->n_unknown_fields == 0);
    if (rc == CODE_OK)
        memcpy(ret_msg, &msg, sizeof msg);
    return rc;
}

int pb_decode(const ProtobufCMessageDescriptor *desc, struct bytes in, struct arena *arena, void *ret_msg,
              struct err *err) {
    return pb_decode_limited(desc, in, &walk_limits_default, arena, ret_msg, err);
}

int pb_decode_open(const ProtobufCMessageDescriptor *desc, struct bytes in, struct arena *arena, void *ret_msg,
                   struct err *err) {
    return pb_decode_limited(desc, in, &walk_limits_open, arena, ret_msg, err);
}

int pb_decode_own(const ProtobufCMessageDescriptor *desc, struct bytes in, struct arena *arena, void *ret_msg,
                  struct err *err) {
    struct arena_mark mark = arena_mark(arena);
    ProtobufCMessage *msg = NULL;
    int rc = unpack(desc, in, arena, &msg, err);
    if (rc == CODE_OK && msg->n_unknown_fields == 0) {
        memcpy(ret_msg, &msg, sizeof msg);
        return CODE_OK;
    }
    arena_rewind(arena, mark);
    int why = walk_check(desc, in, NULL, err); /* what is wrong with it, if it is not the memory */
    return why ? why : no_memory(err, desc->short_name);
}

size_t pb_size(const void *msg) {
    return protobuf_c_message_get_packed_size(msg);
}

int pb_encode(const void *msg, struct arena *arena, struct bytes *ret_bytes, struct err *err) {
    const ProtobufCMessage *base = msg;
    size_t len = pb_size(base);
    uint8_t *data = arena_alloc(arena, len);
    if (!data)
        return no_memory(err, base->descriptor->short_name);
    size_t written = protobuf_c_message_pack(base, data);
    assert(written == len);
    *ret_bytes = bytes_of(data, written);
    return CODE_OK;
}

int pb_append(const void *msg, struct buf *out, struct err *err) {
    const ProtobufCMessage *base = msg;
    size_t len = pb_size(base);
    if (!buf_reserve(out, len))
        return no_memory(err, base->descriptor->short_name);
    size_t written = protobuf_c_message_pack(base, out->data + out->len);
    assert(written == len);
    out->len += written;
    return CODE_OK;
}

int pb_copy(const void *msg, struct arena *arena, void *ret_msg, struct err *err) {
    const ProtobufCMessage *base = msg;
    struct bytes encoded;
    int rc = pb_encode(msg, arena, &encoded, err);
    return rc ? rc : unpack(base->descriptor, encoded, arena, ret_msg, err);
}
