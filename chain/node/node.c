/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/node.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/node/joining.h"
#include "chain/node/threads.h"
#include "chain/node/twin.h"
#ifdef CAIRN_BYZANTINE
#include "chain/node/byzantine.h"
#endif
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    VERIFY_THREADS_MAX = 4,
    DRAIN_MS = 1000,
    LOOK_BACK = 10, /* blocks in whose certificates a foreign signature of the own key is looked for at the start */
    LISTEN_MS = 1000,
    LOOK_BACK_MEMORY = 32 << 20,
};

/* --- failing --- */

void node_fail(struct node *n, int code, const struct err *err) {
    mutex_lock(&n->lock);
    bool first = n->failed == CODE_OK;
    if (first) {
        n->failed = code;
        n->failure = *err;
        n->failure.code = code;
        cond_broadcast(&n->changed);
    }
    mutex_unlock(&n->lock);
    if (first)
        log_error("node", "the node stops", "code=%s why=%s", code_name(code), log_quote(err_text(err)).s);
}

int node_wait(struct node *n, uint64_t deadline_ns, struct err *err) {
    mutex_lock(&n->lock);
    bool more = true;
    while (n->failed == CODE_OK && !atomic_load(&n->stopping) && more)
        more = cond_wait_until(&n->changed, &n->lock, deadline_ns);
    int rc = n->failed;
    if (rc != CODE_OK && err != NULL)
        *err = n->failure;
    mutex_unlock(&n->lock);
    if (rc == CODE_OK)
        rc = atomic_load(&n->stopping) ? CODE_INTERRUPTED : CODE_TIMEOUT;
    return rc;
}

void node_interrupt(struct node *n) {
    mutex_lock(&n->lock);
    atomic_store(&n->stopping, true);
    cond_broadcast(&n->changed);
    mutex_unlock(&n->lock);
}

int node_quarantined(struct node *n, struct err *err) {
    return atomic_load(&n->quarantined) ? quarantine_refuse(n->mark, err) : CODE_OK;
}

struct head *node_head(struct node *n) {
    mutex_lock(&n->lock);
    struct head *h = head_ref(n->newest);
    mutex_unlock(&n->lock);
    return h;
}

/* --- callbacks of the admission --- */

static void on_due(void *arg) {
    struct node *n = arg;
    if (atomic_exchange(&n->due_posted, true))
        return;
    struct event *e = event_new(EVENT_DUE, BYTES_NONE);
    if (e == NULL || queue_put(&n->events, e, 0) != CODE_OK) {
        event_free(e);
        atomic_store(&n->due_posted, false);
    }
}

static void on_spread(void *arg, struct bytes gather) {
    struct node *n = arg;
    net_broadcast(n->net, NET_PEER_NONE, NET_MEMPOOL, WIRE_TXS, gather);
}

static void on_misbehaved(void *arg, uint32_t peer, const char *why) {
    struct node *n = arg;
    net_report(n->net, peer, 20, why);
}

/* --- starting --- */

static double read_mempool(void *ctx) {
    struct node *n = ctx;
    return atomic_load(&n->joining) ? 0 : (double)admit_stats(n->admit).txs;
}

static double read_peers(void *ctx) {
    return (double)net_connected(((struct node *)ctx)->net);
}

static double read_behind(void *ctx) {
    return (double)atomic_load(&((struct node *)ctx)->behind);
}

static double read_chunks(void *ctx) {
    struct node *n = ctx;
    mutex_lock(&n->lock);
    double chunks = n->sync.join.chunks;
    mutex_unlock(&n->lock);
    return chunks;
}

static double read_chunks_in(void *ctx) {
    struct node *n = ctx;
    mutex_lock(&n->lock);
    double in = n->sync.join.chunks_in;
    mutex_unlock(&n->lock);
    return in;
}

static double read_quarantined(void *ctx) {
    return atomic_load(&((struct node *)ctx)->quarantined);
}

