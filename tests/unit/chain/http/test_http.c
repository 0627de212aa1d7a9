/* SPDX-License-Identifier: Apache-2.0 */
/* The server over loopback: routes, refusals, streams, its end; raw sockets for what a good client would never send. */
#include "chain/base/limits.h"
#include "chain/os/clock.h"
#include "chain/os/thread.h"
#include "tests/lib/http/gate.h"
#include "tests/lib/http/pages.h"
#include "tests/lib/test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static int start_with(const struct http_server_config *cfg) {
    pages_start(cfg);
    return 0;
}

static int setup(void **state) {
    (void)state;
    return start_with(&(struct http_server_config){.workers = 4});
}

static int teardown(void **state) {
    (void)state;
    pages_stop();
    return 0;
}

static void route__params_and_precedence(void **state) {
    (void)state;
    const char *body;
    assert_int_equal(web_get("/hello/w%20%2F%C3%A9", &body), 200);
    assert_string_equal(body, "w /\xc3\xa9");
    assert_int_equal(web_get("/photos/a/b//c%2Fd?q=1%2B+", &body), 200);
    assert_string_equal(body, "photos|a/b//c/d|1++");
    assert_int_equal(web_get("/photos/", &body), 200);
    assert_string_equal(body, "photos||-");
    assert_int_equal(web_get("/hello/a/b", &body), 200); /* only the general one fits */
    assert_string_equal(body, "hello|a/b|-");
    assert_int_equal(web_get("/photos", &body), 404);
    assert_non_null(strstr(body, "\"name\":\"NOT_FOUND\""));
    assert_int_equal(web_get("/v1/sum", &body), 200); /* GET: the general one */
}

static void route__other_method_says_which(void **state) {
    (void)state;
    struct http_call c = {.method = "DELETE", .url = web_url("/v1/all")};
    char allow[64];
    struct err err;
    assert_ok(http_call_run(web.client, &c, &err), &err);
    assert_int_equal(c.status, 405);
    assert_true(http_call_header(&c, "allow", allow, sizeof allow));
    assert_string_equal(allow, "POST, GET");
    assert_code(http_call_check(&c, &err), CODE_METHOD);
    http_call_release(&c);
}

