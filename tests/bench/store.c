/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block's end: 12,000 keys changed in a state of 100,000. The root beside the hashing alone that it cannot do
 * without; the whole height (reads, overlay, root, one synced write) beside RocksDB taking the same values in one
 * synced batch.
 */
#include "chain/store/store.h"
#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/crypto/hash_many.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STATE = 100000,
    BLOCK = 12000,
    VALUE = 200,
    KEY = 21,
    NODES_PER_KEY = 7, /* own levels of a key's path in such a block, about: shared ones counted once */
};

struct world {
    struct store *store;
    struct kv *plain;
    struct rng rng;
    double root_ns; /* spent in store_put_state, since the start of the run */
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

/* Reads and writes n keys, then commits. */
static void height(struct world *w, uint64_t first, size_t n, bool all) {
    struct state *st = store_state(w->store);
    struct store_batch *b;
    struct err err = {0};
    struct bytes old;
    struct hash root;
    uint8_t key[KEY], value[VALUE];
    for (size_t i = 0; i < n; i++) {
        struct bytes k = key_of(all ? first + i : rng_below(&w->rng, STATE), key);
        rng_fill(&w->rng, value, sizeof value);
        (void)state_get(st, k, &old, &err);
        must(state_put(st, k, bytes_of(value, sizeof value), &err), &err);
    }
    uint64_t next = store_next(w->store);
    must(store_begin(w->store, next, next * 1000, &b, &err), &err);
    uint64_t start = clock_mono_ns();
    must(store_put_state(b, &root, &err), &err);
    w->root_ns += (double)(clock_mono_ns() - start);
    must(store_commit(b, &err), &err);
}

static double whole(void *ctx) {
    height((struct world *)ctx, 0, BLOCK, false);
    return BLOCK;
}

/* Times what must be hashed: key, value (as four blocks), leaf, nodes. */
static double hashing(void *ctx) {
    static uint8_t in[64];
    const uint8_t *pointers[512];
    struct hash out[512];
    (void)ctx;
    for (size_t i = 0; i < 512; i++)
        pointers[i] = in;
    for (size_t i = 0; i < (size_t)BLOCK * (4 + 1 + NODES_PER_KEY); i += 512)
        hash_many(DOMAIN_SNODE, pointers, 64, 512, out);
    return BLOCK;
}

static double plain_batch(void *ctx) {
    struct world *w = (struct world *)ctx;
    struct kv_batch *b = kv_batch_new(w->plain);
    struct err err = {0};
    uint8_t key[KEY], value[VALUE];
    for (size_t i = 0; i < BLOCK; i++) {
        rng_fill(&w->rng, value, sizeof value);
        kv_batch_put(b, 0, key_of(rng_below(&w->rng, STATE), key), bytes_of(value, sizeof value));
    }
    must(kv_write(w->plain, b, true, &err), &err);
    kv_batch_free(b);
    return BLOCK;
}

/* The root alone: BLOCK keys in the time that store_put_state took. */
static struct bench_figure root_figure(struct world *w) {
    enum { RUNS = 5 };
    double best = 0;
    for (int i = 0; i < RUNS; i++) {
        w->root_ns = 0;
        (void)whole(w);
        double per_s = BLOCK / (w->root_ns / 1e9);
        best = per_s > best ? per_s : best;
    }
    return bench_given("root of 12,000 changed keys (best of five)", "keys", best, 1e6 / best);
}

int main(void) {
    char dir[] = "/tmp/cairn-bench-store-XXXXXX", plain[64], full[64];
    static const char *const families[] = {"values"};
    struct world w = {0};
    struct err err = {0};
    if (!mkdtemp(dir))
        return 1;
    (void)snprintf(plain, sizeof plain, "%s/plain", dir);
    (void)snprintf(full, sizeof full, "%s/store", dir);
    rng_init(&w.rng, 1);
    must(kv_open_rocks(plain, families, 1, NULL, &w.plain, &err), &err);
    must(store_open(full, NULL, &w.store, &err), &err);
    for (uint64_t first = 0; first < STATE; first += STATE / 5)
        height(&w, first, STATE / 5, true);
    struct bench_figure hash_limit = bench_run("hashing alone", "keys", hashing, NULL);
    bench_beside(root_figure(&w), hash_limit, 0.1);
    struct bench_figure write_limit = bench_run("one synced batch of the values alone", "keys", plain_batch, &w);
    bench_beside(bench_run("whole height: read, change, root, commit", "keys", whole, &w), write_limit, 0.1);
    store_close(w.store);
    kv_close(w.plain);
    must(dir_remove(dir, &err), &err);
    return bench_end("store");
}
