/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_RPC_RPC_H
#define CAIRN_CHAIN_RPC_RPC_H
/*
 * The ledger's HTTP interface: JSON over chain/http. What a node must offer is the small interface below, so that rpc
 * knows neither network nor consensus. README.md lists the routes.
 */
#include "chain/http/server.h"
#include "chain/metrics/metrics.h"
#include "chain/os/thread.h"
#include "chain/store/store.h"
#include "chain/types/app.h"

#include "cairn/rpc.h"

/* How catching up goes. */
struct rpc_sync {
    const char *mode; /* NULL: the node follows */
    uint64_t from, at, target;
    uint64_t ms; /* since it began */
    uint32_t peers;
    /* "state" */
    const char *phase; /* in words */
    uint32_t chunks, chunks_in;
    uint64_t size; /* of all chunks, bytes */
};

struct rpc_status {
    struct addr node_id;
    struct addr validator; /* zero: a full node */
    struct hash header_id; /* of the newest block */
    struct hash app_hash;  /* after it */
    uint64_t height, time, ledger_time;
    uint64_t behind; /* heights that peers are believed to be ahead */
    uint32_t round;
    uint32_t peers;
    uint64_t mempool_txs, mempool_bytes;
    const Quarantine *quarantine; /* NULL: it works; else it only answers reads. Lives as long as the node */
    struct rpc_sync sync;
    bool stopping;
};

struct rpc_peer {
    struct addr node_id;
    char address[256];
    bool connected;
    uint64_t sent_bytes, received_bytes, queue;
};

/* Every slot may be called from any thread at once. */
struct rpc_node {
    void *self;
    struct store *store;   /* views and reads of committed heights */
    const struct app *app; /* query, info */
    struct hash chain_tag;
    void (*status)(void *self, struct rpc_status *ret);
    size_t (*peers)(void *self, struct rpc_peer *ret, size_t max);
    /* A wire transaction; with `wait` until it is admitted or refused. *ret_id is set on CODE_OK. */
    int (*submit)(void *self, struct bytes wire, bool wait, struct hash *ret_id, struct err *err);
    /* Is it among those waiting? */
    bool (*waiting)(void *self, const struct hash *tx_id);
    /* The account's next number, behind what waits, when the state expects `next`. */
    uint64_t (*next_sequence)(void *self, const struct addr *sender, uint64_t next);
    /* Until `height` is committed: CODE_OK; CODE_TIMEOUT at the deadline (clock_mono_ns); CODE_CLOSED when the node
     * stops. */
    int (*wait_height)(void *self, uint64_t height, uint64_t deadline_ns);
};

struct rpc {
    const struct rpc_node *node;
    struct metrics *metrics;
    const char *chain_id;
    const char *version;
    struct bytes genesis; /* the file's JSON */

    /* private: how many take stored blocks apart, which costs megabytes and a processor each */
    struct mutex gate_lock;
    struct cond gate_free;
    unsigned gate_in;
};

/* Adds all routes to a server that does not listen yet. `rpc` and what it points to outlive the server. */
int rpc_add_routes(struct http_server *s, struct rpc *rpc, struct err *err);

/* Calls visit for each route: for the reference. */
void rpc_each_route(void (*visit)(void *ctx, const struct http_route *route), void *ctx);

#endif
