/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/num.h"
#include "chain/http/exchange.h"
#include "chain/http/uri.h"
#include "chain/os/clock.h"

#include <arpa/inet.h>
#include <poll.h>
#include <strings.h>

#define QUERIES_MAX 64
#define HEADERS_MAX 100

/* --- parsing, on the network thread
 * --------------------------------------------------------------------------------------- */
struct header_walk {
    struct http_request *r;
    size_t bytes, hosts, lengths, encodings;
    bool bad;
};

static enum MHD_Result one_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                  const char *value, size_t value_len) {
    struct header_walk *w = (struct header_walk *)cls;
    struct http_request *r = w->r;
    (void)kind;
    value = value ? value : "";
    w->bytes += name_len + value_len + 4;
    if (w->bytes > HTTP_HEADER_MAX || r->n_headers == HEADERS_MAX || memchr(value, 0, value_len)) {
        w->bad = true;
        return MHD_NO;
    }
    char *n = arena_strndup(&r->arena, name, name_len), *v = arena_strndup(&r->arena, value, value_len);
    if (!n || !v) {
        w->bad = true;
        return MHD_NO;
    }
    w->hosts += !strcasecmp(n, "host");
    w->lengths += !strcasecmp(n, "content-length");
    w->encodings += !strcasecmp(n, "transfer-encoding");
    r->headers[r->n_headers++] = (struct header){n, v};
    return MHD_YES;
}

static int parse_headers(struct http_request *r, struct err *err) {
    struct header_walk w = {.r = r};
    r->headers = (struct header *)arena_array(&r->arena, HEADERS_MAX, sizeof *r->headers);
    if (!r->headers)
        return err_set(err, CODE_NO_MEMORY, "no memory for the request");
    (void)MHD_get_connection_values_n(r->conn, MHD_HEADER_KIND, one_header, &w);
    if (w.bad)
        return err_set(err, CODE_TOO_LARGE, "more than %d headers or %zu bytes of them, or a NUL in one", HEADERS_MAX,
                       HTTP_HEADER_MAX);
    if (w.hosts != 1 && (r->http_1_1 || w.hosts))
        return err_set(err, CODE_MALFORMED, "want exactly one Host header");
    if (w.lengths > 1 || w.encodings > 1 || (w.lengths && w.encodings))
        return err_set(err, CODE_MALFORMED, "want one Content-Length or one Transfer-Encoding, not more");
    const char *encoding = http_header(r, "transfer-encoding"), *length = http_header(r, "content-length");
    if (encoding && strcasecmp(encoding, "chunked") != 0)
        return err_set(err, CODE_UNSUPPORTED, "Transfer-Encoding other than chunked");
    if (length && !u64_parse(length, strlen(length), &r->body_len))
        return err_set(err, CODE_MALFORMED, "Content-Length is not a plain number");
    if (encoding)
        r->body_len = HTTP_LENGTH_UNKNOWN;
    return CODE_OK;
}

/* "a=b&c" into decoded pairs; a name may come once. */
static int parse_query(struct http_request *r, struct err *err) {
    r->queries = (struct header *)arena_array(&r->arena, QUERIES_MAX, sizeof *r->queries);
    if (!r->queries)
        return err_set(err, CODE_NO_MEMORY, "no memory for the request");
    for (const char *s = r->query; *s;) {
        size_t len = strcspn(s, "&"), name_len = strcspn(s, "=&");
        const char *raw = name_len < len ? s + name_len + 1 : s + len;
        if (len) {
            char *name = uri_decode(&r->arena, s, name_len),
                 *value = uri_decode(&r->arena, raw, (size_t)(s + len - raw));
            if (!name || !value || r->n_queries == QUERIES_MAX)
                return err_set(err, CODE_MALFORMED, "more than %d query values, or a broken one", QUERIES_MAX);
            if (http_query(r, name))
                return err_set(err, CODE_MALFORMED, "query value %.64s comes twice", name);
            r->queries[r->n_queries++] = (struct header){name, value};
        }
        s += len + (s[len] == '&');
    }
    return CODE_OK;
}

static int parse_route(struct http_request *r, struct err *err) {
    char allow[64];
    int rc = route_find(&r->server->routes, r->method, r->path, &r->match, allow, sizeof allow);
    if (rc == CODE_METHOD) {
        (void)http_reply_header(r, "Allow", allow, NULL);
        return err_set(err, rc, "%.16s is not allowed here; use %s", r->method, allow);
    }
    if (rc)
        return err_set(err, rc, "there is no %.200s", r->path);
    for (size_t i = 0; i < r->match.n_params; i++) {
        const struct route_param *p = &r->match.params[i];
        char *name = arena_strndup(&r->arena, p->name, p->name_len), *value = uri_decode(&r->arena, p->raw, p->raw_len);
        if (!name || !value)
            return err_set(err, CODE_MALFORMED, "a part of the path cannot be decoded");
        r->params[i] = (struct header){name, value};
    }
    return CODE_OK;
}

