/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root after a block: 15,000 keys changed in a state of 10^6, beside the hashes that it cannot do without: of those
 * keys and values, their leaves, and each node of the tree with one of them below it, counted in the same run and
 * hashed by the same hasher on one thread. Then what a restart costs at 10^5 and at 10^6 records.
 */
#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/crypto/hash_many.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/store/store.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { STATE = 1000000, BLOCK = 15000, FILL = 25000, VALUE = 200, KEY = 21 };

struct world {
    struct store *store;
    struct rng rng;
    uint64_t keys;          /* in the state */
    double root_ns, cpu_ns; /* of the last root */
    struct hash *changed;   /* key hashes of the last block */
    size_t nodes;           /* with one of them below */
};

static void must(int rc, const struct err *err) {
    if (!rc)
        return;
    (void)fprintf(stderr, "%s: %s\n", code_name(rc), err_text(err));
    exit(1);
}

static struct bytes key_of(uint64_t id, uint8_t room[KEY]) {
    memset(room, 1, KEY);
    store_be64(room + 1, id * 0x9e3779b97f4a7c15u); /* as spread as addresses are */
    store_be64(room + 9, id);
    return bytes_of(room, KEY);
}

/* One height: n keys from `first` on, or anywhere. */
static void height(struct world *w, uint64_t first, size_t n, bool anywhere) {
    struct state *st = store_state(w->store);
    struct store_batch *b;
    struct err err = {0};
    struct hash root;
    struct bytes old;
    uint8_t key[KEY], value[VALUE];
    for (size_t i = 0; i < n; i++) {
        struct bytes k = key_of(anywhere ? rng_below(&w->rng, w->keys) : first + i, key);
        rng_fill(&w->rng, value, sizeof value);
        (void)state_get(st, k, &old, &err);
        must(state_put(st, k, bytes_of(value, sizeof value), &err), &err);
        w->changed[i] = hash_of(DOMAIN_STATE, k);
    }
    uint64_t next = store_next(w->store);
    must(store_begin(w->store, next, next * 1000, &b, &err), &err);
    uint64_t start = clock_mono_ns(), cpu = clock_cpu_ns();
    must(store_put_state(b, &root, &err), &err);
    w->root_ns = (double)(clock_mono_ns() - start);
    w->cpu_ns = (double)(clock_cpu_ns() - cpu);
    must(store_commit(b, &err), &err);
}

static void fill(struct world *w, uint64_t to) {
    for (; w->keys < to; w->keys += FILL)
        height(w, w->keys, FILL, false);
}

/* --- the limit ---------------------------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b) {
    return hash_cmp((const struct hash *)a, (const struct hash *)b);
}

static size_t common_bits(const struct hash *x, const struct hash *y) {
    size_t i = 0;
    while (i < 256 && (x->b[i / 8] >> (7 - i % 8) & 1) == (y->b[i / 8] >> (7 - i % 8) & 1))
        i++;
    return i;
}

/* Nodes on the paths of the changed keys: each key's depth less what it shares with the one before. A leaf of n random
 * keys lies about log2(n) + 1.33 deep. */
static size_t count_nodes(struct world *w, double depth) {
    double sum = 0;
    qsort(w->changed, BLOCK, sizeof *w->changed, by_hash);
    for (size_t i = 0; i < BLOCK; i++) {
        double shared = i ? (double)common_bits(&w->changed[i - 1], &w->changed[i]) + 1 : 0;
        sum += shared < depth ? depth - shared : 0;
    }
    return (size_t)sum;
}

static void hash_so_many(size_t n, size_t len, enum domain domain) {
    enum { GROUP = 512 };
    static uint8_t in[GROUP][256];
    static const uint8_t *pointers[GROUP];
    static struct hash out[GROUP];
    for (size_t i = 0; i < GROUP; i++)
        pointers[i] = in[i];
    for (size_t i = 0; i < n; i += GROUP)
        hash_many(domain, pointers, len, n - i < GROUP ? n - i : GROUP, out);
}

static double hashing(void *ctx) {
    const struct world *w = (const struct world *)ctx;
    hash_so_many(BLOCK, KEY, DOMAIN_STATE);
    hash_so_many(BLOCK, VALUE, DOMAIN_VALUE);
    hash_so_many(BLOCK, 64, DOMAIN_SLEAF);
    hash_so_many(w->nodes, 64, DOMAIN_SNODE);
    return BLOCK;
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

static double once(double (*work)(void *ctx), struct world *w) {
    uint64_t start = clock_mono_ns();
    (void)work(w);
    return (double)(clock_mono_ns() - start);
}

/* One after the other in turn, the best of each: a neighbour on the machine hits both alike. */
static void measure(struct world *w, struct bench_figure *ret_root, struct bench_figure *ret_limit) {
    enum { RUNS = 15 };
    double root = 1e18, limit = 1e18, cpu = 1e18;
    for (int i = 0; i < RUNS; i++) {
        double ns = once(hashing, w);
        limit = ns < limit ? ns : limit;
        height(w, 0, BLOCK, true);
        root = w->root_ns < root ? w->root_ns : root;
        cpu = w->cpu_ns < cpu ? w->cpu_ns : cpu;
    }
    *ret_limit =
        bench_given("its hashes alone, one thread (best of 15)", "keys", BLOCK / limit * 1e9, limit / 1e3 / BLOCK);
    *ret_root = bench_given("root of 15,000 keys in 10^6 (best of 15)", "keys", BLOCK / root * 1e9, cpu / 1e3 / BLOCK);
}

static void reopen(struct world *w, const char *dir, const char *name) {
    struct err err = {0};
    store_close(w->store);
    uint64_t start = clock_mono_ns();
    must(store_open(dir, NULL, &w->store, &err), &err);
    (void)bench_given(name, "restarts", 1e9 / (double)(clock_mono_ns() - start), 0);
}

int main(void) {
    char dir[] = "/tmp/cairn-bench-root-XXXXXX";
    struct world w = {0};
    struct err err = {0};
    w.changed = (struct hash *)calloc(FILL, sizeof *w.changed);
    if (!mkdtemp(dir) || !w.changed)
        return 1;
    rng_init(&w.rng, 1);
    must(store_open(dir, NULL, &w.store, &err), &err);
    fill(&w, STATE / 10);
    reopen(&w, dir, "restart at 10^5 records");
    fill(&w, STATE);
    for (int i = 0; i < 4; i++)
        height(&w, 0, BLOCK, true); /* as after a while */
    w.nodes = count_nodes(&w, 21.3);
    struct bench_figure root, limit;
    measure(&w, &root, &limit);
    (void)printf("  %zu nodes, %d leaves, keys and values\n", w.nodes, BLOCK);
    bench_beside(root, limit, 0.5);
    reopen(&w, dir, "restart at 10^6 records");
    store_close(w.store);
    must(dir_remove(dir, &err), &err);
    free(w.changed);
    return bench_end("root");
}
