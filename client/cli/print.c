/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/json.h"
#include "client/cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NAME_MAX_PRINTED = 256, COLUMNS_MAX = 12, DEPTH_MAX = 16 };

void cli_note(const struct cli *cli, const char *fmt, ...) {
    if (cli->quiet)
        return;
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* A scalar as a person reads it. Control characters are shown escaped, so that a name cannot play with the terminal. */
static void put_scalar(FILE *to, const json_t *value) {
    if (json_is_string(value)) {
        for (const unsigned char *p = (const unsigned char *)json_string_value(value); *p; p++)
            if (*p < 0x20 || *p == 0x7f)
                fprintf(to, "\\x%02x", *p);
            else
                fputc(*p, to);
    } else if (json_is_integer(value)) {
        fprintf(to, "%lld", (long long)json_integer_value(value));
    } else if (json_is_true(value)) {
        fputs("yes", to);
    } else if (json_is_false(value)) {
        fputs("no", to);
    } else {
        fputs("-", to);
    }
}

/* The name of {"key": name, "value": ...}; NULL for anything else. */
static const char *attribute_name(const json_t *value) {
    return json_object_size(value) == 2 && json_object_get(value, "value")
               ? json_string_value(json_object_get(value, "key"))
               : NULL;
}

/* An event on one line: its type, then name=value. False when the value is not an event. */
static bool put_event(const char *prefix, const json_t *value) {
    const json_t *type = json_object_get(value, "type"), *attributes = json_object_get(value, "attributes");
    json_t *attribute;
    size_t i;
    if (json_object_size(value) != 2 || !json_is_string(type) || !json_is_array(attributes))
        return false;
    printf("%-28s ", prefix);
    put_scalar(stdout, type);
    json_array_foreach((json_t *)(uintptr_t)attributes, i, attribute) {
        putchar(' ');
        put_scalar(stdout, json_object_get(attribute, "key"));
        putchar('=');
        put_scalar(stdout, json_object_get(attribute, "value"));
    }
    putchar('\n');
    return true;
}

static void put_lines(const char *prefix, const json_t *value, unsigned depth) {
    char name[NAME_MAX_PRINTED];
    const char *key;
    json_t *member;
    size_t i;
    if (depth == DEPTH_MAX)
        return;
    if (put_event(prefix, value))
        return;
    if (json_is_object(value)) {
        void *at;
        for (at = json_object_iter((json_t *)(uintptr_t)value); at;
             at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
            key = json_object_iter_key(at);
            member = json_object_iter_value(at);
            snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
            put_lines(name, member, depth + 1);
        }
    } else if (json_is_array(value)) {
        json_array_foreach((json_t *)(uintptr_t)value, i, member) {
            const char *attribute = attribute_name(member);
            if (attribute) {
                snprintf(name, sizeof name, "%s.%s", prefix, attribute);
                member = json_object_get(member, "value");
            } else {
                snprintf(name, sizeof name, "%s[%zu]", prefix, i);
            }
            put_lines(name, member, depth + 1);
        }
    } else {
        printf("%-28s ", prefix);
        put_scalar(stdout, value);
        putchar('\n');
    }
}

static int put_json(const json_t *value, struct err *err) {
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
    if (!text)
        return err_set(err, CODE_NO_MEMORY, "no memory to print the result");
    puts(text);
    free(text);
    return CODE_OK;
}

int cli_print(struct cli *cli, json_t *value, struct err *err) {
    int rc = CODE_OK;
    if (!value)
        return err_set(err, CODE_NO_MEMORY, "no memory to print the result");
    if (cli->json)
        rc = put_json(value, err);
    else if (json_is_object(value) || json_is_array(value))
        put_lines("", value, 0);
    else {
        put_scalar(stdout, value);
        putchar('\n');
    }
    json_decref(value);
    return rc;
}

int cli_print_pb(struct cli *cli, const void *msg, struct err *err) {
    json_t *value = NULL;
    int rc = json_from_pb(msg, &value, err);
    return rc ? rc : cli_print(cli, value, err);
}

/* How many characters a scalar takes when it is printed: UTF-8 counts one a character. */
static size_t scalar_width(const json_t *value) {
    char text[32];
    if (!json_is_string(value))
        return (size_t)(json_is_integer(value)
                            ? snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value))
                        : json_is_true(value) ? 3
                                              : 2);
    size_t width = 0;
    for (const unsigned char *p = (const unsigned char *)json_string_value(value); *p; p++)
        width += (*p & 0xc0) != 0x80 ? (*p < 0x20 || *p == 0x7f ? 4 : 1) : 0;
    return width;
}

int cli_print_table(struct cli *cli, json_t *rows, const char *const *columns, struct err *err) {
    size_t width[COLUMNS_MAX] = {0}, n = 0, i, c;
    json_t *row;
    if (!rows)
        return err_set(err, CODE_NO_MEMORY, "no memory to print the result");
    if (cli->json) {
        int rc = put_json(rows, err);
        json_decref(rows);
        return rc;
    }
    for (; n < COLUMNS_MAX && columns[n]; n++)
        width[n] = strlen(columns[n]);
    json_array_foreach(rows, i, row) for (c = 0; c < n; c++) {
        size_t w = scalar_width(json_object_get(row, columns[c]));
        width[c] = w > width[c] ? w : width[c];
    }
    bool heading = json_array_size(rows) && isatty(STDOUT_FILENO);
    for (c = 0; heading && c < n; c++)
        printf("%-*s%s", (int)width[c], columns[c], c + 1 < n ? "  " : "\n");
    json_array_foreach(rows, i, row) for (c = 0; c < n; c++) {
        const json_t *value = json_object_get(row, columns[c]);
        put_scalar(stdout, value);
        if (c + 1 < n)
            printf("%*s", (int)(width[c] - scalar_width(value) + 2), "");
        else
            putchar('\n');
    }
    json_decref(rows);
    return CODE_OK;
}

int cli_print_rows(struct cli *cli, int rc, json_t *rows, const char *const *columns, struct err *err) {
    if (!rc)
        return cli_print_table(cli, rows, columns, err);
    json_decref(rows);
    return rc;
}

const char *cli_u64(struct cli *cli, uint64_t value) {
    const char *text = arena_printf(&cli->arena, "%llu", (unsigned long long)value);
    return text ? text : "";
}

json_t *cli_tx_json(const TxStatus *status) {
    json_t *value = NULL;
    TxStatus shown = *status;
    shown.body = NULL; /* what was sent is known */
    return json_from_pb(&shown, &value, NULL) ? NULL : value;
}