static void metrics_init(struct node *n) {
    struct metrics *m = n->options.metrics;
    if (m == NULL)
        return;
    struct core_metrics *cm = &n->core.metrics;
    cm->blocks = metrics_counter(m, "cairn_blocks_total", "blocks committed since the start", NULL);
    n->m_txs = metrics_counter(m, "cairn_txs_total", "transactions committed since the start", NULL);
    cm->rounds = metrics_counter(m, "cairn_rounds_failed_total", "rounds that decided nothing", NULL);
    cm->evidence = metrics_counter(m, "cairn_evidence_total", "contradicting signatures seen", NULL);
    cm->height = metrics_gauge(m, "cairn_height", "the newest committed height", NULL);
    cm->missing =
        metrics_gauge(m, "cairn_validators_missing", "validators that a height which stands still waits for", NULL);
    n->m_commit_seconds = metrics_histogram(m, "cairn_commit_seconds", "time to execute and commit a block", NULL,
                                            metrics_seconds, METRICS_SECONDS_N);
    cm->block_interval = metrics_histogram(m, "cairn_block_interval_seconds", "between the times of two headers", NULL,
                                           metrics_seconds, METRICS_SECONDS_N);
    metrics_gauge_fn(m, "cairn_mempool_txs", "transactions waiting", NULL, read_mempool, n);
    metrics_gauge_fn(m, "cairn_peers", "links to other nodes", NULL, read_peers, n);
    metrics_gauge_fn(m, "cairn_quarantined", "1: this node's ledger differs from the network's", NULL, read_quarantined,
                     n);
    metrics_gauge_fn(m, "cairn_blocks_behind", "heights that peers claim to be ahead", NULL, read_behind, n);
    metrics_gauge_fn(m, "cairn_state_sync_chunks", "of the snapshot by which this node joins", NULL, read_chunks, n);
    metrics_gauge_fn(m, "cairn_state_sync_chunks_in", "of them taken in", NULL, read_chunks_in, n);
}

