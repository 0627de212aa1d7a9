/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_NODE_H
#define CAIRN_CHAIN_NODE_NODE_H
/*
 * A ledger node: the host round the consensus core. chain/cmd gives it a home, keys, the app and a network; chain/rpc
 * asks it.
 *
 *     node_start -> (runs on its own threads) -> node_wait -> node_stop
 *
 * Threads: *core* runs the driver, the log and the signer; *ledger* builds, judges and commits blocks; *admit* checks
 * transactions; *serve* answers peers from the store; *verify* threads check signatures; the network's own. They only
 * post to each other's bounded queues. Killing the process at any moment is safe: what was acknowledged is in the store
 * or in the log.
 */
#include "chain/base/err.h"
#include "chain/crypto/key.h"
#include "chain/metrics/metrics.h"
#include "chain/net/net.h"
#include "chain/rpc/rpc.h"
#include "chain/types/app.h"

struct node_options {
    const char *data_dir; /* exists; db/, wal files, signer.state, evidence/ live there */
    const struct app *app;
    const Genesis *genesis; /* borrowed until node_stop returns */
    struct hash chain_tag;
    struct seckey node_key;
    const struct seckey *validator_key; /* NULL: a full node */
    struct hash reveal_secret;          /* with validator_key */
    uint64_t takeover_height; /* the key signs nothing up to it, whatever its memory says; 0: as the memory says */
    const char *p2p_listen;
    const struct net_address *peers;
    size_t peers_n;
    uint64_t mempool_txs_max, mempool_bytes_max; /* 0: defaults */
    uint64_t cache_mib;                          /* 0: default */
    unsigned verify_threads;                     /* 0: as many as CPUs, at most 4 */
    uint64_t prune_keep_blocks;                  /* 0: all */
    uint64_t snapshot_every;                     /* heights; 0: no snapshots */
    uint32_t snapshots_kept;                     /* 0: default; at most SNAPSHOTS_MAX */
    uint64_t disk_budget_mib;                    /* 0: none */
    bool index_events;
    bool state_sync;             /* an empty node joins by a snapshot, by all blocks if nobody has one */
    uint64_t trust_height;       /* with state_sync: a header that is trusted, 0: the genesis is */
    struct hash trust_id;        /* its id */
    uint64_t block_trust_height; /* up to this block block sync verifies no transaction's signature; 0: all are */
    struct hash block_trust_id;  /* of its header */
    const char *version;         /* of the program; static */
    struct metrics *metrics;     /* may be NULL */
};

struct node;

/* Opens everything, recovers what the log holds and runs. CODE_CORRUPT, CODE_LOCKED, CODE_CHAIN_MISMATCH,
 * CODE_NOT_FOUND (signer memory) ... with the sentence that says what to do. The caller ends it by node_stop. */
int node_start(const struct node_options *options, struct node **ret_node, struct err *err);

/* Waits until it fails, is interrupted, or `deadline_ns` (clock_mono_ns) passes: CODE_TIMEOUT, CODE_INTERRUPTED, or the
 * failure that stopped it. */
int node_wait(struct node *n, uint64_t deadline_ns, struct err *err);

/* CODE_OK, or CODE_QUARANTINED with the sentence that says what to do: the node only answers reads (quarantine.h). */
int node_quarantined(struct node *n, struct err *err);

/* Lets node_wait and everybody who waits for a height return. Any thread, any number of times. */
void node_interrupt(struct node *n);

/* Finishes the block that is being committed, lets queued messages out, closes everything, frees. NULL is allowed. */
void node_stop(struct node *n);

/* How RPC sees it; valid until node_stop. */
const struct rpc_node *node_rpc(struct node *n);

#endif
