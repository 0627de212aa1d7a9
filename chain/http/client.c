/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/http/client.h"
#include "chain/base/limits.h"
#include "chain/base/list.h"
#include "chain/base/num.h"
#include "chain/http/uri.h"
#include "chain/os/clock.h"
#include "chain/os/thread.h"

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#define EASIES_KEPT    16
#define ERROR_BODY_MAX (64 * KIB)
#define HEADER_MAX     (64 * KIB)
#define POLL_MS        1000
#define POLL_CANCEL_MS 50 /* a call with a cancel flag is looked at this often */

/* What one thread needs to run calls: a multi handle, which keeps the connections. */
struct lane {
    struct list node; /* in client->lanes */
    struct lane *next_free;
    CURLM *multi;
    CURL *kept[EASIES_KEPT];
    size_t n_kept;
};

struct http_client {
    struct http_client_config cfg;
    char *ca_file, *user_agent; /* owned */
    struct mutex lock;
    struct cond lane_free;
    struct list lanes; /* all of them */
    struct lane *free; /* the last used first: its connections are warm */
    unsigned n_lanes;
    atomic_bool closed;
};

/* A call that runs. */
#define ASK_FIRST_MIN (64 * KIB) /* larger bodies are sent when the server has said that it takes them */

struct transfer {
    struct http_client *client;
    struct http_call *call;
    CURL *easy;
    struct curl_slist *headers;
    size_t out_pos;    /* of body_out */
    uint64_t moved_ns; /* when a byte last moved */
    curl_off_t moved;  /* bytes until then */
    bool denied;       /* an address was refused */
    int rc;            /* of source, sink or a cap */
    struct err err;
    char text[CURL_ERROR_SIZE];
};

static void init_curl(void) {
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_client_new(const struct http_client_config *cfg, struct http_client **ret, struct err *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_curl);
    struct http_client *c = (struct http_client *)calloc(1, sizeof *c);
    if (!c)
        return err_set(err, CODE_NO_MEMORY, "no memory for an HTTP client");
    c->cfg = *cfg;
    c->cfg.lanes_max = cfg->lanes_max ? cfg->lanes_max : 64;
    c->cfg.per_host = cfg->per_host ? cfg->per_host : 16;
    c->cfg.connect_ms = cfg->connect_ms ? cfg->connect_ms : 5000;
    c->user_agent = strdup(cfg->user_agent ? cfg->user_agent : "cairn");
    c->ca_file = cfg->ca_file ? strdup(cfg->ca_file) : NULL;
    mutex_init(&c->lock);
    cond_init(&c->lane_free);
    list_init(&c->lanes);
    if (!c->user_agent || (cfg->ca_file && !c->ca_file)) {
        http_client_free(c);
        return err_set(err, CODE_NO_MEMORY, "no memory for an HTTP client");
    }
    *ret = c;
    return CODE_OK;
}

void http_client_close(struct http_client *c) {
    atomic_store(&c->closed, true);
    mutex_lock(&c->lock);
    LIST_FOR_EACH (n, &c->lanes)
        (void)curl_multi_wakeup(LIST_ENTRY(n, struct lane, node)->multi);
    cond_broadcast(&c->lane_free);
    mutex_unlock(&c->lock);
}

static void lane_release(struct lane *l) {
    for (size_t i = 0; i < l->n_kept; i++)
        curl_easy_cleanup(l->kept[i]);
    if (l->multi)
        (void)curl_multi_cleanup(l->multi);
    free(l);
}

void http_client_free(struct http_client *c) {
    if (!c)
        return;
    LIST_FOR_EACH_SAFE (n, &c->lanes) {
        list_remove(n);
        lane_release(LIST_ENTRY(n, struct lane, node));
    }
    cond_release(&c->lane_free);
    mutex_release(&c->lock);
    free(c->user_agent);
    free(c->ca_file);
    free(c);
}

/* --- lanes
 * ---------------------------------------------------------------------------------------------------------------- */
static struct lane *lane_new(struct http_client *c) {
    struct lane *l = (struct lane *)calloc(1, sizeof *l);
    if (!l)
        return NULL;
    list_init(&l->node);
    l->multi = curl_multi_init();
    if (!l->multi) {
        lane_release(l);
        return NULL;
    }
    (void)curl_multi_setopt(l->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)c->cfg.per_host);
    (void)curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)64);
    return l;
}

