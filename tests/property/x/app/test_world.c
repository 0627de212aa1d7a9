/* SPDX-License-Identifier: Apache-2.0 */
/* Random messages of every kind over days of ledger time: all invariants after every block, and the same bytes
 * everywhere. */
#include "tests/lib/ledger/world.h"

#define SEEDS  8
#define BLOCKS 460

static uint64_t option(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* WORLD_SEED=n runs that seed alone, WORLD_BLOCKS=n as many blocks, WORLD_TRACE=1 tells what each transaction answered.
 */
static void world__keeps_every_invariant(void **state) {
    (void)state;
    uint64_t only = option("WORLD_SEED", 0), blocks = option("WORLD_BLOCKS", BLOCKS);
    unsigned sent[WORLD_KINDS] = {0}, passed[WORLD_KINDS] = {0}, events[WORLD_EVENTS] = {0};
    for (uint64_t seed = only ? only : 1; seed <= (only ? only : test_share(SEEDS)); seed++) {
        struct world w;
        print_message("WORLD_SEED=%d\n", (int)seed);
        world_init(&w, seed, NULL);
        w.trace = getenv("WORLD_TRACE") != NULL;
        for (uint64_t i = 0; i < blocks; i++)
            world_block(&w);
        for (unsigned i = 0; i < world_ops_n(); i++) {
            sent[i] += w.sent[i];
            passed[i] += w.passed[i];
        }
        for (unsigned i = 0; i < WORLD_EVENTS; i++)
            events[i] += w.events[i];
        world_release(&w);
    }
    /* What is told here is asked by tests/run property: over lives that differ more than these seeds do, every kind of
     * message must have been accepted, and refused. Here most must have been. */
    unsigned worked = 0;
    for (unsigned i = 0; i < WORLD_EVENTS; i++)
        print_message("%-24s %5u\n", world_events[i], events[i]);
    for (unsigned i = 0; i < world_ops_n(); i++) {
        print_message("%-14s %5u sent %5u passed\n", world_op_at(i)->name, sent[i], passed[i]);
        worked += passed[i] > 0;
    }
    if (!only && test_share(SEEDS) == SEEDS)
        assert_in_range(worked, world_ops_n() - world_ops_n() / 8, world_ops_n());
}

/* Half of the messages have fields changed at random: nothing but a refusal may come of it. */
static void world__takes_no_harm_from_strange_messages(void **state) {
    (void)state;
    uint64_t only = option("WORLD_SEED", 0), blocks = option("WORLD_BLOCKS", BLOCKS);
    for (uint64_t seed = only ? only : 1; seed <= (only ? only : test_share(SEEDS / 2)); seed++) {
        struct world w;
        print_message("WORLD_SEED=%d\n", (int)seed);
        world_init(&w, seed, NULL);
        w.mutants = 2;
        w.trace = getenv("WORLD_TRACE") != NULL;
        for (uint64_t i = 0; i < blocks; i++)
            world_block(&w);
        world_release(&w);
    }
}

static void world__same_bytes_in_memory_and_in_rocksdb(void **state) {
    (void)state;
    struct world a, b;
    world_init(&a, 99, NULL);
    world_init(&b, 99, test_path("world"));
    for (int i = 0; i < 60; i++) {
        world_block(&a);
        world_block(&b);
        assert_memory_equal(a.f.app_hash.b, b.f.app_hash.b, sizeof a.f.app_hash.b);
        assert_memory_equal(a.f.results_hash.b, b.f.results_hash.b, sizeof a.f.results_hash.b);
    }
    world_release(&a);
    world_release(&b);
}

TEST_MAIN(cmocka_unit_test(world__keeps_every_invariant), cmocka_unit_test(world__takes_no_harm_from_strange_messages),
          cmocka_unit_test(world__same_bytes_in_memory_and_in_rocksdb))
