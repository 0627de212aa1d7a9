/* SPDX-License-Identifier: Apache-2.0 */
/* Precommits behind a decision: four validators, three of which decided; what comes of the fourth is in the next block.
 */
#include "tests/lib/test.h"

#include "chain/node/core_rooms.h"
#include "tests/lib/chain/made_chain.h"

static struct made_chain chain;
static struct core core;
static struct block *first;
static struct certificate decided; /* by the first three */
static unsigned points;            /* of the peer */

enum { PEER = 7 };

static void report(void *ctx, net_peer peer, unsigned n, const char *why) {
    (void)ctx;
    assert_int_equal(peer, PEER);
    assert_non_null(strstr(why, "forged vote"));
    points += n;
}

static int setup(void **state) {
    (void)state;
    struct err err;
    made_chain_init(&chain, NULL, 4, 1);
    const struct app_info *info = &chain.executor.head->info;
    assert_ok(executor_build(&chain.executor, info->header_time + info->consensus->heartbeat_ms, NULL, 0, &first, &err),
              &err);
    decided = made_chain_certify(&chain, first, 3);
    core = (struct core){.chain_tag = chain.tag, .head = chain.executor.head, .host.report = report};
    points = 0;
    late_committed(&core);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    block_unref(first);
    made_chain_release(&chain);
    return 0;
}

static void commit(void) {
    struct err err;
    assert_ok(executor_commit(&chain.executor, first, &decided, &err), &err);
    core.head = chain.executor.head;
    late_committed(&core);
}

static struct vote vote_of(unsigned validator) {
    return made_chain_certify(&chain, first, validator + 1).votes[validator];
}

static const struct certificate *next_carries(struct block **ret_block) {
    struct err err;
    const struct app_info *info = &chain.executor.head->info;
    executor_certified(&chain.executor, &core.late);
    assert_ok(
        executor_build(&chain.executor, info->header_time + info->consensus->heartbeat_ms, NULL, 0, ret_block, &err),
        &err);
    return (*ret_block)->last;
}

static void late_vote__is_in_the_next_block(void **state) {
    (void)state;
    struct err err;
    struct block *b;
    bool invalid = false;
    struct vote v = vote_of(3);
    assert_int_equal(core.late.n, 0);
    late_vote(&core, PEER, &v); /* nothing is decided yet */
    assert_int_equal(core.late.n, 0);
    late_begin(&core, &decided);
    late_vote(&core, PEER, &v); /* while it is being committed */
    assert_int_equal(core.late.n, 4);
    late_vote(&core, PEER, &v);
    assert_int_equal(core.late.n, 4);
    commit();
    assert_int_equal(core.late.n, 4);
    assert_int_equal(next_carries(&b)->n, 4);
    assert_ok(executor_judge(&chain.executor, b, &invalid, &err), &err);
    struct certificate next = made_chain_certify(&chain, b, 3);
    assert_ok(executor_commit(&chain.executor, b, &next, &err), &err);
    block_unref(b);
    core.head = chain.executor.head;
    late_committed(&core);
    assert_int_equal(core.late.height, 2);
    assert_int_equal(core.late.n, 3);
    assert_int_equal(next_carries(&b)->n, 3); /* what came for the block before is not taken for this one */
    block_unref(b);
}

static void late_vote__after_the_commit_and_in_its_place(void **state) {
    (void)state;
    struct block *b;
    struct certificate others = {.n = 0};
    struct certificate all = made_chain_certify(&chain, first, 4);
    certificate_copy(&others, &all);
    others.votes[0] = all.votes[1];
    others.votes[1] = all.votes[2];
    others.votes[2] = all.votes[3];
    others.n = 3;
    decided = others;
    late_begin(&core, &decided);
    commit();
    late_vote(&core, PEER, &all.votes[0]);
    const struct certificate *last = next_carries(&b);
    assert_int_equal(last->n, 4);
    for (uint16_t i = 0; i < 4; i++)
        assert_int_equal(last->votes[i].validator, i);
    block_unref(b);
}

static void late_vote__of_something_else_or_forged(void **state) {
    (void)state;
    late_begin(&core, &decided);
    commit();
    struct vote v = vote_of(3);
    v.sig.b[5] ^= 1;
    late_vote(&core, PEER, &v); /* costs a verification: who sends many is cut off */
    assert_int_equal(points, 50);
    v = vote_of(3);
    v.round = 1;
    late_vote(&core, PEER, &v);
    v = vote_of(3);
    v.type = VOTE_PREVOTE;
    late_vote(&core, PEER, &v);
    v = vote_of(3);
    v.value = (struct hash){{0}};
    late_vote(&core, PEER, &v);
    v = vote_of(3);
    v.validator = 4; /* nobody */
    late_vote(&core, PEER, &v);
    v.validator = UINT16_MAX;
    late_vote(&core, PEER, &v);
    assert_int_equal(points, 150);
    v = vote_of(3);
    v.height = 2;
    late_vote(&core, PEER, &v);
    v = vote_of(2); /* it is there */
    late_vote(&core, PEER, &v);
    assert_int_equal(core.late.n, 3);
    assert_int_equal(points, 150); /* the others are nobody's fault */
}

static void executor_certified__less_or_of_another_block(void **state) {
    (void)state;
    struct block *b;
    late_begin(&core, &decided);
    commit();
    core.late.n = 2;
    assert_int_equal(next_carries(&b)->n, 3);
    block_unref(b);
    core.late = made_chain_certify(&chain, first, 4);
    core.late.value.b[0] ^= 1;
    assert_int_equal(next_carries(&b)->n, 3);
    block_unref(b);
    core.late = made_chain_certify(&chain, first, 4);
    core.late.height = 2;
    assert_int_equal(next_carries(&b)->n, 3);
    block_unref(b);
}

#define ALL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TEST_MAIN(ALL(late_vote__is_in_the_next_block), ALL(late_vote__after_the_commit_and_in_its_place),
          ALL(late_vote__of_something_else_or_forged), ALL(executor_certified__less_or_of_another_block))