static int lane_take(struct http_client *c, uint64_t deadline_ns, struct lane **ret, struct err *err) {
    int rc = CODE_OK;
    struct lane *l = NULL;
    mutex_lock(&c->lock);
    while (!rc && !l) {
        if (atomic_load(&c->closed)) {
            rc = err_set(err, CODE_CANCELLED, "the client is closed");
        } else if (c->free) {
            l = c->free;
            c->free = l->next_free;
        } else if (c->n_lanes < c->cfg.lanes_max) {
            l = lane_new(c);
            rc = l ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a connection");
            if (l) {
                list_push_back(&c->lanes, &l->node);
                c->n_lanes++;
            }
        } else if (!cond_wait_until(&c->lane_free, &c->lock, deadline_ns)) {
            rc = err_set(err, CODE_TIMEOUT, "%u calls run already", c->cfg.lanes_max);
        }
    }
    mutex_unlock(&c->lock);
    *ret = l;
    return rc;
}

static void lane_give(struct http_client *c, struct lane *l) {
    mutex_lock(&c->lock);
    l->next_free = c->free;
    c->free = l;
    cond_signal(&c->lane_free);
    mutex_unlock(&c->lock);
}

/* --- what libcurl calls
 * --------------------------------------------------------------------------------------------------- */
static size_t on_upload(char *data, size_t size, size_t n, void *ctx) {
    struct transfer *t = (struct transfer *)ctx;
    struct http_call *call = t->call;
    size_t cap = size * n, len = 0;
    if (call->source) {
        t->rc = call->source(call->ctx, data, cap, &len, &t->err);
        if (t->rc)
            return CURL_READFUNC_ABORT;
    } else {
        len = size_min(cap, call->body_out.len - t->out_pos);
        if (len)
            memcpy(data, call->body_out.data + t->out_pos, len);
        t->out_pos += len;
    }
    call->sent += len;
    return len;
}

/* libcurl begins a body again when a kept connection turned out dead. */
static int on_rewind(void *ctx, curl_off_t offset, int origin) {
    struct transfer *t = (struct transfer *)ctx;
    if (t->call->source || origin != SEEK_SET || offset != 0)
        return CURL_SEEKFUNC_CANTSEEK;
    t->out_pos = 0;
    t->call->sent = 0;
    return CURL_SEEKFUNC_OK;
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx) {
    struct transfer *t = (struct transfer *)ctx;
    struct buf *b = &t->call->header_text;
    size_t len = size * n, colon = 0;
    if (len >= 5 && !memcmp(data, "HTTP/", 5)) { /* an interim answer (100) before this one: forget it */
        buf_clear(b);
        return len;
    }
    const char *p = (const char *)memchr(data, ':', len);
    if (!p)
        return len;
    colon = (size_t)(p - data);
    for (size_t i = 0; i < colon; i++)
        buf_put_u8(b, data[i] >= 'A' && data[i] <= 'Z' ? (uint8_t)(data[i] + 32) : (uint8_t)data[i]);
    size_t from = colon + 1, to = len;
    while (from < to && (data[from] == ' ' || data[from] == '\t'))
        from++;
    while (to > from && (unsigned char)data[to - 1] <= ' ')
        to--;
    buf_put_str(b, ": ");
    buf_put(b, data + from, to - from);
    buf_put_u8(b, '\n');
    if (buf_failed(b)) {
        t->rc = err_set(&t->err, CODE_TOO_LARGE, "the answer's headers are over %zu bytes", HEADER_MAX);
        return 0;
    }
    return len;
}

static size_t on_download(char *data, size_t size, size_t n, void *ctx) {
    struct transfer *t = (struct transfer *)ctx;
    struct http_call *call = t->call;
    size_t len = size * n;
    long status = 0;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    call->status = (int)status;
    bool error_body = call->sink && status / 100 != 2;
    if (error_body) { /* its beginning is enough */
        buf_put(&call->body, data, size_min(len, ERROR_BODY_MAX - size_min(call->body.len, ERROR_BODY_MAX)));
        return len;
    }
    uint64_t max = call->body_max ? call->body_max : HTTP_BODY_SMALL_MAX;
    if (len > max - call->received) {
        t->rc = err_set(&t->err, CODE_TOO_LARGE, "the answer is over %llu bytes", (unsigned long long)max);
        return 0;
    }
    call->received += len;
    if (call->sink)
        t->rc = call->sink(call->ctx, (int)status, bytes_of(data, len), &t->err);
    else
        buf_put(&call->body, data, len);
    if (!t->rc && !call->sink && buf_failed(&call->body))
        t->rc = err_set(&t->err, CODE_NO_MEMORY, "no memory for the answer");
    return t->rc ? 0 : len;
}

