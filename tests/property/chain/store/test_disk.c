/* SPDX-License-Identifier: Apache-2.0 */
/* A long run at constant state on a real disk: what the store takes there stays flat, whatever is kept or snapshotted.
 */
#include "tests/lib/test.h"

#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/os/clock.h"
#include "chain/store/kv.h"
#include "chain/store/store_snapshot.h"

#include <poll.h>

enum { KEYS = 10000, VALUE = 200, CHANGES = 100, TXS = 50, BLOCK_LEN = 30000, WINDOW = 1000, WINDOWS = 4, LOOK = 20 };

static struct err err;

static void put(struct store *s, struct rng *r, uint64_t id) {
    uint8_t key[9] = {1}, value[VALUE];
    store_be64(key + 1, id);
    rng_fill(r, value, sizeof value);
    assert_ok(state_put(store_state(s), bytes_of(key, sizeof key), bytes_of(value, sizeof value), &err), &err);
}

static void commit(struct store *s, struct rng *r) {
    static uint8_t block[BLOCK_LEN];
    struct store_batch *b;
    struct hash root, id;
    uint64_t height = store_next(s);
    assert_ok(store_begin(s, height, 500 * height, &b, &err), &err);
    assert_ok(store_put_state(b, &root, &err), &err);
    rng_fill(r, block, sizeof block);
    store_put_record(b, STORE_BLOCK, bytes_of(block, sizeof block));
    for (uint32_t i = 0; i < TXS; i++) {
        rng_fill(r, id.b, sizeof id.b);
        store_put_tx(b, &id, i);
        store_put_event(b, bytes_str("storage.sealed"), i);
    }
    assert_ok(store_commit(b, &err), &err);
    for (bool more = true; more;)
        assert_ok(store_keep(s, 1 * MIB, &more, &err), &err);
}

struct use {
    uint64_t most, mean; /* bytes on disk */
};

/* Bytes on disk once the database has done what it is about: a merge needs room for its old files and its new ones, for
 * as long as the machine is busy with other things. */
static uint64_t use_at_rest(struct store *s) {
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    while (kv_busy(store_kv(s)) && clock_mono_ns() < deadline)
        (void)poll(NULL, 0, 1);
    assert_false(kv_busy(store_kv(s)));
    return store_disk_bytes(s);
}

/* In each window of heights. */
static void run(const struct store_options *o, const char *name, struct use ret[WINDOWS]) {
    struct rng r;
    struct store *s;
    rng_init(&r, 1);
    assert_ok(store_open(test_path(name), o, &s, &err), &err);
    for (uint64_t i = 0; i < KEYS; i++)
        put(s, &r, i);
    for (int w = 0; w < WINDOWS; w++) {
        ret[w] = (struct use){0, 0};
        for (uint64_t h = 0; h < test_share(WINDOW); h++) {
            commit(s, &r);
            for (int i = 0; i < CHANGES; i++)
                put(s, &r, rng_below(&r, KEYS));
            uint64_t use = h % LOOK ? 0 : use_at_rest(s);
            ret[w].most = use > ret[w].most ? use : ret[w].most;
            ret[w].mean += use / (WINDOW / LOOK);
        }
        print_message("%s: heights to %d: %.1f MB on disk, at most %.1f, blocks from %llu\n", name, (w + 1) * WINDOW,
                      (double)ret[w].mean / 1e6, (double)ret[w].most / 1e6, (unsigned long long)store_first_block(s));
    }
    commit(s, &r);
    struct store_view *v;
    assert_ok(store_view_open(s, &v, &err), &err);
    assert_ok(store_check(v, &err), &err);
    store_view_close(v);
    store_close(s);
}

static void store_keep__disk_use_stays_flat(void **state) {
    (void)state;
    const struct store_options o = {
        .keep_proofs = 100, .keep_proofs_ms = 1000, .keep_blocks = 400, .snapshot_every = 200, .snapshots_kept = 2};
    struct use use[WINDOWS];
    run(&o, "flat", use);
    for (int w = 2; w < WINDOWS && test_share(WINDOW) == WINDOW; w++) { /* files of 16 MiB do not show in less */
        assert_true(use[w].mean < use[1].mean + use[1].mean / 5);
        assert_true(use[w].most < use[1].most + use[1].most / 3);
    }
}

/* With all blocks kept but for a budget, it grows to that and no further. */
static void store_keep__within_a_budget(void **state) {
    (void)state;
    const struct store_options o = {.keep_proofs = 100,
                                    .keep_proofs_ms = 1000,
                                    .disk_bytes = 110000000,
                                    .snapshot_every = 200,
                                    .snapshots_kept = 4};
    struct use use[WINDOWS];
    run(&o, "budget", use);
    if (test_share(WINDOW) < WINDOW)
        return;
    assert_true(use[3].mean < o.disk_bytes + 30000000); /* looked at every 64 heights, in files of 16 MiB */
    struct store *s;
    assert_ok(store_open(test_path("budget"), &o, &s, &err), &err);
    assert_true(store_first_block(s) > 0);
    assert_true(store_next(s) - store_first_block(s) > KEEP_BLOCKS_MIN);
    store_close(s);
}

TEST_MAIN(cmocka_unit_test(store_keep__disk_use_stays_flat), cmocka_unit_test(store_keep__within_a_budget))
