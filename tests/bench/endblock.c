/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block without transactions in which nothing is due: begin and end work of every module, with 10^4 and with 10^6
 * objects (or as many as BENCH_OBJECTS says) and 10^4 accounts. It must not grow with them.
 */
#include "tests/bench/bench.h"
#include "tests/bench/world.h"

enum { BLOCKS = 200 };

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of processor microseconds. */
static double measure(uint64_t objects) {
    static struct world w;
    static double us[BLOCKS];
    world_open(&w, objects);
    for (unsigned i = 0; i < BLOCKS; i++) {
        world_commit(&w, NULL, 0);
        us[i] = (double)w.execute_ns / 1e3;
        arena_reset(&w.f.tx_arena);
    }
    world_close(&w);
    qsort(us, BLOCKS, sizeof *us, ascending);
    return us[BLOCKS / 2];
}

int main(void) {
    test_setup();
    uint64_t objects = world_size(1000000);
    char name[64];
    double few = measure(10000), many = measure(objects);
    bench_within("a block with nothing due, 10000 objects", few, "us", 1000);
    (void)snprintf(name, sizeof name, "a block with nothing due, %llu objects", (unsigned long long)objects);
    bench_within(name, many, "us", 1000);
    (void)snprintf(name, sizeof name, "what %llu objects add to 10000", (unsigned long long)objects);
    bench_within(name, 100 * (many / few - 1), "%", 50);
    return bench_end("endblock");
}
