/* SPDX-License-Identifier: Apache-2.0 */
/* The real rules give the same twice; rules that do not are caught, by the first key. */
#include "tests/unit/chain/node/one_validator.h"

#include "chain/node/twice.h"
#include "chain/store/overlay.h"
#include "chain/types/keys_auth.h"

enum bend { STRAIGHT, OTHER_VALUE, MORE, LESS, DELETED, OTHER_RESULTS, FAILS };

static struct {
    enum bend bend;
    unsigned calls;
} crooked;
static struct app_ops ops;

static int setup(void **state) {
    (void)state;
    one_validator_open();
    crooked.calls = 0;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    one_validator_close();
    return 0;
}

/* The ledger's finalize, and something that the second call does otherwise. */
static int finalize(void *self_, struct state *st, const struct app_block *block, struct arena *a,
                    struct app_outcome *ret, struct err *err) {
    int rc = app.ops->finalize(self_, st, block, a, ret, err);
    bool second = crooked.calls++ > 0;
    struct key k;
    struct addr x = {{0xEE}};
    struct bytes at = key_account(&k, &x);
    if (rc != CODE_OK || crooked.bend == STRAIGHT)
        return rc;
    if (crooked.bend == OTHER_RESULTS && second)
        ret->results_bytes = bytes_str("other");
    if (crooked.bend == FAILS && second)
        return err_set(err, CODE_INTERNAL, "the second time");
    if (crooked.bend == OTHER_VALUE)
        return state_put(st, at, bytes_str(second ? "two" : "one"), err);
    if (crooked.bend == (second ? MORE : LESS))
        return state_put(st, at, bytes_str("x"), err);
    at = key_account(&k, &self);
    return crooked.bend == DELETED && second ? state_del(st, at, err) : CODE_OK;
}

static int once(enum bend bend, struct err *err) {
    struct block *b = NULL;
    struct bytes tx = transfer(1);
    struct app_outcome outcome;
    struct store_batch *batch = NULL;
    ops = *app.ops;
    ops.finalize = finalize;
    struct app bent = {.ops = &ops, .self = app.self};
    crooked.bend = bend;
    crooked.calls = 0;
    assert_ok(executor_build(&ex, genesis->time + 1, &tx, 1, &b, err), err);
    struct app_block ab = {.height = 1,
                           .time = b->header.time,
                           .proposer = b->header.proposer,
                           .reveal = b->header.reveal,
                           .txs = b->tx_list,
                           .txs_count = b->txs_n,
                           .bytes = b->encoded.len};
    assert_ok(store_begin(store, 1, b->header.time, &batch, err), err);
    assert_ok(finalize(app.self, store_state(store), &ab, &arena, &outcome, err), err);
    int rc = twice_execute(&bent, store, &ab, &outcome, err);
    store_abort(batch);
    block_unref(b);
    assert_int_equal(crooked.calls, 2);
    return rc;
}

static void twice_execute__the_ledger(void **state) {
    (void)state;
    struct err err;
    assert_ok(once(STRAIGHT, &err), &err);
}

static void twice_execute__every_difference(void **state) {
    (void)state;
    struct err err;
    for (enum bend b = OTHER_VALUE; b <= DELETED; b++) {
        assert_code(once(b, &err), CODE_INTERNAL);
        assert_non_null(strstr(err.msg, "module auth, key 03"));
    }
    assert_code(once(OTHER_RESULTS, &err), CODE_INTERNAL);
    assert_non_null(strstr(err.msg, "two results"));
    assert_code(once(FAILS, &err), CODE_INTERNAL);
    assert_non_null(strstr(err.msg, "second execution of block 1"));
}

static void commit(uint64_t now, const struct bytes *tx) {
    struct err err;
    struct block *b = NULL;
    assert_ok(executor_build(&ex, now, tx, tx != NULL, &b, &err), &err);
    assert_non_null(b);
    struct certificate c = certify(b);
    assert_ok(executor_commit(&ex, b, &c, &err), &err);
    block_unref(b);
}

static void twice_prove__the_root_leads_to_what_changed(void **state) {
    (void)state;
    struct err err;
    struct key paid, absent;
    struct addr to = {{5}}, nobody = {{0xAB}};
    struct bytes tx = transfer(1), keys[] = {key_account(&absent, &nobody), key_account(&paid, &to)};
    commit(genesis->time + 1, &tx);
    assert_ok(twice_prove(store, keys, 2, &err), &err);
    /* behind the tree's back; a view sees it from the next commit on */
    struct kv_batch *batch = kv_batch_new(store_kv(store));
    kv_batch_put(batch, STORE_FAMILY_STATE, keys[1], bytes_str("wrong"));
    assert_ok(kv_write(store_kv(store), batch, false, &err), &err);
    kv_batch_free(batch);
    commit(genesis->time + 2, NULL);
    assert_code(twice_prove(store, keys, 2, &err), CODE_INTERNAL);
    assert_non_null(strstr(err.msg, "does not lead to key 03"));
}

#define ALL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TEST_MAIN(ALL(twice_execute__the_ledger), ALL(twice_execute__every_difference),
          ALL(twice_prove__the_root_leads_to_what_changed))
