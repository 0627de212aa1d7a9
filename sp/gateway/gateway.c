/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/gateway/gateway.h"

#include "chain/base/num.h"
#include "chain/os/clock.h"

#include <stdio.h>
#include <string.h>

enum { HOST_MAX = 256, LONG_MAX_REQUESTS = 128, CONNECTIONS_PER_ADDRESS = 128 };

/* Pieces on their way in, all together; a piece has at most SEGMENT_LEN_MAX bytes. */
#define PIECE_ROOM ((size_t)64 << 20)

static int split_listen(const char *text, char host[HOST_MAX], uint16_t *ret_port, struct err *err) {
    const char *colon = strrchr(text, ':');
    uint64_t port;
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!len || len >= HOST_MAX || !u64_parse(colon + 1, strlen(colon + 1), &port) || port > UINT16_MAX)
        return err_set(err, CODE_CONFIG, "http_listen \"%.100s\" is not host:port", text);
    bool brackets = text[0] == '[' && text[len - 1] == ']';
    memcpy(host, text + brackets, len - 2 * brackets);
    host[len - 2 * brackets] = '\0';
    *ret_port = (uint16_t)port;
    return CODE_OK;
}

static int make_server(struct gateway *g, struct err *err) {
    char host[HOST_MAX];
    struct http_server_config config = {.address = host,
                                        .long_max = LONG_MAX_REQUESTS,
                                        .per_address = g->m.config->http_per_client ? g->m.config->http_per_client
                                                                                    : CONNECTIONS_PER_ADDRESS,
                                        .own_free = true,
                                        .name = "cairn-sp",
                                        .metrics = g->m.metrics,
                                        .authorise = authenticator_authorise,
                                        .authorise_ctx = g->m.auth};
    size_t count;
    const struct http_route *table = gateway_routes(&count);
    int rc = split_listen(g->m.config->http_listen, host, &config.port, err);
    if (!rc)
        rc = http_server_new(&config, &g->server, err);
    if (!rc)
        rc = http_server_add(g->server, table, count, g, err);
    return rc;
}

int gateway_init(struct gateway *g, const struct gateway_modules *modules, struct err *err) {
    *g = (struct gateway){
        .m = *modules, .sp_id = modules->config->sp_id, .started_ms = clock_mono_ms(), .piece_room = PIECE_ROOM};
    mutex_init(&g->lock);
    cond_init(&g->room);
    page_pool_init(&g->pieces, PIECE_ROOM / 4);
    int rc = make_server(g, err);
    if (rc)
        gateway_release(g);
    return rc;
}

int gateway_start(struct gateway *g, struct err *err) {
    return http_server_start(g->server, err);
}

void gateway_close(struct gateway *g) {
    http_server_close(g->server);
}

void gateway_stop(struct gateway *g, uint64_t grace_ms) {
    http_server_stop(g->server, grace_ms);
}

void gateway_release(struct gateway *g) {
    http_server_free(g->server);
    g->server = NULL;
    cond_release(&g->room);
    page_pool_release(&g->pieces);
    mutex_release(&g->lock);
}
