/* SPDX-License-Identifier: Apache-2.0 */
/* Server and client over loopback; raw sockets for what a good client would never send. */
#include "chain/base/limits.h"
#include "chain/http/client.h"
#include "chain/http/server.h"
#include "chain/metrics/metrics.h"
#include "chain/os/clock.h"
#include "chain/os/thread.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct http_server *server;
static struct http_client *client;
static struct metrics *metrics;

/* --- handlers
 * ------------------------------------------------------------------------------------------------------------- */
static struct {
    struct mutex lock;
    struct cond changed;
    int entered; /* handlers that wait */
    bool let_go; /* they may go on */
    int last_rc; /* what the endless writer got */
} gate;

static uint8_t pattern(uint64_t at) {
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
            if (part[i] != pattern(at + i))
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
            part[i] = pattern(offset + at + i);
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
    mutex_lock(&gate.lock);
    gate.last_rc = rc;
    cond_broadcast(&gate.changed);
    mutex_unlock(&gate.lock);
    return rc;
}

static int get_long(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    return http_reply_json(r, 200, "{}", 2, err);
}

static int get_wait(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    mutex_lock(&gate.lock);
    gate.entered++;
    cond_broadcast(&gate.changed);
    while (!gate.let_go)
        cond_wait(&gate.changed, &gate.lock);
    mutex_unlock(&gate.lock);
    return http_reply_json(r, 200, "{}", 2, err);
}

static int who(void *ctx, enum http_auth auth, struct http_request *r, struct err *err) {
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

static char *url(const char *path) {
    static char urls[8][1024];
    static unsigned next;
    char *u = urls[next++ % 8];
    (void)snprintf(u, sizeof *urls, "http://127.0.0.1:%u%s", http_server_port(server), path);
    return u;
}

static int setup_with(const struct http_server_config *cfg) {
    struct err err;
    gate.entered = 0;
    gate.let_go = false;
    gate.last_rc = -1;
    mutex_init(&gate.lock);
    cond_init(&gate.changed);
    metrics = metrics_new();
    struct http_server_config c = *cfg;
    c.metrics = metrics;
    c.authorise = who;
    assert_ok(http_server_new(&c, &server, &err), &err);
    assert_ok(http_server_add(server, routes, sizeof routes / sizeof *routes, (void *)(uintptr_t) "ctx", &err), &err);
    assert_ok(http_server_start(server, &err), &err);
    assert_ok(http_client_new(&(struct http_client_config){.allow_private = true}, &client, &err), &err);
    return 0;
}

static int setup(void **state) {
    (void)state;
    return setup_with(&(struct http_server_config){.workers = 4});
}

static void let_go(void) {
    mutex_lock(&gate.lock);
    gate.let_go = true;
    cond_broadcast(&gate.changed);
    mutex_unlock(&gate.lock);
}

static int teardown(void **state) {
    (void)state;
    let_go();
    http_client_close(client);
    http_server_free(server);
    http_client_free(client);
    metrics_free(metrics);
    return 0;
}

/* One call; the body as a C string (borrowed until the next). */
static int get(const char *path, const char **ret_body) {
    static struct http_call c;
    http_call_release(&c);
    c = (struct http_call){.url = url(path)};
    struct err err;
    err_clear(&err);
    assert_ok(http_call_run(client, &c, &err), &err);
    *ret_body = buf_cstr(&c.body);
    return c.status;
}

/* Sends text on a connection of its own and reads until the server closes it, or what it says next holds `until`. */
static const char *raw(const char *text, const char *until) {
    static char answer[65536];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(server))};
    size_t n = 0;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    for (answer[0] = 0; n < sizeof answer - 1 && !(until && strstr(answer, until));) {
        struct pollfd p = {fd, POLLIN, 0};
        assert_int_equal(poll(&p, 1, deadline_left_ms(deadline)), 1);
        ssize_t got = recv(fd, answer + n, sizeof answer - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        answer[n] = 0;
    }
    (void)close(fd);
    return answer;
}

static int raw_status(const char *text) {
    const char *a = raw(text, "\r\n\r\n");
    return strlen(a) > 12 ? (int)strtol(a + 9, NULL, 10) : -1;
}

/* --- tests
 * ---------------------------------------------------------------------------------------------------------------- */
