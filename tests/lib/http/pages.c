/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/http/pages.h"

#include "tests/lib/http/gate.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <unistd.h>

uint8_t page_byte(uint64_t at) {
    return (uint8_t)(at * 31 + at / 251);
}

static int get_hello(void *ctx, struct http_request *r, struct err *err) {
    assert_string_equal((const char *)ctx, "ctx");
    return http_reply(r, 200, "text/plain", bytes_str(http_param(r, "name")), err);
}

static int get_rest(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    char *text = arena_printf(http_arena(r), "%s|%s|%s", http_param(r, "bucket"), http_param(r, "key"),
                              http_query(r, "q") ? http_query(r, "q") : "-");
    return http_reply(r, 200, "text/plain", bytes_str(text), err);
}

static int put_sum(void *ctx, struct http_request *r, struct err *err) {
    uint8_t part[70000];
    uint64_t at = 0;
    size_t n;
    (void)ctx;
    do {
        int rc = http_body_read(r, part, sizeof part, &n, err);
        if (rc)
            return rc;
        for (size_t i = 0; i < n; i++)
            if (part[i] != page_byte(at + i))
                return err_set(err, CODE_INTEGRITY, "wrong byte at %llu", (unsigned long long)(at + i));
        at += n;
    } while (n);
    char *text = arena_printf(http_arena(r), "%llu", (unsigned long long)at);
    return http_reply(r, 201, "text/plain", bytes_str(text), err);
}

static int put_all(void *ctx, struct http_request *r, struct err *err) {
    struct bytes body;
    (void)ctx;
    int rc = http_body_all(r, 1000, &body, err);
    return rc ? rc : http_reply(r, 200, NULL, body, err);
}

/* Reads a little, then fails. */
static int put_fail(void *ctx, struct http_request *r, struct err *err) {
    uint8_t part[1000];
    (void)ctx;
    int rc = http_body_read_full(r, part, sizeof part, err);
    return rc ? rc : err_set(err, CODE_QUOTA, "no room for \"this\"");
}

static int put_refused(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx, (void)r;
    return err_set(err, CODE_DENIED, "not you");
}

static int get_big(void *ctx, struct http_request *r, struct err *err) {
    uint64_t total, offset, len;
    bool partial;
    uint8_t part[50000];
    (void)ctx;
    int rc = http_query_u64(r, "len", 0, 0, UINT64_MAX, &total, err);
    rc = rc ? rc : http_range(r, total, &partial, &offset, &len, err);
    rc = rc ? rc
            : http_reply_start(r, partial ? 206 : 200, "application/octet-stream",
                               http_query(r, "chunked") ? HTTP_LENGTH_UNKNOWN : len, err);
    uint64_t stop = http_query(r, "cut") ? len / 2 : len;
    for (uint64_t at = 0, n; !rc && at < stop; at += n) {
        n = stop - at < sizeof part ? stop - at : sizeof part;
        for (size_t i = 0; i < n; i++)
            part[i] = page_byte(offset + at + i);
        rc = http_write(r, part, n, err);
    }
    return rc;
}

static int get_file(void *ctx, struct http_request *r, struct err *err) {
    int fd = open((const char *)ctx ? test_path("file") : "", O_RDONLY | O_CLOEXEC);
    return http_reply_file(r, 200, "application/octet-stream", fd, 100, 1000, err);
}

static int get_nothing(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx, (void)r, (void)err;
    return CODE_OK;
}

/* Writes until somebody stops it. */
static int get_events(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    int rc = http_reply_start(r, 200, "text/event-stream", HTTP_LENGTH_UNKNOWN, err);
    for (uint64_t i = 1; !rc; i++)
        rc = http_write_event(r, i, "tick", "one\ntwo", err);
    gate_note(rc);
    return rc;
}

static int get_long(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    return http_reply_json(r, 200, "{}", 2, err);
}

