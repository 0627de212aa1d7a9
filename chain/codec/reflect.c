/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/reflect.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/base/bytes.h"
#include "chain/base/code.h"
#include "chain/base/fixed.h"
#include "chain/codec/bech32.h"
#include "chain/codec/hints.h"
#include "chain/codec/walk.h"

const ProtobufCFieldDescriptor *reflect_field(const ProtobufCMessageDescriptor *desc, const char *name) {
    return protobuf_c_message_descriptor_get_field_by_name(desc, name);
}

ProtobufCMessage *reflect_new(const ProtobufCMessageDescriptor *desc, struct arena *arena) {
    ProtobufCMessage *msg = arena_alloc(arena, desc->sizeof_message);
    if (msg)
        protobuf_c_message_init(desc, msg);
    return msg;
}

size_t reflect_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    }
    abort(); /* protobuf-c has no other types */
}

static bool in_oneof(const ProtobufCFieldDescriptor *field) {
    return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

static const void *peek(const ProtobufCMessage *msg, size_t offset) {
    return (const char *)msg + offset;
}

static uint32_t chosen(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field) {
    uint32_t id;
    memcpy(&id, peek(msg, field->quantifier_offset), sizeof id);
    return id;
}

bool reflect_present(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return true;
    if (in_oneof(field) && chosen(msg, field) != field->id)
        return false;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return true;
    const void *sub;
    memcpy(&sub, peek(msg, field->offset), sizeof sub);
    return sub != NULL;
}

size_t reflect_count(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field) {
    assert(field->label == PROTOBUF_C_LABEL_REPEATED);
    size_t count;
    memcpy(&count, peek(msg, field->quantifier_offset), sizeof count);
    return count;
}

const void *reflect_at(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field, size_t i) {
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        assert(i == 0);
        return peek(msg, field->offset);
    }
    assert(i < reflect_count(msg, field));
    const char *first;
    memcpy(&first, peek(msg, field->offset), sizeof first);
    return first + i * reflect_size(field);
}

void *reflect_choose(ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field) {
    assert(field->label != PROTOBUF_C_LABEL_REPEATED);
    if (in_oneof(field))
        memcpy((char *)msg + field->quantifier_offset, &field->id, sizeof field->id);
    return (char *)msg + field->offset;
}

bool reflect_taken(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field) {
    return in_oneof(field) && chosen(msg, field) != 0 && chosen(msg, field) != field->id;
}

void *reflect_list(ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field, size_t count, struct arena *arena) {
    assert(field->label == PROTOBUF_C_LABEL_REPEATED && count > 0);
    size_t size = reflect_size(field);
    void *first = count > SIZE_MAX / size ? NULL : arena_alloc(arena, count * size);
    if (!first)
        return NULL;
    memcpy((char *)msg + field->offset, &first, sizeof first);
    memcpy((char *)msg + field->quantifier_offset, &count, sizeof count);
    return first;
}

/* --- a value as text --- */

static int no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "the memory for this message is used up");
}

static int bytes_to_text(const ProtobufCFieldDescriptor *field, ProtobufCBinaryData data, struct arena *arena,
                         const char **ret_text, struct err *err) {
    enum hint hint = hint_of(field->name);
    size_t size = hint_size(hint);
    if (data.len == 0) {
        *ret_text = "";
        return CODE_OK;
    }
    if (size != 0 && data.len != size)
        return err_set(err, CODE_MALFORMED, "%s has %zu bytes, must have %zu", field->name, data.len, size);
    bool as_base64 = hint == HINT_BASE64 || hint == HINT_NONE;
    size_t room = hint == HINT_ADDRESS ? ADDR_TEXT_MAX
                  : as_base64          ? sodium_base64_ENCODED_LEN(data.len, sodium_base64_VARIANT_ORIGINAL)
                                       : 2 * data.len + 1;
    char *text = arena_alloc(arena, room);
    if (!text)
        return no_memory(err);
    if (hint == HINT_ADDRESS) {
        struct addr addr;
        memcpy(addr.b, data.data, sizeof addr.b);
        addr_to_text(&addr, text);
    } else if (as_base64) {
        sodium_bin2base64(text, room, data.data, data.len, sodium_base64_VARIANT_ORIGINAL);
    } else {
        sodium_bin2hex(text, room, data.data, data.len);
    }
    *ret_text = text;
    return CODE_OK;
}

