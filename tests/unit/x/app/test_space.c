/* SPDX-License-Identifier: Apache-2.0 */
/* The space of a block: its caps, and the share that is kept for free answers to challenges. */
#include "tests/lib/ledger/deal.h"

#include "chain/types/keys_challenge.h"

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    f.params.consensus.block_txs_max = 4;
    f.params.consensus.block_signatures_max = 8;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    return 0;
}

static int started(void **state) {
    setup(state);
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static const struct tx *a_send(const char *who, unsigned ahead) {
    MsgSend *m = ARENA_NEW(&f.tx_arena, MsgSend);
    msg_send__init(m);
    m->to = fixture_addr_data(&f, "carol");
    m->amount = 1;
    Msg *msg = fixture_msg(&f, who, &m->base);
    return fixture_tx(&f, who, ahead, &msg, 1);
}

static void prepare(const struct tx *const *txs, size_t n, bool *ret_chosen) {
    struct store_view *view;
    struct state *st;
    struct err err = {0};
    assert_ok(store_view_open(f.store, &view, &err), &err);
    assert_ok(store_view_state(view, 0, &st, &err), &err);
    assert_ok(f.app.ops->prepare(f.app.self, st, f.height + 1, txs, n, ret_chosen, &err), &err);
    state_free(st);
    store_view_close(view);
}

static const struct tx *an_answer(uint64_t id) {
    struct key k;
    MsgAnswerChallenge *m = ARENA_NEW(&f.tx_arena, MsgAnswerChallenge);
    const Challenge *c = fixture_record(&f, key_challenge(&k, id), &challenge__descriptor);
    const char *who = arena_printf(&f.tx_arena, "sp%u.seal", (unsigned)c->sp_id - 1);
    deal_answer(&d, c, m);
    Msg *msg = fixture_msg(&f, who, &m->base);
    return fixture_tx(&f, who, 0, &msg, 1);
}

static void prepare__keeps_room_for_free_answers(void **state) {
    (void)state;
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must(&d);
    MsgSubmitChallenge m = MSG_SUBMIT_CHALLENGE__INIT;
    m.bucket_name = arena_strdup(&f.setup, d.bucket);
    m.object_name = arena_strdup(&f.setup, d.object);
    m.position = 2;
    const TxResult *r = fixture_do(&f, "alice", &m.base);
    assert_code((int)r->code, CODE_OK);
    const struct tx *txs[6];
    bool chosen[6];
    uint64_t id = r->ids[0];
    for (unsigned i = 0; i < 5; i++)
        txs[i] = a_send("bob", i);
    txs[5] = an_answer(id);
    assert_int_equal(txs[5]->body->fee, 0);
    prepare(txs, 6, chosen);
    const bool want[6] = {true, true, true, false, false, true};
    assert_memory_equal(chosen, want, sizeof want);
    prepare(txs, 5, chosen); /* nobody to keep it for */
    assert_true(chosen[3] && !chosen[4]);
    const struct tx *block[] = {txs[0], txs[1], txs[2], txs[5]};
    assert_code((int)fixture_block(&f, block, 4)->txs[3]->code, CODE_OK);
}

/* A seal of seven receipts needs eight checks: the block takes it alone. */
static void signatures__nested_ones_count(void **state) {
    (void)state;
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    struct seal_try t;
    deal_seal_try(&d, &t);
    fixture_hold(&f);
    deal_seal_send(&d, &t, "sp0.seal");
    const struct tx *seal = f.held[0], *txs[] = {seal, a_send("bob", 0)};
    f.holding = false;
    f.held_n = 0;
    struct app_admission admission;
    assert_code(fixture_check(&f, seal, &admission, NULL), CODE_OK);
    assert_int_equal(admission.signatures, 8);
    assert_code(fixture_process(&f, txs, 1, NULL), CODE_OK);
    assert_code(fixture_process(&f, txs, 2, NULL), CODE_BLOCK_LIMIT);
    bool chosen[2];
    prepare(txs, 2, chosen);
    assert_true(chosen[0] && !chosen[1]);
}

static void signatures__more_than_a_block_may_have(void **state) {
    (void)state;
    f.params.consensus.block_signatures_max = 7;
    fixture_start(&f);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    struct seal_try t;
    struct app_admission admission;
    deal_seal_try(&d, &t);
    fixture_hold(&f);
    deal_seal_send(&d, &t, "sp0.seal");
    assert_code(fixture_check(&f, f.held[0], &admission, NULL), CODE_TX_SIGNATURES);
}

static void bytes__edges(void **state) {
    (void)state;
    const struct tx *tx = a_send("bob", 0);
    struct app_block block = fixture_next(&f, &tx, 1);
    block.bytes = f.params.consensus.block_bytes_max - 1;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_OK);
    block.bytes++;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_OK);
    block.bytes++;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_BLOCK_LIMIT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, started, teardown)
TEST_MAIN(T(prepare__keeps_room_for_free_answers), T(signatures__nested_ones_count),
          cmocka_unit_test_setup_teardown(signatures__more_than_a_block_may_have, setup, teardown), T(bytes__edges))
