/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients put into a request line and operators into the ledger as an endpoint: any bytes. Properties: decoding
 * what was encoded gives it back; a clean URI decodes in every part; a route never gives a parameter from outside of
 * the path; an endpoint that parses is one that dials.
 */
#include "chain/base/limits.h"
#include "chain/http/route.h"
#include "chain/http/uri.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int nothing(void *ctx, struct http_request *r, struct err *err) {
    (void)ctx, (void)r, (void)err;
    return CODE_OK;
}

static void must(bool ok) {
    if (!ok)
        abort();
}

static void check_coding(struct arena *a, const uint8_t *data, size_t len) {
    struct buf b;
    buf_init(&b, 3 * len + 1);
    uri_encode(&b, bytes_of(data, len), len & 1);
    must(!buf_failed(&b));
    char *back = uri_decode(a, (const char *)b.data, b.len);
    bool nul = memchr(data, 0, len) != NULL;
    must(nul ? !back : back && !memcmp(back, data, len));
    buf_release(&b);
}

static void check_routes(struct arena *a, const char *uri) {
    static const struct http_route routes[] = {
        {"GET", "/v1/tx/{id}", HTTP_AUTH_PUBLIC, .handler = nothing},
        {"PUT", "/v1/{a}/{b}/{c*}", HTTP_AUTH_PUBLIC, .handler = nothing},
        {"GET", "/{bucket}/{key*}", HTTP_AUTH_PUBLIC, .handler = nothing},
        {"GET", "/", HTTP_AUTH_PUBLIC, .handler = nothing},
    };
    struct route_table t = {.n = 0};
    struct route_match m;
    char allow[16];
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        must(route_add(&t, &routes[i], NULL, NULL) == CODE_OK);
    char *path = arena_strndup(a, uri, strcspn(uri, "?"));
    must(path != NULL);
    if (route_find(&t, "GET", path, &m, allow, sizeof allow) == CODE_OK)
        for (size_t i = 0; i < m.n_params; i++) {
            must(m.params[i].raw >= path && m.params[i].raw + m.params[i].raw_len <= path + strlen(path));
            must(uri_decode(a, m.params[i].raw, m.params[i].raw_len) != NULL);
        }
    route_table_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena a;
    struct uri_parts p;
    if (len > HTTP_URI_MAX)
        return 0;
    arena_init(&a, 1 * MIB);
    check_coding(&a, data, len);
    char *text = arena_strndup(&a, (const char *)data, len);
    must(text != NULL);
    if (uri_is_clean(text)) {
        must(uri_decode(&a, text, strlen(text)) != NULL);
        check_routes(&a, text);
    }
    if (uri_parse_base(text, &p, NULL) == CODE_OK)
        must(p.host[0] && p.port && (!p.path[0] || uri_is_clean(p.path)));
    (void)uri_address_is_private(text);
    arena_release(&a);
    return 0;
}
