/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/http/server.h"

#include "chain/base/num.h"
#include "chain/http/exchange.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CARE_MS = 500 }; /* looks after connections so often */

/* --- the worker side
 * ------------------------------------------------------------------------------------------------------ */
static int authorise(struct http_request *r, struct err *err) {
    const struct http_server_config *cfg = &r->server->cfg;
    enum http_auth auth = r->match.entry->route->auth;
    if (auth == HTTP_AUTH_PUBLIC)
        return CODE_OK;
    if (!cfg->authorise)
        return err_set(err, CODE_UNAUTHENTICATED, "this server takes no signed requests");
    return cfg->authorise(cfg->authorise_ctx, auth, r, err);
}

static unsigned waiting_max(const struct http_server *s) {
    return (s->cfg.long_max + 1) / 2;
}

int http_wait_begin(struct http_request *r, struct err *err) {
    struct http_server *s = r->server;
    assert(r->lives_long);
    if (r->waits)
        return CODE_OK;
    mutex_lock(&s->long_lock);
    r->waits = s->n_waiting < waiting_max(s);
    s->n_waiting += r->waits;
    mutex_unlock(&s->long_lock);
    return r->waits ? CODE_OK
                    : err_set(err, CODE_BUSY, "%u requests are waiting already; ask again later, or without waiting",
                              waiting_max(s));
}

static void wait_end(struct http_request *r) {
    if (!r->waits)
        return;
    mutex_lock(&r->server->long_lock);
    r->server->n_waiting--;
    mutex_unlock(&r->server->long_lock);
    r->waits = false;
}

static void finish(struct http_request *r, int rc, const struct err *err) {
    wait_end(r);
    mutex_lock(&r->lock);
    if (!r->replied) {
        if (rc == CODE_OK)
            log_error("http", "handler gave no answer", "route=%s", r->match.entry->route->pattern);
        reply_error_locked(r, rc ? rc : CODE_INTERNAL, rc ? err->msg : NULL, false);
    }
    if (rc == CODE_TIMEOUT && r->in_body && !r->body_end && !r->gone)
        (void)shutdown(r->fd, SHUT_RD); /* the rest would be waited for; the connection ends instead */
    bool short_of = r->streaming && !r->head && r->out_len != HTTP_LENGTH_UNKNOWN && r->written < r->out_len;
    r->cut = r->streaming && (rc != CODE_OK || short_of);
    if (r->cut && rc && !r->gone)
        log_debug("http", "answer cut", "id=%s code=%s", r->id, code_name(rc));
    r->finished = true;
    arena_rewind(&r->arena, r->asked); /* a slow reader keeps its answer in memory, not what it was made of */
    exchange_resume(r);
    mutex_unlock(&r->lock);
    exchange_unref(r);
}

static void serve(struct http_request *r) {
    struct err err;
    int rc = CODE_OK;
    err_clear(&err);
    mutex_lock(&r->lock);
    bool over = r->gone || r->closing;
    mutex_unlock(&r->lock);
    if (over)
        rc = err_set(&err, CODE_CLOSED, "the server is stopping");
    else if (clock_mono_ns() >= r->deadline_ns)
        rc = err_set(&err, CODE_TIMEOUT, "the request waited too long for its turn");
    rc = rc ? rc : authorise(r, &err);
    rc = rc ? rc : r->match.entry->route->handler(r->match.entry->ctx, r, &err);
    finish(r, rc, &err);
}

static void work(void *arg) {
    struct http_server *s = (struct http_server *)arg;
    void *r;
    while (queue_take(&s->waiting, DEADLINE_NEVER, &r) == CODE_OK)
        serve((struct http_request *)r);
}

static void work_long(void *arg) {
    struct http_request *r = (struct http_request *)arg;
    struct http_server *s = r->server;
    bool endless = r->match.entry->route->endless; /* serve may free r */
    serve(r);
    mutex_lock(&s->long_lock);
    s->n_endless -= endless;
    s->n_long--;
    cond_broadcast(&s->long_ended);
    mutex_unlock(&s->long_lock);
}

enum { ENDLESS_SHARE = 4 };

