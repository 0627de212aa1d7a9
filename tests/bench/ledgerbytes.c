/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sealed object takes on the ledger when what can be forgotten has been: its share of the database on disk, and
 * of what that is made of.
 */
#include "tests/bench/bench.h"
#include "tests/bench/world.h"

#include "chain/store/store.h"

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

int main(void) {
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
    bench_within("bytes on disk an object", (double)store_disk_bytes(w.f.store) / n, "bytes", 1024);
    world_close(&w);
    return bench_end("ledgerbytes");
}