static int enum_to_text(const ProtobufCFieldDescriptor *field, int value, const char **ret_text, struct err *err) {
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(field->descriptor, value);
    if (!named)
        return err_set(err, CODE_MALFORMED, "%s: %d is not a value of its enum", field->name, value);
    *ret_text = named->name;
    return CODE_OK;
}

static int number_to_text(struct arena *arena, bool negative, uint64_t magnitude, const char **ret_text,
                          struct err *err) {
    char *text = arena_printf(arena, "%s%" PRIu64, negative ? "-" : "", magnitude);
    if (!text)
        return no_memory(err);
    *ret_text = text;
    return CODE_OK;
}

static int signed_to_text(struct arena *arena, int64_t value, const char **ret_text, struct err *err) {
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    return number_to_text(arena, value < 0, magnitude, ret_text, err);
}

int reflect_to_text(const ProtobufCFieldDescriptor *field, const void *slot, struct arena *arena, const char **ret_text,
                    struct err *err) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return signed_to_text(arena, *(const int32_t *)slot, ret_text, err);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return signed_to_text(arena, *(const int64_t *)slot, ret_text, err);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return number_to_text(arena, false, *(const uint32_t *)slot, ret_text, err);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return number_to_text(arena, false, *(const uint64_t *)slot, ret_text, err);
    case PROTOBUF_C_TYPE_BOOL:
        *ret_text = *(const protobuf_c_boolean *)slot ? "true" : "false";
        return CODE_OK;
    case PROTOBUF_C_TYPE_ENUM:
        return enum_to_text(field, *(const int *)slot, ret_text, err);
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)slot;
        *ret_text = text ? text : "";
        return CODE_OK;
    }
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_to_text(field, *(const ProtobufCBinaryData *)slot, arena, ret_text, err);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return err_set(err, CODE_INTERNAL, "%s: a type that has no text form", field->name);
}

/* Decimal digits up to `max`, no leading zeros. */
static bool parse_digits(const char *text, uint64_t max, uint64_t *ret_value) {
    uint64_t value = 0;
    if (!*text || (text[0] == '0' && text[1]))
        return false;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        unsigned digit = (unsigned)(*p - '0');
        if (value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

static int unsigned_from_text(const char *text, uint64_t max, uint64_t *ret_value, struct err *err) {
    if (!parse_digits(text, max, ret_value))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%.40s\" is not a whole number from 0 to %" PRIu64, text, max);
    return CODE_OK;
}

static int signed_from_text(const char *text, int64_t max, int64_t *ret_value, struct err *err) {
    bool negative = *text == '-';
    uint64_t magnitude;
    if (!parse_digits(text + negative, (uint64_t)max + negative, &magnitude) || (negative && magnitude == 0))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%.40s\" is not a whole number from %" PRId64 " to %" PRId64, text,
                       -max - 1, max);
    *ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return CODE_OK;
}

static int bool_from_text(const char *text, protobuf_c_boolean *ret_value, struct err *err) {
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%.40s\" is neither true nor false", text);
    *ret_value = text[0] == 't';
    return CODE_OK;
}

static int enum_from_text(const ProtobufCFieldDescriptor *field, const char *text, int *ret_value, struct err *err) {
    const ProtobufCEnumDescriptor *desc = field->descriptor;
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value_by_name(desc, text);
    if (!named)
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%.60s\" is not a value of %s (the first ones are %s%s%s)", text,
                       desc->short_name, desc->values[0].name, desc->n_values > 1 ? ", " : "",
                       desc->n_values > 1 ? desc->values[1].name : "");
    *ret_value = named->value;
    return CODE_OK;
}