static int start_long(struct http_request *r, struct err *err) {
    struct http_server *s = r->server;
    bool endless = r->match.entry->route->endless;
    struct thread t;
    int rc = r->match.entry->route->waits ? http_wait_begin(r, err) : CODE_OK;
    if (rc)
        return rc;
    mutex_lock(&s->long_lock);
    bool room = s->n_long < s->cfg.long_max && (!endless || s->n_endless < s->cfg.long_max / ENDLESS_SHARE);
    s->n_long += room;
    s->n_endless += room && endless;
    mutex_unlock(&s->long_lock);
    rc = room
             ? thread_start(&t, "http-long", work_long, r, err)
             : err_set(err, CODE_BUSY, "%u %s requests are open already",
                       endless ? s->cfg.long_max / ENDLESS_SHARE : s->cfg.long_max, endless ? "endless" : "long-lived");
    if (!rc) {
        (void)pthread_detach(t.id); /* stop waits for n_long instead */
    } else if (room) {
        mutex_lock(&s->long_lock);
        s->n_endless -= endless;
        s->n_long--;
        mutex_unlock(&s->long_lock);
    }
    if (rc)
        wait_end(r);
    return rc;
}

/* --- the network side: all under r->lock
 * ---------------------------------------------------------------------------------- */
static int dispatch(struct http_request *r, struct err *err) {
    struct http_server *s = r->server;
    if (r->closing)
        return err_set(err, CODE_CLOSED, "the server is stopping");
    r->refs++;
    int rc = r->lives_long ? start_long(r, err) : queue_put(&s->waiting, r, 0);
    if (rc == CODE_TIMEOUT)
        rc = err_set(err, CODE_BUSY, "%u requests are waiting already", s->cfg.waiting_max);
    if (rc)
        r->refs--;
    return rc;
}

/* Hands the request over, or answers that it cannot be. */
static void dispatch_or_refuse(struct http_request *r) {
    struct err err;
    err_clear(&err);
    r->gather = false;
    int rc = dispatch(r, &err);
    if (rc) {
        reply_error_locked(r, rc, err.msg, false);
        r->finished = true;
    }
}

/* The answer is queued when the lock is free: libmicrohttpd holds the response's own lock while it reads from us. */
static enum MHD_Result queue_response(struct http_request *r) {
    r->queued = true;
    return MHD_YES;
}

static enum MHD_Result suspend_or_end(struct http_request *r) {
    if (atomic_load(&r->server->hard))
        return MHD_NO;
    exchange_suspend(r);
    return MHD_YES;
}

/* How long the rest of a request may take: what is refused is not waited for longer than for a head. */
static void watch_request(struct http_request *r, bool refused) {
    if (refused)
        guard_next(&r->server->guard, r->guarded, clock_mono_ns());
    else
        guard_due(&r->server->guard, r->guarded, guard_later(r->deadline_ns, guard_time_for(0)));
}

/* Anybody may begin such a body: it costs no thread before it is here. */
static bool gathers(const struct http_request *r) {
    return r->body_len > 0 && r->match.entry->route->auth == HTTP_AUTH_PUBLIC;
}

/* The body is awaited at a pace that nobody who means it falls below, and no longer than the route allows. */
static void gather(struct http_request *r) {
    uint64_t len = r->body_len != HTTP_LENGTH_UNKNOWN ? r->body_len : r->body_max;
    r->gather = r->want_body = true;
    guard_due(&r->server->guard, r->guarded,
              u64_min(guard_later(clock_mono_ns(), guard_time_for(len)), r->deadline_ns));
}

/* An answer that is queued here, before the library knows that all of the request has come, ends the connection: what
 * has no body is answered at the next call. */
static enum MHD_Result on_headers(struct http_request *r, bool refused) {
    if (!r->body_len && !refused) {
        r->in_body = true;
        return MHD_YES;
    }
    if (r->replied) {
        if (refused || !r->body_len || r->body_len > DRAIN_SMALL)
            return queue_response(r); /* a body that is still to come ends the connection */
        r->in_body = true;            /* a small one is dropped, so that the client reads the answer */
        return MHD_YES;
    }
    if (r->body_len && r->want_body) {
        r->in_body = true;
        return MHD_YES;
    }
    return suspend_or_end(r);
}

