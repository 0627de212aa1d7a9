/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for something that may not come: how many there may be, and how they end. */
#include "tests/lib/http/gate.h"
#include "tests/lib/http/web.h"
#include "tests/lib/test.h"

#include <sys/socket.h>
#include <unistd.h>

static bool waits(void *ctx, const struct http_request *r) {
    assert_string_equal((const char *)ctx, "ctx");
    return http_query(r, "wait") != NULL;
}

static int get_later(void *ctx, struct http_request *r, struct err *err) {
    int rc = waits(ctx, r) ? gate_pass(r) : CODE_OK;
    return rc ? rc : http_reply_json(r, 200, "{}", 2, err);
}

/* Waits when its body says so. */
static int post_later(void *ctx, struct http_request *r, struct err *err) {
    struct bytes body;
    (void)ctx;
    int rc = http_body_all(r, 16, &body, err);
    if (!rc && body.len == 4)
        rc = http_wait_begin(r, err);
    if (!rc && body.len == 4)
        rc = http_wait_begin(r, err); /* once is enough */
    if (!rc && body.len == 4)
        rc = gate_pass(r);
    return rc ? rc : http_reply_json(r, 200, "{}", 2, err);
}

static int get_long(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    int rc = gate_pass(r);
    return rc ? rc : http_reply_json(r, 200, "{}", 2, err);
}

static const struct http_route routes[] = {
    {"GET", "/later", HTTP_AUTH_PUBLIC, .long_lived = true, .waits = waits, .handler = get_later},
    {"POST", "/later", HTTP_AUTH_PUBLIC, .long_lived = true, .body_max = 16, .handler = post_later},
    {"GET", "/long", HTTP_AUTH_PUBLIC, .long_lived = true, .handler = get_long},
};

static int setup_with(unsigned long_max) {
    gate_init();
    web_start(&(struct http_server_config){.long_max = long_max, .workers = 1}, routes, sizeof routes / sizeof *routes,
              (void *)(uintptr_t) "ctx");
    return 0;
}

static int setup_four(void **state) {
    (void)state;
    return setup_with(4);
}

/* Fewer may wait than come one after the other, and more than may still be on their way out. */
static int setup_many(void **state) {
    (void)state;
    return setup_with(20);
}

static int setup_one(void **state) {
    (void)state;
    return setup_with(1);
}

static int teardown(void **state) {
    (void)state;
    gate_let_go();
    web_stop();
    return 0;
}

static const char waiter[] = "GET /later?wait HTTP/1.1\r\nHost: x\r\n\r\n",
                  poster[] = "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwait",
                  quick_poster[] = "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nnot",
                  lasting[] = "GET /long HTTP/1.1\r\nHost: x\r\n\r\n";

static int start(const char *text) {
    int fd = web_dial_from(1);
    web_send(fd, text);
    return fd;
}

static void expect_ok(int fd) {
    assert_memory_equal(web_read(fd, "\r\n\r\n"), "HTTP/1.1 200", 12);
    (void)close(fd);
}

static void waits__take_half_of_the_places(void **state) {
    const char *body;
    int fd[4] = {start(waiter), start(poster)};
    (void)state;
    gate_wait_entered(2);
    const char *answer = web_raw(waiter, "\r\n\r\n");
    assert_memory_equal(answer, "HTTP/1.1 503", 12);
    assert_non_null(strstr(answer, "Retry-After: 1"));
    assert_int_equal(web_raw_status(poster), 503);
    /* who does not wait is served, and who lasts for another reason has the other half */
    assert_int_equal(web_get("/later", &body), 200);
    for (unsigned i = 2; i < 4; i++)
        fd[i] = start(lasting);
    gate_wait_entered(4);
    assert_int_equal(web_raw_status(lasting), 503);
    assert_int_equal(web_get("/later", &body), 200); /* takes a worker */
    gate_let_go();
    for (unsigned i = 0; i < 4; i++)
        expect_ok(fd[i]);
}

static void waits__the_last_place_may_be_waited_on(void **state) {
    (void)state;
    int fd = start(waiter);
    gate_wait_entered(1);
    assert_int_equal(web_raw_status(waiter), 503);
    gate_let_go();
    expect_ok(fd);
}

/* Nobody lets them go on: they end because their clients have left, and others take their places. */
static void waits__end_when_the_client_leaves(void **state) {
    (void)state;
    int fd = start(waiter);
    gate_wait_entered(1);
    (void)close(fd);
    gate_wait_left(1);
    fd = start(poster);
    gate_wait_entered(2);
    struct linger reset = {.l_onoff = 1};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    (void)close(fd);
    gate_wait_left(2);
}

/* A place that was taken by a request that has ended is free again, however it ended. */
static void waits__give_their_place_back(void **state) {
    (void)state;
    for (unsigned i = 1; i <= 20; i++) { /* ten may wait at once */
        int fd = start(i % 2 ? waiter : poster);
        gate_wait_entered(i);
        (void)close(fd);
        gate_wait_left(i);
    }
    gate_let_go();
    for (int i = 0; i < 20; i++) {
        assert_int_equal(web_raw_status(quick_poster), 200);
        assert_int_equal(web_raw_status(waiter), 200);
        assert_int_equal(web_raw_status(poster), 200);
    }
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_MAIN(T(waits__take_half_of_the_places, setup_four), T(waits__the_last_place_may_be_waited_on, setup_one),
          T(waits__end_when_the_client_leaves, setup_four), T(waits__give_their_place_back, setup_many))
