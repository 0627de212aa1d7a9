/* SPDX-License-Identifier: Apache-2.0 */
/* cairnd start: the node in the foreground, until SIGTERM, SIGINT or a failure. */
#include "chain/cmd/cmd.h"

#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/cmd/version.h"
#include "chain/codec/bech32.h"
#include "chain/crypto/key.h"
#include "chain/crypto/wipe.h"
#include "chain/http/server.h"
#include "chain/node/node.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/log.h"
#include "chain/os/random.h"
#include "chain/os/thread.h"
#include "chain/rpc/rpc.h"
#include "x/app/ledger.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { SNAPSHOT_EVERY = 1000 }; /* heights; config.proto names it, too */
enum { HTTP_GRACE_MS = 2000, HTTP_WORKERS = 4, HTTP_PER_ADDRESS = 64 };

struct running {
    struct home home;
    struct file_lock lock;
    struct ledger ledger;
    struct app app;
    struct metrics *metrics;
    struct node *node;
    struct rpc rpc;
    struct http_server *http;
    struct thread signals;
    uint64_t takeover_height;
};

/* --- signals: main blocks them before any thread starts; this one waits for them --- */

static void wait_signal(void *arg) {
    struct running *run = arg;
    sigset_t set;
    int number = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigwait(&set, &number) == 0)
        node_interrupt(run->node);
}

static void block_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
}

/* --- parts --- */

static int peers_of(const NodeConfig *c, struct net_address *ret, size_t *ret_n, struct err *err) {
    if (c->n_peers > NET_KNOWN_MAX)
        return err_set(err, CODE_CONFIG, "peers: more than %d", NET_KNOWN_MAX);
    for (size_t i = 0; i < c->n_peers; i++) {
        int rc = addr_from_text(c->peers[i]->node_id, &ret[i].node_id, err);
        if (rc != CODE_OK)
            return err_wrap(err, CODE_CONFIG, "peers[%zu].node_id", i);
        snprintf(ret[i].host_port, sizeof ret[i].host_port, "%s", c->peers[i]->address);
    }
    *ret_n = c->n_peers;
    return CODE_OK;
}

/* A block that is known to be right: `name` is the setting that has it. */
static int trust_of(const char *name, uint64_t height, const char *id, struct hash *ret_id, struct err *err) {
    if ((height != 0) != (id[0] != '\0'))
        return err_set(err, CODE_CONFIG, "%s: trust_height and trust_id belong together; set both or none", name);
    if (id[0] != '\0' && (strlen(id) != 64 || !hex_decode(id, 64, ret_id->b, sizeof ret_id->b)))
        return err_set(err, CODE_CONFIG, "%s.trust_id: want the 64 hex digits of a header's id", name);
    return CODE_OK;
}

static int start_node(struct running *run, struct err *err) {
    const NodeConfig *c = run->home.config;
    struct net_address *peers = calloc(NET_KNOWN_MAX, sizeof *peers);
    size_t peers_n = 0;
    int rc = peers != NULL ? peers_of(c, peers, &peers_n, err) : err_set(err, CODE_NO_MEMORY, "no memory");
    if (rc == CODE_OK && c->snapshots_kept > SNAPSHOTS_MAX)
        rc = err_set(err, CODE_CONFIG, "snapshots_kept: 1 to %d", SNAPSHOTS_MAX);
    static const StateSyncConfig no_state_sync = STATE_SYNC_CONFIG__INIT;
    static const BlockSyncConfig no_block_sync = BLOCK_SYNC_CONFIG__INIT;
    const StateSyncConfig *ss = c->state_sync != NULL ? c->state_sync : &no_state_sync;
    const BlockSyncConfig *bs = c->block_sync != NULL ? c->block_sync : &no_block_sync;
    struct hash state_id = {{0}}, block_id = {{0}};
    if (rc == CODE_OK)
        rc = trust_of("state_sync", ss->trust_height, ss->trust_id, &state_id, err);
    if (rc == CODE_OK)
        rc = trust_of("block_sync", bs->trust_height, bs->trust_id, &block_id, err);
    struct node_options o = {.data_dir = run->home.data,
                             .app = &run->app,
                             .genesis = run->home.genesis,
                             .chain_tag = run->home.chain_tag,
                             .node_key = run->home.node_key,
                             .validator_key = run->home.validator ? &run->home.validator_key : NULL,
                             .reveal_secret = run->home.reveal_secret,
                             .takeover_height = run->takeover_height,
                             .p2p_listen = c->p2p_listen,
                             .peers = peers,
                             .peers_n = peers_n,
                             .mempool_txs_max = c->mempool_txs_max,
                             .mempool_bytes_max = c->mempool_bytes_max,
                             .cache_mib = c->rocksdb_cache_mib,
                             .verify_threads = c->verify_threads,
                             .prune_keep_blocks = c->prune_keep_blocks,
                             .snapshot_every = c->no_snapshots            ? 0
                                               : c->snapshot_every_blocks ? c->snapshot_every_blocks
                                                                          : SNAPSHOT_EVERY,
                             .snapshots_kept = c->snapshots_kept,
                             .disk_budget_mib = c->disk_budget_mib,
                             .index_events = c->index_events,
                             .state_sync = ss->enabled,
                             .trust_height = ss->trust_height,
                             .trust_id = state_id,
                             .block_trust_height = bs->trust_height,
                             .block_trust_id = block_id,
                             .version = CAIRND_VERSION,
                             .metrics = run->metrics};
    if (rc == CODE_OK)
        rc = node_start(&o, &run->node, err);
    free(peers);
    return rc;
}

