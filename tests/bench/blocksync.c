/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block sync: a fresh node takes a chain over from two peers on this machine, everything in one process. Beside it: the
 * same blocks out of memory, one after another, each with all processors on its signatures, then executed and written.
 */
#include "chain/codec/pb.h"
#include "chain/node/node.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "tests/bench/bench.h"
#include "tests/lib/chain/made_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { VALIDATORS = 4, SENDERS = 4000, PEERS = 2, PORT = 24400, RUNS_MAX = 99 };

struct world {
    struct made_chain chain;
    char dir[64];
    uint64_t height;
    size_t txs; /* of each block; 0: empty ones */
    unsigned made;
    struct node *peers[PEERS];
    struct net_address addresses[PEERS];
    struct seckey keys[PEERS];
};

static void fresh_dir(struct world *w, char ret[128]) {
    struct err err;
    (void)snprintf(ret, 128, "%s/%u", w->dir, w->made++);
    made_must(dir_make(ret, 0700, &err), &err);
}

/* --- alone --- */

static void take(struct world *w, struct executor *e, uint64_t height, bool signatures) {
    struct made_chain *c = &w->chain;
    struct err err;
    struct arena arena;
    StoredBlock *stored = NULL;
    struct block *b = NULL;
    static struct certificate cert;
    static bool good[BLOCK_TXS_MAX];
    arena_init(&arena, (size_t)64 << 20);
    made_must(pb_decode(&stored_block__descriptor, made_chain_stored(c, height, &arena), &arena, &stored, &err), &err);
    made_must(block_new(pb_bytes(stored->block), &c->tag, &b, &err), &err);
    made_must(certificate_from_pb(stored->certificate, VALIDATORS, &cert, &err), &err);
    made_must(block_open(b, height > 1 ? VALIDATORS : 0, &err), &err);
    if (signatures) {
        made_must(certificate_verify(&cert, &c->tag, &e->head->info.validators, &err), &err);
        if (verify_txs(e->verify, b->tx_list, b->txs_n, good) != b->txs_n)
            made_must(CODE_BAD_SIGNATURE, NULL);
    }
    made_must(executor_commit(e, b, &cert, &err), &err);
    block_unref(b);
    arena_release(&arena);
}

struct took {
    double seconds, cpu; /* cpu: of all threads */
};

static struct took took_since(const struct took *begin) {
    return (struct took){(double)clock_mono_ns() / 1e9 - begin->seconds, (double)clock_cpu_ns() / 1e9 - begin->cpu};
}

static struct took alone(struct world *w, const char *db, bool signatures) {
    struct made_chain *c = &w->chain;
    struct err err;
    struct store *store = NULL;
    struct verify *verify = NULL;
    struct executor e;
    struct executor_options o = {.index_events = false};
    made_must(verify_new(1, &verify, &err), &err);
    made_must(store_open(db, NULL, &store, &err), &err);
    made_must(executor_open(&e, store, &c->app, verify, &o, c->genesis, &c->tag, &err), &err);
    struct took zero = {0}, begin = took_since(&zero);
    for (uint64_t h = 1; h <= w->height; h++)
        take(w, &e, h, signatures);
    struct took took = took_since(&begin);
    if (!hash_eq(&e.head->app_hash, &c->executor.head->app_hash))
        made_must(CODE_INTEGRITY, NULL);
    executor_close(&e);
    store_close(store);
    verify_free(verify);
    return took;
}

/* --- nodes --- */

static struct node *node_of(struct world *w, const char *home, const char *listen, const struct seckey *key,
                            size_t peers, bool trust) {
    struct err err;
    struct node *n = NULL;
    struct node_options o = {.data_dir = home,
                             .app = &w->chain.app,
                             .genesis = w->chain.genesis,
                             .chain_tag = w->chain.tag,
                             .node_key = *key,
                             .p2p_listen = listen,
                             .peers = w->addresses,
                             .peers_n = peers};
    if (trust) {
        o.block_trust_height = w->height;
        o.block_trust_id = w->chain.executor.head->id;
    }
    made_must(node_start(&o, &n, &err), &err);
    return n;
}

static struct seckey key_of(uint8_t i) {
    struct seckey key;
    struct err err;
    uint8_t raw[32] = {3, i, 1};
    made_must(seckey_init(&key, raw, &err), &err);
    return key;
}

