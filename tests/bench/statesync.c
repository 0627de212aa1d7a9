/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining by a snapshot: an empty node takes the state of a million records over from two peers on this machine,
 * everything in one process: bytes of chunks a second, from its start until it stands at the height. Beside it: reading
 * the same chunks out of one store and taking them into another, one after another, without network or peers. And how
 * long a node with that state takes to start again.
 */
#include "chain/node/node.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/store/store_snapshot.h"
#include "tests/bench/bench.h"
#include "tests/lib/chain/made_chain.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { VALIDATORS = 4, RECORDS = 1000000, STEPS = 10, LEN = 100, PEERS = 2, PORT = 24420, RUNS_MAX = 99 };

static struct made_chain chain;
static struct node *peers[PEERS];
static struct net_address addresses[PEERS];
static char dir[] = "/tmp/cairn-bench-statesync-XXXXXX";
static struct snapshot_info snapshot;
static struct hash app_hash;
static unsigned made;

static void home_make(char ret[128]) {
    struct err err;
    (void)snprintf(ret, 128, "%s/%u", dir, made++);
    made_must(dir_make(ret, 0700, &err), &err);
}

static struct seckey key_of(uint8_t i) {
    struct seckey key;
    struct err err;
    uint8_t raw[32] = {4, i, 1};
    made_must(seckey_init(&key, raw, &err), &err);
    return key;
}

/* --- alone --- */

static double taken_alone(struct made_chain *c) {
    struct err err;
    struct store *store = NULL;
    struct store_import *im = NULL;
    struct arena arena;
    struct bytes bytes;
    char home[128];
    home_make(home);
    arena_init(&arena, 64 << 20);
    made_must(store_open(home, NULL, &store, &err), &err);
    uint64_t begin = clock_mono_ns();
    made_must(store_snapshot_manifest(c->store, snapshot.height, &arena, &bytes, &err), &err);
    made_must(store_import_begin(store, bytes, &im, &err), &err);
    for (uint32_t i = 0; i < snapshot.chunks; i++) {
        arena_reset(&arena);
        made_must(store_snapshot_chunk(c->store, snapshot.height, i, &arena, &bytes, &err), &err);
        made_must(store_import_chunk(im, i, bytes, &err), &err);
    }
    struct store_import_end end = {.time = c->executor.head->info.header_time};
    made_must(store_import_finish(im, &end, &err), &err);
    double seconds = (double)(clock_mono_ns() - begin) / 1e9;
    store_import_close(im);
    store_close(store);
    arena_release(&arena);
    return seconds;
}

/* --- nodes --- */

static struct node *node_of(const char *home, const char *listen, uint8_t key, size_t known, bool state_sync) {
    struct err err;
    struct node *n = NULL;
    struct node_options o = {.data_dir = home,
                             .app = &chain.app,
                             .genesis = chain.genesis,
                             .chain_tag = chain.tag,
                             .node_key = key_of(key),
                             .p2p_listen = listen,
                             .peers = addresses,
                             .peers_n = known,
                             .state_sync = state_sync};
    made_must(node_start(&o, &n, &err), &err);
    return n;
}

static void make_chain(const char *db) {
    made_chain_init(&chain, db, VALIDATORS, 10);
    for (int k = 0; k < STEPS; k++) {
        made_chain_pad(&chain, RECORDS / STEPS, LEN);
        made_chain_grow(&chain, 1, 1);
    }
    made_chain_snapshot(&chain);
    made_chain_grow(&chain, 2, 1);
}

static void copy_file(const char *from, const char *to) {
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ssize_t n;
    do
        n = in < 0 || out < 0 ? -1 : copy_file_range(in, NULL, out, NULL, 1 << 30, 0);
    while (n > 0);
    if (n < 0)
        made_must(CODE_IO, NULL);
    close(in);
    close(out);
}

/* The files of a database that is closed. */
static void copy_db(const char *from, const char *to) {
    struct err err;
    DIR *d = opendir(from);
    const struct dirent *e;
    char a[512], b[512];
    made_must(d != NULL ? dir_make(to, 0700, &err) : CODE_IO, &err);
    while ((e = readdir(d)) != NULL) {
        (void)snprintf(a, sizeof a, "%s/%s", from, e->d_name);
        (void)snprintf(b, sizeof b, "%s/%s", to, e->d_name);
        if (e->d_name[0] != '.' && strcmp(e->d_name, "LOCK") != 0)
            copy_file(a, b);
    }
    closedir(d);
}