/* Refuses addresses that may not be dialled, after the name was resolved, so that no name leads round it. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a) {
    struct transfer *t = (struct transfer *)ctx;
    char text[INET6_ADDRSTRLEN] = "";
    (void)purpose;
    if (a->family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)&a->addr)->sin_addr, text, sizeof text);
    else if (a->family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)&a->addr)->sin6_addr, text, sizeof text);
    if (!t->client->cfg.allow_private && uri_address_is_private(text) != 0) {
        t->denied = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* --- one transfer
 * --------------------------------------------------------------------------------------------------------- */
static bool add_header(struct transfer *t, const char *line) {
    struct curl_slist *more = curl_slist_append(t->headers, line);
    if (more)
        t->headers = more;
    return more != NULL;
}

static bool set_headers(struct transfer *t) {
    const struct http_call *call = t->call;
    /* a small body is on its way sooner than the answer to "may I send it" */
    if (!call->source && call->body_out.len <= ASK_FIRST_MIN && !add_header(t, "Expect:"))
        return false;
    for (size_t i = 0; i < HTTP_CALL_HEADERS_MAX && call->headers[i]; i++) {
        if (strpbrk(call->headers[i], "\r\n") || !add_header(t, call->headers[i]))
            return false;
    }
    return true;
}

static void set_body(struct transfer *t, const char *method) {
    const struct http_call *call = t->call;
    CURL *e = t->easy;
    bool body = call->source || call->body_out.len || !strcmp(method, "PUT") || !strcmp(method, "POST");
    if (!strcmp(method, "HEAD"))
        (void)curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    if (body) {
        uint64_t len = call->source ? call->source_len : call->body_out.len;
        (void)curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, len == UINT64_MAX ? (curl_off_t)-1 : (curl_off_t)len);
        (void)curl_easy_setopt(e, CURLOPT_READFUNCTION, on_upload);
        (void)curl_easy_setopt(e, CURLOPT_READDATA, t);
        (void)curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_rewind);
        (void)curl_easy_setopt(e, CURLOPT_SEEKDATA, t);
    }
    (void)curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
}

static void set_options(struct transfer *t) {
    const struct http_client *c = t->client;
    const struct http_call *call = t->call;
    uint64_t ms = call->deadline_ms ? call->deadline_ms : 30000;
    CURL *e = t->easy;
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->cfg.connect_ms);
    if (ms != UINT64_MAX)
        (void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)u64_min(ms, INT32_MAX));
    (void)curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 256L * 1024);
    (void)curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    (void)curl_easy_setopt(e, CURLOPT_USERAGENT, c->user_agent);
    if (c->ca_file)
        (void)curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
    (void)curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    (void)curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
    (void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_download);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->text);
    (void)curl_easy_setopt(e, CURLOPT_PRIVATE, t);
}

static bool url_fits(const char *url) {
    return url && (!strncmp(url, "http://", 7) || !strncmp(url, "https://", 8)) &&
           strlen(url) <= HTTP_URI_MAX + ENDPOINT_MAX;
}

static int transfer_start(struct transfer *t, struct lane *l) {
    struct http_call *call = t->call;
    if (!url_fits(call->url))
        return err_set(&t->err, CODE_INVALID_ARGUMENT, "'%.64s' is not an http:// or https:// address",
                       call->url ? call->url : "");
    t->easy = l->n_kept ? l->kept[--l->n_kept] : curl_easy_init();
    if (!t->easy)
        return err_set(&t->err, CODE_NO_MEMORY, "no memory for a call");
    if (!set_headers(t))
        return err_set(&t->err, CODE_INVALID_ARGUMENT, "a header holds a line break, or no memory for it");
    set_options(t);
    set_body(t, call->method ? call->method : "GET");
    if (curl_easy_setopt(t->easy, CURLOPT_URL, call->url) ||
        curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) || curl_multi_add_handle(l->multi, t->easy))
        return err_set(&t->err, CODE_NO_MEMORY, "no memory for a call");
    t->moved_ns = clock_mono_ns();
    return CODE_OK;
}

static int code_of_curl(CURLcode code) {
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        return CODE_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return CODE_INVALID_ARGUMENT;
    case CURLE_OUT_OF_MEMORY:
        return CODE_NO_MEMORY;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return CODE_UNTRUSTED;
    default:
        return CODE_UNAVAILABLE;
    }
}

