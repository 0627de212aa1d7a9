/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/config/config.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

#include "chain/base/code.h"
#include "chain/base/limits.h"
#include "chain/codec/reflect.h"
#include "chain/config/check.h"
#include "chain/os/file.h"

/* Elements that one list in a config may have. */
#define CONFIG_LIST_MAX 1024

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at */
    bool has_event;
    const char *name;
    struct arena *arena;
    struct path path;
    struct err *err;
};

/* An error at the present event. */
static int refuse(struct reader *r, const char *why) {
    return err_set(r->err, CODE_CONFIG, "%s: line %zu: %s%s%s", r->name, r->event.start_mark.line + 1, r->path.text,
                   r->path.len ? ": " : "", why);
}

static int no_memory(struct reader *r) {
    return err_set(r->err, CODE_NO_MEMORY, "%s: the memory for this configuration is used up", r->name);
}

static int next(struct reader *r) {
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = false;
    if (!yaml_parser_parse(&r->parser, &r->event))
        return err_set(r->err, CODE_CONFIG, "%s: line %zu: not YAML: %s", r->name, r->parser.problem_mark.line + 1,
                       r->parser.problem ? r->parser.problem : "unreadable");
    r->has_event = true;
    if (r->event.type == YAML_ALIAS_EVENT)
        return refuse(r, "aliases (*name) are not used in configurations; write the value out");
    return CODE_OK;
}

static const char *scalar(const struct reader *r) {
    return (const char *)r->event.data.scalar.value;
}

/* A scalar without NUL, which libyaml lets pass as an escape. */
static int want_scalar(struct reader *r, const char *why) {
    if (r->event.type != YAML_SCALAR_EVENT)
        return refuse(r, why);
    if (strlen(scalar(r)) != r->event.data.scalar.length)
        return refuse(r, "holds a NUL character");
    return CODE_OK;
}

static int read_mapping(struct reader *r, const ProtobufCMessageDescriptor *desc, unsigned depth,
                        ProtobufCMessage **ret_msg);

static int read_scalar(struct reader *r, const ProtobufCFieldDescriptor *field, void *slot) {
    struct err why;
    err_clear(&why);
    int rc = want_scalar(r, "a single value is needed here");
    if (rc)
        return rc;
    bool text = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES;
    if (!text && *scalar(r) == 0)
        return refuse(r, "the value is missing");
    rc = reflect_from_text(field, scalar(r), r->arena, slot, &why);
    if (rc == CODE_OK)
        rc = config_check_value(field, scalar(r), &why);
    return rc ? refuse(r, err_text(&why)) : CODE_OK;
}

static int read_value(struct reader *r, const ProtobufCFieldDescriptor *field, unsigned depth, void *slot) {
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return read_mapping(r, field->descriptor, depth + 1, slot);
    return read_scalar(r, field, slot);
}

/* Elements are gathered in a block as large as the cap and then moved, since their number is not known before. */
static int read_list(struct reader *r, const ProtobufCFieldDescriptor *field, unsigned depth, ProtobufCMessage *msg) {
    if (r->event.type != YAML_SEQUENCE_START_EVENT)
        return refuse(r, "a list is needed here");
    size_t count = 0, size = reflect_size(field);
    char *items = arena_array(r->arena, CONFIG_LIST_MAX, size);
    if (!items)
        return no_memory(r);
    for (;; count++) {
        int rc = next(r);
        if (rc)
            return rc;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (count == CONFIG_LIST_MAX)
            return refuse(r, "the list is too long");
        size_t before = path_push_index(&r->path, count);
        rc = read_value(r, field, depth, items + count * size);
        path_pop(&r->path, before);
        if (rc)
            return rc;
    }
    if (count == 0)
        return CODE_OK;
    void *first = reflect_list(msg, field, count, r->arena);
    if (!first)
        return no_memory(r);
    memcpy(first, items, count * size);
    return CODE_OK;
}