static enum MHD_Result on_body(struct http_request *r, const char *data, size_t *len) {
    r->received += *len;
    metric_add(r->server->bytes_in, *len);
    if (r->received > r->body_max && !r->too_large) {
        r->too_large = true;
        cond_broadcast(&r->changed);
        if (r->gather)
            dispatch_or_refuse(r);
    }
    if (r->replied || r->too_large || r->finished) {
        r->drained += *len;
        *len = 0;
        return r->drained > DRAIN_MAX ? MHD_NO : MHD_YES;
    }
    size_t n = ring_put(&r->in, data, *len);
    if (n == SIZE_MAX)
        return MHD_NO;
    cond_broadcast(&r->changed);
    r->received -= *len - n; /* the rest comes again */
    *len -= n;
    if (*len && r->gather)
        dispatch_or_refuse(r);
    if (*len && r->replied)
        return MHD_YES; /* it comes again, to be dropped */
    return *len ? suspend_or_end(r) : MHD_YES;
}

static enum MHD_Result on_body_end(struct http_request *r) {
    if (!r->body_end && !r->too_large) {
        r->body_end = true;
        watch_request(r, false);
        cond_broadcast(&r->changed);
    }
    if (r->gather)
        dispatch_or_refuse(r);
    return r->replied ? queue_response(r) : suspend_or_end(r);
}

/* How long the client may take over the answer. */
static void watch_answer(struct http_request *r) {
    uint64_t len = !r->streaming ? r->written : r->out_len != HTTP_LENGTH_UNKNOWN ? r->out_len : 0;
    uint64_t now = clock_mono_ns();
    bool endless = r->match.entry && r->match.entry->route->endless;
    uint64_t from = r->streaming && r->deadline_ns > now ? r->deadline_ns : now;
    guard_due(&r->server->guard, r->guarded, endless ? DEADLINE_NEVER : guard_later(from, guard_time_for(len)));
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url, const char *method,
                                  const char *version, const char *data, size_t *len, void **ret_r) {
    struct http_request *r = (struct http_request *)*ret_r;
    bool refused = false;
    (void)cls, (void)url;
    if (!r)
        return MHD_NO;
    mutex_lock(&r->lock);
    if (!r->parsed) {
        struct err err;
        err_clear(&err);
        r->parsed = true;
        r->conn = conn;
        r->fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        r->guarded = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
        int rc = request_parse(r, method, version, &err);
        if (!rc && gathers(r)) {
            gather(r);
        } else {
            rc = rc ? rc : dispatch(r, &err);
            watch_request(r, rc != CODE_OK);
        }
        if (rc) {
            refused = rc != CODE_NOT_FOUND && rc != CODE_METHOD && rc != CODE_BUSY;
            reply_error_locked(r, rc, err.msg, refused);
            r->finished = true;
            if (!r->replied) {
                mutex_unlock(&r->lock);
                return MHD_NO;
            }
        }
    }
    enum MHD_Result result = MHD_YES;
    bool queued_before = r->queued;
    if (r->queued)
        *len = 0;
    else if (*len)
        result = on_body(r, data, len);
    else if (!r->in_body)
        result = on_headers(r, refused);
    else
        result = on_body_end(r);
    struct MHD_Response *m = NULL;
    if (r->queued && !queued_before) {
        m = r->response;
        r->response = NULL;
    }
    unsigned status = (unsigned)r->status;
    if (m)
        watch_answer(r);
    mutex_unlock(&r->lock);
    if (m) {
        result = MHD_queue_response(conn, status, m);
        MHD_destroy_response(m); /* the connection holds it now */
    }
    return result;
}

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *conn) {
    (void)conn;
    return exchange_new((struct http_server *)cls, uri);
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **r_ptr, enum MHD_RequestTerminationCode why) {
    struct http_request *r = (struct http_request *)*r_ptr;
    (void)cls, (void)conn;
    if (!r)
        return;
    *r_ptr = NULL;
    mutex_lock(&r->lock);
    r->gone = true;
    guard_next(&r->server->guard, r->guarded, clock_mono_ns());
    double seconds = (double)(clock_mono_ns() - r->start_ns) / 1e9;
    const struct route_entry *e = r->match.entry;
    metric_add(r->server->bytes_out, r->streaming ? r->sent : r->written);
    if (e) {
        metric_observe(e->seconds, seconds);
        metric_add(e->by_class[r->status / 100 < 6 ? r->status / 100 : 0], 1);
    }
    log_debug("http", "request", "id=%s peer=%s method=%s path=%s status=%d ms=%.1f in=%llu out=%llu end=%d", r->id,
              r->peer, r->method ? r->method : "?", log_quote(r->path ? r->path : "").s, r->status, seconds * 1e3,
              (unsigned long long)r->received, (unsigned long long)(r->streaming ? r->sent : r->written), (int)why);
    cond_broadcast(&r->changed);
    mutex_unlock(&r->lock);
    exchange_unref(r);
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *from, socklen_t len) {
    struct http_server *s = (struct http_server *)cls;
    (void)len;
    if (guard_admit(&s->guard, from))
        return MHD_YES;
    metric_add(s->refused, 1);
    return MHD_NO;
}