static void find_peer(struct http_request *r) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    if (a && a->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, r->peer, sizeof r->peer);
    else if (a && a->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, r->peer, sizeof r->peer);
}

int request_parse(struct http_request *r, const char *method, const char *version, struct err *err) {
    find_peer(r);
    r->method = arena_strdup(&r->arena, method);
    r->http_1_1 = !strcmp(version, MHD_HTTP_VERSION_1_1);
    if (!r->uri || !r->method || !uri_is_clean(r->uri)) {
        r->uri = r->path = r->query = "";
        return err_set(err, CODE_MALFORMED,
                       "the request's URI is too long, holds a broken escape or %%00, or is not a path");
    }
    r->head = !strcmp(method, "HEAD");
    const char *mark = strchr(r->uri, '?');
    r->path = mark ? arena_strndup(&r->arena, r->uri, (size_t)(mark - r->uri)) : r->uri;
    r->query = mark ? mark + 1 : "";
    if (!r->path)
        return err_set(err, CODE_NO_MEMORY, "no memory for the request");
    int rc = parse_headers(r, err);
    rc = rc ? rc : parse_route(r, err);
    rc = rc ? rc : parse_query(r, err);
    if (rc)
        return rc;
    const struct http_route *route = r->match.entry->route;
    r->body_max = route->body_max;
    if (r->body_len != HTTP_LENGTH_UNKNOWN && r->body_len > r->body_max)
        return err_set(err, CODE_TOO_LARGE, "a body of %llu bytes; at most %llu are taken here",
                       (unsigned long long)r->body_len, (unsigned long long)r->body_max);
    r->lives_long = route->long_lived && (!route->waits || route->waits(r->match.entry->ctx, r));
    uint64_t ms = route->deadline_ms ? route->deadline_ms : r->server->cfg.deadline_ms;
    r->deadline_ns = r->lives_long && !route->deadline_ms ? DEADLINE_NEVER : deadline_in_ms(ms);
    r->asked = arena_mark(&r->arena);
    ring_init(&r->in, r->body_len < HTTP_STREAM_BUFFER ? (size_t)r->body_len + !r->body_len : HTTP_STREAM_BUFFER);
    return CODE_OK;
}

/* --- what a handler asks
 * -------------------------------------------------------------------------------------------------- */
const char *http_method(const struct http_request *r) {
    return r->method;
}

const char *http_uri(const struct http_request *r) {
    return r->uri;
}

const char *http_path(const struct http_request *r) {
    return r->path;
}

const char *http_query_string(const struct http_request *r) {
    return r->query;
}

const char *http_param(const struct http_request *r, const char *name) {
    for (size_t i = 0; i < r->match.n_params; i++)
        if (!strcmp(r->params[i].name, name))
            return r->params[i].value;
    return NULL;
}

const char *http_query(const struct http_request *r, const char *name) {
    for (size_t i = 0; i < r->n_queries; i++)
        if (!strcmp(r->queries[i].name, name))
            return r->queries[i].value;
    return NULL;
}

int http_query_u64(const struct http_request *r, const char *name, uint64_t def, uint64_t lo, uint64_t hi,
                   uint64_t *ret, struct err *err) {
    const char *text = http_query(r, name);
    uint64_t v = def;
    if (text && (!u64_parse(text, strlen(text), &v) || v < lo || v > hi))
        return err_set(err, CODE_INVALID_ARGUMENT, "%s should be a number from %llu to %llu", name,
                       (unsigned long long)lo, (unsigned long long)hi);
    *ret = v;
    return CODE_OK;
}

const char *http_header(const struct http_request *r, const char *name) {
    for (size_t i = 0; i < r->n_headers; i++)
        if (!strcasecmp(r->headers[i].name, name))
            return r->headers[i].value;
    return NULL;
}

bool http_header_next(const struct http_request *r, size_t *i, const char **ret_name, const char **ret_value) {
    if (*i >= r->n_headers)
        return false;
    *ret_name = r->headers[*i].name;
    *ret_value = r->headers[(*i)++].value;
    return true;
}

const char *http_peer(const struct http_request *r) {
    return r->peer;
}

const struct http_route *http_route_of(const struct http_request *r) {
    return r->match.entry->route;
}

const char *http_request_id(const struct http_request *r) {
    return r->id;
}

struct arena *http_arena(struct http_request *r) {
    return &r->arena;
}

uint64_t http_deadline(const struct http_request *r) {
    return r->deadline_ns;
}

/* Under r->lock, before the library has said that the connection is over: nobody else looks at the socket of a
 * suspended one. */
