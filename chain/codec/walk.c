/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/walk.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>

#include "chain/base/code.h"
#include "chain/base/limits.h"
#include "chain/codec/hints.h"

/* One message has at most this many oneofs (each optional scalar is one). */
#define ONEOFS_MAX 64

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

const struct walk_limits walk_limits_default = {
    .bytes_max = 64 * MIB,
    .list_max = PB_REPEATED_MAX,
    .depth_max = PB_DEPTH_MAX,
};

const struct walk_limits walk_limits_open = {
    .bytes_max = 64 * MIB,
    .list_max = PB_REPEATED_MAX,
    .depth_max = PB_DEPTH_MAX,
    .open = true,
};

enum { FIELD_NUMBER_MAX = (1 << 29) - 1 }; /* of protobuf */

struct walk {
    const struct walk_limits *limits;
    const uint8_t *start; /* of the outermost message: offsets in errors count from here */
    struct err *err;
};

/* What is being read: a position inside one message. */
struct cursor {
    const ProtobufCMessageDescriptor *desc;
    const ProtobufCFieldDescriptor *field; /* NULL while a tag is read */
    const uint8_t *at;
    const uint8_t *end;
};

static size_t left(const struct cursor *c) {
    return (size_t)(c->end - c->at);
}

static int refuse(const struct walk *w, const struct cursor *c, const char *why) {
    return err_set(w->err, CODE_MALFORMED, "%s%s%s at byte %zu: %s", c->desc->short_name, c->field ? "." : "",
                   c->field ? c->field->name : "", (size_t)(c->at - w->start), why);
}

static int refuse_size(const struct walk *w, const struct cursor *c, const char *what, uint64_t have, uint64_t max) {
    return err_set(w->err, CODE_TOO_LARGE, "%s%s%s: %s %" PRIu64 " is over the limit of %" PRIu64, c->desc->short_name,
                   c->field ? "." : "", c->field ? c->field->name : "", what, have, max);
}

/* A varint in its shortest form. */
static int read_varint(const struct walk *w, struct cursor *c, uint64_t *ret_value) {
    uint64_t value = 0;
    if (c->at < c->end && c->at[0] < 0x80) { /* nearly all of them */
        *ret_value = *c->at++;
        return CODE_OK;
    }
    for (unsigned i = 0; i < 10; i++) {
        if (left(c) <= i)
            return refuse(w, c, "truncated varint");
        uint8_t byte = c->at[i];
        if (i == 9 && byte > 1)
            return refuse(w, c, "varint over 64 bits");
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        if (byte == 0 && i > 0)
            return refuse(w, c, "varint longer than needed");
        c->at += i + 1;
        *ret_value = value;
        return CODE_OK;
    }
    return refuse(w, c, "varint longer than 10 bytes");
}

static int read_span(const struct walk *w, struct cursor *c, struct bytes *ret_span) {
    uint64_t len;
    int rc = read_varint(w, c, &len);
    if (rc)
        return rc;
    if (len > left(c))
        return refuse(w, c, "truncated: its length runs past the end");
    *ret_span = (struct bytes){c->at, (size_t)len};
    c->at += len;
    return CODE_OK;
}

bool walk_utf8_ok(struct bytes text) {
    for (size_t i = 0, n; i < text.len; i += n)
        if (text.data[i] == 0 || (n = utf8_len(text.data + i, text.len - i)) == 0)
            return false;
    return true;
}

static enum wire wire_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return WIRE_VARINT;
    }
    return WIRE_VARINT;
}

/* Does a varint lie in the range of the field's type, and does its enum name it? NULL if so, else why not. */
static const char *range_fault(const ProtobufCFieldDescriptor *field, uint64_t value) {
    int64_t as_signed = (int64_t)value;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return value > 1 ? "a bool that is neither 0 nor 1" : NULL;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
        return value > UINT32_MAX ? "over 32 bits" : NULL;
    case PROTOBUF_C_TYPE_INT32:
        return as_signed < INT32_MIN || as_signed > INT32_MAX ? "over 32 bits" : NULL;
    case PROTOBUF_C_TYPE_ENUM:
        if (value > INT32_MAX || !protobuf_c_enum_descriptor_get_value(field->descriptor, (int)value))
            return "a value that its enum does not name";
        return NULL;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return NULL;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return "floating-point fields are never used";
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return "not a number";
}

