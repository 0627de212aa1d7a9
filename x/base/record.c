/* SPDX-License-Identifier: Apache-2.0 */
#include "x/base/record.h"

#include "chain/codec/pb.h"

#include <assert.h>

/* A record that does not decode was not written by us: the state is damaged. */
static int corrupt(struct ctx *ctx, struct bytes key, const char *name, const struct err *why, struct err *err) {
    char hex[2 * 40 + 1];
    hex_encode(key.data, size_min(key.len, 40), hex);
    ctx_fault(ctx, CODE_CORRUPT, "the %s at state key %s does not decode: %s", name, hex, err_text(why));
    return ctx_failed(ctx, err);
}

static int decode(struct ctx *ctx, struct bytes key, struct bytes value, const ProtobufCMessageDescriptor *desc,
                  void *ret_msg, struct err *err) {
    struct err why = {0};
    int rc = pb_decode_own(desc, value, ctx->arena, ret_msg, &why); /* only record_put writes them */
    if (rc == CODE_NO_MEMORY) /* nobody's fault but the cap's: an answer that would be too large */
        return ctx_fault(ctx, rc, "no memory for a %s", desc->short_name), ctx_failed(ctx, err);
    return rc ? corrupt(ctx, key, desc->short_name, &why, err) : CODE_OK;
}

int record_get(struct ctx *ctx, struct bytes key, const ProtobufCMessageDescriptor *desc, void *ret_msg,
               struct err *err) {
    struct bytes value;
    int rc = state_get(ctx->state, key, &value, err);
    return rc ? rc : decode(ctx, key, value, desc, ret_msg, err);
}

int record_put(struct ctx *ctx, struct bytes key, const void *msg, struct err *err) {
    struct bytes value;
    int rc = pb_encode(msg, ctx->arena, &value, err);
    return rc ? rc : state_put(ctx->state, key, value, err);
}

int record_del(struct ctx *ctx, struct bytes key, struct err *err) {
    return state_del(ctx->state, key, err);
}

int record_has(struct ctx *ctx, struct bytes key, bool *ret, struct err *err) {
    return state_has(ctx->state, key, ret, err);
}

int record_put_mark(struct ctx *ctx, struct bytes key, struct err *err) {
    return state_put(ctx->state, key, BYTES_NONE, err);
}

int record_put_u32(struct ctx *ctx, struct bytes key, uint32_t v, struct err *err) {
    uint8_t b[4];
    store_be32(b, v);
    return state_put(ctx->state, key, bytes_of(b, sizeof b), err);
}

int record_put_u64(struct ctx *ctx, struct bytes key, uint64_t v, struct err *err) {
    uint8_t b[8];
    store_be64(b, v);
    return state_put(ctx->state, key, bytes_of(b, sizeof b), err);
}

static int get_number(struct ctx *ctx, struct bytes key, size_t len, struct bytes *ret, struct err *err) {
    int rc = state_get(ctx->state, key, ret, err);
    if (rc == CODE_OK && ret->len != len) {
        struct err why = {CODE_CORRUPT, "wrong length"};
        return corrupt(ctx, key, "number", &why, err);
    }
    return rc;
}

int record_get_u32(struct ctx *ctx, struct bytes key, uint32_t *ret, struct err *err) {
    struct bytes v;
    int rc = get_number(ctx, key, 4, &v, err);
    if (rc == CODE_OK)
        *ret = load_be32(v.data);
    return rc;
}

int record_get_u64(struct ctx *ctx, struct bytes key, uint64_t *ret, struct err *err) {
    struct bytes v;
    int rc = get_number(ctx, key, 8, &v, err);
    if (rc == CODE_OK)
        *ret = load_be64(v.data);
    return rc;
}

int record_each(struct ctx *ctx, struct bytes prefix, struct bytes after, size_t limit,
                const ProtobufCMessageDescriptor *desc, record_fn *fn, void *arg, struct err *err) {
    struct state_iter it;
    struct bytes key, value;
    int rc = CODE_OK;
    size_t prefix_len = prefix.len;
    state_iter_init(&it, ctx->state, prefix, after, limit);
    while (rc == CODE_OK && state_iter_next(&it, &key, &value)) {
        void *msg = NULL;
        if (desc)
            rc = decode(ctx, key, value, desc, &msg, err);
        if (rc == CODE_OK)
            rc = fn(ctx, arg, bytes_of(key.data + prefix_len, key.len - prefix_len), value, msg, err);
    }
    int end = state_iter_end(&it, rc ? NULL : err);
    if (rc && rc != RECORD_STOP)
        return rc;
    return end;
}