static void route__params_and_precedence(void **state) {
    (void)state;
    const char *body;
    assert_int_equal(get("/hello/w%20%2F%C3%A9", &body), 200);
    assert_string_equal(body, "w /\xc3\xa9");
    assert_int_equal(get("/photos/a/b//c%2Fd?q=1%2B+", &body), 200);
    assert_string_equal(body, "photos|a/b//c/d|1++");
    assert_int_equal(get("/photos/", &body), 200);
    assert_string_equal(body, "photos||-");
    assert_int_equal(get("/hello/a/b", &body), 200); /* only the general one fits */
    assert_string_equal(body, "hello|a/b|-");
    assert_int_equal(get("/photos", &body), 404);
    assert_non_null(strstr(body, "\"name\":\"NOT_FOUND\""));
    assert_int_equal(get("/v1/sum", &body), 200); /* GET: the general one */
}

static void route__other_method_says_which(void **state) {
    (void)state;
    struct http_call c = {.method = "DELETE", .url = url("/v1/all")};
    char allow[64];
    struct err err;
    assert_ok(http_call_run(client, &c, &err), &err);
    assert_int_equal(c.status, 405);
    assert_true(http_call_header(&c, "allow", allow, sizeof allow));
    assert_string_equal(allow, "POST, GET");
    assert_code(http_call_check(&c, &err), CODE_METHOD);
    http_call_release(&c);
}

