/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_HTTP_ROUTE_H
#define CAIRN_CHAIN_HTTP_ROUTE_H
/* The route table: patterns, and which of them a raw path matches. Private to the server. */
#include "chain/http/server.h"
#include "chain/metrics/metrics.h"

#define ROUTE_SEGMENTS_MAX 12
#define ROUTE_PARAMS_MAX   6

enum segment_kind { SEGMENT_LITERAL, SEGMENT_PARAM, SEGMENT_REST }; /* in this order a match is the better one */

struct segment {
    enum segment_kind kind;
    const char *text; /* of the pattern: the literal, or the name */
    size_t len;
};

struct route_entry {
    const struct http_route *route;
    void *ctx;
    size_t n_segments;
    struct segment segments[ROUTE_SEGMENTS_MAX];
    struct metric *seconds, *by_class[6]; /* [status / 100] */
};

struct route_table {
    struct route_entry *entries; /* owned */
    size_t n, room;
};

struct route_param {
    const char *name; /* of the pattern, name_len long */
    size_t name_len;
    const char *raw; /* of the path */
    size_t raw_len;
};

struct route_match {
    const struct route_entry *entry;
    size_t n_params;
    struct route_param params[ROUTE_PARAMS_MAX];
};

int route_add(struct route_table *t, const struct http_route *route, void *ctx, struct err *err);
void route_table_release(struct route_table *t);
/* CODE_OK, CODE_NOT_FOUND, or CODE_METHOD with the methods that would do in allow ("GET, PUT"). path is raw, without
 * the query. */
int route_find(const struct route_table *t, const char *method, const char *path, struct route_match *ret, char *allow,
               size_t allow_size);

#endif
