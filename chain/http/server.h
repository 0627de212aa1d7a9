/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_HTTP_SERVER_H
#define CAIRN_CHAIN_HTTP_SERVER_H
/*
 * An HTTP/1.1 server. A handler is a plain blocking function on a worker thread, never on the network's threads; it
 * reads the body as it arrives and writes the answer as it is made. Between network and handler stand bounded buffers:
 * a slow handler makes the sender wait, a slow reader makes the handler wait.
 *
 *     static int get_tx(void *ctx, struct http_request *r, struct err *err) {
 *         struct node *node = ctx;
 *         const char *id = http_param(r, "id");
 *         ...
 *         return http_reply_json(r, 200, text, strlen(text), err);
 *     }
 *     static const struct http_route routes[] = {
 *         {"GET",  "/v1/tx/{id}", HTTP_AUTH_PUBLIC, .handler = get_tx, .doc = "a transaction and its result"},
 *         {"PUT",  "/v1/objects/{bucket}/{key*}", HTTP_AUTH_SIGNED, .body_max = 5 * GIB, .handler = put_object},
 *         {"GET",  "/v1/events", HTTP_AUTH_PUBLIC, .long_lived = true, .endless = true, .handler = events},
 *     };
 *
 * A handler that returns an error without having replied gets it sent: status and code from the code table, the
 * sentence as JSON
 * {"code":20,"name":"NOT_FOUND","message":"...","request_id":"...","retryable":false}. One that returns CODE_OK must
 * have replied.
 *
 * Routing is on the raw URI. Refused before any handler: %00 and broken escapes, a query name that comes twice, missing
 * or repeated Host, repeated Content-Length, Content-Length beside chunked, headers over HTTP_HEADER_MAX, bodies over
 * the route's body_max. Cut off: who sends a head, or takes an answer, a byte now and then (guard.h).
 */
#include "chain/base/arena.h"
#include "chain/base/err.h"
#include "chain/base/limits.h"

struct http_server;
struct http_request;
struct metrics;

enum http_auth {
    HTTP_AUTH_UNSET = 0, /* a forgotten class: always refused */
    HTTP_AUTH_PUBLIC,    /* anybody */
    HTTP_AUTH_OPTIONAL,  /* anybody; a signature, if there is one, must be good */
    HTTP_AUTH_SIGNED,    /* a signed request */
    HTTP_AUTH_PEER,      /* a signed request by another provider or node */
    HTTP_AUTH_OPERATOR   /* the operator of this process */
};

typedef int http_handler(void *ctx, struct http_request *r, struct err *err);
/* Whether this request, whose path and query are read, is going to wait for something that may not come. Called on a
 * network thread: it does not block. ctx is the handler's. */
typedef bool http_waits(void *ctx, const struct http_request *r);

struct http_route {
    const char *method;  /* "GET" also serves HEAD */
    const char *pattern; /* "/a/{name}/b", "/a/{rest*}" (rest may hold slashes and may be empty) */
    enum http_auth auth;
    uint64_t body_max;    /* 0: no body allowed */
    uint64_t deadline_ms; /* for the whole request; 0: the server's */
    bool long_lived;      /* a thread of its own instead of a worker: event streams, long polls */
    bool endless;         /* long_lived, and ends when the client leaves: at most a quarter of long_max are such */
    http_waits *waits;    /* NULL, or of a long_lived route: which requests wait; the others go to a worker */
    http_handler *handler;
    const char *doc; /* one sentence for the reference */
};