static void server__refuses_what_is_ambiguous(void **state) {
    (void)state;
    assert_int_equal(raw_status("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_int_equal(raw_status("GET /hello/a%00b HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(raw_status("GET /hello/a%zz HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(raw_status("GET /hello/a HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(raw_status("GET /hello/a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), 400);
    assert_int_equal(raw_status("POST /v1/all HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab"),
                     400);
    assert_int_equal(raw_status("POST /v1/all HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: "
                                "chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
                     400);
    assert_int_equal(raw_status("POST /v1/all HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab"), 400);
    assert_int_equal(raw_status("GET /a/b?q=1&q=2 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(raw_status("GET /a/b?q=%00 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(raw_status("POST /v1/all HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"), 501);
}

static void server__refuses_large_headers(void **state) {
    (void)state;
    static char text[60000];
    int n = snprintf(text, sizeof text, "GET /hello/a HTTP/1.1\r\nHost: x\r\nX-Big: ");
    memset(text + n, 'a', HTTP_HEADER_MAX);
    memcpy(text + n + HTTP_HEADER_MAX, "\r\n\r\n", 5);
    assert_int_equal(raw_status(text), 413);
    n = snprintf(text, sizeof text, "GET /");
    memset(text + n, 'a', HTTP_URI_MAX);
    memcpy(text + n + HTTP_URI_MAX, " HTTP/1.1\r\nHost: x\r\n\r\n", 23);
    assert_int_equal(raw_status(text), 400);
}

struct source {
    uint64_t at, len;
    struct mutex *hold; /* not NULL: nothing is given */
};

static int give(void *ctx, void *ret_data, size_t cap, size_t *ret_len, struct err *err) {
    struct source *s = (struct source *)ctx;
    (void)err;
    uint64_t n = s->len - s->at < cap ? s->len - s->at : cap;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)ret_data)[i] = pattern(s->at + i);
    s->at += n;
    *ret_len = n;
    return CODE_OK;
}

static void upload__streams_of_all_lengths(void **state) {
    (void)state;
    static const uint64_t lens[] = {0, 1, 1000, 65536, HTTP_STREAM_BUFFER, 3 * HTTP_STREAM_BUFFER + 17, 40 * MIB};
    for (size_t i = 0; i < 2 * sizeof lens / sizeof *lens; i++) {
        struct source s = {.len = lens[i / 2]};
        struct http_call c = {.method = "PUT",
                              .url = url("/v1/sum"),
                              .source = give,
                              .source_len = i % 2 ? s.len : UINT64_MAX,
                              .ctx = &s};
        struct err err;
        char want[32];
        assert_ok(http_call_run(client, &c, &err), &err);
        assert_ok(http_call_check(&c, &err), &err);
        (void)snprintf(want, sizeof want, "%llu", (unsigned long long)s.len);
        assert_int_equal(c.status, 201);
        assert_string_equal(buf_cstr(&c.body), want);
        assert_int_equal(c.sent, s.len);
        http_call_release(&c);
    }
}

static void upload__over_the_cap(void **state) {
    (void)state;
    struct err err;
    struct source s = {.len = 100001};
    struct http_call c = {.method = "PUT", .url = url("/v1/small"), .source = give, .source_len = s.len, .ctx = &s};
    assert_ok(http_call_run(client, &c, &err), &err);
    assert_int_equal(c.status, 413);
    assert_code(http_call_check(&c, &err), CODE_TOO_LARGE);
    http_call_release(&c);
    s.at = 0;
    c.source_len = UINT64_MAX; /* not announced */
    assert_ok(http_call_run(client, &c, &err), &err);
    assert_int_equal(c.status, 413);
    http_call_release(&c);
    static char big[1001];
    memset(big, 'x', sizeof big);
    struct http_call d = {.method = "POST", .url = url("/v1/all"), .body_out = {(const uint8_t *)big, 1001}};
    assert_ok(http_call_run(client, &d, &err), &err);
    assert_int_equal(d.status, 413);
    http_call_release(&d);
    d.body_out.len = 1000;
    assert_ok(http_call_run(client, &d, &err), &err);
    assert_int_equal(d.status, 200);
    assert_int_equal(d.body.len, 1000);
    http_call_release(&d);
    d.body_out.len = 0;
    assert_ok(http_call_run(client, &d, &err), &err);
    assert_int_equal(d.status, 200);
    http_call_release(&d);
}

static void upload__handler_fails_before_or_in_the_middle(void **state) {
    (void)state;
    static const char *const paths[] = {"/v1/fail", "/v1/refused"};
    static const uint64_t lens[] = {1000, 500000, 5 * MIB};
    for (size_t i = 0; i < 6; i++) {
        struct err err;
        struct source s = {.len = lens[i / 2]};
        struct http_call c = {
            .method = "PUT", .url = url(paths[i % 2]), .source = give, .source_len = s.len, .ctx = &s};
        assert_ok(http_call_run(client, &c, &err), &err);
        assert_code(http_call_check(&c, &err), i % 2 ? CODE_DENIED : CODE_QUOTA);
        assert_string_equal(err.msg, i % 2 ? "not you" : "no room for \"this\"");
        http_call_release(&c);
    }
    /* a very large one is cut: no answer, but no hang either */
    struct err err;
    struct source s = {.len = 200 * MIB};
    struct http_call c = {.method = "PUT", .url = url("/v1/fail"), .source = give, .source_len = s.len, .ctx = &s};
    int rc = http_call_run(client, &c, &err);
    assert_true(rc == CODE_UNAVAILABLE || (rc == CODE_OK && c.status == 429));
    assert_true(s.at < s.len);
    http_call_release(&c);
}

static void upload__client_vanishes(void **state) {
    (void)state;
    const char *body;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(server))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 12; i++) { /* more than there are workers */
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
        static const char text[] = "PUT /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc";
        assert_int_equal(send(fd, text, sizeof text - 1, MSG_NOSIGNAL), sizeof text - 1);
        (void)close(fd);
    }
    assert_int_equal(get("/hello/a", &body), 200);
}

static void upload__deadline(void **state) {
    (void)state;
    const char *a =
        raw("PUT /v1/deadline HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nConnection: close\r\n\r\n", NULL);
    (void)a; /* the connection ended: by its answer or by the drain of a body that never came */
    const char *body;
    assert_int_equal(get("/hello/a", &body), 200);
}

struct check {
    uint64_t at, offset;
    size_t wrong;
    uint64_t stop_at; /* 0: never */
};

static int take(void *ctx, int status, struct bytes data, struct err *err) {
    struct check *k = (struct check *)ctx;
    (void)status;
    for (size_t i = 0; i < data.len; i++)
        k->wrong += data.data[i] != pattern(k->offset + k->at + i);
    k->at += data.len;
    return k->stop_at && k->at >= k->stop_at ? err_set(err, CODE_DONE_ALREADY, "enough") : CODE_OK;
}

static void download__streams(void **state) {
    (void)state;
    static const char *const paths[] = {"/v1/big?len=0", "/v1/big?len=0&chunked", "/v1/big?len=1",
                                        "/v1/big?len=41943040", "/v1/big?len=41943040&chunked"};
    static const uint64_t lens[] = {0, 0, 1, 40 * MIB, 40 * MIB};
    for (size_t i = 0; i < 5; i++) {
        struct err err;
        struct check k = {.at = 0};
        struct http_call c = {.url = url(paths[i]), .sink = take, .ctx = &k, .body_max = 40 * MIB};
        assert_ok(http_call_run(client, &c, &err), &err);
        assert_int_equal(c.status, 200);
        assert_int_equal(k.at, lens[i]);
        assert_int_equal(k.wrong, 0);
        http_call_release(&c);
    }
}

static void download__ranges(void **state) {
    (void)state;
    static const struct {
        const char *range;
        int status;
        uint64_t offset, len;
        const char *content_range;
    } rows[] = {{"Range: bytes=0-0", 206, 0, 1, "bytes 0-0/10000"},
                {"Range: bytes=5000-", 206, 5000, 5000, "bytes 5000-9999/10000"},
                {"Range: bytes=-10", 206, 9990, 10, "bytes 9990-9999/10000"},
                {"Range: bytes=-20000", 206, 0, 10000, "bytes 0-9999/10000"},
                {"Range: bytes=9999-99999", 206, 9999, 1, "bytes 9999-9999/10000"},
                {"Range: bytes=10000-", 416, 0, 0, "bytes */10000"},
                {"Range: bytes=-0", 416, 0, 0, "bytes */10000"},
                {"Range: bytes=5-4", 200, 0, 10000, NULL},
                {"Range: bytes=0-1,3-4", 200, 0, 10000, NULL},
                {"Range: lines=0-1", 200, 0, 10000, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err;
        struct check k = {.offset = rows[i].offset};
        char value[64];
        struct http_call c = {.url = url("/v1/big?len=10000"), .headers = {rows[i].range}, .sink = take, .ctx = &k};
        assert_ok(http_call_run(client, &c, &err), &err);
        assert_int_equal(c.status, rows[i].status);
        assert_int_equal(k.at, rows[i].len);
        assert_int_equal(k.wrong, 0);
        assert_int_equal(http_call_header(&c, "content-range", value, sizeof value), rows[i].content_range != NULL);
        if (rows[i].content_range)
            assert_string_equal(value, rows[i].content_range);
        http_call_release(&c);
    }
}

static void download__cut_is_never_taken_for_the_whole(void **state) {
    (void)state;
    static const char *const paths[] = {"/v1/big?len=100000&cut", "/v1/big?len=10000000&cut"};
    for (size_t i = 0; i < 2; i++) {
        struct http_call c = {.url = url(paths[i]), .body_max = 20 * MIB};
        assert_code(http_call_run(client, &c, NULL), CODE_UNAVAILABLE);
        http_call_release(&c);
    }
}

static void download__head_file_and_caps(void **state) {
    (void)state;
    struct err err;
    char value[64];
    struct http_call c = {.method = "HEAD", .url = url("/v1/big?len=41943040")};
    assert_ok(http_call_run(client, &c, &err), &err);
    assert_int_equal(c.status, 200);
    assert_true(http_call_header(&c, "content-length", value, sizeof value));
    assert_string_equal(value, "41943040");
    assert_int_equal(c.body.len, 0);
    http_call_release(&c);

    c = (struct http_call){.url = url("/v1/big?len=1001"), .body_max = 1000};
    assert_code(http_call_run(client, &c, &err), CODE_TOO_LARGE);
    http_call_release(&c);

    FILE *f = fopen(test_path("file"), "w");
    for (int i = 0; i < 2000; i++)
        (void)fputc(i / 100, f);
    (void)fclose(f);
    c = (struct http_call){.url = url("/v1/file")};
    assert_ok(http_call_run(client, &c, &err), &err);
    assert_int_equal(c.body.len, 1000);
    assert_int_equal(c.body.data[0], 1);
    assert_int_equal(c.body.data[999], 10);
    http_call_release(&c);

    const char *body;
    assert_int_equal(get("/v1/nothing", &body), 500);
    assert_non_null(strstr(body, "INTERNAL"));
}

static void auth__deny_by_default(void **state) {
    (void)state;
    const char *body;
    struct err err;
    assert_int_equal(get("/v1/me", &body), 401);
    assert_int_equal(get("/v1/operator", &body), 401);
    struct http_call c = {.url = url("/v1/me"), .headers = {"Authorization: good"}};
    assert_ok(http_call_run(client, &c, &err), &err);
    assert_int_equal(c.status, 200);
    assert_string_equal(buf_cstr(&c.body), "me");
    http_call_release(&c);

    struct http_server *s;
    struct http_route bad = {"GET", "/x", HTTP_AUTH_UNSET, .handler = get_me};
    struct http_route twice[] = {{"GET", "/{a}", HTTP_AUTH_PUBLIC, .handler = get_me},
                                 {"GET", "/{b}", HTTP_AUTH_PUBLIC, .handler = get_me}};
    assert_ok(http_server_new(&(struct http_server_config){.port = 0}, &s, &err), &err);
    assert_code(http_server_add(s, &bad, 1, NULL, &err), CODE_INVALID_ARGUMENT);
    assert_code(http_server_add(s, twice, 2, NULL, &err), CODE_INVALID_ARGUMENT);
    bad = (struct http_route){"GET", "/{a*}/x", HTTP_AUTH_PUBLIC, .handler = get_me};
    assert_code(http_server_add(s, &bad, 1, NULL, &err), CODE_INVALID_ARGUMENT);
    http_server_free(s);
}

static void start__port_taken(void **state) {
    (void)state;
    struct err err;
    struct http_server *s;
    assert_ok(http_server_new(&(struct http_server_config){.port = http_server_port(server)}, &s, &err), &err);
    assert_code(http_server_start(s, &err), CODE_BUSY);
    assert_non_null(strstr(err.msg, "taken"));
    http_server_free(s);
}

static int take_some(void *ctx, int status, struct bytes data, struct err *err) {
    struct buf *b = (struct buf *)ctx;
    (void)status;
    buf_put_bytes(b, data);
    return b->len > 200 ? err_set(err, CODE_DONE_ALREADY, "enough") : CODE_OK;
}

static void events__endless_until_the_client_leaves(void **state) {
    (void)state;
    struct err err;
    struct buf b;
    buf_init(&b, 10 * MIB);
    struct http_call c = {
        .url = url("/v1/events"), .sink = take_some, .ctx = &b, .deadline_ms = UINT64_MAX, .body_max = UINT64_MAX};
    assert_code(http_call_run(client, &c, &err), CODE_DONE_ALREADY);
    const char want[] = "id: 1\nevent: tick\ndata: one\ndata: two\n\nid: 2\n";
    assert_memory_equal(b.data, want, sizeof want - 1);
    http_call_release(&c);
    buf_release(&b);
    mutex_lock(&gate.lock);
    while (gate.last_rc == -1)
        assert_true(cond_wait_until(&gate.changed, &gate.lock, deadline_in_ms(TEST_DEADLINE_MS)));
    mutex_unlock(&gate.lock);
    assert_code(gate.last_rc, CODE_CLOSED);
}

static void wait_entered(int n) {
    mutex_lock(&gate.lock);
    while (gate.entered < n)
        assert_true(cond_wait_until(&gate.changed, &gate.lock, deadline_in_ms(TEST_DEADLINE_MS)));
    mutex_unlock(&gate.lock);
}

static void call_wait(void *arg) {
    struct http_call *c = (struct http_call *)arg;
    (void)http_call_run(client, c, NULL);
}

static int setup_busy(void **state) {
    (void)state;
    return setup_with(&(struct http_server_config){.workers = 1, .waiting_max = 1});
}

static void server__busy_when_all_wait(void **state) {
    (void)state;
    struct http_call c[2] = {{.url = url("/v1/wait")}, {.url = url("/v1/wait")}};
    struct thread t[2];
    struct err err;
    char value[8];
    assert_ok(thread_start(&t[0], "first", call_wait, &c[0], &err), &err);
    wait_entered(1);
    assert_ok(thread_start(&t[1], "second", call_wait, &c[1], &err), &err);
    /* the second waits in the queue; once it does, a third is turned away */
    struct http_call third = {.url = url("/hello/a")};
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    while (metric_value(metrics_gauge(metrics, "cairn_http_in_flight", "", NULL)) < 2 && clock_mono_ns() < deadline)
        (void)poll(NULL, 0, 1);
    assert_ok(http_call_run(client, &third, &err), &err);
    assert_code(http_call_check(&third, &err), CODE_BUSY);
    assert_true(http_call_header(&third, "retry-after", value, sizeof value));
    http_call_release(&third);
    let_go();
    for (size_t i = 0; i < 2; i++) {
        thread_join(&t[i]);
        assert_int_equal(c[i].status, 200);
        http_call_release(&c[i]);
    }
}

static void stop__ends_streams_and_answers_those_in_hand(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, MIB);
    struct http_call wait = {.url = url("/v1/wait")};
    struct thread t;
    struct err err;
    assert_ok(thread_start(&t, "call", call_wait, &wait, &err), &err);
    wait_entered(1);
    /* clients that send half a body, half a head, or read nothing of an endless answer */
    int fds[3];
    static const char *const texts[3] = {"PUT /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
                                         "GET /v1/ev", "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(server))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < 3; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fds[i], (struct sockaddr *)(void *)&a, sizeof a), 0);
        assert_int_equal(send(fds[i], texts[i], strlen(texts[i]), MSG_NOSIGNAL), strlen(texts[i]));
    }
    char first[16];
    assert_true(recv(fds[2], first, sizeof first, 0) > 0); /* it streams by now */
    http_server_close(server);
    let_go();
    http_server_stop(server, 500);
    thread_join(&t);
    assert_int_equal(wait.status, 200);
    http_call_release(&wait);
    for (size_t i = 0; i < 3; i++)
        (void)close(fds[i]);
    buf_release(&b);
}

static int setup_few_long(void **state) {
    (void)state;
    return setup_with(&(struct http_server_config){.long_max = 4});
}

/* Readers that take nothing hold their place for as long as they like; other requests need places, too. */
static void events__leave_most_of_the_places(void **state) {
    (void)state;
    static const char events[] = "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n";
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(server))};
    char first[16];
    const char *body;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
    assert_int_equal(send(fd, events, sizeof events - 1, MSG_NOSIGNAL), sizeof events - 1);
    assert_true(recv(fd, first, sizeof first, 0) > 0); /* it streams by now */
    assert_int_equal(raw_status(events), 503);
    assert_int_equal(get("/v1/long", &body), 200);
    (void)close(fd);
}

static bool count_done(void *ctx, struct http_call *call) {
    (void)call;
    return ++*(int *)ctx < 1000;
}

static bool stop_at_two(void *ctx, struct http_call *call) {
    (void)call;
    return ++*(int *)ctx < 2;
}

static void calls__parallel(void **state) {
    (void)state;
    enum { N = 20 };
    struct http_call c[N], *all[N];
    struct check k[N];
    struct err err;
    int n = 0;
    for (size_t i = 0; i < N; i++) {
        k[i] = (struct check){.at = 0};
        c[i] = (struct http_call){.url = url("/v1/big?len=1000000"), .sink = take, .ctx = &k[i]};
        all[i] = &c[i];
    }
    c[3].url = "http://127.0.0.1:1/";
    c[4].url = "nonsense";
    assert_ok(http_calls_run(client, all, N, 5, count_done, &n, &err), &err);
    assert_int_equal(n, N);
    for (size_t i = 0; i < N; i++) {
        assert_code(c[i].rc, i == 3 ? CODE_UNAVAILABLE : i == 4 ? CODE_INVALID_ARGUMENT : CODE_OK);
        assert_int_equal(k[i].at, i == 3 || i == 4 ? 0 : 1000000);
        assert_int_equal(k[i].wrong, 0);
        http_call_release(&c[i]);
    }
    n = 0;
    assert_ok(http_calls_run(client, all, N, 1, stop_at_two, &n, &err), &err);
    size_t cancelled = 0;
    for (size_t i = 0; i < N; i++) {
        cancelled += c[i].rc == CODE_CANCELLED;
        http_call_release(&c[i]);
    }
    assert_int_equal(cancelled, N - 2);
}

static void call__deadline_idle_and_cancel(void **state) {
    (void)state;
    struct err err;
    struct http_call c = {.url = url("/v1/wait"), .deadline_ms = 50};
    assert_code(http_call_run(client, &c, &err), CODE_TIMEOUT);
    http_call_release(&c);
    c = (struct http_call){.url = url("/v1/wait"), .idle_ms = 50};
    assert_code(http_call_run(client, &c, &err), CODE_TIMEOUT);
    http_call_release(&c);
    atomic_bool cancel = true;
    c = (struct http_call){.url = url("/v1/wait"), .cancel = &cancel};
    assert_code(http_call_run(client, &c, &err), CODE_CANCELLED);
    http_call_release(&c);
    struct thread t;
    c = (struct http_call){.url = url("/v1/wait")};
    assert_ok(thread_start(&t, "call", call_wait, &c, &err), &err);
    wait_entered(3);
    http_client_close(client);
    thread_join(&t);
    assert_code(c.rc, CODE_CANCELLED);
    http_call_release(&c);
    assert_code(http_call_run(client, &c, &err), CODE_CANCELLED);
}

static void cess_9_5_16__private_addresses_are_not_dialled(void **state) {
    (void)state;
    struct http_client *strict;
    struct err err;
    assert_ok(http_client_new(&(struct http_client_config){.connect_ms = 1000}, &strict, &err), &err);
    struct http_call c = {.url = url("/hello/a")};
    assert_code(http_call_run(strict, &c, &err), CODE_DENIED);
    http_call_release(&c);
    char by_name[64];
    (void)snprintf(by_name, sizeof by_name, "http://localhost:%u/hello/a", http_server_port(server));
    c.url = by_name;
    assert_code(http_call_run(strict, &c, &err), CODE_DENIED);
    http_call_release(&c);
    http_client_free(strict);
}

static void many_calls(void *arg) {
    for (int i = 0; i < 50; i++) {
        struct http_call c = {.url = (const char *)arg};
        struct err err;
        assert_ok(http_call_run(client, &c, &err), &err);
        assert_int_equal(c.status, 200);
        http_call_release(&c);
    }
}

static void server__many_threads_and_its_metrics(void **state) {
    (void)state;
    struct thread t[8];
    char *u = url("/hello/abc");
    for (size_t i = 0; i < 8; i++)
        assert_ok(thread_start(&t[i], "calls", many_calls, u, NULL), NULL);
    for (size_t i = 0; i < 8; i++)
        thread_join(&t[i]);
    http_server_stop(server, 1000); /* so that the last one is counted */
    struct buf b;
    buf_init(&b, MIB);
    metrics_write(metrics, &b);
    assert_non_null(
        strstr(buf_cstr(&b), "cairn_http_requests_total{method=\"GET\",route=\"/hello/{name}\",status=\"2xx\"} 400\n"));
    assert_non_null(strstr((const char *)b.data, "cairn_http_in_flight 0\n"));
    assert_non_null(strstr((const char *)b.data, "cairn_http_bytes_out_total 1200\n"));
    buf_release(&b);
}

/* A connection from 127.0.0.n. */
static int dial_from(uint8_t n) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(server))}, own = a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    own.sin_addr.s_addr = htonl(0x7f000000u + n);
    own.sin_port = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
    return fd;
}

