/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies up and down: of all lengths, over the cap, cut in the middle. */
#include "chain/base/limits.h"
#include "tests/lib/http/pages.h"
#include "tests/lib/test.h"

#include <unistd.h>

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

static void upload__streams_of_all_lengths(void **state) {
    (void)state;
    static const uint64_t lens[] = {0, 1, 1000, 65536, HTTP_STREAM_BUFFER, 3 * HTTP_STREAM_BUFFER + 17, 40 * MIB};
    for (size_t i = 0; i < 2 * sizeof lens / sizeof *lens; i++) {
        struct page_source s = {.len = lens[i / 2]};
        struct http_call c = {.method = "PUT",
                              .url = web_url("/v1/sum"),
                              .source = page_give,
                              .source_len = i % 2 ? s.len : UINT64_MAX,
                              .ctx = &s};
        struct err err;
        char want[32];
        assert_ok(http_call_run(web.client, &c, &err), &err);
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
    struct page_source s = {.len = 100001};
    struct http_call c = {
        .method = "PUT", .url = web_url("/v1/small"), .source = page_give, .source_len = s.len, .ctx = &s};
    assert_ok(http_call_run(web.client, &c, &err), &err);
    assert_int_equal(c.status, 413);
    assert_code(http_call_check(&c, &err), CODE_TOO_LARGE);
    http_call_release(&c);
    s.at = 0;
    c.source_len = UINT64_MAX; /* not announced */
    assert_ok(http_call_run(web.client, &c, &err), &err);
    assert_int_equal(c.status, 413);
    http_call_release(&c);
    static char big[1001];
    memset(big, 'x', sizeof big);
    struct http_call d = {.method = "POST", .url = web_url("/v1/all"), .body_out = {(const uint8_t *)big, 1001}};
    assert_ok(http_call_run(web.client, &d, &err), &err);
    assert_int_equal(d.status, 413);
    http_call_release(&d);
    d.body_out.len = 1000;
    assert_ok(http_call_run(web.client, &d, &err), &err);
    assert_int_equal(d.status, 200);
    assert_int_equal(d.body.len, 1000);
    http_call_release(&d);
    d.body_out.len = 0;
    assert_ok(http_call_run(web.client, &d, &err), &err);
    assert_int_equal(d.status, 200);
    http_call_release(&d);
}

static void upload__handler_fails_before_or_in_the_middle(void **state) {
    (void)state;
    static const char *const paths[] = {"/v1/fail", "/v1/refused"};
    static const uint64_t lens[] = {1000, 500000, 5 * MIB};
    for (size_t i = 0; i < 6; i++) {
        struct err err;
        struct page_source s = {.len = lens[i / 2]};
        struct http_call c = {
            .method = "PUT", .url = web_url(paths[i % 2]), .source = page_give, .source_len = s.len, .ctx = &s};
        assert_ok(http_call_run(web.client, &c, &err), &err);
        assert_code(http_call_check(&c, &err), i % 2 ? CODE_DENIED : CODE_QUOTA);
        assert_string_equal(err.msg, i % 2 ? "not you" : "no room for \"this\"");
        http_call_release(&c);
    }
    /* a very large one is cut: no answer, but no hang either */
    struct err err;
    struct page_source s = {.len = 200 * MIB};
    struct http_call c = {
        .method = "PUT", .url = web_url("/v1/fail"), .source = page_give, .source_len = s.len, .ctx = &s};
    int rc = http_call_run(web.client, &c, &err);
    assert_true(rc == CODE_UNAVAILABLE || (rc == CODE_OK && c.status == 429));
    assert_true(s.at < s.len);
    http_call_release(&c);
}

static void upload__client_vanishes(void **state) {
    (void)state;
    const char *body;
    for (int i = 0; i < 12; i++) { /* more than there are workers */
        int fd = web_dial_from(1);
        static const char text[] = "PUT /v1/sum HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc";
        web_send(fd, text);
        (void)close(fd);
    }
    assert_int_equal(web_get("/hello/a", &body), 200);
}

static void upload__deadline(void **state) {
    (void)state;
    const char *a =
        web_raw("PUT /v1/deadline HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nConnection: close\r\n\r\n", NULL);
    (void)a; /* the connection ended: by its answer or by the drain of a body that never came */
    const char *body;
    assert_int_equal(web_get("/hello/a", &body), 200);
}

static void download__streams(void **state) {
    (void)state;
    static const char *const paths[] = {"/v1/big?len=0", "/v1/big?len=0&chunked", "/v1/big?len=1",
                                        "/v1/big?len=41943040", "/v1/big?len=41943040&chunked"};
    static const uint64_t lens[] = {0, 0, 1, 40 * MIB, 40 * MIB};
    for (size_t i = 0; i < 5; i++) {
        struct err err;
        struct page_check k = {.at = 0};
        struct http_call c = {.url = web_url(paths[i]), .sink = page_take, .ctx = &k, .body_max = 40 * MIB};
        assert_ok(http_call_run(web.client, &c, &err), &err);
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
        struct page_check k = {.offset = rows[i].offset};
        char value[64];
        struct http_call c = {
            .url = web_url("/v1/big?len=10000"), .headers = {rows[i].range}, .sink = page_take, .ctx = &k};
        assert_ok(http_call_run(web.client, &c, &err), &err);
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
        struct http_call c = {.url = web_url(paths[i]), .body_max = 20 * MIB};
        assert_code(http_call_run(web.client, &c, NULL), CODE_UNAVAILABLE);
        http_call_release(&c);
    }
}

static void download__head_file_and_caps(void **state) {
    (void)state;
    struct err err;
    char value[64];
    struct http_call c = {.method = "HEAD", .url = web_url("/v1/big?len=41943040")};
    assert_ok(http_call_run(web.client, &c, &err), &err);
    assert_int_equal(c.status, 200);
    assert_true(http_call_header(&c, "content-length", value, sizeof value));
    assert_string_equal(value, "41943040");
    assert_int_equal(c.body.len, 0);
    http_call_release(&c);

    c = (struct http_call){.url = web_url("/v1/big?len=1001"), .body_max = 1000};
    assert_code(http_call_run(web.client, &c, &err), CODE_TOO_LARGE);
    http_call_release(&c);

    FILE *f = fopen(test_path("file"), "w");
    for (int i = 0; i < 2000; i++)
        (void)fputc(i / 100, f);
    (void)fclose(f);
    c = (struct http_call){.url = web_url("/v1/file")};
    assert_ok(http_call_run(web.client, &c, &err), &err);
    assert_int_equal(c.body.len, 1000);
    assert_int_equal(c.body.data[0], 1);
    assert_int_equal(c.body.data[999], 10);
    http_call_release(&c);

    const char *body;
    assert_int_equal(web_get("/v1/nothing", &body), 500);
    assert_non_null(strstr(body, "INTERNAL"));
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_MAIN(T(upload__streams_of_all_lengths, setup), T(upload__over_the_cap, setup),
          T(upload__handler_fails_before_or_in_the_middle, setup), T(upload__client_vanishes, setup),
          T(upload__deadline, setup), T(download__streams, setup), T(download__ranges, setup),
          T(download__cut_is_never_taken_for_the_whole, setup), T(download__head_file_and_caps, setup))