struct http_server_config {
    const char *address;     /* "127.0.0.1", "0.0.0.0", "::" */
    uint16_t port;           /* 0: any free one; see http_server_port */
    unsigned io_threads;     /* 0: 2 */
    unsigned workers;        /* 0: 16 */
    unsigned waiting_max;    /* requests waiting for a worker; more get 503 BUSY; 0: 256 */
    unsigned long_max;       /* requests on long-lived routes at once, of which half may be waiting; 0: 256 */
    unsigned connections;    /* 0: 1024 */
    unsigned per_address;    /* connections of one address, of IPv6 one /64; 0: no limit */
    bool own_free;           /* those of this machine do not count: a proxy, a local network */
    unsigned idle_s;         /* a connection that moves no byte is closed, and one on which no request's head has come
                                whole since it began, or since the answer before; 0: 30 */
    uint64_t deadline_ms;    /* of a request on a normal route; 0: 60000 */
    size_t memory_max;       /* cap of a request's scratch memory; 0: 8 MiB */
    const char *tls_cert;    /* PEM text; NULL: plain HTTP. Borrowed until start returns. */
    const char *tls_key;     /* PEM text */
    const char *name;        /* "Server:" header and log field; NULL: "cairn" */
    struct metrics *metrics; /* may be NULL; must outlive the server */
    /* Called on the worker before the handler for every class but PUBLIC; without it those are refused. May attach who
     * it is with http_set_user. Returns CODE_OK to let the request in. */
    int (*authorise)(void *ctx, enum http_auth auth, struct http_request *r, struct err *err);
    void *authorise_ctx;
};

/* Makes a server that does not listen yet. cfg's strings are copied. Free with http_server_free. */
int http_server_new(const struct http_server_config *cfg, struct http_server **ret, struct err *err);
/* Adds routes before start; the array and its strings must outlive the server. ctx goes to their handlers. The most
 * literal pattern wins. CODE_INVALID_ARGUMENT for two that match the same, an unset auth class, or a bad pattern. */
int http_server_add(struct http_server *s, const struct http_route *routes, size_t n, void *ctx, struct err *err);
/* Calls visit for every route, for the test that walks the table and for the reference. */
void http_server_each_route(const struct http_server *s, void (*visit)(void *ctx, const struct http_route *route),
                            void *ctx);
/* Listens. CODE_BUSY when the port is taken. */
int http_server_start(struct http_server *s, struct err *err);
uint16_t http_server_port(const struct http_server *s);
/* No new requests from now on; waiting body reads and writes end with CODE_CLOSED. Idempotent, any thread, does not
 * wait. */
void http_server_close(struct http_server *s);
/* Closes, waits for handlers to return and answers to leave (at most grace_ms for the answers), stops the threads. */
void http_server_stop(struct http_server *s, uint64_t grace_ms);
/* Stops if running, frees. NULL is fine. */
void http_server_free(struct http_server *s);

/* --- the request (all pointers borrowed until the handler returns)
 * ------------------------------------------------------ */
const char *http_method(const struct http_request *r);
const char *http_uri(const struct http_request *r);  /* raw: path and query, as on the wire; what signatures cover */
const char *http_path(const struct http_request *r); /* raw path */
const char *http_query_string(const struct http_request *r); /* raw, without '?'; "" when there is none */
const char *http_param(const struct http_request *r,
                       const char *name); /* of the pattern, percent-decoded; NULL if not in it */
/* A query value, percent-decoded ('+' stays '+'); "" for a name without '='; NULL when absent. */
const char *http_query(const struct http_request *r, const char *name);
/* A number in the query: def when absent; CODE_INVALID_ARGUMENT when it is not a plain decimal in [lo, hi]. */
int http_query_u64(const struct http_request *r, const char *name, uint64_t def, uint64_t lo, uint64_t hi,
                   uint64_t *ret, struct err *err);
/* A header, name in any case; NULL when absent. If it comes more than once, the first. */
const char *http_header(const struct http_request *r, const char *name);
/* for (size_t i = 0; http_header_next(r, &i, &name, &value);) */
bool http_header_next(const struct http_request *r, size_t *i, const char **ret_name, const char **ret_value);
const char *http_peer(const struct http_request *r); /* "1.2.3.4", "::1" */
const struct http_route *http_route_of(const struct http_request *r);
const char *
http_request_id(const struct http_request *r); /* 16 hex digits; also in the answer as X-Request-Id and in the log */
/* Scratch memory until the request is over (cap: memory_max). */
struct arena *http_arena(struct http_request *r);
uint64_t http_deadline(const struct http_request *r); /* clock_mono_ns */
/* Whether nobody is there any more for the answer: the client has closed the connection, or its sending half, or the
 * server stops. Looks at the socket; a client whose machine went away silently shows only when bytes move. */