static bool hung_up(const struct http_request *r) {
    struct pollfd p = {.fd = r->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

bool http_client_gone(struct http_request *r) {
    mutex_lock(&r->lock);
    bool gone = r->gone || r->closing || hung_up(r);
    mutex_unlock(&r->lock);
    return gone;
}

void http_set_user(struct http_request *r, void *user) {
    r->user = user;
}

void *http_user(const struct http_request *r) {
    return r->user;
}

/* --- the body
 * ------------------------------------------------------------------------------------------------------------- */
uint64_t http_body_len(const struct http_request *r) {
    return r->body_len;
}

/* Under r->lock: waits until there are bytes, or the end. */
static int wait_for_body(struct http_request *r, struct err *err) {
    r->want_body = true;
    if (!r->in_body)
        exchange_resume(r);
    while (!r->in.len && !r->body_end) {
        if (r->too_large)
            return err_set(err, CODE_TOO_LARGE, "the body is over %llu bytes", (unsigned long long)r->body_max);
        if (r->gone)
            return err_set(err, CODE_CLOSED, "the client went away in the middle of the body");
        if (r->closing)
            return err_set(err, CODE_CLOSED, "the server is stopping");
        if (!cond_wait_until(&r->changed, &r->lock, r->deadline_ns) && !r->in.len && !r->body_end)
            return err_set(err, CODE_TIMEOUT, "the body did not arrive in time");
    }
    return CODE_OK;
}

int http_body_read(struct http_request *r, void *ret_data, size_t cap, size_t *ret_len, struct err *err) {
    if (!r->body_len) {
        *ret_len = 0;
        return CODE_OK;
    }
    mutex_lock(&r->lock);
    int rc = wait_for_body(r, err);
    if (!rc) {
        *ret_len = ring_take(&r->in, ret_data, cap);
        if (!r->body_end && r->in.len <= r->in.cap / 2)
            exchange_resume(r);
    }
    mutex_unlock(&r->lock);
    return rc;
}

int http_body_read_full(struct http_request *r, void *ret_data, size_t len, struct err *err) {
    for (size_t done = 0, n; done < len; done += n) {
        int rc = http_body_read(r, (uint8_t *)ret_data + done, len - done, &n, err);
        if (rc)
            return rc;
        if (!n)
            return err_set(err, CODE_MALFORMED, "the body ends after %zu bytes, before %zu", done, len);
    }
    return CODE_OK;
}

int http_body_all(struct http_request *r, size_t cap, struct bytes *ret, struct err *err) {
    size_t room = r->body_len == HTTP_LENGTH_UNKNOWN ? 4096 : (size_t)u64_min(r->body_len, cap), len = 0, n;
    if (r->body_len != HTTP_LENGTH_UNKNOWN && r->body_len > cap)
        return err_set(err, CODE_TOO_LARGE, "a body of %llu bytes; at most %zu are taken here",
                       (unsigned long long)r->body_len, cap);
    struct buf b;
    buf_init(&b, cap + 1);
    if (!buf_reserve(&b, room + 1))
        return err_set(err, CODE_NO_MEMORY, "no memory for the body");
    int rc = CODE_OK;
    do {
        uint8_t part[16384];
        rc = http_body_read(r, part, sizeof part, &n, err);
        if (!rc && (len += n) > cap)
            rc = err_set(err, CODE_TOO_LARGE, "the body is over %zu bytes", cap);
        if (!rc)
            buf_put(&b, part, n);
    } while (!rc && n);
    char *all = rc ? NULL : arena_strndup(&r->arena, (const char *)b.data, b.len);
    if (!rc && (!all || buf_failed(&b)))
        rc = err_set(err, CODE_NO_MEMORY, "no memory for the body");
    else if (!rc)
        *ret = bytes_of(all, b.len);
    buf_release(&b);
    return rc;
}

int http_range(struct http_request *r, uint64_t total, bool *ret_partial, uint64_t *ret_offset, uint64_t *ret_len,
               struct err *err) {
    const char *text = http_header(r, "range");
    uint64_t first, last;
    char range[96];
    (void)http_reply_header(r, "Accept-Ranges", "bytes", NULL);
    if (!text || strncmp(text, "bytes=", 6) != 0 || strchr(text, ',') ||
        !uri_range_parse(text + 6, total, &first, &last)) {
        *ret_partial = false;
        *ret_offset = 0;
        *ret_len = total;
        return CODE_OK;
    }
    if (first >= total) {
        struct buf b;
        buf_init(&b, sizeof range);
        buf_printf(&b, "bytes */%llu", (unsigned long long)total);
        int rc = http_reply_header(r, "Content-Range", buf_cstr(&b), NULL);
        buf_release(&b);
        (void)rc;
        return err_set(err, CODE_RANGE, "the range begins at %llu, but there are only %llu bytes",
                       (unsigned long long)first, (unsigned long long)total);
    }
    last = u64_min(last, total - 1);
    struct buf b;
    buf_init(&b, sizeof range);
    buf_printf(&b, "bytes %llu-%llu/%llu", (unsigned long long)first, (unsigned long long)last,
               (unsigned long long)total);
    int rc = http_reply_header(r, "Content-Range", buf_cstr(&b), err);
    buf_release(&b);
    if (rc)
        return rc;
    *ret_partial = true;
    *ret_offset = first;
    *ret_len = last - first + 1;
    return CODE_OK;
}
