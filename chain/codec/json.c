/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "chain/base/code.h"
#include "chain/base/limits.h"
#include "chain/codec/reflect.h"

static int no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "the memory for this JSON is used up");
}

/* --- message to JSON --- */

static int object_from_msg(const ProtobufCMessage *msg, struct arena *scratch, json_t **ret_json, struct err *err);

/* One value; text forms are built on `scratch` and copied by jansson. */
static int value_from_slot(const ProtobufCFieldDescriptor *field, const void *slot, struct arena *scratch,
                           json_t **ret_json, struct err *err) {
    json_t *json = NULL;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return object_from_msg(*(ProtobufCMessage *const *)slot, scratch, ret_json, err);
    case PROTOBUF_C_TYPE_BOOL:
        json = json_boolean(*(const protobuf_c_boolean *)slot);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        json = json_integer(*(const uint32_t *)slot);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        json = json_integer(*(const int32_t *)slot);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE: {
        struct arena_mark mark = arena_mark(scratch);
        const char *text;
        int rc = reflect_to_text(field, slot, scratch, &text, err);
        if (rc)
            return rc;
        json = json_string(text);
        arena_rewind(scratch, mark);
        if (!json)
            return err_set(err, CODE_MALFORMED, "%s: a string that is not UTF-8", field->name);
        break;
    }
    }
    if (!json)
        return no_memory(err);
    *ret_json = json;
    return CODE_OK;
}

static int list_from_field(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field, struct arena *scratch,
                           json_t **ret_json, struct err *err) {
    json_t *list = json_array();
    if (!list)
        return no_memory(err);
    size_t count = reflect_count(msg, field);
    for (size_t i = 0; i < count; i++) {
        json_t *item;
        int rc = value_from_slot(field, reflect_at(msg, field, i), scratch, &item, err);
        if (!rc && json_array_append_new(list, item))
            rc = no_memory(err);
        if (rc) {
            json_decref(list);
            return rc;
        }
    }
    *ret_json = list;
    return CODE_OK;
}

static int object_from_msg(const ProtobufCMessage *msg, struct arena *scratch, json_t **ret_json, struct err *err) {
    const ProtobufCMessageDescriptor *desc = msg->descriptor;
    json_t *object = json_object();
    if (!object)
        return no_memory(err);
    for (unsigned i = 0; i < desc->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &desc->fields[i];
        if (!reflect_present(msg, field))
            continue;
        json_t *value;
        int rc = field->label == PROTOBUF_C_LABEL_REPEATED
                     ? list_from_field(msg, field, scratch, &value, err)
                     : value_from_slot(field, reflect_at(msg, field, 0), scratch, &value, err);
        if (!rc && json_object_set_new(object, field->name, value))
            rc = no_memory(err);
        if (rc) {
            json_decref(object);
            return rc;
        }
    }
    *ret_json = object;
    return CODE_OK;
}

int json_from_pb(const void *msg, json_t **ret_json, struct err *err) {
    const ProtobufCMessage *base = msg;
    struct arena scratch;
    arena_init(&scratch, 16 * MIB);
    int rc = object_from_msg(base, &scratch, ret_json, err);
    arena_release(&scratch);
    return rc ? err_wrap(err, rc, "%s", base->descriptor->short_name) : CODE_OK;
}

/* --- JSON to message --- */

struct reader {
    struct arena *arena;
    bool open; /* members that are not known are passed over */
    struct path path;
    struct err *err;
};

static int refuse(struct reader *r, const char *why) {
    return err_set(r->err, CODE_INVALID_ARGUMENT, "%s: %s", r->path.len ? r->path.text : "the value", why);
}

static int read_object(struct reader *r, const ProtobufCMessageDescriptor *desc, const json_t *json, unsigned depth,
                       ProtobufCMessage **ret_msg);

static int read_text(struct reader *r, const ProtobufCFieldDescriptor *field, const char *text, void *slot) {
    int rc = reflect_from_text(field, text, r->arena, slot, r->err);
    return rc ? err_wrap(r->err, rc, "%s", r->path.text) : CODE_OK;
}

static int read_number(struct reader *r, const ProtobufCFieldDescriptor *field, const json_t *json, void *slot) {
    if (json_is_string(json))
        return read_text(r, field, json_string_value(json), slot);
    if (!json_is_integer(json))
        return refuse(r, "must be a whole number, or its digits as a string");
    char *text = arena_printf(r->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    return text ? read_text(r, field, text, slot) : no_memory(r->err);
}

static int read_value(struct reader *r, const ProtobufCFieldDescriptor *field, const json_t *json, unsigned depth,
                      void *slot) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_object(r, field->descriptor, json, depth + 1, slot);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(json))
            return refuse(r, "must be true or false");
        *(protobuf_c_boolean *)slot = json_is_true(json);
        return CODE_OK;
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
        return json_is_string(json) ? read_text(r, field, json_string_value(json), slot)
                                    : refuse(r, "must be a string");
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_number(r, field, json, slot);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return refuse(r, "is of a type that JSON does not carry");
}