/* One number, alone or as an element of a packed list. ret_zero tells whether it is the proto3 default. */
static int walk_number(const struct walk *w, struct cursor *c, bool *ret_zero) {
    const ProtobufCFieldDescriptor *field = c->field;
    enum wire wire = wire_of(field->type);
    uint64_t value = 0;
    const uint8_t *at = c->at;
    if (wire == WIRE_VARINT) {
        int rc = read_varint(w, c, &value);
        if (rc)
            return rc;
    } else {
        size_t size = wire == WIRE_32 ? 4 : 8;
        if (left(c) < size)
            return refuse(w, c, "truncated number");
        for (size_t i = 0; i < size; i++)
            value |= (uint64_t)c->at[i] << (8 * i);
        c->at += size;
    }
    const char *fault = range_fault(field, value);
    if (fault) {
        c->at = at;
        return refuse(w, c, fault);
    }
    *ret_zero = value == 0;
    return CODE_OK;
}

static int walk_packed(const struct walk *w, struct cursor *c) {
    struct bytes span;
    int rc = read_span(w, c, &span);
    if (rc)
        return rc;
    if (span.len == 0)
        return refuse(w, c, "an empty list written out");
    struct cursor inner = {c->desc, c->field, span.data, span.data + span.len};
    for (uint32_t count = 1; inner.at < inner.end; count++) {
        bool zero;
        if (count > w->limits->list_max)
            return refuse_size(w, &inner, "list of", count, w->limits->list_max);
        rc = walk_number(w, &inner, &zero);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

static int walk_message(const struct walk *w, const ProtobufCMessageDescriptor *desc, struct bytes in, uint32_t depth);

/* One string, bytes or message value. ret_zero tells whether it is the proto3 default (a message never is). */
static int walk_span(const struct walk *w, struct cursor *c, uint32_t depth, bool *ret_zero) {
    struct bytes span;
    int rc = read_span(w, c, &span);
    if (rc)
        return rc;
    *ret_zero = span.len == 0;
    if (c->field->type == PROTOBUF_C_TYPE_MESSAGE) {
        *ret_zero = false;
        return walk_message(w, c->field->descriptor, span, depth + 1);
    }
    if (c->field->type == PROTOBUF_C_TYPE_STRING)
        return walk_utf8_ok(span) ? CODE_OK : refuse(w, c, "not valid UTF-8, or holds a NUL");
    size_t size = hint_size(hint_of(c->field->name));
    bool gap = span.len == 0 && c->field->label == PROTOBUF_C_LABEL_REPEATED; /* "none at this position" */
    if (size != 0 && span.len != size && !gap)
        return err_set(w->err, CODE_MALFORMED, "%s.%s at byte %zu: has %zu bytes, must have %zu", c->desc->short_name,
                       c->field->name, (size_t)(span.data - w->start), span.len, size);
    return CODE_OK;
}

/* What has been met so far in one message. */
struct seen {
    uint32_t number; /* the last field number */
    uint32_t count;  /* elements of the list that it names */
    uint32_t oneofs; /* used entries below */
    unsigned oneof[ONEOFS_MAX];
};

/* Is this field allowed here, after what was seen? */
static int check_place(const struct walk *w, const struct cursor *c, uint32_t number, struct seen *seen) {
    const ProtobufCFieldDescriptor *field = c->field;
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool packed = field->flags & PROTOBUF_C_FIELD_FLAG_PACKED;
    if (number < seen->number)
        return refuse(w, c, "fields are not in ascending order");
    if (number == seen->number) {
        if (!list || packed)
            return refuse(w, c, "written twice");
        if (++seen->count > w->limits->list_max)
            return refuse_size(w, c, "list of", seen->count, w->limits->list_max);
        return CODE_OK;
    }
    seen->number = number;
    seen->count = 1;
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return CODE_OK;
    for (uint32_t i = 0; i < seen->oneofs; i++)
        if (seen->oneof[i] == field->quantifier_offset)
            return refuse(w, c, "a second member of a oneof");
    if (seen->oneofs == ONEOFS_MAX)
        return refuse(w, c, "more oneofs than the walker can hold");
    seen->oneof[seen->oneofs++] = field->quantifier_offset;
    return CODE_OK;
}

/* A field that a later version added: somewhere behind what was seen, of a wire type and a length that hold. */
static int pass_over(const struct walk *w, struct cursor *c, uint64_t tag, struct seen *seen) {
    uint64_t number = tag >> 3, value;
    struct bytes span;
    size_t fixed = (tag & 7) == WIRE_64 ? 8 : 4;
    if (number == 0 || number > FIELD_NUMBER_MAX)
        return refuse(w, c, "no field has this number");
    if (number < seen->number)
        return refuse(w, c, "fields are not in ascending order");
    seen->count = number == seen->number ? seen->count + 1 : 1;
    seen->number = (uint32_t)number;
    if (seen->count > w->limits->list_max)
        return refuse_size(w, c, "list of", seen->count, w->limits->list_max);
    switch (tag & 7) {
    case WIRE_VARINT:
        return read_varint(w, c, &value);
    case WIRE_BYTES:
        return read_span(w, c, &span);
    case WIRE_32:
    case WIRE_64:
        if (fixed > left(c))
            return refuse(w, c, "truncated");
        c->at += fixed;
        return CODE_OK;
    }
    return refuse(w, c, "wrong wire type");
}

/* One field: tag, place, value. */
static int walk_field(const struct walk *w, struct cursor *c, uint32_t depth, struct seen *seen) {
    c->field = NULL;
    const uint8_t *at = c->at;
    uint64_t tag;
    int rc = read_varint(w, c, &tag);
    if (rc)
        return rc;
    const ProtobufCFieldDescriptor *field =
        tag >> 3 <= INT_MAX ? protobuf_c_message_descriptor_get_field(c->desc, (unsigned)(tag >> 3)) : NULL;
    if (!field && w->limits->open)
        return pass_over(w, c, tag, seen);
    if (!field) {
        c->at = at;
        return refuse(w, c, "unknown field");
    }
    c->field = field;
    rc = check_place(w, c, field->id, seen);
    if (rc)
        return rc;

    bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool packed = list && (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED);
    enum wire wire = packed ? WIRE_BYTES : wire_of(field->type);
    if ((tag & 7) != (uint64_t)wire)
        return refuse(w, c, "wrong wire type");
    if (packed)
        return walk_packed(w, c);

    bool zero;
    rc = wire == WIRE_BYTES ? walk_span(w, c, depth, &zero) : walk_number(w, c, &zero);
    if (rc)
        return rc;
    if (zero && !list && !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return refuse(w, c, "a default value written out");
    return CODE_OK;
}

static int walk_message(const struct walk *w, const ProtobufCMessageDescriptor *desc, struct bytes in, uint32_t depth) {
    struct cursor c = {desc, NULL, in.data, in.data + in.len};
    if (depth > w->limits->depth_max || depth > PB_DEPTH_MAX)
        return refuse_size(w, &c, "nesting of", depth, w->limits->depth_max);
    struct seen seen = {.number = 0, .count = 0, .oneofs = 0};
    while (c.at < c.end) {
        int rc = walk_field(w, &c, depth, &seen);
        if (rc)
            return rc;
    }
    assert(c.at == c.end);
    return CODE_OK;
}

int walk_check(const ProtobufCMessageDescriptor *desc, struct bytes in, const struct walk_limits *limits,
               struct err *err) {
    assert(desc && desc->magic == PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC);
    static const uint8_t nothing[1];
    if (in.len == 0)
        in.data = nothing; /* an empty message is valid, and its pointer may be NULL */
    struct walk w = {limits ? limits : &walk_limits_default, in.data, err};
    if (in.len > w.limits->bytes_max)
        return err_set(err, CODE_TOO_LARGE, "%s: %zu bytes are over the limit of %zu", desc->short_name, in.len,
                       w.limits->bytes_max);
    return walk_message(&w, desc, in, 1);
}