static void server__refuses_what_is_ambiguous(void **state) {
    (void)state;
    assert_int_equal(web_raw_status("GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_int_equal(web_raw_status("GET /hello/a%00b HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(web_raw_status("GET /hello/a%zz HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(web_raw_status("GET /hello/a HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(web_raw_status("GET /hello/a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"), 400);
    assert_int_equal(
        web_raw_status("POST /v1/all HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab"), 400);
    assert_int_equal(web_raw_status("POST /v1/all HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: "
                                    "chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
                     400);
    assert_int_equal(web_raw_status("POST /v1/all HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab"), 400);
    assert_int_equal(web_raw_status("GET /a/b?q=1&q=2 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(web_raw_status("GET /a/b?q=%00 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(web_raw_status("POST /v1/all HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"), 501);
}

static void server__refuses_large_headers(void **state) {
    (void)state;
    static char text[60000];
    int n = snprintf(text, sizeof text, "GET /hello/a HTTP/1.1\r\nHost: x\r\nX-Big: ");
    memset(text + n, 'a', HTTP_HEADER_MAX);
    memcpy(text + n + HTTP_HEADER_MAX, "\r\n\r\n", 5);
    assert_int_equal(web_raw_status(text), 413);
    n = snprintf(text, sizeof text, "GET /");
    memset(text + n, 'a', HTTP_URI_MAX);
    memcpy(text + n + HTTP_URI_MAX, " HTTP/1.1\r\nHost: x\r\n\r\n", 23);
    assert_int_equal(web_raw_status(text), 400);
}

static int get_nothing(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx, (void)r, (void)err;
    return CODE_OK;
}

static void auth__deny_by_default(void **state) {
    (void)state;
    const char *body;
    struct err err;
    assert_int_equal(web_get("/v1/me", &body), 401);
    assert_int_equal(web_get("/v1/operator", &body), 401);
    struct http_call c = {.url = web_url("/v1/me"), .headers = {"Authorization: good"}};
    assert_ok(http_call_run(web.client, &c, &err), &err);
    assert_int_equal(c.status, 200);
    assert_string_equal(buf_cstr(&c.body), "me");
    http_call_release(&c);

    struct http_server *s;
    struct http_route bad = {"GET", "/x", HTTP_AUTH_UNSET, .handler = get_nothing};
    struct http_route twice[] = {{"GET", "/{a}", HTTP_AUTH_PUBLIC, .handler = get_nothing},
                                 {"GET", "/{b}", HTTP_AUTH_PUBLIC, .handler = get_nothing}};
    assert_ok(http_server_new(&(struct http_server_config){.port = 0}, &s, &err), &err);
    assert_code(http_server_add(s, &bad, 1, NULL, &err), CODE_INVALID_ARGUMENT);
    assert_code(http_server_add(s, twice, 2, NULL, &err), CODE_INVALID_ARGUMENT);
    bad = (struct http_route){"GET", "/{a*}/x", HTTP_AUTH_PUBLIC, .handler = get_nothing};
    assert_code(http_server_add(s, &bad, 1, NULL, &err), CODE_INVALID_ARGUMENT);
    http_server_free(s);
}

static void start__port_taken(void **state) {
    (void)state;
    struct err err;
    struct http_server *s;
    assert_ok(http_server_new(&(struct http_server_config){.port = http_server_port(web.server)}, &s, &err), &err);
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
        .url = web_url("/v1/events"), .sink = take_some, .ctx = &b, .deadline_ms = UINT64_MAX, .body_max = UINT64_MAX};
    assert_code(http_call_run(web.client, &c, &err), CODE_DONE_ALREADY);
    const char want[] = "id: 1\nevent: tick\ndata: one\ndata: two\n\nid: 2\n";
    assert_memory_equal(b.data, want, sizeof want - 1);
    http_call_release(&c);
    buf_release(&b);
    assert_code(gate_wait_noted(), CODE_CLOSED);
}

static void call_wait(void *arg) {
    struct http_call *c = (struct http_call *)arg;
    (void)http_call_run(web.client, c, NULL);
}

static int setup_busy(void **state) {
    (void)state;
    return start_with(&(struct http_server_config){.workers = 1, .waiting_max = 1});
}

static void server__busy_when_all_wait(void **state) {
    (void)state;
    struct http_call c[2] = {{.url = web_url("/v1/wait")}, {.url = web_url("/v1/wait")}};
    struct thread t[2];
    struct err err;
    char value[8];
    assert_ok(thread_start(&t[0], "first", call_wait, &c[0], &err), &err);
    gate_wait_entered(1);
    assert_ok(thread_start(&t[1], "second", call_wait, &c[1], &err), &err);
    /* the second waits in the queue; once it does, a third is turned away */
    struct http_call third = {.url = web_url("/hello/a")};
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    while (metric_value(metrics_gauge(web.metrics, "cairn_http_in_flight", "", NULL)) < 2 && clock_mono_ns() < deadline)
        (void)poll(NULL, 0, 1);
    assert_ok(http_call_run(web.client, &third, &err), &err);
    assert_code(http_call_check(&third, &err), CODE_BUSY);
    assert_true(http_call_header(&third, "retry-after", value, sizeof value));
    http_call_release(&third);
    gate_let_go();
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
    struct http_call wait = {.url = web_url("/v1/wait")};
    struct thread t;
    struct err err;
    assert_ok(thread_start(&t, "call", call_wait, &wait, &err), &err);
    gate_wait_entered(1);
    /* clients that send half a body, half a head, or read nothing of an endless answer */
    int fds[3];
    static const char *const texts[3] = {"PUT /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
                                         "GET /v1/ev", "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"};
    for (size_t i = 0; i < 3; i++) {
        fds[i] = web_dial_from(1);
        web_send(fds[i], texts[i]);
    }
    char first[16];
    assert_true(recv(fds[2], first, sizeof first, 0) > 0); /* it streams by now */
    http_server_close(web.server);
    gate_let_go();
    http_server_stop(web.server, 500);
    thread_join(&t);
    assert_int_equal(wait.status, 200);
    http_call_release(&wait);
    for (size_t i = 0; i < 3; i++)
        (void)close(fds[i]);
    buf_release(&b);
}

static int setup_few_long(void **state) {
    (void)state;
    return start_with(&(struct http_server_config){.long_max = 4});
}

/* Readers that take nothing hold their place for as long as they like; other requests need places, too. */
static void events__leave_most_of_the_places(void **state) {
    (void)state;
    static const char events[] = "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n";
    char first[16];
    const char *body;
    int fd = web_dial_from(1);
    web_send(fd, events);
    assert_true(recv(fd, first, sizeof first, 0) > 0); /* it streams by now */
    assert_int_equal(web_raw_status(events), 503);
    assert_int_equal(web_get("/v1/long", &body), 200);
    (void)close(fd);
}

static void many_calls(void *arg) {
    for (int i = 0; i < 50; i++) {
        struct http_call c = {.url = (const char *)arg};
        struct err err;
        assert_ok(http_call_run(web.client, &c, &err), &err);
        assert_int_equal(c.status, 200);
        http_call_release(&c);
    }
}

static void server__many_threads_and_its_metrics(void **state) {
    (void)state;
    struct thread t[8];
    char *u = web_url("/hello/abc");
    for (size_t i = 0; i < 8; i++)
        assert_ok(thread_start(&t[i], "calls", many_calls, u, NULL), NULL);
    for (size_t i = 0; i < 8; i++)
        thread_join(&t[i]);
    http_server_stop(web.server, 1000); /* so that the last one is counted */
    struct buf b;
    buf_init(&b, MIB);
    metrics_write(web.metrics, &b);
    assert_non_null(
        strstr(buf_cstr(&b), "cairn_http_requests_total{method=\"GET\",route=\"/hello/{name}\",status=\"2xx\"} 400\n"));
    assert_non_null(strstr((const char *)b.data, "cairn_http_in_flight 0\n"));
    assert_non_null(strstr((const char *)b.data, "cairn_http_bytes_out_total 1200\n"));
    buf_release(&b);
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_MAIN(T(route__params_and_precedence, setup), T(route__other_method_says_which, setup),
          T(server__refuses_what_is_ambiguous, setup), T(server__refuses_large_headers, setup),
          T(auth__deny_by_default, setup), T(start__port_taken, setup),
          T(events__endless_until_the_client_leaves, setup), T(server__busy_when_all_wait, setup_busy),
          T(stop__ends_streams_and_answers_those_in_hand, setup), T(events__leave_most_of_the_places, setup_few_long),
          T(server__many_threads_and_its_metrics, setup))