/* Whether a request on it is answered. */
static bool answered(int fd) {
    static const char text[] = "GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[512];
    struct pollfd p = {fd, POLLIN, 0};
    if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL) < 0)
        return false;
    assert_int_equal(poll(&p, 1, TEST_DEADLINE_MS), 1);
    ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
    return n > 12 && !memcmp(answer, "HTTP/1.1 200", 12);
}

static int setup_strict(void **state) {
    (void)state;
    return setup_with(
        &(struct http_server_config){.workers = 1, .io_threads = 1, .connections = 64, .per_address = 3, .idle_s = 1});
}

static void server__keeps_the_connection(void **state) {
    (void)state;
    int fd = dial_from(1);
    for (int i = 0; i < 5; i++)
        assert_true(answered(fd));
    (void)close(fd);
}

static void guard__one_address_leaves_room_for_others(void **state) {
    (void)state;
    int fd[3], other;
    for (int i = 0; i < 3; i++) {
        fd[i] = dial_from(2);
        assert_true(answered(fd[i]));
    }
    int over = dial_from(2);
    assert_false(answered(over));
    (void)close(over);
    other = dial_from(3);
    assert_true(answered(other));
    assert_true(metric_count(metrics_counter(metrics, "cairn_http_refused_total", "", NULL)) >= 1);
    (void)close(fd[0]); /* one goes, one may come: as soon as the server has seen it */
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    bool in = false;
    while (!in && clock_mono_ns() < deadline) {
        fd[0] = dial_from(2);
        in = answered(fd[0]);
        if (!in)
            (void)close(fd[0]);
    }
    assert_true(in);
    for (int i = 0; i < 3; i++)
        (void)close(fd[i]);
    (void)close(other);
}

