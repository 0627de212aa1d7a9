/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_HTTP_CLIENT_H
#define CAIRN_CHAIN_HTTP_CLIENT_H
/*
 * An HTTP client: connections are kept and used again, every call has a deadline and a cap on what it takes in, bodies
 * stream both ways, many calls run in parallel on the caller's thread. One client serves any number of threads at once.
 *
 *     struct http_call c = {.method = "GET", .url = url, .deadline_ms = 5000, .body_max = 1 << 20};
 *     int rc = http_call_run(client, &c, err);      // CODE_OK: there is an answer, whatever its status
 *     if (!rc) rc = http_call_check(&c, err);       // not 2xx: the server's own code and sentence
 *     ... c.status, c.body ...
 *     http_call_release(&c);
 *
 * Redirects are not followed. With allow_private false, addresses of loopback, private, link-local and other special
 * ranges are not dialled, whatever a name resolves to.
 */
#include "chain/base/bytes.h"
#include "chain/base/err.h"

#include <stdatomic.h>

struct http_client;

struct http_client_config {
    unsigned lanes_max;     /* calls (or call groups) at once; more wait for one to end; 0: 64 */
    unsigned per_host;      /* connections to one host in one group; 0: 16 */
    uint64_t connect_ms;    /* 0: 5000 */
    bool allow_private;     /* testnets and operators who say so */
    const char *ca_file;    /* PEM bundle; NULL: the system's */
    const char *user_agent; /* NULL: "cairn" */
};

int http_client_new(const struct http_client_config *cfg, struct http_client **ret, struct err *err);
/* Ends every running call of every thread with CODE_CANCELLED, and later ones at once. Any thread, idempotent. */
void http_client_close(struct http_client *c);
/* No call may be running. NULL is fine. */
void http_client_free(struct http_client *c);

/* Gives the next bytes of a request's body: at least one, at most cap; *ret_len 0 is the end. May block (then the whole
 * group of parallel calls waits). An error ends the call with it. */
typedef int http_source(void *ctx, void *ret_data, size_t cap, size_t *ret_len, struct err *err);
/* Takes the next bytes of the answer's body. status is known. An error ends the call with it. */
typedef int http_sink(void *ctx, int status, struct bytes data, struct err *err);

#define HTTP_CALL_HEADERS_MAX 16

struct http_call {
    /* request: all borrowed until the call has run */
    const char *method;                         /* "GET" when NULL */
    const char *url;                            /* http:// or https:// */
    const char *headers[HTTP_CALL_HEADERS_MAX]; /* "Name: value"; up to the first NULL */
    struct bytes body_out;                      /* sent when source is NULL */
    http_source *source;                        /* streamed request body */
    uint64_t source_len;                        /* its length; UINT64_MAX: chunked */
    http_sink *sink;           /* takes the body of a 2xx answer; others are kept in body (at most 64 KiB) */
    void *ctx;                 /* for source and sink */
    uint64_t body_max;         /* cap on the answer's body: CODE_TOO_LARGE over it; 0: 4 MiB */
    uint64_t deadline_ms;      /* the whole call; 0: 30000; UINT64_MAX: none (event streams) */
    uint64_t idle_ms;          /* no byte moved for so long: CODE_TIMEOUT; 0: 30000 */
    const atomic_bool *cancel; /* may be NULL; true ends the call soon with CODE_CANCELLED */

    /* answer */
    int rc;                  /* what happened to this call (for http_calls_run) */
    struct err err;          /* and its sentence */
    int status;              /* 0 when there was no answer */
    struct buf body;         /* owned: http_call_release. Empty if a sink took it */
    struct buf header_text;  /* owned: all headers, lines "name: value\n", names in lower case */
    uint64_t sent, received; /* body bytes */
};

/* Runs one call. CODE_OK when an answer arrived in full, whatever its status. CODE_UNAVAILABLE: no connection, or it
 * broke; CODE_TIMEOUT; CODE_TOO_LARGE; CODE_CANCELLED; CODE_DENIED: an address that may not be dialled;
 * CODE_INVALID_ARGUMENT: the URL; or what source or sink returned. The same call may be run again after
 * http_call_release. */
int http_call_run(struct http_client *c, struct http_call *call, struct err *err);
/* Runs n calls at once, at most `parallel` at a time (0: all), and waits for all of them; each has its own rc and err.
 * done (may be NULL) is called on this thread as each one ends; if it returns false, those not finished end with
 * CODE_CANCELLED. CODE_OK when all are over. */
int http_calls_run(struct http_client *c, struct http_call **calls, size_t n, size_t parallel,
                   bool (*done)(void *ctx, struct http_call *call), void *ctx, struct err *err);
/* CODE_OK for 2xx; otherwise the code and sentence of the answer's JSON error, or of its status. */
int http_call_check(const struct http_call *call, struct err *err);
/* A header of the answer, name in lower case; copied with a NUL into ret_value. False when absent or longer than size
 * - 1. */
bool http_call_header(const struct http_call *call, const char *name, char *ret_value, size_t size);
/* Frees what the answer holds and forgets it; the request part stays. */
void http_call_release(struct http_call *call);

#endif
