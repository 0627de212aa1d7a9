/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NET_NET_H
#define CAIRN_CHAIN_NET_NET_H
/*
 * The network of nodes: one sealed link per peer, messages in strict classes, reconnection, scores and bans.
 *
 * Users: chain/node. What a message means is not known here: it has a class (whose queue and cap it falls under), a
 * kind (one byte) and bytes. Delivery is in order per class and lossy by contract: a queue that is full drops (mempool
 * first, because its queue is the smallest share), a link that breaks loses what was under way. Consensus repeats
 * itself; sync asks again.
 *
 * Of two peers that know each other's address the one with the lower node id dials; the other one dials only when no
 * link came for a while. A new link replaces an old one only after a full hello.
 *
 * Threads: the handler's functions are called from the network's own threads, for one peer never two at a time, and
 * must not block for long nor call net_stop. All functions below may be called from any thread.
 */
#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/base/limits.h"
#include "chain/crypto/key.h"
#include "chain/net/frame.h"
#include "chain/net/hello.h"

enum {
    NET_PEER_NONE = 0, /* no handle is 0 */
};

/* A peer's handle: valid while the link lasts; a later link of the same node has another one. */
typedef uint32_t net_peer;

struct net_address {
    struct addr node_id;
    char host_port[NET_ADDRESS_MAX];
};

struct net_handler {
    void *self;
    void (*up)(void *self, net_peer peer, const struct addr *node_id);
    /* `payload` is borrowed for the call. */
    void (*message)(void *self, net_peer peer, enum net_class class, uint8_t kind, struct bytes payload);
    void (*down)(void *self, net_peer peer);
};

struct net_config {
    struct hash chain_tag;
    struct seckey node_key;
    enum hello_role role;
    const char *listen;              /* host:port, copied; empty: dial only */
    const struct net_address *known; /* copied */
    size_t known_n;
};

struct net;

/* Listens and begins to dial. CODE_UNAVAILABLE when the address cannot be bound (the message names it). */
int net_start(const struct net_config *config, const struct net_handler *handler, struct net **ret_net,
              struct err *err);

/* Accepts and dials no more, lets queued frames out (at most `drain_ms`), closes, waits for all callbacks, frees. NULL
 * is allowed. */
void net_stop(struct net *n, unsigned drain_ms);

/* The address that it listens on, with the port that was really bound. Borrowed. */
const char *net_listen_address(const struct net *n);

/* Queues a message (copied) for one peer. False when it was dropped: no such link any more, or its queue is full. */
bool net_send(struct net *n, net_peer peer, enum net_class class, uint8_t kind, struct bytes payload);

/* Queues it for every peer but `except` (NET_PEER_NONE: for all); copied once. Returns how many took it. */
unsigned net_broadcast(struct net *n, net_peer except, enum net_class class, uint8_t kind, struct bytes payload);

/* The peer misbehaved by so many points: at 100 (they fade, one a second) it is dropped and refused for NET_BAN_MS. */
void net_report(struct net *n, net_peer peer, unsigned points, const char *reason);

enum { NET_BAN_MS = 60000, NET_POINTS_MAX = 100 };

struct net_peer_info {
    net_peer peer; /* NET_PEER_NONE: known, but not connected */
    struct addr node_id;
    char address[NET_ADDRESS_MAX]; /* empty: it dialed us and its listening address is unknown */
    bool dialed;                   /* we did */
    uint64_t sent, received;       /* bytes on the wire */
    uint64_t queued;               /* bytes waiting */
    uint64_t dropped;              /* messages that found their queue full */
    unsigned points;
};

/* Everybody connected or known. Returns how many were written, at most `max`. */
size_t net_peers(struct net *n, struct net_peer_info *ret_infos, size_t max);

/* How many links are up. */
unsigned net_connected(struct net *n);

struct net_stats {
    uint64_t sent, received; /* bytes */
    uint64_t dropped;        /* messages */
    uint64_t refused;        /* links that did not get through the hello, or broke the framing */
};
struct net_stats net_stats(struct net *n);

#endif
