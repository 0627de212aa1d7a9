/* SPDX-License-Identifier: Apache-2.0 */
/* The executor over a store in memory and the real rules: genesis, blocks built, judged and committed, blocks that are
 * wrong. */
#include "tests/unit/chain/node/one_validator.h"

static int setup(void **state) {
    (void)state;
    one_validator_open();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    one_validator_close();
    return 0;
}

static void decide(struct block *b) {
    struct err err;
    bool invalid;
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    struct certificate c = certify(b);
    assert_ok(executor_commit(&ex, b, &c, &err), &err);
    block_unref(b);
}

static void executor__blocks_one_after_another(void **state) {
    (void)state;
    struct err err;
    struct block *b = NULL;
    uint64_t now = genesis->time;
    struct bytes txs[] = {transfer(1), transfer(2), transfer(9)};
    assert_ok(executor_build(&ex, now + 1, NULL, 0, &b, &err), &err);
    assert_null(b); /* nothing to propose, no heartbeat yet */
    assert_ok(executor_build(&ex, now + 1, txs, 3, &b, &err), &err);
    assert_non_null(b);
    assert_int_equal(b->txs_n, 2); /* the gap stays behind */
    assert_int_equal(b->header.height, 1);
    decide(b);
    assert_int_equal(ex.head->height, 1);
    b = NULL;
    assert_ok(executor_build(&ex, now, NULL, 0, &b, &err), &err);
    assert_non_null(b); /* an empty one, so that the app hash is certified; the clock went back, time does not */
    assert_int_equal(b->header.time, now + 2);
    assert_true(hash_eq(&b->header.app_hash, &ex.head->app_hash));
    decide(b);
    b = NULL;
    assert_ok(executor_build(&ex, now + 3, NULL, 0, &b, &err), &err);
    assert_null(b);
    assert_ok(executor_build(&ex, now + 3 + ex.head->info.consensus->heartbeat_ms, NULL, 0, &b, &err), &err);
    assert_non_null(b);
    decide(b);
    /* what a restart finds is what was left */
    struct hash id = ex.head->id, app_hash = ex.head->app_hash;
    struct executor_options o = ex.options;
    executor_close(&ex);
    assert_ok(executor_open(&ex, store, &app, verify, &o, genesis, &tag, &err), &err);
    assert_int_equal(ex.head->height, 3);
    assert_true(hash_eq(&id, &ex.head->id) && hash_eq(&app_hash, &ex.head->app_hash));
    struct hash other = {{1}};
    struct executor twin;
    assert_code(executor_open(&twin, store, &app, verify, &o, genesis, &other, &err), CODE_CHAIN_MISMATCH);
}

/* A block like `b` with one field of its header changed. */
static struct block *bend(const struct block *b, void (*change)(Header *h)) {
    struct err err;
    Header *h = NULL;
    struct bytes encoded;
    struct block *bent = NULL;
    assert_ok(pb_copy(b->header.pb, &arena, &h, &err), &err);
    change(h);
    assert_ok(pb_encode(h, &arena, &encoded, &err), &err);
    struct bytes *txs = arena_array(&arena, b->pb->n_txs + 1, sizeof *txs);
    for (size_t i = 0; i < b->pb->n_txs; i++)
        txs[i] = pb_bytes(b->pb->txs[i]);
    struct block_parts parts = {
        .header = encoded, .last_certificate = b->pb->last_certificate, .txs = txs, .txs_n = b->pb->n_txs};
    assert_ok(block_build(&parts, &tag, &bent, &err), &err);
    return bent;
}

static void bend_app_hash(Header *h) {
    h->app_hash.data[0] ^= 1;
}
static void bend_results(Header *h) {
    h->results_hash.data[31] ^= 1;
}
static void bend_previous(Header *h) {
    h->previous_id.data[3] ^= 1;
}
static void bend_certificate(Header *h) {
    h->last_certificate_hash.data[0] ^= 1;
}
static void bend_root(Header *h) {
    h->txs_root.data[0] ^= 1;
}
static void bend_count(Header *h) {
    h->txs_count++;
}
static void bend_time(Header *h) {
    h->time = 1;
}
static void bend_reveal(Header *h) {
    h->reveal.data[0] ^= 1;
}
static void bend_proposer(Header *h) {
    h->proposer.data[0] ^= 1;
}
static void bend_validators(Header *h) {
    h->next_validators_hash.data[0] ^= 1;
}
static void bend_params(Header *h) {
    h->params_hash.data[0] ^= 1;
}
static void bend_height(Header *h) {
    h->height++;
}