static int read_list(struct reader *r, const ProtobufCFieldDescriptor *field, const json_t *json, unsigned depth,
                     ProtobufCMessage *msg) {
    if (!json_is_array(json))
        return refuse(r, "must be a list");
    size_t count = json_array_size(json);
    if (count == 0)
        return CODE_OK;
    if (count > PB_REPEATED_MAX)
        return refuse(r, "has too many elements");
    void *slot = reflect_list(msg, field, count, r->arena);
    if (!slot)
        return no_memory(r->err);
    for (size_t i = 0; i < count; i++, slot = reflect_next(field, slot)) {
        size_t before = path_push_index(&r->path, i);
        int rc = read_value(r, field, json_array_get(json, i), depth, slot);
        path_pop(&r->path, before);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

static int read_member(struct reader *r, const ProtobufCMessageDescriptor *desc, const char *key, const json_t *json,
                       unsigned depth, ProtobufCMessage *msg) {
    const ProtobufCFieldDescriptor *field = reflect_field(desc, key);
    if (!field && r->open)
        return CODE_OK;
    if (!field)
        return err_set(r->err, CODE_INVALID_ARGUMENT, "%s: %s has no such field", r->path.text, desc->short_name);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_list(r, field, json, depth, msg);
    if (reflect_taken(msg, field))
        return refuse(r, "another choice of the same kind is already given");
    return read_value(r, field, json, depth, reflect_choose(msg, field));
}

static int read_object(struct reader *r, const ProtobufCMessageDescriptor *desc, const json_t *json, unsigned depth,
                       ProtobufCMessage **ret_msg) {
    if (depth > PB_DEPTH_MAX)
        return refuse(r, "is nested too deeply");
    if (!json_is_object(json))
        return refuse(r, "must be an object");
    ProtobufCMessage *msg = reflect_new(desc, r->arena);
    if (!msg)
        return no_memory(r->err);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value) {
        size_t before = path_push_name(&r->path, key);
        int rc = read_member(r, desc, key, value, depth, msg);
        path_pop(&r->path, before);
        if (rc)
            return rc;
    }
    *ret_msg = msg;
    return CODE_OK;
}

static int to_pb(const ProtobufCMessageDescriptor *desc, const json_t *json, bool open, struct arena *arena,
                 void *ret_msg, struct err *err) {
    struct reader r = {.arena = arena, .open = open, .err = err};
    struct arena_mark mark = arena_mark(arena);
    ProtobufCMessage *msg;
    int rc = read_object(&r, desc, json, 1, &msg);
    if (rc) {
        arena_rewind(arena, mark);
        return err_wrap(err, rc, "%s", desc->short_name);
    }
    memcpy(ret_msg, &msg, sizeof msg);
    return CODE_OK;
}

int json_to_pb(const ProtobufCMessageDescriptor *desc, const json_t *json, struct arena *arena, void *ret_msg,
               struct err *err) {
    return to_pb(desc, json, false, arena, ret_msg, err);
}

int json_to_pb_open(const ProtobufCMessageDescriptor *desc, const json_t *json, struct arena *arena, void *ret_msg,
                    struct err *err) {
    return to_pb(desc, json, true, arena, ret_msg, err);
}

/* --- text --- */

int json_parse(struct bytes text, json_t **ret_json, struct err *err) {
    json_error_t why;
    if (text.len > JSON_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "JSON of %zu bytes is over the limit of %zu", text.len, JSON_LEN_MAX);
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        return err_set(err, CODE_MALFORMED, "not JSON: line %d, column %d: %s", why.line, why.column, why.text);
    *ret_json = json;
    return CODE_OK;
}

int json_print_pb(const void *msg, bool indent, struct arena *arena, const char **ret_text, struct err *err) {
    json_t *json;
    int rc = json_from_pb(msg, &json, err);
    if (rc)
        return rc;
    char *text = json_dumps(json, (indent ? JSON_INDENT(2) : JSON_COMPACT) | JSON_PRESERVE_ORDER);
    json_decref(json);
    char *copy = text ? arena_printf(arena, "%s%s", text, indent ? "\n" : "") : NULL;
    free(text);
    if (!copy)
        return no_memory(err);
    *ret_text = copy;
    return CODE_OK;
}

static int read_pb(const ProtobufCMessageDescriptor *desc, struct bytes text, bool open, struct arena *arena,
                   void *ret_msg, struct err *err) {
    json_t *json;
    int rc = json_parse(text, &json, err);
    if (rc)
        return rc;
    rc = to_pb(desc, json, open, arena, ret_msg, err);
    json_decref(json);
    return rc;
}

int json_read_pb(const ProtobufCMessageDescriptor *desc, struct bytes text, struct arena *arena, void *ret_msg,
                 struct err *err) {
    return read_pb(desc, text, false, arena, ret_msg, err);
}

int json_read_pb_open(const ProtobufCMessageDescriptor *desc, struct bytes text, struct arena *arena, void *ret_msg,
                      struct err *err) {
    return read_pb(desc, text, true, arena, ret_msg, err);
}