static int open_store(struct node *n, const struct node_options *o, struct err *err) {
    char path[PATH_LEN_MAX];
    int rc = path_join(n->data_dir, "evidence", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = dir_make(path, 0700, err);
    if (rc == CODE_OK)
        rc = path_join(n->data_dir, "db", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = accuser_init(&n->accuser, n->data_dir, err);
    atomic_store(&n->evidence_new, true); /* what an earlier run kept */
    struct store_options so = {.keep_blocks = o->prune_keep_blocks,
                               .disk_bytes = o->disk_budget_mib << 20,
                               .snapshot_every = o->snapshot_every,
                               .snapshots_kept = o->snapshots_kept,
                               .cache_bytes = (size_t)o->cache_mib << 20};
    if (rc == CODE_OK)
        rc = store_open(path, &so, &n->store, err);
    if (rc == CODE_OK)
        rc = keeper_start(n->store, &n->keeper, err);
    unsigned cpus = thread_cpus();
    unsigned threads = o->verify_threads != 0      ? o->verify_threads
                       : cpus < VERIFY_THREADS_MAX ? cpus
                                                   : VERIFY_THREADS_MAX;
    if (rc == CODE_OK)
        rc = verify_new(threads - 1, &n->verify, err); /* the caller works along */
    if (rc == CODE_OK)
        rc = disk_os(n->data_dir, &n->disk, err);
    if (rc == CODE_OK)
        rc = wal_new(n->disk, &n->wal, err);
    return rc;
}

static int open_executor(struct node *n, const struct node_options *o, struct err *err) {
    struct executor_options eo = {.index_events = o->index_events,
                                  .reveal_secret = o->reveal_secret,
                                  .self = n->self,
                                  .trust = {o->block_trust_height, o->block_trust_id}};
    return executor_open(&n->executor, n->store, &n->app, n->verify, &eo, o->genesis, &n->chain_tag, err);
}

/* "a look-back guards against a second copy": did one of the last blocks count a signature that this memory never gave?
 */
static int look_back_at(struct node *n, uint64_t height, struct arena *arena, struct err *err) {
    struct bytes bytes;
    StoredBlock *stored = NULL;
    struct validator_set *set = arena_alloc(arena, sizeof *set);
    struct certificate *c = arena_alloc(arena, sizeof *c);
    if (set == NULL || c == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to look back");
    int rc = store_get_record(n->store, STORE_BLOCK, height, arena, &bytes, err);
    if (rc == CODE_NOT_FOUND || rc == CODE_PRUNED)
        return CODE_OK;
    if (rc == CODE_OK)
        rc = pb_decode(&stored_block__descriptor, bytes, arena, &stored, err);
    if (rc == CODE_OK && (stored->certificate == NULL || stored->validators == NULL))
        rc = err_set(err, CODE_CORRUPT, "block %" PRIu64 " is stored without its certificate", height);
    if (rc == CODE_OK)
        rc = validator_set_from_pb(stored->validators, set, err);
    if (rc == CODE_OK)
        rc = certificate_from_pb(stored->certificate, set->n, c, err);
    return rc == CODE_OK ? twin_check_certificate(&n->signer.last, validator_set_find(set, &n->self), c, err) : rc;
}

static int look_back(struct node *n, struct err *err) {
    struct arena arena;
    int rc = CODE_OK;
    uint64_t newest = n->executor.head->height, from = newest > LOOK_BACK ? newest - LOOK_BACK + 1 : 1;
    arena_init(&arena, LOOK_BACK_MEMORY);
    for (uint64_t h = newest; n->signs && rc == CODE_OK && h >= from && h > 0; h--) {
        rc = look_back_at(n, h, &arena, err);
        arena_reset(&arena);
    }
    arena_release(&arena);
    return rc;
}

static int open_mark(struct node *n, struct err *err) {
    struct err why;
    int rc = quarantine_load(n->data_dir, &n->mark_arena, &n->mark, err);
    if (rc != CODE_OK || n->mark == NULL)
        return rc;
    atomic_store(&n->quarantined, true);
    quarantine_refuse(n->mark, &why);
    log_error("node", "starting in quarantine", "why=%s", log_quote(err_text(&why)).s);
    return CODE_OK;
}

static int open_signer(struct node *n, const struct node_options *o, struct err *err) {
    if (o->validator_key == NULL || n->mark != NULL)
        return CODE_OK;
    struct pubkey key = seckey_pubkey(o->validator_key);
    int rc = o->takeover_height > 0 ? signer_take_over(n->disk, &key, o->takeover_height, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = signer_open(&n->signer, n->disk, o->validator_key, err);
    if (rc != CODE_OK)
        return rc;
    n->signs = true;
    n->self = addr_of_key(&n->signer.pubkey);
    return CODE_OK;
}

static int open_admit(struct node *n, const struct node_options *o, struct err *err) {
    struct admit_config c = {
        .store = n->store,
        .app = &n->app,
        .verify = n->verify,
        .chain_tag = n->chain_tag,
        .limits = {.txs_max = o->mempool_txs_max != 0 ? (uint32_t)o->mempool_txs_max : MEMPOOL_TXS,
                   .bytes_max = o->mempool_bytes_max != 0 ? o->mempool_bytes_max : MEMPOOL_BYTES,
                   .sender_max = MEMPOOL_SENDER,
                   .origin_txs_max = (o->mempool_txs_max != 0 ? (uint32_t)o->mempool_txs_max : MEMPOOL_TXS) / 2,
                   .origin_bytes_max = (o->mempool_bytes_max != 0 ? o->mempool_bytes_max : MEMPOOL_BYTES) / 2,
                   .by_fee = true},
        .arg = n,
        .due = on_due,
        .spread = on_spread,
        .misbehaved = on_misbehaved,
    };
    return admit_new(&c, n->executor.head->height, &n->admit, err);
}

static int open_net(struct node *n, const struct node_options *o, struct err *err) {
    struct net_config c = {.chain_tag = n->chain_tag,
                           .node_key = o->node_key,
                           .role = n->signs ? HELLO_VALIDATOR : HELLO_FULL_NODE,
                           .listen = o->p2p_listen,
                           .known = o->peers,
                           .known_n = o->peers_n};
    struct net_handler h = peers_handler(n);
    struct pubkey pub = seckey_pubkey(&o->node_key);
    n->node_id = hello_node_id(&pub);
    return net_start(&c, &h, &n->net, err);
}

static int open_core(struct node *n, struct err *err) {
    n->core.halted = n->mark != NULL;
    if (n->core.halted)
        return CODE_OK;
    struct core_host host = core_host_of(n);
    struct core_options o = {.host = &host,
                             .chain_tag = n->chain_tag,
                             .wal = n->wal,
                             .signer = n->signs ? &n->signer : NULL,
                             .self = n->self,
#ifndef CAIRN_BYZANTINE /* which signs beside its memory */
                             .alone = true,
                             .listen_ms = LISTEN_MS,
#endif
                             .head = n->executor.head,
                             .trust = {n->options.block_trust_height, n->options.block_trust_id}};
    int rc = core_open(&n->core, &o, err);
#ifdef CAIRN_BYZANTINE
    if (rc == CODE_OK)
        rc = byzantine_install(&n->core, err);
#endif
    return rc;
}

static int start_threads(struct node *n, struct err *err) {
    int rc = thread_start(&n->ledger_thread, "ledger", ledger_run, n, err);
    if (rc == CODE_OK)
        rc = thread_start(&n->check_thread, "check", check_thread_run, n, err);
    if (rc == CODE_OK)
        rc = thread_start(&n->serve_thread, "serve", serve_run, n, err);
    return rc;
}

int node_go(struct node *n, const struct node_link *links, size_t links_n, struct err *err) {
    const struct node_options *o = &n->options;
    int rc = open_executor(n, o, err);
    if (rc == CODE_OK)
        rc = look_back(n, err);
    if (rc == CODE_OK) {
        mutex_lock(&n->lock);
        n->newest = head_ref(n->executor.head);
        cond_broadcast(&n->changed);
        mutex_unlock(&n->lock);
        rc = open_admit(n, o, err);
    }
    if (rc == CODE_OK && n->net == NULL)
        rc = open_net(n, o, err);
    if (rc == CODE_OK)
        rc = start_threads(n, err);
    if (rc == CODE_OK)
        rc = open_core(n, err);
    for (size_t i = 0; rc == CODE_OK && !n->core.halted && i < links_n; i++) {
        core_up(&n->core, links[i].peer);
        core_owed(&n->core, links[i].peer, links[i].owed);
    }
    atomic_store(&n->joining, rc != CODE_OK && atomic_load(&n->joining));
    if (rc == CODE_OK)
        rc = thread_start(&n->core_thread, "core", core_run, n, err);
    return rc;
}

static int join(struct node *n, const struct node_options *o, struct err *err) {
    atomic_store(&n->joining, true);
    int rc = open_net(n, o, err);
    return rc == CODE_OK ? joining_start(n, err) : rc;
}

static int start(struct node *n, const struct node_options *o, struct err *err) {
    int rc = open_store(n, o, err);
    if (rc == CODE_OK)
        rc = open_mark(n, err);
    if (rc == CODE_OK)
        rc = open_signer(n, o, err);
    if (rc != CODE_OK)
        return rc;
    metrics_init(n);
    if (joining_due(n))
        return join(n, o, err);
    rc = joining_drop(n, err);
    return rc == CODE_OK ? node_go(n, NULL, 0, err) : rc;
}

int node_start(const struct node_options *options, struct node **ret_node, struct err *err) {
    struct node *n = calloc(1, sizeof *n);
    if (n == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a node");
    n->options = *options;
    n->app = *options->app;
    n->chain_tag = options->chain_tag;
    snprintf(n->data_dir, sizeof n->data_dir, "%s", options->data_dir);
    arena_init(&n->mark_arena, 64 << 10);
    mutex_init(&n->lock);
    cond_init(&n->changed);
    rpc_node_init(n);
    int rc = queue_init(&n->events, NODE_EVENTS_MAX, err);
    if (rc == CODE_OK)
        rc = queue_init(&n->jobs, NODE_JOBS_MAX, err);
    if (rc == CODE_OK)
        rc = queue_init(&n->checks, NODE_CHECKS_MAX, err);
    if (rc == CODE_OK)
        rc = queue_init(&n->serves, NODE_SERVES_MAX, err);
    if (rc == CODE_OK)
        rc = start(n, options, err);
    n->options.validator_key = NULL; /* borrowed until now */
    seckey_wipe(&n->options.node_key);
    if (rc != CODE_OK) {
        node_stop(n);
        return rc;
    }
    *ret_node = n;
    return CODE_OK;
}

/* --- stopping --- */

static void drain_events(struct node *n) {
    void *p;
    while (queue_take(&n->events, 0, &p) == CODE_OK)
        event_free(p);
}

static void drain_jobs(struct node *n) {
    void *p;
    while (queue_take(&n->jobs, 0, &p) == CODE_OK) {
        block_unref(((struct job *)p)->block);
        free(p);
    }
    while (queue_take(&n->checks, 0, &p) == CODE_OK)
        free(p);
    while (queue_take(&n->serves, 0, &p) == CODE_OK)
        free(p);
}

void node_stop(struct node *n) {
    if (n == NULL)
        return;
    atomic_store(&n->stopping, true);
    /* Core first, so that nothing new begins; then the ledger finishes the block that it has in hand. */
    queue_close(&n->events);
    joining_stop(n);
    thread_join(&n->core_thread);
    queue_close(&n->jobs);
    queue_close(&n->checks);
    thread_join(&n->ledger_thread);
    thread_join(&n->check_thread);
    queue_close(&n->serves);
    thread_join(&n->serve_thread);
    if (n->admit != NULL)
        admit_stop(n->admit);
    net_stop(n->net, DRAIN_MS);
    drain_events(n);
    drain_jobs(n);
    core_close(&n->core);
    admit_free(n->admit);
    accuser_release(&n->accuser);
    executor_close(&n->executor);
    head_unref(n->newest);
    signer_release(&n->signer);
    wal_free(n->wal);
    if (n->disk != NULL)
        n->disk->free(n->disk);
    verify_free(n->verify);
    keeper_stop(n->keeper);
    store_close(n->store);
    queue_release(&n->events);
    queue_release(&n->jobs);
    queue_release(&n->checks);
    queue_release(&n->serves);
    cond_release(&n->changed);
    mutex_release(&n->lock);
    arena_release(&n->mark_arena);
    free(n);
}
