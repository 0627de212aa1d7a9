/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_HTTP_WEB_H
#define CAIRN_TESTS_LIB_HTTP_WEB_H
/* One server on 127.0.0.1 and a client of it, for the length of a test. What fails, fails the test. */
#include "chain/http/client.h"
#include "chain/http/server.h"
#include "chain/metrics/metrics.h"

extern struct web {
    struct http_server *server;
    struct http_client *client;
    struct metrics *metrics;
} web;

/* Listens on a free port with these routes, whose handlers get ctx. cfg's metrics are set here. */
void web_start(const struct http_server_config *cfg, const struct http_route *routes, size_t n, void *ctx);
/* The server may have been stopped already. */
void web_stop(void);

/* The path on this server; one of eight buffers that take turns. */
char *web_url(const char *path);
/* One call; its status, and the body as a C string (borrowed until the next). */
int web_get(const char *path, const char **ret_body);
uint64_t web_counter(const char *name);

/* A connection from 127.0.0.n. */
int web_dial_from(uint8_t n);
void web_send(int fd, const char *text);
/* Reads until the server closes it, or what it says next holds `until` (NULL: until it closes); borrowed until the
 * next. */
const char *web_read(int fd, const char *until);
/* Sends text on a connection of its own, reads as web_read does, and closes. */
const char *web_raw(const char *text, const char *until);
/* The status that text gets. */
int web_raw_status(const char *text);

#endif
