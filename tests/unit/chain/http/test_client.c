/* SPDX-License-Identifier: Apache-2.0 */
/* The client: many calls at once, deadlines, whom it does not dial. */
#include "chain/os/clock.h"
#include "chain/os/thread.h"
#include "tests/lib/http/gate.h"
#include "tests/lib/http/pages.h"
#include "tests/lib/test.h"

static int setup(void **state) {
    (void)state;
    pages_start(&(struct http_server_config){.workers = 4});
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pages_stop();
    return 0;
}

static void call_wait(void *arg) {
    struct http_call *c = (struct http_call *)arg;
    (void)http_call_run(web.client, c, NULL);
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
    struct page_check k[N];
    struct err err;
    int n = 0;
    for (size_t i = 0; i < N; i++) {
        k[i] = (struct page_check){.at = 0};
        c[i] = (struct http_call){.url = web_url("/v1/big?len=1000000"), .sink = page_take, .ctx = &k[i]};
        all[i] = &c[i];
    }
    c[3].url = "http://127.0.0.1:1/";
    c[4].url = "nonsense";
    assert_ok(http_calls_run(web.client, all, N, 5, count_done, &n, &err), &err);
    assert_int_equal(n, N);
    for (size_t i = 0; i < N; i++) {
        assert_code(c[i].rc, i == 3 ? CODE_UNAVAILABLE : i == 4 ? CODE_INVALID_ARGUMENT : CODE_OK);
        assert_int_equal(k[i].at, i == 3 || i == 4 ? 0 : 1000000);
        assert_int_equal(k[i].wrong, 0);
        http_call_release(&c[i]);
    }
    n = 0;
    assert_ok(http_calls_run(web.client, all, N, 1, stop_at_two, &n, &err), &err);
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
    struct http_call c = {.url = web_url("/v1/wait"), .deadline_ms = 50};
    assert_code(http_call_run(web.client, &c, &err), CODE_TIMEOUT);
    http_call_release(&c);
    c = (struct http_call){.url = web_url("/v1/wait"), .idle_ms = 50};
    assert_code(http_call_run(web.client, &c, &err), CODE_TIMEOUT);
    http_call_release(&c);
    atomic_bool cancel = true;
    c = (struct http_call){.url = web_url("/v1/wait"), .cancel = &cancel};
    assert_code(http_call_run(web.client, &c, &err), CODE_CANCELLED);
    http_call_release(&c);
    struct thread t;
    c = (struct http_call){.url = web_url("/v1/wait")};
    assert_ok(thread_start(&t, "call", call_wait, &c, &err), &err);
    gate_wait_entered(3);
    http_client_close(web.client);
    thread_join(&t);
    assert_code(c.rc, CODE_CANCELLED);
    http_call_release(&c);
    assert_code(http_call_run(web.client, &c, &err), CODE_CANCELLED);
}

static void cess_9_5_16__private_addresses_are_not_dialled(void **state) {
    (void)state;
    struct http_client *strict;
    struct err err;
    assert_ok(http_client_new(&(struct http_client_config){.connect_ms = 1000}, &strict, &err), &err);
    struct http_call c = {.url = web_url("/hello/a")};
    assert_code(http_call_run(strict, &c, &err), CODE_DENIED);
    http_call_release(&c);
    char by_name[64];
    (void)snprintf(by_name, sizeof by_name, "http://localhost:%u/hello/a", http_server_port(web.server));
    c.url = by_name;
    assert_code(http_call_run(strict, &c, &err), CODE_DENIED);
    http_call_release(&c);
    http_client_free(strict);
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_MAIN(T(calls__parallel, setup), T(call__deadline_idle_and_cancel, setup),
          T(cess_9_5_16__private_addresses_are_not_dialled, setup))
