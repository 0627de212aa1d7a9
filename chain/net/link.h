/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NET_LINK_H
#define CAIRN_CHAIN_NET_LINK_H
/*
 * One byte stream between two nodes: hello, then sealed frames in both directions. Private to chain/net.
 *
 *     link_new -> link_begin -> (ready) -> (message)* -> link_close or the peer's end -> (ended) -> link_free
 *
 * All reading and writing is asynchronous on nng's threads. Messages wait in one queue a class; the writer always takes
 * a part of the highest class that has one. Invariant: at most one send and one receive are under way; who sets tx_busy
 * seals.
 */
#include "chain/net/hello.h"

#include <nng/nng.h>
#include <stdatomic.h>

struct link;

/* A message on its way to one or more links. Counted; freed with the last. */
struct message {
    atomic_uint refs;
    enum net_class class;
    uint8_t kind;
    uint32_t len;
    uint8_t data[];
};

/* A copy of payload with one reference; NULL without memory. */
struct message *message_new(enum net_class class, uint8_t kind, struct bytes payload);
void message_unref(struct message *m);

struct link_events {
    void *arg;
    /* The hello is through. False refuses the link. */
    bool (*ready)(void *arg, struct link *l);
    void (*message)(void *arg, struct link *l, enum net_class class, uint8_t kind, struct bytes payload);
    /* It is over: never called before all other callbacks have returned; may be called from any thread, also inside
     * link_send; once. The owner calls link_free later, from a thread that is not a callback's. */
    void (*ended)(void *arg, struct link *l);
};

struct link_identity {
    const struct hash *chain_tag;
    const struct seckey *key;
    const struct pubkey *pubkey;
    enum hello_role role;
};

/* Takes the stream, also on failure. `id` is borrowed for the link's life. */
int link_new(nng_stream *stream, bool dialed, const struct link_identity *id, const struct link_events *events,
             struct link **ret_link, struct err *err);
void link_begin(struct link *l);

/* Queues m (takes a reference of its own). False when the queue of its class is full or the link is over. */
bool link_send(struct link *l, struct message *m);

/* Keeps it alive: asks for a sign of life when it is quiet, ends it when nothing came for too long or the hello takes
 * too long. */
void link_tick(struct link *l, uint64_t now_ms);

/* Ends it: never blocks, may be called from callbacks, again and again. `why` (borrowed, static) or NULL goes to the
 * log. */
void link_close(struct link *l, const char *why);

/* Waits for callbacks and frees. After `ended`, or at once when link_begin was never called. Not from a callback. */
void link_free(struct link *l);

void *link_tag(const struct link *l);
void link_set_tag(struct link *l, void *tag);
const struct addr *link_node_id(const struct link *l); /* known when ready */
bool link_dialed(const struct link *l);
/* Nothing is waiting to be sent or on its way to the kernel. */
bool link_drained(struct link *l);

struct link_stats {
    uint64_t sent, received, queued, dropped;
};
struct link_stats link_stats(struct link *l);

#endif