static int start_http(struct running *run, struct err *err) {
    const char *listen = run->home.config->http_listen[0] != '\0' ? run->home.config->http_listen : "127.0.0.1:26601";
    const char *colon = strrchr(listen, ':');
    char host[256];
    uint64_t port = 0;
    if (colon == NULL || !u64_parse(colon + 1, strlen(colon + 1), &port) || port > UINT16_MAX)
        return err_set(err, CODE_CONFIG, "http_listen: want host:port");
    snprintf(host, sizeof host, "%.*s", (int)(colon - listen), listen);
    struct http_server_config cfg = {
        .address = host,
        .port = (uint16_t)port,
        .workers = HTTP_WORKERS,
        .long_max = 512,
        .per_address = run->home.config->http_per_client ? run->home.config->http_per_client : HTTP_PER_ADDRESS,
        .own_free = true,
        .memory_max = 256 * MIB, /* a full block and its results, taken apart */
        .name = "cairnd",
        .metrics = run->metrics};
    run->rpc = (struct rpc){.node = node_rpc(run->node),
                            .metrics = run->metrics,
                            .chain_id = run->home.genesis->chain_id,
                            .version = CAIRND_VERSION,
                            .genesis = run->home.genesis_text};
    int rc = http_server_new(&cfg, &run->http, err);
    if (rc == CODE_OK)
        rc = rpc_add_routes(run->http, &run->rpc, err);
    return rc == CODE_OK ? http_server_start(run->http, err) : rc;
}

static int lock_home(struct running *run, struct err *err) {
    char path[PATH_LEN_MAX];
    int rc = dir_make(run->home.data, 0700, err);
    if (rc == CODE_OK)
        rc = home_path(run->home.dir, "LOCK", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = lock_file(&run->lock, path, err);
    return rc == CODE_LOCKED ? err_wrap(err, rc, "%s is in use by another process", run->home.dir) : rc;
}

static int set_log_level(const struct home *h, struct err *err) {
    enum log_level level;
    if (h->config->log_level[0] == '\0' || getenv("CAIRN_LOG") != NULL)
        return CODE_OK;
    int rc = log_level_parse(h->config->log_level, &level, err);
    if (rc == CODE_OK)
        log_set_level(level);
    return rc;
}

static int run_parts(struct running *run, struct err *err) {
    int rc = set_log_level(&run->home, err);
    if (rc == CODE_OK)
        rc = lock_home(run, err);
    if (rc != CODE_OK)
        return rc;
    ledger_init(&run->ledger, NULL);
    run->app = ledger_app(&run->ledger);
    run->metrics = metrics_new();
    metrics_add_process(run->metrics);
    rc = start_node(run, err);
    if (rc == CODE_OK)
        rc = start_http(run, err);
    if (rc == CODE_OK)
        rc = thread_start(&run->signals, "signals", wait_signal, run, err);
    if (rc != CODE_OK)
        return rc;
    log_info("cmd", "running", "home=%s chain_id=%s http=%s p2p=%s", log_quote(run->home.dir).s,
             log_quote(run->home.genesis->chain_id).s, run->home.config->http_listen, run->home.config->p2p_listen);
    rc = node_wait(run->node, DEADLINE_NEVER, err);
    return rc == CODE_INTERRUPTED ? node_quarantined(run->node, err) : rc;
}

/* Answers that are under way leave first, then the node finishes its block. */
static void stop_parts(struct running *run) {
    if (run->node != NULL)
        node_interrupt(run->node); /* long polls and streams end */
    if (run->http != NULL)
        http_server_stop(run->http, HTTP_GRACE_MS);
    http_server_free(run->http);
    if (run->signals.running)
        pthread_kill(run->signals.id, SIGTERM);
    thread_join(&run->signals);
    node_stop(run->node);
    metrics_free(run->metrics);
    lock_release(&run->lock);
    home_release(&run->home);
}

static void blind_keys(void) {
    uint8_t fresh[32];
    random_bytes(fresh, sizeof fresh);
    key_blind(fresh);
    wipe(fresh, sizeof fresh);
}

int cmd_start(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "home", .needed = true}, {.name = "takeover-height"}};
    uint64_t height = 0;
    int rc = cmd_options(argc, argv, o, 2, err);
    if (rc == CODE_OK && o[1].value != NULL && (!u64_parse(o[1].value, strlen(o[1].value), &height) || height == 0))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "--takeover-height wants a height, not %s", o[1].value);
    if (rc != CODE_OK)
        return rc;
    block_signals();
    blind_keys();
    struct running *run = calloc(1, sizeof *run);
    if (run == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    run->lock.fd = -1;
    run->takeover_height = height;
    rc = home_open(&run->home, o[0].value, err);
    if (rc == CODE_OK) {
        rc = run_parts(run, err);
        stop_parts(run);
        log_info("cmd", "stopped", "code=%s", code_name(rc));
    }
    free(run);
    return rc;
}
