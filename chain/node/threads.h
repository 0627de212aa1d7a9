/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_THREADS_H
#define CAIRN_CHAIN_NODE_THREADS_H
/* The node's threads and what they pass to each other. Private to chain/node. */
#include "chain/base/limits.h"
#include "chain/node/accuser.h"
#include "chain/node/admit.h"
#include "chain/node/core.h"
#include "chain/node/executor.h"
#include "chain/node/join.h"
#include "chain/node/node.h"
#include "chain/node/quarantine.h"
#include "chain/node/serve.h"
#include "chain/os/queue.h"
#include "chain/store/keeper.h"

enum event_kind {
    EVENT_NET,
    EVENT_UP,
    EVENT_DOWN,
    EVENT_BUILT,
    EVENT_JUDGED,
    EVENT_COMMITTED,
    EVENT_SETTLED,
    EVENT_CHECKED,
    EVENT_IMPORTED, /* while joining: the payload is a struct join_result and its bits */
    EVENT_DUE,
    EVENT_STOP
};

/* To the core. */
struct event {
    enum event_kind kind;
    net_peer peer;
    uint8_t wire; /* enum wire_kind */
    uint64_t height;
    uint32_t round;
    struct block *block; /* BUILT (may be NULL), JUDGED: a reference */
    struct head *head;   /* COMMITTED: a reference */
    struct check *check; /* CHECKED: the core's */
    bool invalid;        /* JUDGED: the payload says why */
    size_t len;
    uint8_t payload[];
};

/* What of one link waits in the queues, by its place among the links. */
struct node_share {
    atomic_uint events, serves;
    atomic_size_t bytes;
};

/* How catching up stands, for status and health. */
struct node_sync {
    bool active;
    uint64_t from, target, since_ms;
    unsigned sources;
    struct join_progress join; /* while joining */
};

struct joining; /* joining.c */

struct node {
    struct node_options options;
    char data_dir[PATH_LEN_MAX];
    struct app app;
    struct hash chain_tag;
    struct store *store;
    struct keeper *keeper; /* of the store */
    struct verify *verify;
    struct admit *admit;
    struct net *net;
    struct disk *disk;
    struct wal *wal;
    struct signer signer;
    bool signs;
    struct addr self; /* consensus address; zero for a full node */
    struct addr node_id;
    struct executor executor; /* the ledger thread's, once it runs */
    struct rpc_node rpc;

    struct core core;       /* the core thread's, once it runs */
    struct hash refused_id; /* the last block that the ledger refused, and why; the core thread's */
    char refused_why[ERR_MSG_MAX];
    struct arena mark_arena;
    Quarantine *mark; /* set before `quarantined`, and for good */
    atomic_bool quarantined;
    struct accuser accuser; /* the ledger thread's, once it runs */
    atomic_bool evidence_new;

    struct queue events, jobs, checks, serves;
    struct thread core_thread, ledger_thread, check_thread, serve_thread;
    atomic_size_t event_bytes;
    struct node_share shares[NET_PEERS_MAX];
    atomic_bool due_posted, stopping;
    atomic_bool joining; /* there is no state yet: what needs one (admit, core, newest) is not open */
    struct joining *joining_state;
    atomic_bool resting;          /* consensus is, while blocks are fetched: no transactions are admitted */
    atomic_uint_least64_t behind; /* heights, for status and health */
    atomic_uint round;

    struct mutex lock; /* of what follows */
    struct cond changed;
    struct head *newest;
    struct node_sync sync;
    int failed;
    struct err failure;

    struct metric *m_txs, *m_commit_seconds;
};

/* loop.c */
struct core_host core_host_of(struct node *n);
void core_run(void *node);
/* Takes the event. NULL: there was no memory for it; the core would wait for ever, so the node ends (node_fail). */
void core_post(struct node *n, struct event *e);
struct event *event_new(enum event_kind kind, struct bytes payload);
void event_free(struct event *e);

/* jobs.c */
void ledger_run(void *node);
void check_thread_run(void *node);
/* Takes the block's reference. Without memory for the job the node ends, as with core_post. */
void job_post(struct node *n, const struct job *job);

/* serve.c */
void serve_run(void *node);
void serve_post(struct node *n, enum serve_kind kind, net_peer peer, uint64_t from, uint32_t count);

/* peers.c: the network's callbacks */
struct net_handler peers_handler(struct node *n);
struct node_share *peers_share(struct node *n, net_peer peer);
void peers_taken(struct node *n, const struct event *e); /* an EVENT_NET has left the queue */

/* node.c */
void node_fail(struct node *n, int code, const struct err *err);
/* A link that came before there was a state, and how many blocks it may still send that were asked for then. */
struct node_link {
    net_peer peer;
    unsigned owed;
};

/* The store stands: everything that needs a state opens and runs. `links` are up already. */
int node_go(struct node *n, const struct node_link *links, size_t links_n, struct err *err);

/* rpc_node.c */
void rpc_node_init(struct node *n);
/* The newest head, with a reference for the caller. */
struct head *node_head(struct node *n);

#endif