static void on_connection(void *cls, struct MHD_Connection *conn, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    struct http_server *s = (struct http_server *)cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        const struct sockaddr *from = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
        *context = guard_begin(&s->guard, fd, from, clock_mono_ns());
    } else {
        guard_end(&s->guard, (struct guard_conn *)*context);
        *context = NULL;
    }
}

/* Looks after connections until the server stops. */
static void care(void *arg) {
    struct http_server *s = (struct http_server *)arg;
    mutex_lock(&s->lock);
    while (s->caring) {
        (void)cond_wait_until(&s->uncared, &s->lock, deadline_in_ms(CARE_MS));
        mutex_unlock(&s->lock);
        metric_add(s->cut, guard_sweep(&s->guard, clock_mono_ns()));
        mutex_lock(&s->lock);
    }
    mutex_unlock(&s->lock);
}

static void on_log(void *cls, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void on_log(void *cls, const char *fmt, va_list ap) {
    char text[512];
    (void)cls;
    if (!log_enabled(LOG_DEBUG))
        return;
    (void)vsnprintf(text, sizeof text, fmt, ap);
    log_debug("http", "libmicrohttpd", "text=%s", log_quote(text).s);
}

/* --- life
 * ----------------------------------------------------------------------------------------------------------------- */
static char *copy(const char *s) {
    return s ? strdup(s) : NULL;
}

static unsigned or_default(unsigned v, unsigned def) {
    return v ? v : def;
}

int http_server_new(const struct http_server_config *cfg, struct http_server **ret, struct err *err) {
    struct http_server *s = (struct http_server *)calloc(1, sizeof *s);
    if (!s)
        return err_set(err, CODE_NO_MEMORY, "no memory for an HTTP server");
    s->cfg = *cfg;
    s->address = copy(cfg->address ? cfg->address : "127.0.0.1");
    s->name = copy(cfg->name ? cfg->name : "cairn");
    s->tls_cert = copy(cfg->tls_cert);
    s->tls_key = copy(cfg->tls_key);
    s->cfg.io_threads = or_default(cfg->io_threads, 2);
    s->cfg.workers = or_default(cfg->workers, 16);
    s->cfg.waiting_max = or_default(cfg->waiting_max, 256);
    s->cfg.long_max = or_default(cfg->long_max, 256);
    s->cfg.connections = or_default(cfg->connections, 1024);
    s->cfg.idle_s = or_default(cfg->idle_s, 30);
    s->cfg.memory_max = cfg->memory_max ? cfg->memory_max : 8 * MIB;
    s->cfg.deadline_ms = cfg->deadline_ms ? cfg->deadline_ms : 60000;
    mutex_init(&s->lock);
    cond_init(&s->changed);
    cond_init(&s->uncared);
    mutex_init(&s->long_lock);
    cond_init(&s->long_ended);
    list_init(&s->live);
    int rc =
        guard_init(&s->guard, s->cfg.connections, cfg->per_address, cfg->own_free, s->cfg.idle_s * 1000000000ull, err);
    if (rc) {
        http_server_free(s);
        return rc;
    }
    rc = !s->address || !s->name || (cfg->tls_cert && (!s->tls_cert || !s->tls_key))
             ? err_set(err, CODE_INVALID_ARGUMENT, "no memory, or a TLS certificate without its key")
             : queue_init(&s->waiting, s->cfg.waiting_max, err);
    if (rc) {
        http_server_free(s);
        return rc;
    }
    s->in_flight = metrics_gauge(cfg->metrics, "cairn_http_in_flight", "requests being answered", NULL);
    s->bytes_in = metrics_counter(cfg->metrics, "cairn_http_bytes_in_total", "bytes of request bodies", NULL);
    s->bytes_out = metrics_counter(cfg->metrics, "cairn_http_bytes_out_total", "bytes of answers", NULL);
    s->refused = metrics_counter(cfg->metrics, "cairn_http_refused_total",
                                 "connections refused: their address has as many as it may", NULL);
    s->cut = metrics_counter(cfg->metrics, "cairn_http_cut_total", "connections cut off: too slow", NULL);
    *ret = s;
    return CODE_OK;
}

static void add_route_metrics(struct http_server *s, struct route_entry *e) {
    static const char *const classes[6] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    struct buf b;
    buf_init(&b, 1024);
    metrics_label(&b, "method", e->route->method);
    metrics_label(&b, "route", e->route->pattern);
    size_t len = b.len;
    e->seconds = metrics_histogram(s->cfg.metrics, "cairn_http_seconds", "time from request to the end of its answer",
                                   buf_cstr(&b), metrics_seconds, METRICS_SECONDS_N);
    for (size_t i = 0; i < 6; i++) {
        b.len = len;
        metrics_label(&b, "status", classes[i]);
        e->by_class[i] =
            metrics_counter(s->cfg.metrics, "cairn_http_requests_total", "requests answered", buf_cstr(&b));
    }
    buf_release(&b);
}

int http_server_add(struct http_server *s, const struct http_route *routes, size_t n, void *ctx, struct err *err) {
    assert(!s->daemon);
    for (size_t i = 0; i < n; i++) {
        int rc = route_add(&s->routes, &routes[i], ctx, err);
        if (rc)
            return rc;
        if (s->cfg.metrics)
            add_route_metrics(s, &s->routes.entries[s->routes.n - 1]);
    }
    return CODE_OK;
}

void http_server_each_route(const struct http_server *s, void (*visit)(void *ctx, const struct http_route *route),
                            void *ctx) {
    for (size_t i = 0; i < s->routes.n; i++)
        visit(ctx, s->routes.entries[i].route);
}

/* A listening socket on cfg's address; its own, so that a taken port is a clear error. */
static int listen_on(struct http_server *s, int *ret_fd, struct err *err) {
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(s->cfg.port)};
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(s->cfg.port)};
    bool v6 = inet_pton(AF_INET6, s->address, &a6.sin6_addr) == 1;
    if (!v6 && inet_pton(AF_INET, s->address, &a4.sin_addr) != 1)
        return err_set(err, CODE_INVALID_ARGUMENT, "'%.64s' is not an IPv4 or IPv6 address to listen on", s->address);
    const struct sockaddr *a =
        v6 ? (const struct sockaddr *)(const void *)&a6 : (const struct sockaddr *)(const void *)&a4;
    socklen_t len = v6 ? sizeof a6 : sizeof a4;
    int fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        return err_errno(err, errno, "socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in6 got;
    socklen_t got_len = sizeof got;
    if (bind(fd, a, len) || listen(fd, 511) || getsockname(fd, (struct sockaddr *)(void *)&got, &got_len)) {
        int e = errno;
        (void)close(fd);
        if (e == EADDRINUSE)
            return err_set(err, CODE_BUSY, "%s port %u is taken by another process", s->address, s->cfg.port);
        return err_errno(err, e, "listen on %s port %u", s->address, s->cfg.port);
    }
    s->port = ntohs(got.sin6_port); /* at the same place in both families */
    *ret_fd = fd;
    return CODE_OK;
}

