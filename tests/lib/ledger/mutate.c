/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/mutate.h"

#include <assert.h>

static uint64_t edge_number(struct rng *rng, uint64_t old) {
    static const uint64_t edges[] = {
        0, 1, 2, 7, 255, 4096, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 1, 1u << 31, (uint64_t)1 << 53};
    switch (rng_below(rng, 4)) {
    case 0:
        return old + 1;
    case 1:
        return old - 1;
    default:
        return edges[rng_below(rng, sizeof edges / sizeof *edges)];
    }
}

static ProtobufCBinaryData edge_bytes(struct rng *rng, struct arena *arena, ProtobufCBinaryData old) {
    static const size_t lens[] = {0, 1, 19, 20, 21, 31, 32, 33, 64, 65, 500};
    if (old.len && rng_below(rng, 2)) { /* one bit */
        ProtobufCBinaryData copy = {old.len, arena_dup(arena, old.data, old.len)};
        copy.data[rng_below(rng, old.len)] ^= (uint8_t)(1 << rng_below(rng, 8));
        return copy;
    }
    size_t len = rng_below(rng, 2) ? old.len : lens[rng_below(rng, sizeof lens / sizeof *lens)];
    ProtobufCBinaryData fresh = {len, arena_alloc(arena, len)};
    if (rng_below(rng, 2))
        rng_fill(rng, fresh.data, len);
    return fresh;
}

static char *edge_string(struct rng *rng, struct arena *arena, const char *old) {
    static const char *const edges[] = {"",      "a",        "..",      "a//b",  "/a",      "-x-",
                                        "UPPER", "\xc3\xa9", "1.2.3.4", "team0", "bucket-1"};
    if (rng_below(rng, 6) == 0) {
        size_t len = rng_below(rng, 2) ? 63 + rng_below(rng, 3) : 1023 + rng_below(rng, 3);
        char *s = arena_alloc(arena, len + 1);
        memset(s, 'x', len);
        return s;
    }
    if (rng_below(rng, 4) == 0)
        return arena_printf(arena, "%sx", old);
    return arena_strdup(arena, edges[rng_below(rng, sizeof edges / sizeof *edges)]);
}

static void mutate_value(struct rng *rng, struct arena *arena, const ProtobufCFieldDescriptor *f, void *at) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        *(uint64_t *)at = edge_number(rng, *(uint64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        *(uint32_t *)at = (uint32_t)edge_number(rng, *(uint32_t *)at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)at = !*(protobuf_c_boolean *)at;
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)at = edge_bytes(rng, arena, *(ProtobufCBinaryData *)at);
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)at = edge_string(rng, arena, *(char **)at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage **sub = at;
        if (*sub && rng_below(rng, 8))
            mutate_message(rng, arena, *sub);
        else if (f->label != PROTOBUF_C_LABEL_REPEATED)
            *sub = NULL;
        break;
    }
    default:
        assert(!"no such field in our messages");
    }
}

static size_t element_size(const ProtobufCFieldDescriptor *f) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return 4;
    }
}

/* Shorter by one, longer by one that is there already, two swapped, or one of them changed. */
static void mutate_list(struct rng *rng, struct arena *arena, const ProtobufCFieldDescriptor *f, size_t *n,
                        void **list) {
    size_t size = element_size(f);
    if (*n == 0)
        return;
    char *copy = arena_alloc(arena, (*n + 1) * size), tmp[sizeof(ProtobufCBinaryData)];
    memcpy(copy, *list, *n * size);
    *list = copy;
    size_t i = rng_below(rng, *n), j = rng_below(rng, *n);
    switch (rng_below(rng, 5)) {
    case 0:
        --*n;
        break;
    case 1:
        memcpy(copy + *n * size, copy + i * size, size);
        ++*n;
        break;
    case 2:
        memcpy(tmp, copy + i * size, size);
        memmove(copy + i * size, copy + j * size, size);
        memcpy(copy + j * size, tmp, size);
        break;
    default:
        mutate_value(rng, arena, f, copy + i * size);
    }
}

void mutate_message(struct rng *rng, struct arena *arena, ProtobufCMessage *msg) {
    const ProtobufCMessageDescriptor *desc = msg->descriptor;
    if (desc->n_fields == 0)
        return;
    const ProtobufCFieldDescriptor *f = &desc->fields[rng_below(rng, desc->n_fields)];
    char *base = (char *)msg;
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        mutate_list(rng, arena, f, (size_t *)(void *)(base + f->quantifier_offset),
                    (void **)(void *)(base + f->offset));
    else
        mutate_value(rng, arena, f, base + f->offset);
}
