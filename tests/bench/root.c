/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root after a block: 15,000 changes in a state of 10^6, beside the hashes that it cannot do without: of those keys
 * and values, their leaves, and each node of the tree with one of them below it. Leaves and nodes are those of the
 * block before the first that is measured, counted in its tree (they differ by one in a thousand from block to block);
 * they are hashed by the same hasher in as many threads, and neither while the database merges what earlier heights
 * wrote: its threads take a core then. Counting reads the block's pages from the database, which
 * would cool the caches for the next root; between two that are measured lie only the hashes alone and what a height
 * costs anyway: reads, changes, its commit. Then what a restart costs at 10^5 and at 10^6 records.
 */
#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/crypto/hash_many.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/thread.h"
#include "chain/store/kv.h"
#include "chain/store/pool.h"
#include "chain/store/store.h"
#include "chain/store/tree.h"
#include "tests/bench/bench.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { STATE = 1000000, BLOCK = 15000, FILL = 25000, VALUE = 200, KEY = 21 };

struct world {
    struct store *store;
    struct rng rng;
    uint64_t keys;          /* in the state */
    double root_ns, cpu_ns; /* of the last root */
    struct hash *changed;   /* key hashes of the last block */
    size_t leaves, nodes;   /* of them, and with one of them below */
    struct pool *pool;      /* as many threads as the store has */
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

static bool in_range(const struct hash *h, size_t n, unsigned from, unsigned width) {
    unsigned nibble = n % 2 ? h->b[n / 2] & 15u : (unsigned)h->b[n / 2] >> 4;
    return nibble >= from && nibble < from + width;
}

/* The page above changed[len], sorted, which share their first n nibbles: of its binary tree, those nodes and leaves
 * with one of them below or in them, and so on in the pages below. A node has two keys or more below it. */
static void count_page(struct world *w, struct store_view *v, const struct hash *changed, size_t len, size_t n) {
    struct tree_page_view page;
    struct err err = {0};
    struct arena arena;
    arena_init(&arena, 64 * KIB);
    must(store_tree_page(v, store_view_height(v), changed->b, n, &arena, &page, &err), &err);
    for (unsigned width = 16; width >= 1; width /= 2) {
        for (unsigned from = 0; from < 16; from += width) {
            size_t first = 0, end, below = 0;
            while (first < len && !in_range(&changed[first], n, from, width))
                first++;
            for (end = first; end < len && in_range(&changed[end], n, from, width);)
                end++;
            for (unsigned i = from; i < from + width; i++)
                below += page.slot[i].kind == TREE_SUBTREE ? 2 : page.slot[i].kind == TREE_LEAF;
            if (first == end)
                continue;
            if (width > 1)
                w->nodes += below > 1;
            else if (page.slot[from].kind == TREE_SUBTREE)
                count_page(w, v, changed + first, end - first, n + 1);
            else
                w->leaves++;
        }
    }
    arena_release(&arena);
}

/* What the last block cannot do without, from the tree that it left. The block after it finds cold caches. */
static void count(struct world *w) {
    struct store_view *v;
    struct err err = {0};
    w->leaves = w->nodes = 0;
    qsort(w->changed, BLOCK, sizeof *w->changed, by_hash);
    must(store_view_open(w->store, &v, &err), &err);
    count_page(w, v, w->changed, BLOCK, 0);
    store_view_close(v);
}

enum { GROUP = 512, TASKS = 16 };

static void hash_so_many(size_t n, size_t len, enum domain domain) {
    uint8_t in[GROUP][256];
    const uint8_t *pointers[GROUP];
    struct hash out[GROUP];
    memset(in, 1, sizeof in);
    for (size_t i = 0; i < GROUP; i++)
        pointers[i] = in[i];
    for (size_t i = 0; i < n; i += GROUP)
        hash_many(domain, pointers, len, n - i < GROUP ? n - i : GROUP, out);
}

static size_t share(size_t n, unsigned task) {
    return n / TASKS + (task < n % TASKS);
}

static void hashing(void *ctx, unsigned task) {
    const struct world *w = (const struct world *)ctx;
    hash_so_many(share(w->leaves, task), KEY, DOMAIN_STATE);
    hash_so_many(share(w->leaves, task), VALUE, DOMAIN_VALUE);
    hash_so_many(share(w->leaves, task), 64, DOMAIN_SLEAF);
    hash_so_many(share(w->nodes, task), 64, DOMAIN_SNODE);
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

/* Until the database's own threads are done with what was written. */
static void settle(const struct world *w) {
    while (kv_busy(store_kv(w->store)))
        (void)poll(NULL, 0, 1);
}

/* One after the other in turn, the best of each: a neighbour on the machine hits both alike. */
static void measure(struct world *w) {
    enum { RUNS = 60 };
    double root = 1e18, root_cpu = 1e18, limit = 1e18, limit_cpu = 1e18;
    count(w);
    height(w, 0, BLOCK, true); /* warms what counting cooled */
    for (int i = 0; i < RUNS; i++) {
        settle(w);
        height(w, 0, BLOCK, true);
        root = w->root_ns < root ? w->root_ns : root;
        root_cpu = w->cpu_ns < root_cpu ? w->cpu_ns : root_cpu;
        settle(w);
        uint64_t start = clock_mono_ns(), cpu = clock_cpu_ns();
        pool_run(w->pool, TASKS, hashing, w);
        double ns = (double)(clock_mono_ns() - start), cpu_ns = (double)(clock_cpu_ns() - cpu);
        limit = ns < limit ? ns : limit;
        limit_cpu = cpu_ns < limit_cpu ? cpu_ns : limit_cpu;
    }
    (void)printf("  %zu nodes, %zu leaves, keys and values\n", w->nodes, w->leaves);
    struct bench_figure hashes =
        bench_given("its hashes alone (best of 60)", "keys", BLOCK / limit * 1e9, limit_cpu / 1e3 / BLOCK);
    struct bench_figure whole =
        bench_given("root of 15,000 keys in 10^6 (best of 60)", "keys", BLOCK / root * 1e9, root_cpu / 1e3 / BLOCK);
    (void)printf("  by CPU time %.3f\n", limit_cpu / root_cpu);
    bench_beside(whole, hashes, 0.5);
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
    unsigned threads = thread_cpus() < 4 ? thread_cpus() : 4; /* the store's default */
    if (threads > 1)
        must(pool_new(threads - 1, &w.pool, &err), &err);
    must(store_open(dir, NULL, &w.store, &err), &err);
    fill(&w, STATE / 10);
    reopen(&w, dir, "restart at 10^5 records");
    fill(&w, STATE);
    for (int i = 0; i < 4; i++)
        height(&w, 0, BLOCK, true); /* as after a while */
    measure(&w);
    reopen(&w, dir, "restart at 10^6 records");
    store_close(w.store);
    must(dir_remove(dir, &err), &err);
    pool_free(w.pool);
    free(w.changed);
    return bench_end("root");
}
