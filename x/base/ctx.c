/* SPDX-License-Identifier: Apache-2.0 */
#include "x/base/ctx.h"

#include "cairn/state.h"
#include "chain/codec/bech32.h"
#include "chain/crypto/key.h"
#include "chain/types/keys_app.h"
#include "x/base/record.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

int ctx_fault(struct ctx *ctx, int code, const char *fmt, ...) {
    if (ctx->fault.code == CODE_OK) {
        va_list ap;
        va_start(ap, fmt);
        err_vset(&ctx->fault, code, fmt, ap);
        va_end(ap);
    }
    return ctx->fault.code;
}

int ctx_failed(const struct ctx *ctx, struct err *err) {
    if (ctx->fault.code != CODE_OK)
        return err_set(err, ctx->fault.code, "%s", err_text(&ctx->fault));
    return state_failed(ctx->state, err);
}

bool ctx_signed(const struct ctx *ctx, const struct pubkey *key, const struct hash *digest, const struct sig *sig) {
    return ctx->verifier ? ctx->verifier->check(ctx->verifier->self, key, digest, sig) : key_verify(key, digest, sig);
}

static void *must(void *p) {
    assert(p && "out of memory in a block");
    return p;
}

void *ctx_alloc(struct ctx *ctx, size_t len) {
    return must(arena_alloc(ctx->arena, len));
}

void *ctx_array(struct ctx *ctx, size_t n, size_t size) {
    return must(arena_array(ctx->arena, n, size));
}

ProtobufCBinaryData ctx_data(struct ctx *ctx, struct bytes s) {
    if (s.len == 0)
        return (ProtobufCBinaryData){0, NULL};
    return (ProtobufCBinaryData){s.len, must(arena_dup(ctx->arena, s.data, s.len))};
}

ProtobufCBinaryData ctx_addr(struct ctx *ctx, const struct addr *a) {
    return ctx_data(ctx, addr_bytes(a));
}

ProtobufCBinaryData ctx_hash(struct ctx *ctx, const struct hash *h) {
    return ctx_data(ctx, hash_bytes(h));
}

char *ctx_str(struct ctx *ctx, const char *s) {
    return must(arena_strdup(ctx->arena, s));
}

/* --- events --- */

static Event *event_new(struct ctx *ctx, const char *type, size_t n) {
    Event *e = must(ARENA_NEW(ctx->results, Event));
    event__init(e);
    e->type = must(arena_strdup(ctx->results, type));
    e->n_attributes = n;
    e->attributes = n ? must(arena_array(ctx->results, n, sizeof *e->attributes)) : NULL;
    return e;
}

static Attribute *attribute_new(struct ctx *ctx, const char *key, const char *value) {
    Attribute *a = must(ARENA_NEW(ctx->results, Attribute));
    attribute__init(a);
    a->key = must(arena_strdup(ctx->results, key));
    a->value = must(arena_strdup(ctx->results, value));
    return a;
}

void ctx_event(struct ctx *ctx, const char *type, ...) {
    va_list ap, count;
    va_start(ap, type);
    va_copy(count, ap);
    size_t n = 0;
    while (va_arg(count, const char *)) {
        const char *value = va_arg(count, const char *);
        assert(value);
        n++;
    }
    va_end(count);
    Event *e = event_new(ctx, type, n);
    for (size_t i = 0; i < n; i++) {
        const char *key = va_arg(ap, const char *);
        e->attributes[i] = attribute_new(ctx, key, va_arg(ap, const char *));
    }
    va_end(ap);
    if (!event_vec_push(&ctx->events, e))
        ctx_fault(ctx, CODE_LIMIT, "more than %zu events in one step", CTX_EVENTS_MAX);
}

char *ctx_u64_text(struct ctx *ctx, uint64_t v) {
    return must(arena_printf(ctx->arena, "%" PRIu64, v));
}

char *ctx_addr_text(struct ctx *ctx, const struct addr *a) {
    char text[ADDR_TEXT_MAX];
    addr_to_text(a, text);
    return ctx_str(ctx, text);
}

char *ctx_hex_text(struct ctx *ctx, struct bytes s) {
    char *text = ctx_alloc(ctx, 2 * s.len + 1);
    hex_encode(s.data, s.len, text);
    return text;
}

void ctx_id(struct ctx *ctx, uint64_t id) {
    if (!id_vec_push(&ctx->ids, id))
        ctx_fault(ctx, CODE_LIMIT, "more than %u ids in one transaction", CTX_IDS_MAX);
}

void ctx_spend(struct ctx *ctx, uint64_t pebble) {
    if (!u64_add(ctx->spent, pebble, &ctx->spent))
        ctx->spent = UINT64_MAX; /* more than any budget */
}

void ctx_spend_bytes(struct ctx *ctx, uint64_t bytes) {
    if (!u64_add(ctx->spent_bytes, bytes, &ctx->spent_bytes))
        ctx->spent_bytes = UINT64_MAX;
}

/* --- sequences --- */

static uint64_t *sequence_of(Sequences *s, enum ctx_seq seq) {
    switch (seq) {
    case SEQ_BUCKET:
        return &s->bucket;
    case SEQ_OBJECT:
        return &s->object;
    case SEQ_GROUP:
        return &s->group;
    case SEQ_POLICY:
        return &s->policy;
    case SEQ_PLACEMENT_GROUP:
        return &s->placement_group;
    case SEQ_CHALLENGE:
        return &s->challenge;
    case SEQ_CHANNEL:
        return &s->channel;
    case SEQ_TERRITORY:
        return &s->territory;
    case SEQ_GATEWAY:
        return &s->gateway;
    case SEQ_SP:
        break;
    }
    return NULL;
}

int ctx_next_id(struct ctx *ctx, enum ctx_seq seq, uint64_t *ret_id, struct err *err) {
    struct key k;
    Sequences *s = NULL;
    int rc = record_get(ctx, key_sequences(&k), &sequences__descriptor, &s, err);
    if (rc == CODE_NOT_FOUND) {
        s = CTX_NEW(ctx, Sequences);
        sequences__init(s);
    } else if (rc) {
        return rc;
    }
    uint64_t *last = sequence_of(s, seq), id;
    if (last) {
        id = ++*last;
    } else {
        if (s->sp == UINT32_MAX)
            return err_set(err, CODE_LIMIT, "no provider id is left");
        id = ++s->sp;
    }
    rc = record_put(ctx, key_sequences(&k), s, err);
    if (rc)
        return rc;
    *ret_id = id;
    return CODE_OK;
}

/* --- numbers --- */

U128 *ctx_u128(struct ctx *ctx, u128 v) {
    if (v == 0)
        return NULL;
    U128 *p = CTX_NEW(ctx, U128);
    u128__init(p);
    p->hi = (uint64_t)(v >> 64);
    p->lo = (uint64_t)v;
    return p;
}

int addr_need(ProtobufCBinaryData f, const char *what, struct addr *ret, struct err *err) {
    if (!addr_of_field(f, ret) || addr_is_zero(ret))
        return err_set(err, CODE_INVALID_ARGUMENT, "%s must be an address", what);
    return CODE_OK;
}
