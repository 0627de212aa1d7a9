/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/http/web.h"

#include "chain/os/clock.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct web web;

void web_start(const struct http_server_config *cfg, const struct http_route *routes, size_t n, void *ctx) {
    struct err err;
    struct http_server_config c = *cfg;
    web.metrics = metrics_new();
    c.metrics = web.metrics;
    assert_ok(http_server_new(&c, &web.server, &err), &err);
    assert_ok(http_server_add(web.server, routes, n, ctx, &err), &err);
    assert_ok(http_server_start(web.server, &err), &err);
    assert_ok(http_client_new(&(struct http_client_config){.allow_private = true}, &web.client, &err), &err);
}

void web_stop(void) {
    http_client_close(web.client);
    http_server_free(web.server);
    http_client_free(web.client);
    metrics_free(web.metrics);
}

char *web_url(const char *path) {
    static char urls[8][1024];
    static unsigned next;
    char *u = urls[next++ % 8];
    (void)snprintf(u, sizeof *urls, "http://127.0.0.1:%u%s", http_server_port(web.server), path);
    return u;
}

int web_get(const char *path, const char **ret_body) {
    static struct http_call c;
    http_call_release(&c);
    c = (struct http_call){.url = web_url(path)};
    struct err err;
    err_clear(&err);
    assert_ok(http_call_run(web.client, &c, &err), &err);
    *ret_body = buf_cstr(&c.body);
    return c.status;
}

uint64_t web_counter(const char *name) {
    return metric_count(metrics_counter(web.metrics, name, "", NULL));
}

int web_dial_from(uint8_t n) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(http_server_port(web.server))}, own = a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    own.sin_addr.s_addr = htonl(0x7f000000u + n);
    own.sin_port = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
    return fd;
}

void web_send(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

const char *web_read(int fd, const char *until) {
    static char answer[65536];
    size_t n = 0;
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
    return answer;
}

const char *web_raw(const char *text, const char *until) {
    int fd = web_dial_from(1);
    web_send(fd, text);
    const char *answer = web_read(fd, until);
    (void)close(fd);
    return answer;
}

int web_raw_status(const char *text) {
    const char *a = web_raw(text, "\r\n\r\n");
    return strlen(a) > 12 ? (int)strtol(a + 9, NULL, 10) : -1;
}
