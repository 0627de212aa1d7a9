/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger thread has to tell and there is no memory for: the node ends, and does not wait for ever. */
#include "tests/lib/test.h"

#include <stdlib.h>

static size_t starved; /* allocations of this size fail; 0: none */

static void *starving_malloc(size_t size) {
    return size == starved ? NULL : malloc(size);
}

static void *starving_calloc(size_t n, size_t size) {
    return n * size == starved ? NULL : calloc(n, size);
}

#define malloc(size)    starving_malloc(size)
#define calloc(n, size) starving_calloc(n, size)
#include "chain/node/jobs.c"
#include "chain/node/loop.c"
#undef malloc
#undef calloc

#include "chain/codec/pb.h"
#include "tests/lib/chain/made_chain.h"

static struct made_chain chain;
static struct node node;

static int setup(void **state) {
    (void)state;
    struct err err;
    static const struct executor_options o = {.index_events = false};
    node = (struct node){.app = chain.app, .chain_tag = chain.tag};
    mutex_init(&node.lock);
    cond_init(&node.changed);
    assert_ok(queue_init(&node.events, NODE_EVENTS_MAX, &err), &err);
    assert_ok(queue_init(&node.jobs, NODE_JOBS_MAX, &err), &err);
    assert_ok(queue_init(&node.checks, NODE_CHECKS_MAX, &err), &err);
    assert_ok(verify_new(0, &node.verify, &err), &err);
    assert_ok(store_open_mem(&node.store, &err), &err);
    assert_ok(executor_open(&node.executor, node.store, &node.app, node.verify, &o, chain.genesis, &chain.tag, &err),
              &err);
    struct admit_config config = {.app = &node.app,
                                  .store = node.store,
                                  .verify = node.verify,
                                  .chain_tag = chain.tag,
                                  .limits = {.txs_max = 100, .bytes_max = 1 << 20, .sender_max = 8},
                                  .threadless = true};
    assert_ok(admit_new(&config, 0, &node.admit, &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    void *p;
    starved = 0;
    while (queue_take(&node.events, 0, &p) == CODE_OK)
        event_free(p);
    while (queue_take(&node.jobs, 0, &p) == CODE_OK)
        free(p);
    admit_stop(node.admit);
    admit_free(node.admit);
    executor_close(&node.executor);
    head_unref(node.newest);
    verify_free(node.verify);
    store_close(node.store);
    queue_release(&node.events);
    queue_release(&node.jobs);
    queue_release(&node.checks);
    cond_release(&node.changed);
    mutex_release(&node.lock);
    return 0;
}

/* The first block with the certificate that decided it, for the ledger to do something with. */
static struct job job_of(enum job_kind kind) {
    struct err err;
    struct arena arena;
    StoredBlock *pb = NULL;
    struct job j = {.kind = kind, .height = 1};
    arena_init(&arena, 8 << 20);
    assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, 1, &arena), &arena, &pb, &err), &err);
    assert_ok(block_new(pb_bytes(pb->block), &chain.tag, &j.block, &err), &err);
    assert_ok(certificate_from_pb(pb->certificate, 4, &j.certificate, &err), &err);
    arena_release(&arena);
    return j;
}

/* One job, as the ledger thread does it; the kind of what the core hears, or -1. */
static int done(struct job j) {
    void *p;
    job_post(&node, &j);
    job_post(&node, &(struct job){.kind = JOB_STOP});
    ledger_run(&node);
    if (queue_take(&node.events, 0, &p) != CODE_OK)
        return -1;
    int kind = (int)((struct event *)p)->kind;
    event_free(p);
    return kind;
}

static void ledger_run__tells_the_core(void **state) {
    (void)state;
    struct job build = {.kind = JOB_BUILD, .height = 1};
    assert_int_equal(done(build), EVENT_BUILT);
    assert_int_equal(done(job_of(JOB_JUDGE)), EVENT_JUDGED);
    assert_int_equal(done(job_of(JOB_COMMIT)), EVENT_COMMITTED);
    assert_int_equal(done((struct job){.kind = JOB_SETTLE}), EVENT_SETTLED);
    assert_int_equal(node.failed, CODE_OK);
}

/* Each of these answers is awaited by the core without an end. */
static void ledger_run__ends_the_node_when_it_cannot_tell(void **state) {
    static const enum job_kind kinds[] = {JOB_BUILD, JOB_JUDGE, JOB_COMMIT, JOB_SETTLE};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (i > 0)
            setup(state);
        bool of_block = kinds[i] == JOB_JUDGE || kinds[i] == JOB_COMMIT;
        struct job j = of_block ? job_of(kinds[i]) : (struct job){.kind = kinds[i], .height = 1};
        starved = sizeof(struct event);
        assert_int_equal(done(j), -1);
        assert_int_equal(node.failed, CODE_NO_MEMORY);
        assert_code(node_wait(&node, DEADLINE_NEVER, NULL), CODE_NO_MEMORY);
        if (i + 1 < sizeof kinds / sizeof *kinds)
            teardown(state);
    }
}

static void check_thread_run__ends_the_node_when_it_cannot_tell(void **state) {
    (void)state;
    struct check_point point;
    check_point_of(node.executor.head, &point);
    struct check *k = check_new(&chain.tag, &point, 1);
    assert_non_null(k);
    job_post(&node, &(struct job){.kind = JOB_CHECK, .height = 1, .check = k});
    queue_close(&node.checks);
    starved = sizeof(struct event);
    check_thread_run(&node);
    assert_int_equal(node.failed, CODE_NO_MEMORY);
    check_free(k);
}

static void job_post__ends_the_node_without_memory(void **state) {
    (void)state;
    starved = sizeof(struct job);
    job_post(&node, &(struct job){.kind = JOB_SETTLE});
    assert_int_equal(node.failed, CODE_NO_MEMORY);
    assert_non_null(strstr(node.failure.msg, "no memory"));
}

static void job_post__nothing_after_the_end(void **state) {
    (void)state;
    queue_close(&node.jobs);
    job_post(&node, &(struct job){.kind = JOB_SETTLE});
    queue_close(&node.events);
    core_post(&node, event_new(EVENT_SETTLED, BYTES_NONE));
    assert_int_equal(node.failed, CODE_OK); /* the node stops as it should */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ledger_run__tells_the_core, setup, teardown),
        cmocka_unit_test_setup_teardown(ledger_run__ends_the_node_when_it_cannot_tell, setup, teardown),
        cmocka_unit_test_setup_teardown(check_thread_run__ends_the_node_when_it_cannot_tell, setup, teardown),
        cmocka_unit_test_setup_teardown(job_post__ends_the_node_without_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(job_post__nothing_after_the_end, setup, teardown),
    };
    test_setup();
    made_chain_init(&chain, NULL, 4, 10);
    made_chain_grow(&chain, 1, 3);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    made_chain_release(&chain);
    return rc;
}
