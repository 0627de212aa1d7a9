/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_HTTP_GUARD_H
#define CAIRN_CHAIN_HTTP_GUARD_H
/*
 * Who is connected to a server, and for how long without getting on. Private to the server.
 *
 * The library closes a connection on which nothing moves. Here is what it does not do:
 *   - an address (of IPv6 the first 64 bits) holds at most per_address connections; those of this machine do not count
 *     when `own_free` (a proxy before the server, the nodes of a local network);
 *   - the head of a request must be there in head_ns from the connection's beginning or the answer before: who sends a
 *     byte now and then is cut off;
 *   - a body that anybody may send must come, and an answer must be taken, at a least pace: who sends or reads a byte
 *     now and then is cut off, too.
 *
 * Cutting off is a shutdown of the socket; the library then closes it. A socket is never touched once the library has
 * said that it goes, so a number that was given out again is safe. Thread-safe.
 */
#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/os/thread.h"

#include <sys/socket.h>

/* The least pace of bodies and answers, and what is given on top of that. */
#define GUARD_PACE_MIN ((uint64_t)64 << 10) /* bytes a second */
#define GUARD_SLACK_MS ((uint64_t)30000)

struct guard_conn {
    int fd; /* -1: free */
    uint8_t address[16];
    bool counts;
    uint64_t deadline_ns; /* cut off then; DEADLINE_NEVER */
};

struct guard {
    struct mutex lock;
    struct guard_conn *conns;
    size_t room;
    unsigned per_address; /* 0: no limit */
    bool own_free;
    uint64_t head_ns;
    uint64_t refused, cut; /* so far */
};

/* Room for as many connections as the server takes. CODE_NO_MEMORY. */
int guard_init(struct guard *g, size_t connections, unsigned per_address, bool own_free, uint64_t head_ns,
               struct err *err);
void guard_release(struct guard *g);

/* Whether one more connection from this address may be. Connections that are taken in at the same moment by different
 * network threads may exceed the limit by their number less one. */
bool guard_admit(struct guard *g, const struct sockaddr *from);

/* A connection begins; NULL when there is no room (it is then not watched). Its head is due. */
struct guard_conn *guard_begin(struct guard *g, int fd, const struct sockaddr *from, uint64_t now_ns);
void guard_end(struct guard *g, struct guard_conn *c); /* NULL allowed */

/* What is awaited of it now must be there at this time; DEADLINE_NEVER: whenever. */
void guard_due(struct guard *g, struct guard_conn *c, uint64_t deadline_ns);
/* Its answer has left, or is not waited for: the next head is due. */
void guard_next(struct guard *g, struct guard_conn *c, uint64_t now_ns);

/* How long anybody who means it takes for len bytes: GUARD_SLACK_MS, and GUARD_PACE_MIN. */
uint64_t guard_time_for(uint64_t len);
/* The sum, at most DEADLINE_NEVER. */
uint64_t guard_later(uint64_t now_ns, uint64_t by_ns);

/* Cuts off whoever is late; answers how many. */
size_t guard_sweep(struct guard *g, uint64_t now_ns);

#endif