/* Sends the text a byte at a time, again and again the last one, until the server ends it; ms that took. */
static uint64_t trickle(int fd, const char *text) {
    uint64_t begin = clock_mono_ms(), deadline = deadline_in_ms(TEST_DEADLINE_MS);
    size_t at = 0, len = strlen(text);
    char answer[512];
    while (clock_mono_ns() < deadline) {
        struct pollfd p = {fd, POLLIN, 0};
        if (send(fd, text + (at < len ? at : len - 1), 1, MSG_NOSIGNAL) != 1)
            break;
        at++;
        if (poll(&p, 1, 20) == 1 && recv(fd, answer, sizeof answer, 0) <= 0)
            break;
    }
    assert_true(clock_mono_ns() < deadline);
    return clock_mono_ms() - begin;
}

static void guard__a_head_that_trickles_is_cut_off(void **state) {
    (void)state;
    int fd = dial_from(2);
    assert_in_range(trickle(fd, "GET /hello/a HTTP/1.1\r\nHost: x\r\nX-Slow: aaaa"), 900, TEST_DEADLINE_MS);
    (void)close(fd);
    fd = dial_from(2); /* behind an answer just as well */
    assert_true(answered(fd));
    assert_in_range(trickle(fd, "GET /hello/b HTTP/1.1\r\nHost: x\r\nX-Slow: aaaa"), 900, TEST_DEADLINE_MS);
    (void)close(fd);
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS); /* counted just after the cut */
    while (metric_count(metrics_counter(metrics, "cairn_http_cut_total", "", NULL)) < 2 && clock_mono_ns() < deadline)
        (void)poll(NULL, 0, 1);
    assert_true(metric_count(metrics_counter(metrics, "cairn_http_cut_total", "", NULL)) >= 2);
}

