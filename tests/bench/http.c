/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain/http over loopback beside what a plain socket moves: one upload, one download, small requests. Client and
 * server share the machine, so the ratio is of both together to both ends of a bare socket.
 */
#include "chain/base/limits.h"
#include "chain/http/client.h"
#include "chain/http/server.h"
#include "chain/os/clock.h"
#include "chain/os/thread.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOTAL (1 * GIB)
#define SMALL 4000

static uint8_t block[1 << 18];

static int put(void *ctx, struct http_request *r, struct err *err) {
    static uint8_t part[1 << 18];
    size_t n;
    (void)ctx;
    do {
        int rc = http_body_read(r, part, sizeof part, &n, err);
        if (rc)
            return rc;
    } while (n);
    return http_reply(r, 200, NULL, BYTES_NONE, err);
}

static int get(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    int rc = http_reply_start(r, 200, NULL, TOTAL, err);
    for (uint64_t at = 0; !rc && at < TOTAL; at += sizeof block)
        rc = http_write(r, block, sizeof block, err);
    return rc;
}

static int tiny(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx;
    return http_reply(r, 200, NULL, bytes_str("{}"), err);
}

static const struct http_route routes[] = {
    {"PUT", "/put", HTTP_AUTH_PUBLIC, .body_max = TOTAL, .handler = put},
    {"GET", "/get", HTTP_AUTH_PUBLIC, .handler = get},
    {"GET", "/tiny", HTTP_AUTH_PUBLIC, .handler = tiny},
};

static int source(void *ctx, void *ret_data, size_t cap, size_t *ret_len, struct err *err) {
    uint64_t *left = (uint64_t *)ctx;
    (void)err;
    *ret_len = cap < *left ? cap : (size_t)*left;
    memcpy(ret_data, block, *ret_len < sizeof block ? *ret_len : sizeof block);
    *left -= *ret_len;
    return CODE_OK;
}

static int sink(void *ctx, int status, struct bytes data, struct err *err) {
    (void)ctx, (void)status, (void)data, (void)err;
    return CODE_OK;
}

static void must(int rc, const struct err *err) {
    if (!rc)
        return;
    (void)fprintf(stderr, "%s: %s\n", code_name(rc), err->msg);
    exit(1);
}

struct world {
    struct http_client *client;
    char put[64], get[64], tiny[64];
};

static double upload(void *ctx) {
    struct world *w = (struct world *)ctx;
    uint64_t left = TOTAL;
    struct err err;
    struct http_call c = {.method = "PUT", .url = w->put, .source = source, .source_len = TOTAL, .ctx = &left};
    must(http_call_run(w->client, &c, &err), &err);
    must(http_call_check(&c, &err), &err);
    http_call_release(&c);
    return (double)TOTAL / 1e6;
}

static double download(void *ctx) {
    struct world *w = (struct world *)ctx;
    struct err err;
    struct http_call c = {.url = w->get, .sink = sink, .body_max = TOTAL};
    must(http_call_run(w->client, &c, &err), &err);
    must(http_call_check(&c, &err), &err);
    http_call_release(&c);
    return (double)TOTAL / 1e6;
}

static double requests(void *ctx) {
    struct world *w = (struct world *)ctx;
    for (int i = 0; i < SMALL; i++) {
        struct err err;
        struct http_call c = {.url = w->tiny};
        must(http_call_run(w->client, &c, &err), &err);
        http_call_release(&c);
    }
    return SMALL;
}

static void drain(void *arg) {
    static uint8_t part[1 << 18];
    while (read(*(int *)arg, part, sizeof part) > 0)
        ;
}

static double plain_socket(void *ctx) {
    int fds[2];
    struct thread t;
    struct err err;
    (void)ctx;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
        exit(1);
    must(thread_start(&t, "drain", drain, &fds[1], &err), &err);
    for (uint64_t at = 0; at < TOTAL; at += sizeof block)
        if (write(fds[0], block, sizeof block) != (ssize_t)sizeof block)
            exit(1);
    (void)close(fds[0]);
    thread_join(&t);
    (void)close(fds[1]);
    return (double)TOTAL / 1e6;
}

int main(void) {
    struct http_server *s;
    struct world w;
    struct err err;
    must(http_server_new(&(struct http_server_config){.port = 0}, &s, &err), &err);
    must(http_server_add(s, routes, sizeof routes / sizeof *routes, NULL, &err), &err);
    must(http_server_start(s, &err), &err);
    must(http_client_new(&(struct http_client_config){.allow_private = true}, &w.client, &err), &err);
    (void)snprintf(w.put, sizeof w.put, "http://127.0.0.1:%u/put", http_server_port(s));
    (void)snprintf(w.get, sizeof w.get, "http://127.0.0.1:%u/get", http_server_port(s));
    (void)snprintf(w.tiny, sizeof w.tiny, "http://127.0.0.1:%u/tiny", http_server_port(s));
    struct bench_figure limit = bench_run("plain socket", "MB", plain_socket, NULL);
    bench_beside(bench_run("http upload", "MB", upload, &w), limit, 0);
    bench_beside(bench_run("http download", "MB", download, &w), limit, 0);
    (void)bench_run("http small requests, one client", "requests", requests, &w);
    http_server_free(s);
    http_client_free(w.client);
    return bench_end("http");
}
