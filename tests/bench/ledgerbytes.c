/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sealed object takes on the ledger when what can be forgotten has been: its share of the database on disk once
 * RocksDB has merged it whole, which a node's background threads do in the long run, and of what that is made of. What
 * lies there before is told too: it includes up to 48 MiB of log, and what was deleted and not merged away yet.
 */
#include "tests/bench/bench.h"
#include "tests/bench/world.h"

#include "chain/store/kv.h"
#include "chain/store/store.h"

#include <poll.h>

enum { OBJECTS = 1000000 };

struct sum {
    uint64_t records, bytes;
};

static int add(void *ctx, struct bytes key, struct bytes value, struct err *err) {
    struct sum *s = ctx;
    (void)err;
    s->records++;
    s->bytes += key.len + value.len;
    return CODE_OK;
}

static double disk_bytes(struct world *w) {
    return (double)store_disk_bytes(w->f.store) / (double)w->objects;
}

static void merge(struct world *w) {
    struct err err = {0};
    struct kv *kv = store_kv(w->f.store);
    for (unsigned family = 0; family < STORE_FAMILIES; family++)
        assert_ok(kv_reclaim(kv, family, BYTES_NONE, BYTES_NONE, &err), &err);
    while (kv_busy(kv))
        (void)poll(NULL, 0, 10);
}

/* Keys and values as they are, before compression. */
static void tell_family(struct world *w, unsigned family, const char *name) {
    struct kv_range all = {BYTES_NONE, BYTES_NONE, false};
    struct kv_iter *it;
    struct bytes key, value;
    struct err err = {0};
    uint64_t keys = 0, values = 0, records = 0;
    assert_ok(kv_iter_open(store_kv(w->f.store), NULL, family, &all, &it, &err), &err);
    for (; kv_iter_next(it, &key, &value); records++) {
        keys += key.len;
        values += value.len;
    }
    assert_ok(kv_iter_close(it, &err), &err);
    double n = (double)w->objects;
    (void)printf("  %-10s %6.2f entries, %6.0f bytes of keys, %6.0f of values\n", name, (double)records / n,
                 (double)keys / n, (double)values / n);
}

int main(void) {
    static const char *const families[STORE_FAMILIES] = {"state", "tree", "undo",     "blocks",
                                                         "index", "meta", "snapshots"};
    static struct world w;
    struct store_view *view;
    struct err err = {0};
    struct sum sum = {0};
    test_setup();
    world_open(&w, world_size(OBJECTS));
    assert_ok(store_view_open(w.f.store, &view, &err), &err);
    assert_ok(store_export(view, BYTES_NONE, add, &sum, &err), &err);
    store_view_close(view);
    double n = (double)w.objects;
    (void)printf("  %.1f records of %.0f bytes in all an object, before compression\n", (double)sum.records / n,
                 (double)sum.bytes / n);
    for (unsigned family = 0; family < STORE_FAMILIES; family++)
        tell_family(&w, family, families[family]);
    (void)printf("  %.0f bytes on disk an object before it is merged\n", disk_bytes(&w));
    merge(&w);
    bench_within("bytes on disk an object", disk_bytes(&w), "bytes", 1024);
    world_close(&w);
    return bench_end("ledgerbytes");
}
