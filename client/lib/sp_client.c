/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/sp_client.h"

#include "chain/http/uri.h"
#include "chain/os/clock.h"
#include "chain/os/random.h"
#include "chain/os/thread.h"
#include "chain/types/request.h"
#include "client/lib/placement.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ENDPOINTS_MAX = 256, /* remembered; others are looked up again */
    ENDPOINT_LEN_MAX = 300,
    URL_LEN_MAX = 8192,
    REQUEST_LIFE_MS = 2 * 60 * 1000, /* to arrive: a provider remembers each that long, and only so many */
    ENDPOINT_FRESH_MS = 60000,
};

struct endpoint {
    uint32_t sp_id; /* 0: free */
    uint64_t at_ms;
    char url[ENDPOINT_LEN_MAX];
};

struct sp_client {
    struct ledger *ledger;
    const struct seckey *key;
    struct mutex lock;
    struct endpoint endpoints[ENDPOINTS_MAX];
};

int sp_client_open(struct ledger *ledger, const struct seckey *key, struct sp_client **ret, struct err *err) {
    struct sp_client *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(err, CODE_NO_MEMORY, "no memory to talk to providers");
    c->ledger = ledger;
    c->key = key;
    mutex_init(&c->lock);
    *ret = c;
    return CODE_OK;
}

void sp_client_close(struct sp_client *c) {
    if (!c)
        return;
    mutex_release(&c->lock);
    free(c);
}

struct ledger *sp_client_ledger(struct sp_client *c) {
    return c->ledger;
}

const struct seckey *sp_client_key(struct sp_client *c) {
    return c->key;
}

void sp_client_forget(struct sp_client *c, uint32_t sp_id) {
    mutex_lock(&c->lock);
    if (c->endpoints[sp_id % ENDPOINTS_MAX].sp_id == sp_id)
        c->endpoints[sp_id % ENDPOINTS_MAX].sp_id = 0;
    mutex_unlock(&c->lock);
}

static int find_endpoint(struct sp_client *c, uint32_t sp_id, char ret[ENDPOINT_LEN_MAX], struct err *err) {
    struct endpoint *e = &c->endpoints[sp_id % ENDPOINTS_MAX];
    struct arena arena;
    StorageProvider *sp;
    struct uri_parts parts;
    uint64_t now = clock_mono_ms();
    mutex_lock(&c->lock);
    bool known = e->sp_id == sp_id && now - e->at_ms < ENDPOINT_FRESH_MS;
    if (known)
        memcpy(ret, e->url, ENDPOINT_LEN_MAX);
    mutex_unlock(&c->lock);
    if (known)
        return CODE_OK;
    arena_init(&arena, 1 << 20);
    int rc = placement_sp(c->ledger, sp_id, &arena, &sp, err);
    if (!rc && (uri_parse_base(sp->endpoint, &parts, NULL) || strlen(sp->endpoint) >= ENDPOINT_LEN_MAX))
        rc = err_set(err, CODE_UNAVAILABLE, "provider %u has no usable endpoint on the ledger", sp_id);
    if (!rc) {
        size_t len = strlen(sp->endpoint);
        while (len && sp->endpoint[len - 1] == '/')
            len--;
        mutex_lock(&c->lock);
        *e = (struct endpoint){.sp_id = sp_id, .at_ms = now};
        memcpy(e->url, sp->endpoint, len);
        memcpy(ret, e->url, ENDPOINT_LEN_MAX);
        mutex_unlock(&c->lock);
    }
    arena_release(&arena);
    return rc;
}

/* "host:port" as it goes into the Host header. */
static const char *host_of(const char *endpoint) {
    const char *p = strstr(endpoint, "://");
    return p ? p + 3 : endpoint;
}