bool http_client_gone(struct http_request *r);
/* For a handler of a long-lived route that is going to wait for something that may not come, where the route's `waits`
 * could not know: takes one of the waiting places until the handler returns. CODE_BUSY: half of long_max wait already.
 * Whoever waits asks http_client_gone now and then, and ends then. */
int http_wait_begin(struct http_request *r, struct err *err);
void http_set_user(struct http_request *r, void *user); /* set by authorise */
void *http_user(const struct http_request *r);

/* --- its body
 * ----------------------------------------------------------------------------------------------------------- */
#define HTTP_LENGTH_UNKNOWN UINT64_MAX
uint64_t
http_body_len(const struct http_request *r); /* announced; HTTP_LENGTH_UNKNOWN when chunked; 0 without a body */
/* The next bytes, at least one, at most cap; *ret_len 0 is the end. CODE_CLOSED: the client or server went away;
 * CODE_TIMEOUT: the request's deadline; CODE_TOO_LARGE: chunked and over body_max. */
int http_body_read(struct http_request *r, void *ret_data, size_t cap, size_t *ret_len, struct err *err);
/* Exactly len bytes, or CODE_MALFORMED when the body ends before. */
int http_body_read_full(struct http_request *r, void *ret_data, size_t len, struct err *err);
/* All of it on the request's arena, NUL behind it; CODE_TOO_LARGE over cap. */
int http_body_all(struct http_request *r, size_t cap, struct bytes *ret, struct err *err);

/* --- the answer
 * --------------------------------------------------------------------------------------------------------- */
/* Before the reply starts; name and value are copied; CODE_INVALID_ARGUMENT for control characters in them. */
int http_reply_header(struct http_request *r, const char *name, const char *value, struct err *err);
/* A whole answer; data is copied. One reply a request: a second is CODE_INTERNAL. */
int http_reply(struct http_request *r, int status, const char *content_type, struct bytes data, struct err *err);
int http_reply_json(struct http_request *r, int status, const char *json, size_t len, struct err *err);
/* The error answer that a failed handler gets; for handlers that want it now. */
int http_reply_err(struct http_request *r, int code, const struct err *what, struct err *err);
/* len bytes of an open file from offset by sendfile; takes fd over, also on failure. */
int http_reply_file(struct http_request *r, int status, const char *content_type, int fd, uint64_t offset, uint64_t len,
                    struct err *err);
/* A streamed answer: start, any number of writes, then return from the handler. len HTTP_LENGTH_UNKNOWN sends chunks.
 * Returning an error after start, or fewer bytes than len, cuts the connection so that the client cannot take the part
 * for the whole. */
int http_reply_start(struct http_request *r, int status, const char *content_type, uint64_t len, struct err *err);
/* Waits while the buffer (HTTP_STREAM_BUFFER) is full. CODE_CLOSED: nobody reads any more; CODE_TIMEOUT: the deadline.
 * On a HEAD request it does nothing. */
int http_write(struct http_request *r, const void *data, size_t len, struct err *err);
/* For event streams: writes one "id: / event: / data:" block (id 0, event NULL: left out) or, with data NULL, a
 * keep-alive comment; to be called at least every few seconds, which is also how a vanished client is noticed. */
int http_write_event(struct http_request *r, uint64_t id, const char *event, const char *data, struct err *err);
bool http_replied(const struct http_request *r);

/* "Range: bytes=a-b" of the request against total bytes. *ret_partial false (and the whole) without the header or with
 * one that may be ignored (several ranges, other units); CODE_RANGE when it lies outside. On success with a range sets
 * Content-Range and Accept-Ranges; reply with status 206. */
int http_range(struct http_request *r, uint64_t total, bool *ret_partial, uint64_t *ret_offset, uint64_t *ret_len,
               struct err *err);

#endif