/* One "key: value". `seen` tells by field which keys there were. */
static int read_entry(struct reader *r, const ProtobufCMessageDescriptor *desc, unsigned depth, ProtobufCMessage *msg,
                      bool *seen) {
    int rc = want_scalar(r, "a key must be a plain word");
    if (rc)
        return rc;
    const ProtobufCFieldDescriptor *field = reflect_field(desc, scalar(r));
    if (!field)
        return err_set(r->err, CODE_CONFIG, "%s: line %zu: %s%sunknown key \"%.60s\"", r->name,
                       r->event.start_mark.line + 1, r->path.text, r->path.len ? ": " : "", scalar(r));
    size_t before = path_push_name(&r->path, field->name);
    if (seen[field - desc->fields])
        rc = refuse(r, "the key is given twice");
    else if (reflect_taken(msg, field))
        rc = refuse(r, "another choice of the same kind is already given");
    seen[field - desc->fields] = true;
    if (!rc)
        rc = next(r);
    if (!rc)
        rc = field->label == PROTOBUF_C_LABEL_REPEATED ? read_list(r, field, depth, msg)
                                                       : read_value(r, field, depth, reflect_choose(msg, field));
    path_pop(&r->path, before);
    return rc;
}

static int read_mapping(struct reader *r, const ProtobufCMessageDescriptor *desc, unsigned depth,
                        ProtobufCMessage **ret_msg) {
    if (depth > PB_DEPTH_MAX)
        return refuse(r, "nested too deeply");
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return refuse(r, "keys with values (key: value) are needed here");
    ProtobufCMessage *msg = reflect_new(desc, r->arena);
    bool *seen = arena_array(r->arena, desc->n_fields + 1, sizeof *seen);
    if (!msg || !seen)
        return no_memory(r);
    for (;;) {
        int rc = next(r);
        if (!rc && r->event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!rc)
            rc = read_entry(r, desc, depth, msg, seen);
        if (rc)
            return rc;
    }
    *ret_msg = msg;
    return CODE_OK;
}

/* True where a document holds nothing: an empty file, or only comments. */
static bool nothing_here(const struct reader *r) {
    return r->event.type == YAML_STREAM_END_EVENT ||
           (r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0);
}

static int read_document(struct reader *r, const ProtobufCMessageDescriptor *desc, ProtobufCMessage **ret_msg) {
    int rc;
    do {
        rc = next(r);
        if (rc)
            return rc;
    } while (r->event.type == YAML_STREAM_START_EVENT || r->event.type == YAML_DOCUMENT_START_EVENT);
    if (nothing_here(r)) {
        *ret_msg = reflect_new(desc, r->arena);
        return *ret_msg ? CODE_OK : no_memory(r);
    }
    rc = read_mapping(r, desc, 1, ret_msg);
    if (rc)
        return rc;
    do {
        rc = next(r);
        if (rc)
            return rc;
    } while (r->event.type == YAML_DOCUMENT_END_EVENT);
    return r->event.type == YAML_STREAM_END_EVENT ? CODE_OK : refuse(r, "only one document is read");
}

int config_parse(const ProtobufCMessageDescriptor *desc, const char *name, struct bytes text, struct arena *arena,
                 void *ret_msg, struct err *err) {
    struct reader r = {.name = name, .arena = arena, .err = err};
    if (text.len > CONFIG_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "%s: %zu bytes are over the limit of %zu for a configuration", name,
                       text.len, CONFIG_LEN_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return no_memory(&r);
    static const uint8_t nothing[1];
    yaml_parser_set_input_string(&r.parser, text.len ? text.data : nothing, text.len);
    struct arena_mark mark = arena_mark(arena);
    ProtobufCMessage *msg = NULL;
    int rc = read_document(&r, desc, &msg);
    if (r.has_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (rc) {
        arena_rewind(arena, mark);
        return rc;
    }
    memcpy(ret_msg, &msg, sizeof msg);
    return CODE_OK;
}

int config_load(const ProtobufCMessageDescriptor *desc, const char *path, struct arena *arena, void *ret_msg,
                struct err *err) {
    struct buf text;
    buf_init(&text, CONFIG_LEN_MAX);
    int rc = file_read(path, &text, err);
    if (!rc)
        rc = config_parse(desc, path, buf_bytes(&text), arena, ret_msg, err);
    buf_release(&text);
    return rc;
}