static int sign(struct sp_client *c, uint32_t sp_id, const char *endpoint, const char *path,
                const struct http_call *call, char ret_header[REQUEST_TEXT_MAX + 32], struct err *err) {
    struct request_auth auth = {.issued_ms = clock_real_ms()};
    char text[REQUEST_TEXT_MAX], *raw_path = strdup(path);
    if (!raw_path)
        return err_set(err, CODE_NO_MEMORY, "no memory to sign a request");
    char *query = strchr(raw_path, '?');
    if (query)
        *query++ = '\0';
    auth.expires_ms = auth.issued_ms + REQUEST_LIFE_MS;
    random_bytes(auth.nonce, sizeof auth.nonce);
    if (call->source)
        memcpy(auth.content, REQUEST_UNSIGNED, sizeof REQUEST_UNSIGNED);
    else
        request_content_of(call->body_out, auth.content);
    struct request_http http = {.method = call->method ? call->method : "GET",
                                .host = host_of(endpoint),
                                .path = raw_path,
                                .query = query ? query : ""};
    int rc = request_sign(&auth, &http, sp_id, c->key, ledger_chain_tag(c->ledger), err);
    free(raw_path);
    if (rc)
        return rc;
    request_auth_print(&auth, text);
    snprintf(ret_header, REQUEST_TEXT_MAX + 32, "Authorization: " REQUEST_AUTH_SCHEME "%s", text);
    return CODE_OK;
}

int sp_client_prepare(struct sp_client *c, uint32_t sp_id, const char *path, struct http_call *call,
                      struct arena *arena, struct err *err) {
    char endpoint[ENDPOINT_LEN_MAX], header[REQUEST_TEXT_MAX + 32];
    int rc = find_endpoint(c, sp_id, endpoint, err);
    if (rc)
        return rc;
    call->url = arena_printf(arena, "%s%s", endpoint, path);
    if (call->url && c->key) {
        size_t i = 0;
        while (i < HTTP_CALL_HEADERS_MAX && call->headers[i])
            i++;
        if (i == HTTP_CALL_HEADERS_MAX)
            return err_set(err, CODE_INVALID_ARGUMENT, "too many headers");
        rc = sign(c, sp_id, endpoint, path, call, header, err);
        if (!rc)
            call->headers[i] = arena_strdup(arena, header);
        if (!rc && !call->headers[i])
            call->url = NULL;
    }
    return rc ? rc : call->url ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a request");
}

int sp_client_judge(uint32_t sp_id, const struct http_call *call, int rc, struct err *err) {
    if (!rc)
        rc = http_call_check(call, err);
    return rc ? err_wrap(err, rc, "provider %u", sp_id) : CODE_OK;
}

int sp_client_call(struct sp_client *c, uint32_t sp_id, const char *path, struct http_call *call, struct err *err) {
    struct arena arena;
    arena_init(&arena, 4 * URL_LEN_MAX);
    size_t given = 0;
    while (given < HTTP_CALL_HEADERS_MAX && call->headers[given])
        given++;
    int rc = sp_client_prepare(c, sp_id, path, call, &arena, err);
    if (!rc) {
        rc = http_call_run(ledger_http(c->ledger), call, err);
        if (rc == CODE_UNAVAILABLE)
            sp_client_forget(c, sp_id);
        rc = sp_client_judge(sp_id, call, rc, err);
    }
    if (given < HTTP_CALL_HEADERS_MAX)
        call->headers[given] = NULL; /* the signature lies on the arena */
    call->url = NULL;
    arena_release(&arena);
    return rc;
}

const char *sp_object_path(const char *bucket, const char *object, const char *query, struct arena *arena) {
    struct buf b;
    buf_init(&b, URL_LEN_MAX);
    buf_put_u8(&b, '/');
    uri_encode(&b, bytes_str(bucket), false);
    buf_put_u8(&b, '/');
    uri_encode(&b, bytes_str(object), true);
    if (query && *query) {
        buf_put_u8(&b, '?');
        buf_put_str(&b, query);
    }
    const char *text = buf_failed(&b) ? NULL : buf_cstr(&b);
    text = text ? arena_strdup(arena, text) : NULL;
    buf_release(&b);
    return text;
}