static int start_daemon(struct http_server *s, int fd, struct err *err) {
    unsigned flags = MHD_USE_EPOLL_INTERNALLY | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, s->tls_cert},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, s->tls_key},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    if (s->tls_cert)
        flags |= MHD_USE_TLS;
    s->daemon = MHD_start_daemon(
        flags, 0, on_accept, s, on_request, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, s->cfg.io_threads, MHD_OPTION_CONNECTION_LIMIT, s->cfg.connections,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_CONNECTION_TIMEOUT, s->cfg.idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_CONN_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
        s->tls_cert ? tls : none, MHD_OPTION_END);
    return s->daemon ? CODE_OK
                     : err_set(err, CODE_INTERNAL, "the HTTP server cannot start; is the TLS certificate right?");
}

int http_server_start(struct http_server *s, struct err *err) {
    int fd = -1, rc = listen_on(s, &fd, err);
    if (rc)
        return rc;
    s->workers = (struct thread *)calloc(s->cfg.workers, sizeof *s->workers);
    rc = s->workers ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for workers");
    for (; !rc && s->n_workers < s->cfg.workers; s->n_workers++) {
        rc = thread_start(&s->workers[s->n_workers], "http-worker", work, s, err);
        if (rc)
            break;
    }
    if (!rc) {
        s->caring = true;
        rc = thread_start(&s->care, "http-care", care, s, err);
        if (rc)
            s->caring = false;
    }
    rc = rc ? rc : start_daemon(s, fd, err);
    if (rc) {
        (void)close(fd);
        http_server_stop(s, 0);
    }
    return rc;
}