static int blob_from_text(bool as_base64, const char *text, uint8_t *data, size_t room, size_t *ret_len,
                          struct err *err) {
    const char *end;
    size_t len = strlen(text);
    int failed = as_base64
                     ? sodium_base642bin(data, room, text, len, NULL, ret_len, &end, sodium_base64_VARIANT_ORIGINAL)
                     : sodium_hex2bin(data, room, text, len, NULL, ret_len, &end);
    if (failed || end != text + len)
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%.80s\" is not %s", text, as_base64 ? "base64" : "hexadecimal");
    return CODE_OK;
}

static int bytes_from_text(const ProtobufCFieldDescriptor *field, const char *text, struct arena *arena,
                           ProtobufCBinaryData *ret_data, struct err *err) {
    enum hint hint = hint_of(field->name);
    size_t size = hint_size(hint);
    size_t room = strlen(text); /* neither form is shorter than its bytes */
    if (room == 0 && size != 0 && in_oneof(field))
        return err_set(err, CODE_INVALID_ARGUMENT, "is empty, must have %zu bytes", size);
    if (room == 0) {
        *ret_data = (ProtobufCBinaryData){0, NULL};
        return CODE_OK;
    }
    uint8_t *data = arena_alloc(arena, room);
    if (!data)
        return no_memory(err);
    size_t len = 0;
    int rc;
    if (hint == HINT_ADDRESS) {
        struct addr addr;
        rc = addr_from_text(text, &addr, err);
        if (rc)
            return rc;
        len = sizeof addr.b;
        memcpy(data, addr.b, len);
    } else {
        rc = blob_from_text(hint == HINT_BASE64 || hint == HINT_NONE, text, data, room, &len, err);
        if (rc)
            return rc;
    }
    if (size != 0 && len != size)
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%.80s\" has %zu bytes, must have %zu", text, len, size);
    *ret_data = (ProtobufCBinaryData){len, data};
    return CODE_OK;
}

static int string_from_text(const char *text, struct arena *arena, char **ret_text, struct err *err) {
    if (!walk_utf8_ok((struct bytes){(const uint8_t *)text, strlen(text)}))
        return err_set(err, CODE_INVALID_ARGUMENT, "not valid UTF-8");
    char *copy = arena_strdup(arena, text);
    if (!copy)
        return no_memory(err);
    *ret_text = copy;
    return CODE_OK;
}

int reflect_from_text(const ProtobufCFieldDescriptor *field, const char *text, struct arena *arena, void *slot,
                      struct err *err) {
    uint64_t u = 0;
    int64_t i = 0;
    int rc;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        rc = signed_from_text(text, INT32_MAX, &i, err);
        if (!rc)
            *(int32_t *)slot = (int32_t)i;
        return rc;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        rc = signed_from_text(text, INT64_MAX, &i, err);
        if (!rc)
            *(int64_t *)slot = i;
        return rc;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        rc = unsigned_from_text(text, UINT32_MAX, &u, err);
        if (!rc)
            *(uint32_t *)slot = (uint32_t)u;
        return rc;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        rc = unsigned_from_text(text, UINT64_MAX, &u, err);
        if (!rc)
            *(uint64_t *)slot = u;
        return rc;
    case PROTOBUF_C_TYPE_BOOL:
        return bool_from_text(text, slot, err);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_from_text(field, text, slot, err);
    case PROTOBUF_C_TYPE_STRING:
        return string_from_text(text, arena, slot, err);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_from_text(field, text, arena, slot, err);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return err_set(err, CODE_INTERNAL, "%s: a type that has no text form", field->name);
}

/* --- path --- */

size_t path_push_name(struct path *path, const char *name) {
    size_t before = path->len;
    int n = snprintf(path->text + before, sizeof path->text - before, "%s%s", before ? "." : "", name);
    path->len = n < 0 || (size_t)n >= sizeof path->text - before ? sizeof path->text - 1 : before + (size_t)n;
    return before;
}

size_t path_push_index(struct path *path, size_t index) {
    size_t before = path->len;
    int n = snprintf(path->text + before, sizeof path->text - before, "[%zu]", index);
    path->len = n < 0 || (size_t)n >= sizeof path->text - before ? sizeof path->text - 1 : before + (size_t)n;
    return before;
}

void path_pop(struct path *path, size_t len) {
    assert(len <= path->len);
    path->len = len;
    path->text[len] = 0;
}