static void start_peer(unsigned i, const char *db) {
    char home[128], mine[140];
    home_make(home);
    (void)snprintf(mine, sizeof mine, "%s/db", home);
    copy_db(db, mine);
    struct seckey key = key_of((uint8_t)i);
    struct pubkey pub = seckey_pubkey(&key);
    addresses[i].node_id = hello_node_id(&pub);
    (void)snprintf(addresses[i].host_port, sizeof addresses[i].host_port, "127.0.0.1:%u", PORT + i);
    peers[i] = node_of(home, addresses[i].host_port, (uint8_t)i, 0, false);
}

static double joined(char home[128]) {
    home_make(home);
    uint64_t begin = clock_mono_ns();
    struct node *n = node_of(home, "", 100, PEERS, true);
    const struct rpc_node *rpc = node_rpc(n);
    made_must(rpc->wait_height(rpc->self, snapshot.height, deadline_in_ms(300000)), NULL);
    double seconds = (double)(clock_mono_ns() - begin) / 1e9;
    made_must(rpc->wait_height(rpc->self, snapshot.height + 2, deadline_in_ms(60000)), NULL);
    struct rpc_status status;
    rpc->status(rpc->self, &status);
    if (!hash_eq(&status.app_hash, &app_hash))
        made_must(CODE_INTEGRITY, NULL);
    node_stop(n);
    return seconds;
}

/* Until the node answers. */
static double restarted(const char *home) {
    uint64_t begin = clock_mono_ns();
    struct node *n = node_of(home, "", 100, 0, true);
    double seconds = (double)(clock_mono_ns() - begin) / 1e9;
    node_stop(n);
    return seconds;
}

static int up(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static unsigned runs(void) {
    const char *env = getenv("BENCH_RUNS");
    unsigned long n = env != NULL ? strtoul(env, NULL, 10) : 3;
    return n < 1 ? 1 : n > RUNS_MAX ? RUNS_MAX : (unsigned)n;
}

int main(void) {
    double join_s[RUNS_MAX], alone_s[RUNS_MAX], start_s[RUNS_MAX];
    struct err err;
    size_t infos = 0;
    char home[128], db[64];
    unsigned n = runs();
    if (mkdtemp(dir) == NULL)
        made_must(CODE_IO, NULL);
    (void)snprintf(db, sizeof db, "%s/db", dir);
    make_chain(db);
    made_must(store_snapshots(chain.store, 1, &snapshot, &infos, &err), &err);
    if (infos != 1)
        made_must(CODE_NOT_FOUND, NULL);
    app_hash = chain.executor.head->app_hash;
    for (unsigned i = 0; i < n; i++)
        alone_s[i] = taken_alone(&chain);
    made_chain_close(&chain);
    for (unsigned i = 0; i < PEERS; i++)
        start_peer(i, db);
    for (unsigned i = 0; i < n; i++) {
        join_s[i] = joined(home);
        start_s[i] = restarted(home);
    }
    qsort(join_s, n, sizeof *join_s, up);
    qsort(alone_s, n, sizeof *alone_s, up);
    qsort(start_s, n, sizeof *start_s, up);
    double mib = (double)snapshot.len / (1 << 20);
    printf("%u records, %u chunks, %.1f MiB; joined in %.2f s\n", RECORDS, snapshot.chunks, mib, join_s[n / 2]);
    struct bench_figure joins = bench_given("state sync of 10^6 records", "MiB", mib / join_s[n / 2], 0);
    struct bench_figure alone = bench_given("its chunks read and taken in alone", "MiB", mib / alone_s[n / 2], 0);
    bench_beside(joins, alone, 0);
    bench_within("start with that state", start_s[n / 2], "s", 5);
    for (unsigned i = 0; i < PEERS; i++)
        node_stop(peers[i]);
    made_chain_release(&chain);
    made_must(dir_remove(dir, &err), &err);
    return bench_end("statesync");
}