uint16_t http_server_port(const struct http_server *s) {
    return s->port;
}

void http_server_close(struct http_server *s) {
    mutex_lock(&s->lock);
    s->closed = true;
    LIST_FOR_EACH (n, &s->live) {
        struct http_request *r = LIST_ENTRY(n, struct http_request, node);
        mutex_lock(&r->lock);
        r->closing = true;
        cond_broadcast(&r->changed);
        mutex_unlock(&r->lock);
    }
    mutex_unlock(&s->lock);
    queue_close(&s->waiting);
}

/* Answers that are not out after this are cut. */
static void wait_for_answers(struct http_server *s, uint64_t grace_ms) {
    uint64_t deadline = deadline_in_ms(grace_ms);
    mutex_lock(&s->long_lock);
    while (s->n_long)
        cond_wait(&s->long_ended, &s->long_lock);
    mutex_unlock(&s->long_lock);
    mutex_lock(&s->lock);
    while (!list_empty(&s->live) && cond_wait_until(&s->changed, &s->lock, deadline))
        ;
    atomic_store(&s->hard, true);
    LIST_FOR_EACH (n, &s->live) {
        struct http_request *r = LIST_ENTRY(n, struct http_request, node);
        mutex_lock(&r->lock);
        exchange_resume(r);
        mutex_unlock(&r->lock);
    }
    mutex_unlock(&s->lock);
}

void http_server_stop(struct http_server *s, uint64_t grace_ms) {
    int listening = -1;
    http_server_close(s);
    if (s->daemon) {
        /* nobody connects any more; closed only when the library's threads, which still have it in their sets, are gone
         */
        listening = MHD_quiesce_daemon(s->daemon);
        if (listening >= 0)
            (void)shutdown(listening, SHUT_RDWR);
    }
    for (unsigned i = 0; i < s->n_workers; i++)
        thread_join(&s->workers[i]);
    s->n_workers = 0;
    free(s->workers);
    s->workers = NULL;
    if (s->daemon) {
        wait_for_answers(s, grace_ms);
        MHD_stop_daemon(s->daemon);
        s->daemon = NULL;
    }
    if (listening >= 0)
        (void)close(listening);
    mutex_lock(&s->lock);
    bool cared = s->caring;
    s->caring = false;
    cond_broadcast(&s->uncared);
    mutex_unlock(&s->lock);
    if (cared)
        thread_join(&s->care);
}

void http_server_free(struct http_server *s) {
    if (!s)
        return;
    if (s->daemon || s->n_workers)
        http_server_stop(s, 1000);
    assert(list_empty(&s->live));
    queue_release(&s->waiting);
    route_table_release(&s->routes);
    guard_release(&s->guard);
    cond_release(&s->long_ended);
    mutex_release(&s->long_lock);
    cond_release(&s->uncared);
    cond_release(&s->changed);
    mutex_release(&s->lock);
    free(s->address);
    free(s->name);
    free(s->tls_cert);
    free(s->tls_key);
    free(s);
}
