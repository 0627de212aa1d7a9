/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of events: one JSON object a line, EventNote or {"height": ..., "ledger_time": ...} when a block is
 * complete. */
#include "chain/codec/json.h"
#include "client/lib/ledger_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 1 << 20 };

struct following {
    const struct ledger_follow *follow;
    struct buf line; /* the unfinished one */
    struct arena arena;
};

static int take_height(struct following *f, const json_t *root, struct err *err) {
    const char *height = json_string_value(json_object_get(root, "height"));
    const char *time = json_string_value(json_object_get(root, "ledger_time"));
    if (!height)
        return err_set(err, CODE_MALFORMED, "the event stream holds a line that is neither an event nor a height");
    return f->follow->on_height(f->follow->ctx, strtoull(height, NULL, 10), time ? strtoull(time, NULL, 10) : 0, err);
}

static int take_line(struct following *f, struct bytes line, struct err *err) {
    json_t *root = NULL;
    EventNote *note;
    if (!line.len)
        return CODE_OK; /* a sign of life */
    int rc = json_parse(line, &root, err);
    if (rc)
        return rc;
    if (json_object_get(root, "event")) {
        arena_reset(&f->arena);
        rc = json_to_pb_open(&event_note__descriptor, root, &f->arena, &note, err);
        if (!rc && (!note->height || !note->event || !note->event->type[0]))
            rc = err_set(err, CODE_MALFORMED, "the event stream holds an event without its height or type");
        if (!rc)
            rc = f->follow->on_event(f->follow->ctx, note, err);
    } else {
        rc = take_height(f, root, err);
    }
    json_decref(root);
    return rc;
}

static int sink(void *ctx, int status, struct bytes data, struct err *err) {
    struct following *f = ctx;
    (void)status;
    while (data.len) {
        const uint8_t *end = memchr(data.data, '\n', data.len);
        size_t part = end ? (size_t)(end - data.data) : data.len;
        buf_put(&f->line, data.data, part);
        int rc = buf_check(&f->line, err);
        if (!rc && end) {
            rc = take_line(f, buf_bytes(&f->line), err);
            buf_clear(&f->line);
        }
        if (rc)
            return rc;
        part += end != NULL;
        data = bytes_of(data.data + part, data.len - part);
    }
    return CODE_OK;
}

int ledger_follow(struct ledger *l, const struct ledger_follow *follow, struct err *err) {
    char path[96];
    struct following f = {.follow = follow};
    buf_init(&f.line, LINE_MAX_BYTES);
    arena_init(&f.arena, 4 << 20);
    snprintf(path, sizeof path, "/v1/events?from_height=%llu", (unsigned long long)follow->from_height);
    struct http_call call = {.sink = sink,
                             .ctx = &f,
                             .deadline_ms = UINT64_MAX,
                             .idle_ms = 60000,
                             .body_max = UINT64_MAX,
                             .cancel = &l->cancelled};
    int rc = ledger_call(l, path, &call, err);
    if (!rc)
        rc = http_call_check(&call, err);
    if (!rc)
        rc = err_set(err, CODE_UNAVAILABLE, "the node ended the stream of events");
    http_call_release(&call);
    buf_release(&f.line);
    arena_release(&f.arena);
    return rc;
}