/* Ends the call with what libcurl or the checks in the loop found. */
static void transfer_end(struct transfer *t, struct lane *l, int rc, CURLcode code) {
    struct http_call *call = t->call;
    if (!rc && !t->rc && code != CURLE_OK) {
        rc = t->denied
                 ? err_set(&t->err, CODE_DENIED, "%.200s is at a private address, which may not be dialled", call->url)
                 : err_set(&t->err, code_of_curl(code), "%.200s: %s", call->url,
                           t->text[0] ? t->text : curl_easy_strerror(code));
    }
    if (t->easy) {
        long status = 0;
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        call->status = (int)status;
        (void)curl_multi_remove_handle(l->multi, t->easy);
        curl_easy_reset(t->easy);
        if (l->n_kept < EASIES_KEPT)
            l->kept[l->n_kept++] = t->easy;
        else
            curl_easy_cleanup(t->easy);
        t->easy = NULL;
    }
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    call->rc = t->rc ? t->rc : rc;
    call->err = t->err;
}

/* Whether the call should end although libcurl goes on. */
static int transfer_check(struct transfer *t, uint64_t now) {
    const struct http_call *call = t->call;
    curl_off_t up = 0, down = 0;
    if (atomic_load(&t->client->closed) || (call->cancel && atomic_load(call->cancel)))
        return err_set(&t->err, CODE_CANCELLED, "called off");
    (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    if (up + down != t->moved) {
        t->moved = up + down;
        t->moved_ns = now;
    }
    uint64_t idle_ms = call->idle_ms ? call->idle_ms : 30000;
    if ((now - t->moved_ns) / 1000000u >= idle_ms)
        return err_set(&t->err, CODE_TIMEOUT, "%.200s: no byte moved for %llu ms", call->url,
                       (unsigned long long)idle_ms);
    return CODE_OK;
}

/* --- groups
 * --------------------------------------------------------------------------------------------------------------- */
struct group {
    struct http_client *client;
    struct lane *lane;
    struct transfer *transfers; /* one a call */
    bool *running;
    size_t n, next, active, parallel;
    bool (*done)(void *ctx, struct http_call *call);
    void *ctx;
    bool stopped; /* done said so */
};

static void group_end(struct group *g, size_t i, int rc, CURLcode code) {
    struct transfer *t = &g->transfers[i];
    transfer_end(t, g->lane, rc, code);
    if (g->running[i]) {
        g->running[i] = false;
        g->active--;
    }
    if (g->done && !g->stopped && !g->done(g->ctx, t->call))
        g->stopped = true;
}

static void group_fill(struct group *g) {
    while (g->next < g->n && g->active < g->parallel) {
        size_t i = g->next++;
        struct transfer *t = &g->transfers[i];
        int rc = g->stopped ? err_set(&t->err, CODE_CANCELLED, "called off") : transfer_start(t, g->lane);
        if (rc) {
            group_end(g, i, rc, CURLE_OK);
        } else {
            g->running[i] = true;
            g->active++;
        }
    }
}

static void group_collect(struct group *g) {
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(g->lane->multi, &left));) {
        struct transfer *t = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        group_end(g, (size_t)(t - g->transfers), CODE_OK, m->data.result);
    }
}

static int group_check(struct group *g) {
    int poll_ms = POLL_MS;
    uint64_t now = clock_mono_ns();
    for (size_t i = 0; i < g->next; i++) {
        if (!g->running[i])
            continue;
        struct transfer *t = &g->transfers[i];
        int rc = g->stopped ? err_set(&t->err, CODE_CANCELLED, "called off") : transfer_check(t, now);
        if (rc)
            group_end(g, i, rc, CURLE_OK);
        else if (t->call->cancel)
            poll_ms = POLL_CANCEL_MS;
        else if (t->call->idle_ms && t->call->idle_ms < (uint64_t)poll_ms)
            poll_ms = (int)t->call->idle_ms;
    }
    return poll_ms;
}

static void group_run(struct group *g) {
    int running;
    for (;;) {
        group_fill(g);
        if (!g->active && g->next == g->n)
            return;
        (void)curl_multi_perform(g->lane->multi, &running);
        group_collect(g);
        int poll_ms = group_check(g);
        if (g->active == g->parallel || (g->active && g->next == g->n))
            (void)curl_multi_poll(g->lane->multi, NULL, 0, poll_ms, NULL);
    }
}

