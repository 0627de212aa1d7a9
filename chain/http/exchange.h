/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_HTTP_EXCHANGE_H
#define CAIRN_CHAIN_HTTP_EXCHANGE_H
/*
 * One request and its answer, between a network thread of libmicrohttpd and the worker that runs the handler. Private
 * to the server.
 *
 * The network side owns the connection: it parses, hands the request to a worker, and from then on either suspends the
 * connection (it waits for the worker) or moves bytes between the socket and the two rings. The worker side resumes a
 * suspended connection when it makes room, wants the body, adds output or has replied. All shared fields are under
 * `lock`. Two references: the network's ends with the completion callback, the worker's when the handler has returned.
 *
 * Lock order: server's lock, then the exchange's. libmicrohttpd's own locks come last; it never calls back while
 * suspending or resuming.
 */
#include "chain/base/list.h"
#include "chain/http/guard.h"
#include "chain/http/ring.h"
#include "chain/http/route.h"
#include "chain/http/server.h"
#include "chain/os/queue.h"

#include <microhttpd.h>
#include <stdatomic.h>

#define DRAIN_SMALL                                                                                                    \
    ((uint64_t)1 << 20) /* of a refused body: read and dropped so that the client gets to read the answer */
#define DRAIN_MAX ((uint64_t)16 << 20) /* of a body whose handler answered early */

struct header {
    const char *name, *value;
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *conn; /* set at the first call */
    struct guard_conn *guarded;  /* may be NULL */
    int fd;                      /* its socket; valid until gone */
    struct list node;            /* in server->live; under the server's lock */
    struct mutex lock;
    struct cond changed;
    unsigned refs;

    /* what was asked: written before the worker sees it, constant afterwards */
    struct arena arena;
    struct arena_mark asked; /* what is before it belongs to the question */
    char id[17];
    const char *uri, *path, *query;
    char *method;
    bool head;
    struct header *headers, *queries; /* queries decoded */
    size_t n_headers, n_queries;
    struct route_match match;
    struct header params[ROUTE_PARAMS_MAX]; /* decoded */
    bool http_1_1;
    char peer[48];
    uint64_t body_len, body_max, start_ns, deadline_ns;
    bool lives_long; /* a thread of its own */
    void *user;
    bool waits; /* has a waiting place: the worker's, or whoever makes its thread */

    /* network side */
    bool parsed;  /* the first call is over */
    bool in_body; /* past the headers */
    bool gather;  /* the handler is not called before the body is here, or the ring is full */
    bool suspended;
    uint64_t received, drained;

    /* both */
    struct ring in, out;
    bool want_body; /* the worker has asked for it */
    bool body_end;  /* all of it is in the ring or was taken */
    bool too_large; /* more than body_max came */
    bool gone;      /* the network side is over */
    bool closing;   /* the server stops */

    /* the answer */
    struct MHD_Response *response; /* made by the worker, queued by the network side */
    struct header *reply_headers;
    size_t n_reply_headers, reply_headers_room;
    bool replied, queued, streaming, finished, cut;
    int status;
    uint64_t out_len, written, sent;
};

struct http_server {
    struct http_server_config cfg;
    char *address, *name, *tls_cert, *tls_key; /* owned copies of cfg's strings */
    struct route_table routes;
    struct MHD_Daemon *daemon;
    uint16_t port;
    struct queue waiting;
    struct thread *workers;
    unsigned n_workers;
    struct metric *in_flight, *bytes_in, *bytes_out, *refused, *cut;
    struct guard guard;
    struct thread care; /* cuts off who is late */
    bool caring;

    struct mutex lock;
    struct cond changed; /* a request is gone */
    struct cond uncared; /* caring is over */
    struct list live;    /* requests */
    bool closed;
    atomic_bool hard; /* nothing suspends any more */

    struct mutex long_lock; /* taken last */
    struct cond long_ended;
    size_t n_long, n_endless, n_waiting;
};

/* --- exchange.c: both sides --- */
struct http_request *exchange_new(struct http_server *s, const char *uri);
void exchange_unref(struct http_request *r);
/* Under r->lock: lets a suspended connection go on. */
void exchange_resume(struct http_request *r);
/* Under r->lock. */
void exchange_suspend(struct http_request *r);

/* --- request.c --- */
/* Reads headers and query, checks them, finds the route. On failure err says what to answer. Network thread. */
int request_parse(struct http_request *r, const char *method, const char *version, struct err *err);

/* --- reply.c --- */
/* An error answer on the network thread or by a worker; under r->lock; does nothing if there was a reply. */
void reply_error_locked(struct http_request *r, int code, const char *message, bool close);

#endif