static void executor_judge__every_field_counts(void **state) {
    (void)state;
    struct err err;
    struct block *b = NULL;
    struct bytes one = transfer(1), two = transfer(2);
    assert_ok(executor_build(&ex, genesis->time + 1, &one, 1, &b, &err), &err);
    decide(b);
    assert_ok(executor_build(&ex, genesis->time + 5, &two, 1, &b, &err), &err);
    void (*const changes[])(Header *) = {bend_app_hash, bend_results, bend_previous,   bend_certificate,
                                         bend_root,     bend_count,   bend_time,       bend_reveal,
                                         bend_proposer, bend_params,  bend_validators, bend_height};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct block *bent = bend(b, changes[i]);
        bool invalid = false;
        assert_int_not_equal(executor_judge(&ex, bent, &invalid, &err), CODE_OK);
        assert_true(invalid);
        assert_true(strlen(err.msg) > 5);
        block_unref(bent);
    }
    decide(b); /* judging left no trace */
}

/* Executed before it is decided: nothing is seen of it until then; another decision drops it without a trace. */
static void executor_run_ahead__promoted_or_dropped(void **state) {
    (void)state;
    struct err err;
    bool invalid;
    struct block *b = NULL, *other = NULL, *third = NULL;
    struct bytes one = transfer(1), two = transfer(2);
    assert_ok(executor_build(&ex, genesis->time + 1, &one, 1, &b, &err), &err);
    executor_run_ahead(&ex, b); /* an own one, not judged */
    assert_true(ex.ahead.done);
    uint64_t height;
    assert_true(store_height(store, &height) && height == 0);
    struct hash ahead = ex.ahead.head->app_hash;
    decide(b);
    assert_int_equal(ex.head->height, 1);
    assert_true(hash_eq(&ahead, &ex.head->app_hash));

    assert_ok(executor_build(&ex, genesis->time + 3, &two, 1, &b, &err), &err);
    assert_ok(executor_build(&ex, genesis->time + 4, NULL, 0, &other, &err), &err);
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    executor_run_ahead(&ex, b);
    assert_true(ex.ahead.done);
    assert_ok(executor_judge(&ex, other, &invalid, &err), &err); /* beside it */
    executor_run_ahead(&ex, other);
    assert_ptr_equal(ex.ahead.block, b); /* the first of a height only */
    decide(other);
    block_unref(b);
    assert_int_equal(ex.head->height, 2);
    assert_null(ex.ahead.block);
    assert_ok(executor_build(&ex, genesis->time + 5, &two, 1, &third, &err), &err);
    assert_int_equal(third->txs_n, 1); /* what was dropped had no effect */
    executor_run_ahead(&ex, third);
    decide(third);
    struct store_view *v;
    assert_ok(store_view_open(store, &v, &err), &err);
    assert_ok(store_check(v, &err), &err);
    store_view_close(v);
}

static void executor_run_ahead__after_an_invalid_one(void **state) {
    (void)state;
    struct err err;
    bool invalid;
    struct block *b = NULL;
    struct bytes one = transfer(1);
    assert_ok(executor_build(&ex, genesis->time + 1, &one, 1, &b, &err), &err);
    struct block *bent = bend(b, bend_reveal);
    assert_int_not_equal(executor_judge(&ex, bent, &invalid, &err), CODE_OK);
    assert_true(invalid);
    assert_null(ex.ahead.block);
    block_unref(bent);
    executor_run_ahead(&ex, b);
    decide(b);
}

TEST_MAIN(cmocka_unit_test_setup_teardown(executor_run_ahead__promoted_or_dropped, setup, teardown),
          cmocka_unit_test_setup_teardown(executor_run_ahead__after_an_invalid_one, setup, teardown),
          cmocka_unit_test_setup_teardown(executor__blocks_one_after_another, setup, teardown),
          cmocka_unit_test_setup_teardown(executor_judge__every_field_counts, setup, teardown))
