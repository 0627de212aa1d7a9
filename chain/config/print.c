/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "chain/base/code.h"
#include "chain/base/limits.h"
#include "chain/codec/reflect.h"
#include "chain/config/config.h"

struct printer {
    struct buf out;
    struct arena *arena;
    struct err *err;
};

static void put_indent(struct printer *p, unsigned level) {
    for (unsigned i = 0; i < level; i++)
        buf_put_str(&p->out, "  ");
}

/* The code point at *at, which moves behind it. The text is valid UTF-8. */
static uint32_t next_point(const char **at) {
    const unsigned char *s = (const unsigned char *)*at;
    unsigned more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
    uint32_t point = more == 0 ? s[0] : s[0] & (0x3fu >> more);
    for (unsigned i = 1; i <= more; i++)
        point = point << 6 | (s[i] & 0x3f);
    *at += more + 1;
    return point;
}

/* What YAML does not let stand in a text, or would take for a line's end. */
static bool must_escape(uint32_t point) {
    return point < 0x20 || point == '"' || point == '\\' || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
           point == 0x2029 || point == 0xfeff || point == 0xfffe || point == 0xffff;
}

static void put_quoted(struct printer *p, const char *text) {
    buf_put_u8(&p->out, '"');
    while (*text) {
        const char *start = text;
        uint32_t point = next_point(&text);
        if (must_escape(point))
            buf_printf(&p->out, "\\u%04x", point);
        else
            buf_put(&p->out, start, (size_t)(text - start));
    }
    buf_put_u8(&p->out, '"');
}

static int put_message(struct printer *p, const ProtobufCMessage *msg, unsigned level, bool in_list);

/* What stands behind "key:" or "-". */
static int put_value(struct printer *p, const ProtobufCFieldDescriptor *field, const void *slot, unsigned level,
                     bool in_list) {
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (!in_list)
            buf_put_str(&p->out, "\n");
        return put_message(p, *(ProtobufCMessage *const *)slot, level + 1, in_list);
    }
    const char *text;
    int rc = reflect_to_text(field, slot, p->arena, &text, p->err);
    if (rc)
        return rc;
    buf_put_str(&p->out, " ");
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES)
        put_quoted(p, text);
    else
        buf_put_str(&p->out, text);
    buf_put_str(&p->out, "\n");
    return CODE_OK;
}

static int put_list(struct printer *p, const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field,
                    unsigned level) {
    size_t count = reflect_count(msg, field);
    buf_put_str(&p->out, count ? "\n" : " []\n");
    for (size_t i = 0; i < count; i++) {
        put_indent(p, level + 1);
        buf_put_str(&p->out, "-");
        int rc = put_value(p, field, reflect_at(msg, field, i), level + 1, true);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

/* In a list the first key stands on the dash's own line. */
static int put_message(struct printer *p, const ProtobufCMessage *msg, unsigned level, bool in_list) {
    const ProtobufCMessageDescriptor *desc = msg->descriptor;
    for (unsigned i = 0; i < desc->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &desc->fields[i];
        if (!reflect_present(msg, field))
            continue;
        if (in_list)
            buf_put_str(&p->out, " ");
        else
            put_indent(p, level);
        in_list = false;
        buf_printf(&p->out, "%s:", field->name);
        int rc = field->label == PROTOBUF_C_LABEL_REPEATED
                     ? put_list(p, msg, field, level)
                     : put_value(p, field, reflect_at(msg, field, 0), level, false);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

int config_print(const void *msg, struct arena *arena, const char **ret_text, struct err *err) {
    struct printer p = {.arena = arena, .err = err};
    buf_init(&p.out, CONFIG_LEN_MAX);
    int rc = put_message(&p, msg, 0, false);
    if (!rc)
        rc = buf_check(&p.out, err);
    char *text = rc ? NULL : arena_strndup(arena, (const char *)p.out.data, p.out.len);
    buf_release(&p.out);
    if (rc)
        return rc;
    if (!text)
        return err_set(err, CODE_NO_MEMORY, "the memory for this configuration is used up");
    *ret_text = text;
    return CODE_OK;
}
