/* SPDX-License-Identifier: Apache-2.0 */
/* The node as RPC sees it. */
#include "chain/node/threads.h"

#include "chain/os/clock.h"

/* There is no state yet. */
static void joining_status(struct node *n, struct rpc_status *ret) {
    mutex_lock(&n->lock);
    struct node_sync s = n->sync;
    mutex_unlock(&n->lock);
    *ret = (struct rpc_status){.node_id = n->node_id,
                               .validator = n->self,
                               .peers = net_connected(n->net),
                               .stopping = atomic_load(&n->stopping),
                               .sync = {.mode = "state",
                                        .phase = s.join.phase,
                                        .target = s.join.height,
                                        .ms = clock_mono_ms() - s.since_ms,
                                        .peers = s.join.peers,
                                        .chunks = s.join.chunks,
                                        .chunks_in = s.join.chunks_in,
                                        .size = s.join.len}};
}

static void rpc_status_of(void *self, struct rpc_status *ret) {
    struct node *n = self;
    if (atomic_load(&n->joining)) {
        joining_status(n, ret);
        return;
    }
    struct head *h = node_head(n);
    struct admit_stats a = admit_stats(n->admit);
    *ret = (struct rpc_status){.node_id = n->node_id,
                               .validator = n->self,
                               .header_id = h->id,
                               .app_hash = h->app_hash,
                               .height = h->height,
                               .time = h->info.header_time,
                               .ledger_time = h->info.ledger_time,
                               .behind = atomic_load(&n->behind),
                               .round = atomic_load(&n->round),
                               .peers = net_connected(n->net),
                               .mempool_txs = a.txs,
                               .mempool_bytes = a.bytes,
                               .quarantine = atomic_load(&n->quarantined) ? n->mark : NULL,
                               .stopping = atomic_load(&n->stopping)};
    mutex_lock(&n->lock);
    struct node_sync s = n->sync;
    mutex_unlock(&n->lock);
    if (s.active)
        ret->sync = (struct rpc_sync){.mode = "blocks",
                                      .from = s.from,
                                      .at = h->height,
                                      .target = s.target > h->height ? s.target : h->height,
                                      .ms = clock_mono_ms() - s.since_ms,
                                      .peers = s.sources};
    head_unref(h);
}

static size_t rpc_peers_of(void *self, struct rpc_peer *ret, size_t max) {
    struct node *n = self;
    struct net_peer_info infos[NET_PEERS_MAX + NET_KNOWN_MAX];
    size_t count = net_peers(n->net, infos, max < NET_PEERS_MAX + NET_KNOWN_MAX ? max : NET_PEERS_MAX + NET_KNOWN_MAX);
    for (size_t i = 0; i < count; i++) {
        ret[i] = (struct rpc_peer){.node_id = infos[i].node_id,
                                   .connected = infos[i].peer != NET_PEER_NONE,
                                   .sent_bytes = infos[i].sent,
                                   .received_bytes = infos[i].received,
                                   .queue = infos[i].queued};
        memcpy(ret[i].address, infos[i].address, sizeof ret[i].address);
    }
    return count;
}

static int rpc_submit(void *self, struct bytes wire, bool wait, struct hash *ret_id, struct err *err) {
    struct node *n = self;
    int rc = node_quarantined(n, err);
    if (rc == CODE_OK && (atomic_load(&n->resting) || atomic_load(&n->joining)))
        rc = err_set(err, CODE_NOT_READY, "this node is catching up and takes no transactions; send it to another one");
    return rc != CODE_OK ? rc : admit_submit(n->admit, wire, wait, ret_id, err);
}

static bool rpc_waiting(void *self, const struct hash *tx_id) {
    struct node *n = self;
    return !atomic_load(&n->joining) && admit_waiting(n->admit, tx_id);
}

static uint64_t rpc_next_sequence(void *self, const struct addr *sender, uint64_t next) {
    struct node *n = self;
    return atomic_load(&n->joining) ? next : admit_next_sequence(n->admit, sender, next);
}

static int rpc_wait_height(void *self, uint64_t height, uint64_t deadline_ns) {
    struct node *n = self;
    int rc = CODE_OK;
    mutex_lock(&n->lock);
    while ((n->newest == NULL || n->newest->height < height) && rc == CODE_OK) {
        if (n->failed != CODE_OK || atomic_load(&n->stopping))
            rc = CODE_CLOSED;
        else if (!cond_wait_until(&n->changed, &n->lock, deadline_ns) &&
                 (n->newest == NULL || n->newest->height < height))
            rc = CODE_TIMEOUT;
    }
    mutex_unlock(&n->lock);
    return rc;
}

void rpc_node_init(struct node *n) {
    n->rpc = (struct rpc_node){.self = n,
                               .app = &n->app,
                               .status = rpc_status_of,
                               .peers = rpc_peers_of,
                               .submit = rpc_submit,
                               .waiting = rpc_waiting,
                               .next_sequence = rpc_next_sequence,
                               .wait_height = rpc_wait_height};
}

const struct rpc_node *node_rpc(struct node *n) {
    n->rpc.store = n->store;
    n->rpc.chain_tag = n->chain_tag;
    return &n->rpc;
}