static void peers_start(struct world *w) {
    struct err err;
    for (unsigned i = 0; i < PEERS; i++) {
        char home[128], db[140];
        fresh_dir(w, home);
        (void)snprintf(db, sizeof db, "%s/db", home);
        (void)alone(w, db, false);
        struct seckey key = key_of((uint8_t)i);
        struct pubkey pub = seckey_pubkey(&key);
        w->addresses[i].node_id = hello_node_id(&pub);
        (void)snprintf(w->addresses[i].host_port, sizeof w->addresses[i].host_port, "127.0.0.1:%u", PORT + i);
        w->peers[i] = node_of(w, home, w->addresses[i].host_port, &key, 0, false);
    }
    (void)err;
}

/* The processor time is that of the peers, too. */
static struct took synced(struct world *w, bool trust) {
    char home[128];
    fresh_dir(w, home);
    struct seckey key = key_of(100);
    struct took zero = {0}, begin = took_since(&zero);
    struct node *n = node_of(w, home, "", &key, PEERS, trust);
    const struct rpc_node *rpc = node_rpc(n);
    made_must(rpc->wait_height(rpc->self, w->height, deadline_in_ms(120000)), NULL);
    struct took took = took_since(&begin);
    struct rpc_status status;
    rpc->status(rpc->self, &status);
    if (!hash_eq(&status.app_hash, &w->chain.executor.head->app_hash))
        made_must(CODE_INTEGRITY, NULL);
    node_stop(n);
    return took;
}

/* --- figures --- */

static int up(const void *a, const void *b) {
    double x = ((const struct took *)a)->seconds, y = ((const struct took *)b)->seconds;
    return (x > y) - (x < y);
}

static unsigned runs(void) {
    const char *env = getenv("BENCH_RUNS");
    unsigned long n = env != NULL ? strtoul(env, NULL, 10) : 5;
    return n < 1 ? 1 : n > RUNS_MAX ? RUNS_MAX : (unsigned)n;
}

enum { SYNCED, TRUSTING, ALL, EXECUTION, FIGURES };

/* Each in turn, so that a busy moment of the machine hits them alike; the medians. */
static void measure(struct world *w, const char *const names[FIGURES], const char *unit, double units,
                    struct bench_figure ret[FIGURES]) {
    struct took s[FIGURES][RUNS_MAX];
    unsigned n = runs();
    char db[128];
    for (unsigned i = 0; i < n; i++) {
        s[SYNCED][i] = synced(w, false);
        s[TRUSTING][i] = synced(w, true);
        fresh_dir(w, db);
        s[ALL][i] = alone(w, db, true);
        fresh_dir(w, db);
        s[EXECUTION][i] = alone(w, db, false);
    }
    for (unsigned k = 0; k < FIGURES; k++) {
        qsort(s[k], n, sizeof *s[k], up);
        ret[k] = bench_given(names[k], unit, units / s[k][n / 2].seconds, s[k][n / 2].cpu * 1e6 / units);
    }
}

/* What all cores could do at best: the processor time of the signatures and of the execution, on all of them. */
static void floor_of(const struct bench_figure f[FIGURES]) {
    double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
    struct bench_figure floor = bench_given("signatures, execution, write on all cores", "tx",
                                            cores * 1e6 / f[ALL].cpu_us_each, f[ALL].cpu_us_each);
    bench_beside(floor, f[EXECUTION], 0);
    bench_beside(f[SYNCED], floor, 0);
}

static void run(size_t heights, size_t txs, const char *const names[FIGURES], const char *unit, double goal) {
    static struct world w;
    struct bench_figure f[FIGURES];
    struct err err;
    w = (struct world){.height = heights, .txs = txs, .dir = "/tmp/cairn-bench-blocksync-XXXXXX"};
    if (mkdtemp(w.dir) == NULL)
        made_must(CODE_IO, NULL);
    made_chain_init(&w.chain, NULL, VALIDATORS, SENDERS);
    made_chain_grow(&w.chain, heights, txs);
    peers_start(&w);
    measure(&w, names, unit, (double)heights * (double)(txs > 0 ? txs : 1), f);
    bench_beside(f[SYNCED], f[ALL], goal);
    bench_beside(f[SYNCED], f[EXECUTION], 0);
    bench_beside(f[TRUSTING], f[EXECUTION], goal);
    if (txs > 0)
        floor_of(f);
    for (unsigned i = 0; i < PEERS; i++)
        node_stop(w.peers[i]);
    made_chain_release(&w.chain);
    made_must(dir_remove(w.dir, &err), &err);
}

int main(void) {
    static const char *const full[] = {"block sync, 1000 transfers a block", "the same up to a trusted block",
                                       "signatures, execution, write alone", "execution and write alone"};
    static const char *const empty[] = {"block sync, empty blocks", "the same up to a trusted block, empty",
                                        "certificates, execution, write alone", "execution and write alone, empty"};
    run(120, 1000, full, "tx", 0.8);
    run(1000, 0, empty, "blocks", 0);
    return bench_end("blocksync");
}