static void call_prepare(struct http_call *call) {
    http_call_release(call);
    uint64_t cap = call->body_max ? call->body_max : HTTP_BODY_SMALL_MAX;
    buf_init(&call->body, (call->sink ? ERROR_BODY_MAX : (size_t)u64_min(cap, SIZE_MAX / 2)) + 1); /* and a NUL */
    buf_init(&call->header_text, HEADER_MAX);
}

int http_calls_run(struct http_client *c, struct http_call **calls, size_t n, size_t parallel,
                   bool (*done)(void *ctx, struct http_call *call), void *ctx, struct err *err) {
    struct group g = {
        .client = c, .n = n, .parallel = parallel && parallel < n ? parallel : n, .done = done, .ctx = ctx};
    if (!n)
        return CODE_OK;
    int rc = lane_take(c, deadline_in_ms(30000), &g.lane, err);
    if (rc)
        return rc;
    g.transfers = (struct transfer *)calloc(n, sizeof *g.transfers);
    g.running = (bool *)calloc(n, sizeof *g.running);
    if (g.transfers && g.running) {
        for (size_t i = 0; i < n; i++) {
            call_prepare(calls[i]);
            g.transfers[i].client = c;
            g.transfers[i].call = calls[i];
        }
        group_run(&g);
    } else {
        rc = err_set(err, CODE_NO_MEMORY, "no memory for %zu calls", n);
    }
    free(g.running);
    free(g.transfers);
    lane_give(c, g.lane);
    return rc;
}

int http_call_run(struct http_client *c, struct http_call *call, struct err *err) {
    int rc = http_calls_run(c, &call, 1, 1, NULL, NULL, err);
    if (!rc && call->rc) {
        rc = call->rc;
        if (err)
            *err = call->err;
    }
    return rc;
}

/* --- answers
 * -------------------------------------------------------------------------------------------------------------- */
static int code_of_status(int status) {
    static const struct {
        int status, code;
    } rows[] = {{400, CODE_INVALID_ARGUMENT},
                {401, CODE_UNAUTHENTICATED},
                {402, CODE_INSUFFICIENT_FUNDS},
                {403, CODE_DENIED},
                {404, CODE_NOT_FOUND},
                {405, CODE_METHOD},
                {409, CODE_CONFLICT},
                {410, CODE_EXPIRED},
                {411, CODE_LENGTH_REQUIRED},
                {412, CODE_STALE},
                {413, CODE_TOO_LARGE},
                {416, CODE_RANGE},
                {429, CODE_RATE},
                {501, CODE_UNSUPPORTED},
                {502, CODE_UNAVAILABLE},
                {503, CODE_UNAVAILABLE},
                {504, CODE_TIMEOUT},
                {507, CODE_DISK_FULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].code;
    return CODE_INTERNAL;
}

int http_call_check(const struct http_call *call, struct err *err) {
    if (call->rc) {
        if (err)
            *err = call->err;
        return call->rc;
    }
    if (call->status / 100 == 2)
        return CODE_OK;
    json_t *root = json_loadb((const char *)call->body.data, call->body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(root, "name"));
    const char *message = json_string_value(json_object_get(root, "message"));
    int code = name ? code_from_name(name) : -1, rc;
    code = code > CODE_OK ? code : code_of_status(call->status);
    if (message)
        rc = err_set(err, code, "%s", message);
    else
        rc = err_set(err, code, "%.200s answered with status %d", call->url, call->status);
    json_decref(root);
    return rc;
}

bool http_call_header(const struct http_call *call, const char *name, char *ret_value, size_t size) {
    size_t name_len = strlen(name), at = 0;
    const struct buf *b = &call->header_text;
    while (at < b->len) {
        const uint8_t *line = b->data + at, *end = (const uint8_t *)memchr(line, '\n', b->len - at);
        size_t len = end ? (size_t)(end - line) : b->len - at;
        if (len >= name_len + 2 && !memcmp(line, name, name_len) && line[name_len] == ':') {
            size_t value_len = len - name_len - 2;
            if (value_len >= size)
                return false;
            memcpy(ret_value, line + name_len + 2, value_len);
            ret_value[value_len] = 0;
            return true;
        }
        at += len + 1;
    }
    return false;
}

void http_call_release(struct http_call *call) {
    buf_release(&call->body);
    buf_release(&call->header_text);
    call->rc = CODE_OK;
    call->status = 0;
    call->sent = call->received = 0;
    err_clear(&call->err);
}
