/* SPDX-License-Identifier: Apache-2.0 */
/* What a grant covers, read from the message itself: its fields are named alike everywhere, so a new message is covered
 * without a line here, and one that does not say in which bucket it acts is refused where a bucket is asked for. */
#include "x/auth/grant.h"

#include "cairn/tx.h"
#include "chain/codec/pb.h"

#include <string.h>

enum { DEPTH_MAX = 8 }; /* messages are not recursive: this deep they never are */

bool grant_message_known(const char *name) {
    for (unsigned i = 0; i < msg__descriptor.n_fields; i++)
        if (!strcmp(((const ProtobufCMessageDescriptor *)msg__descriptor.fields[i].descriptor)->short_name, name))
            return true;
    return false;
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end) && (n == m || s[n - m - 1] == '_');
}

struct look {
    struct ctx *ctx;
    const Grant *grant;
    const ProtobufCMessageDescriptor *spec;
    bool bucket, object; /* one was named */
};

static int outside(const struct look *l, const char *field, const char *value, struct err *err) {
    return err_set(err, CODE_GRANT_SCOPE, "the grant is for cairn://%s/%s only, the message's %s is %.100s",
                   l->grant->bucket_name, l->grant->object_prefix, field, value);
}

static int look_at_text(struct look *l, const char *field, const char *value, struct err *err) {
    const Grant *g = l->grant;
    if (!*g->bucket_name)
        return CODE_OK;
    if (ends_with(field, "bucket_name")) {
        l->bucket = true;
        return strcmp(value, g->bucket_name) ? outside(l, field, value, err) : CODE_OK;
    }
    if (ends_with(field, "object_name")) {
        l->object = true;
        return strncmp(value, g->object_prefix, strlen(g->object_prefix)) ? outside(l, field, value, err) : CODE_OK;
    }
    return CODE_OK;
}

static int look_at_number(const struct look *l, const char *field, uint64_t value, struct err *err) {
    if (!ends_with(field, "max_price") || value <= l->grant->price_max)
        return CODE_OK;
    return err_set(err, CODE_GRANT_SCOPE, "the message's %s is %llu, the grant allows prices up to %llu", field,
                   (unsigned long long)value, (unsigned long long)l->grant->price_max);
}

static int look_at(struct look *l, const ProtobufCMessage *msg, unsigned depth, struct err *err);

static int look_at_spec(struct look *l, const ProtobufCBinaryData *spec, unsigned depth, struct err *err) {
    ProtobufCMessage *inner;
    if (!l->spec)
        return CODE_OK; /* then no bucket was named */
    int rc = pb_decode(l->spec, bytes_of(spec->data, spec->len), l->ctx->arena, &inner, err);
    return rc ? err_wrap(err, rc, "spec") : look_at(l, inner, depth + 1, err);
}

/* One value of a field. */
static int look_at_value(struct look *l, const ProtobufCFieldDescriptor *f, const void *value, unsigned depth,
                         struct err *err) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)value;
        return look_at_text(l, f->name, text ? text : "", err);
    }
    case PROTOBUF_C_TYPE_UINT64:
        return look_at_number(l, f->name, *(const uint64_t *)value, err);
    case PROTOBUF_C_TYPE_BYTES:
        return strcmp(f->name, "spec") ? CODE_OK : look_at_spec(l, value, depth, err);
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *inner = *(ProtobufCMessage *const *)value;
        return inner ? look_at(l, inner, depth + 1, err) : CODE_OK;
    }
    default:
        return CODE_OK;
    }
}

static size_t value_size(const ProtobufCFieldDescriptor *f) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 0; /* of no interest */
    }
}

static int look_at(struct look *l, const ProtobufCMessage *msg, unsigned depth, struct err *err) {
    const char *base = (const char *)msg;
    int rc = CODE_OK;
    if (depth > DEPTH_MAX)
        return ctx_fault(l->ctx, CODE_INTERNAL, "a message with others inside others inside others");
    for (unsigned i = 0; rc == CODE_OK && i < msg->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];
        size_t size = value_size(f);
        bool absent = (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
                      *(const uint32_t *)(const void *)(base + f->quantifier_offset) != f->id;
        if (!size || absent)
            continue;
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            rc = look_at_value(l, f, base + f->offset, depth, err);
            continue;
        }
        size_t n = *(const size_t *)(const void *)(base + f->quantifier_offset);
        const char *list = *(char *const *)(const void *)(base + f->offset);
        for (size_t v = 0; rc == CODE_OK && v < n; v++)
            rc = look_at_value(l, f, list + v * size, depth, err);
    }
    return rc;
}

static bool names(const Grant *g, const struct msg_rule *rule) {
    for (size_t i = 0; i < g->n_messages; i++)
        if (!strcmp(g->messages[i], rule->desc->short_name) ||
            (!strcmp(g->messages[i], "*") && rule->grant == MSG_GRANT_ANY))
            return true;
    return false;
}

int grant_covers(struct ctx *ctx, const Grant *grant, const struct msg_rule *rule, const void *msg, struct err *err) {
    struct look l = {.ctx = ctx, .grant = grant, .spec = rule->spec};
    const char *name = rule->desc->short_name;
    if (!names(grant, rule))
        return err_set(err, CODE_GRANT_SCOPE, "the grant does not name %s", name);
    int rc = look_at(&l, msg, 0, err);
    if (rc == CODE_OK && *grant->bucket_name && !l.bucket)
        rc = err_set(err, CODE_GRANT_SCOPE, "the grant is for bucket %s, and %s names no bucket", grant->bucket_name,
                     name);
    if (rc == CODE_OK && *grant->object_prefix && !l.object)
        rc = err_set(err, CODE_GRANT_SCOPE, "the grant is for names that begin with %.100s, and %s names no object",
                     grant->object_prefix, name);
    return rc;
}