static int get_wait(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx, (void)gate_pass(NULL);
    return http_reply_json(r, 200, "{}", 2, err);
}

static int authorise(void *ctx, enum http_auth auth, struct http_request *r, struct err *err) {
    (void)ctx;
    const char *key = http_header(r, "authorization");
    if (auth == HTTP_AUTH_SIGNED && key && !strcmp(key, "good")) {
        http_set_user(r, (void *)(uintptr_t) "me");
        return CODE_OK;
    }
    return err_set(err, CODE_UNAUTHENTICATED, "sign it");
}

static int get_me(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    return http_reply(r, 200, NULL, bytes_str((const char *)http_user(r)), err);
}

static const struct http_route routes[] = {
    {"GET", "/hello/{name}", HTTP_AUTH_PUBLIC, .handler = get_hello},
    {"GET", "/v1/file", HTTP_AUTH_PUBLIC, .handler = get_file},
    {"GET", "/v1/nothing", HTTP_AUTH_PUBLIC, .handler = get_nothing},
    {"GET", "/v1/big", HTTP_AUTH_PUBLIC, .handler = get_big},
    {"PUT", "/v1/sum", HTTP_AUTH_PUBLIC, .body_max = 1ull << 30, .handler = put_sum},
    {"PUT", "/v1/small", HTTP_AUTH_PUBLIC, .body_max = 100000, .handler = put_sum},
    {"POST", "/v1/all", HTTP_AUTH_PUBLIC, .body_max = 1 << 20, .handler = put_all},
    {"PUT", "/v1/fail", HTTP_AUTH_PUBLIC, .body_max = 1ull << 30, .handler = put_fail},
    {"PUT", "/v1/refused", HTTP_AUTH_PUBLIC, .body_max = 1ull << 30, .handler = put_refused},
    {"GET", "/v1/events", HTTP_AUTH_PUBLIC, .long_lived = true, .endless = true, .handler = get_events},
    {"GET", "/v1/long", HTTP_AUTH_PUBLIC, .long_lived = true, .handler = get_long},
    {"GET", "/v1/wait", HTTP_AUTH_PUBLIC, .handler = get_wait},
    {"GET", "/v1/slow-body", HTTP_AUTH_PUBLIC, .handler = get_wait},
    {"PUT", "/v1/deadline", HTTP_AUTH_PUBLIC, .body_max = 1000, .deadline_ms = 50, .handler = put_sum},
    {"GET", "/v1/me", HTTP_AUTH_SIGNED, .handler = get_me},
    {"GET", "/v1/operator", HTTP_AUTH_OPERATOR, .handler = get_me},
    {"GET", "/{bucket}/{key*}", HTTP_AUTH_PUBLIC, .handler = get_rest},
};

int page_give(void *ctx, void *ret_data, size_t cap, size_t *ret_len, struct err *err) {
    struct page_source *s = (struct page_source *)ctx;
    (void)err;
    uint64_t n = s->len - s->at < cap ? s->len - s->at : cap;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)ret_data)[i] = page_byte(s->at + i);
    s->at += n;
    *ret_len = n;
    return CODE_OK;
}

int page_take(void *ctx, int status, struct bytes data, struct err *err) {
    struct page_check *k = (struct page_check *)ctx;
    (void)status;
    for (size_t i = 0; i < data.len; i++)
        k->wrong += data.data[i] != page_byte(k->offset + k->at + i);
    k->at += data.len;
    return k->stop_at && k->at >= k->stop_at ? err_set(err, CODE_DONE_ALREADY, "enough") : CODE_OK;
}

void pages_start(const struct http_server_config *cfg) {
    struct http_server_config c = *cfg;
    c.authorise = authorise;
    gate_init();
    web_start(&c, routes, sizeof routes / sizeof *routes, (void *)(uintptr_t) "ctx");
}

void pages_stop(void) {
    gate_let_go();
    web_stop();
}