static void guard__bodies_that_trickle_take_no_worker(void **state) {
    (void)state;
    static const char text[] = "PUT /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    int fd[3];
    for (int i = 0; i < 3; i++) { /* there is one worker */
        fd[i] = dial_from(2);
        assert_int_equal(send(fd[i], text, sizeof text - 1, MSG_NOSIGNAL), sizeof text - 1);
    }
    int other = dial_from(3);
    assert_true(answered(other));
    for (int i = 0; i < 3; i++)
        assert_int_equal(send(fd[i], "x", 1, MSG_NOSIGNAL), 1);
    assert_true(answered(other));
    (void)close(other);
    for (int i = 0; i < 3; i++)
        (void)close(fd[i]);
}

static void guard__a_body_larger_than_the_buffer_is_streamed(void **state) {
    (void)state;
    struct source s = {.len = 3 * MIB};
    struct http_call c = {.method = "PUT", .url = url("/v1/sum"), .source = give, .source_len = s.len, .ctx = &s};
    struct err err;
    assert_ok(http_call_run(client, &c, &err), &err);
    assert_int_equal(c.status, 201);
    http_call_release(&c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define S(name) cmocka_unit_test_setup_teardown(name, setup_strict, teardown)

TEST_MAIN(T(route__params_and_precedence), T(route__other_method_says_which), T(server__refuses_what_is_ambiguous),
          T(server__refuses_large_headers), T(upload__streams_of_all_lengths), T(upload__over_the_cap),
          T(upload__handler_fails_before_or_in_the_middle), T(upload__client_vanishes), T(upload__deadline),
          T(download__streams), T(download__ranges), T(download__cut_is_never_taken_for_the_whole),
          T(download__head_file_and_caps), T(auth__deny_by_default), T(start__port_taken),
          T(events__endless_until_the_client_leaves),
          cmocka_unit_test_setup_teardown(server__busy_when_all_wait, setup_busy, teardown),
          cmocka_unit_test_setup_teardown(events__leave_most_of_the_places, setup_few_long, teardown),
          T(stop__ends_streams_and_answers_those_in_hand), T(calls__parallel), T(call__deadline_idle_and_cancel),
          T(cess_9_5_16__private_addresses_are_not_dialled), T(server__many_threads_and_its_metrics),
          T(server__keeps_the_connection), S(guard__one_address_leaves_room_for_others),
          S(guard__a_head_that_trickles_is_cut_off), S(guard__bodies_that_trickle_take_no_worker),
          S(guard__a_body_larger_than_the_buffer_is_streamed))
