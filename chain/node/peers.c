/* SPDX-License-Identifier: Apache-2.0 */
/* What the network hears goes to the queue of the thread that it concerns. A full queue drops: consensus repeats, sync
 * asks again. */
#include "chain/node/threads.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"

static void on_up(void *self, net_peer peer, const struct addr *node_id) {
    struct node *n = self;
    char text[ADDR_TEXT_MAX];
    addr_to_text(node_id, text);
    log_info("node", "peer connected", "peer=%u node=%s", peer, text);
    struct event *e = event_new(EVENT_UP, BYTES_NONE);
    if (e != NULL)
        e->peer = peer;
    core_post(n, e);
}

static void on_down(void *self, net_peer peer) {
    struct node *n = self;
    log_info("node", "peer disconnected", "peer=%u", peer);
    struct event *e = event_new(EVENT_DOWN, BYTES_NONE);
    if (e != NULL)
        e->peer = peer;
    core_post(n, e);
}

struct node_share *peers_share(struct node *n, net_peer peer) {
    return &n->shares[(peer - 1) % NET_PEERS_MAX];
}

void peers_taken(struct node *n, const struct event *e) {
    struct node_share *share = peers_share(n, e->peer);
    atomic_fetch_sub(&n->event_bytes, e->len);
    atomic_fetch_sub(&share->bytes, e->len);
    atomic_fetch_sub(&share->events, 1);
}

static void to_core(struct node *n, net_peer peer, uint8_t kind, struct bytes payload) {
    struct node_share *share = peers_share(n, peer);
    bool room = atomic_fetch_add(&share->events, 1) < NODE_PEER_EVENTS_MAX;
    room = atomic_fetch_add(&share->bytes, payload.len) + payload.len <= NODE_PEER_BYTES_MAX && room;
    room = atomic_fetch_add(&n->event_bytes, payload.len) + payload.len <= NODE_EVENT_BYTES_MAX && room;
    struct event *e = room ? event_new(EVENT_NET, payload) : NULL;
    if (e != NULL) {
        e->peer = peer;
        e->wire = kind;
        if (queue_put(&n->events, e, 0) == CODE_OK)
            return;
    }
    event_free(e);
    peers_taken(n, &(struct event){.peer = peer, .len = payload.len});
}

/* There is nothing to serve from yet: who asks learns it at once, and does not wait for an answer. */
static void serve_nothing(struct node *n, net_peer peer, const struct serve *s, struct arena *arena) {
    struct bytes out;
    uint8_t kind = serve_answer(NULL, s, arena, &out);
    if (kind != 0)
        net_send(n->net, peer, wire_class(kind), kind, out);
}

static void to_serve(struct node *n, net_peer peer, uint8_t kind, struct bytes payload) {
    struct arena arena;
    struct serve s;
    arena_init(&arena, 64 << 10);
    if (serve_parse(kind, payload, &arena, &s, NULL) != CODE_OK)
        net_report(n->net, peer, 50, "malformed request");
    else if (atomic_load(&n->joining))
        serve_nothing(n, peer, &s, &arena);
    else
        serve_post(n, s.kind, peer, s.from, s.count);
    arena_release(&arena);
}

static void on_message(void *self, net_peer peer, enum net_class class, uint8_t kind, struct bytes payload) {
    struct node *n = self;
    if (wire_class(kind) != class) {
        net_report(n->net, peer, 50, "a message of unknown kind, or in the wrong class");
        return;
    }
    if (atomic_load(&n->quarantined) && kind != WIRE_BLOCK_REQUEST)
        return; /* it serves what it has, and takes nothing */
    if (atomic_load(&n->joining)) {
        if (wire_of_join(kind) || kind == WIRE_BLOCK_BATCH)
            to_core(n, peer, kind, payload);
        else if (serve_takes(kind))
            to_serve(n, peer, kind, payload);
        return;
    }
    if (wire_of_join(kind) && n->options.state_sync)
        return; /* late: it has joined, or takes blocks instead */
    if (wire_of_join(kind)) {
        net_report(n->net, peer, 20, "a part of a snapshot that nobody asked for");
        return;
    }
    if (serve_takes(kind))
        to_serve(n, peer, kind, payload);
    else if (kind != WIRE_TXS)
        to_core(n, peer, kind, payload);
    else if (!atomic_load(&n->resting)) /* who catches up has enough to do */
        admit_gather(n->admit, peer, payload);
}

struct net_handler peers_handler(struct node *n) {
    return (struct net_handler){.self = n, .up = on_up, .message = on_message, .down = on_down};
}
