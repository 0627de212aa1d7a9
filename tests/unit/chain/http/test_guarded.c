/* SPDX-License-Identifier: Apache-2.0 */
/* A server against clients that take too much room, or too long. */
#include "chain/base/limits.h"
#include "chain/os/clock.h"
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
    return start_with(
        &(struct http_server_config){.workers = 1, .io_threads = 1, .connections = 64, .per_address = 3, .idle_s = 1});
}

static void server__keeps_the_connection(void **state) {
    (void)state;
    int fd = web_dial_from(1);
    for (int i = 0; i < 5; i++)
        assert_true(answered(fd));
    (void)close(fd);
}

static void guard__one_address_leaves_room_for_others(void **state) {
    (void)state;
    int fd[3], other;
    for (int i = 0; i < 3; i++) {
        fd[i] = web_dial_from(2);
        assert_true(answered(fd[i]));
    }
    int over = web_dial_from(2);
    assert_false(answered(over));
    (void)close(over);
    other = web_dial_from(3);
    assert_true(answered(other));
    assert_true(web_counter("cairn_http_refused_total") >= 1);
    (void)close(fd[0]); /* one goes, one may come: as soon as the server has seen it */
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    bool in = false;
    while (!in && clock_mono_ns() < deadline) {
        fd[0] = web_dial_from(2);
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
    int fd = web_dial_from(2);
    assert_in_range(trickle(fd, "GET /hello/a HTTP/1.1\r\nHost: x\r\nX-Slow: aaaa"), 900, TEST_DEADLINE_MS);
    (void)close(fd);
    fd = web_dial_from(2); /* behind an answer just as well */
    assert_true(answered(fd));
    assert_in_range(trickle(fd, "GET /hello/b HTTP/1.1\r\nHost: x\r\nX-Slow: aaaa"), 900, TEST_DEADLINE_MS);
    (void)close(fd);
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS); /* counted just after the cut */
    while (web_counter("cairn_http_cut_total") < 2 && clock_mono_ns() < deadline)
        (void)poll(NULL, 0, 1);
    assert_true(web_counter("cairn_http_cut_total") >= 2);
}

static void guard__bodies_that_trickle_take_no_worker(void **state) {
    (void)state;
    static const char text[] = "PUT /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    int fd[3];
    for (int i = 0; i < 3; i++) { /* there is one worker */
        fd[i] = web_dial_from(2);
        web_send(fd[i], text);
    }
    int other = web_dial_from(3);
    assert_true(answered(other));
    for (int i = 0; i < 3; i++)
        web_send(fd[i], "x");
    assert_true(answered(other));
    (void)close(other);
    for (int i = 0; i < 3; i++)
        (void)close(fd[i]);
}

static void guard__a_body_larger_than_the_buffer_is_streamed(void **state) {
    (void)state;
    struct page_source s = {.len = 3 * MIB};
    struct http_call c = {
        .method = "PUT", .url = web_url("/v1/sum"), .source = page_give, .source_len = s.len, .ctx = &s};
    struct err err;
    assert_ok(http_call_run(web.client, &c, &err), &err);
    assert_int_equal(c.status, 201);
    http_call_release(&c);
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_MAIN(T(server__keeps_the_connection, setup), T(guard__one_address_leaves_room_for_others, setup_strict),
          T(guard__a_head_that_trickles_is_cut_off, setup_strict),
          T(guard__bodies_that_trickle_take_no_worker, setup_strict),
          T(guard__a_body_larger_than_the_buffer_is_streamed, setup_strict))
