/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/deal.h"

#include "cairn/auth.h"
#include "chain/types/fee.h"
#include "chain/types/keys_auth.h"
#include "x/auth/unordered.h"

#include <stdio.h>

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 100 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "poor", 100);
    f.params.auth.tx_messages_max = 3;
    f.params.auth.memo_bytes_max = 10;
    f.params.auth.tx_window_blocks = 50;
    f.params.auth.tx_bytes_max = 2048;
    f.params.consensus.block_txs_max = 4;
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static Msg *a_send(const char *from, uint64_t amount) {
    MsgSend *msg = ARENA_NEW(&f.tx_arena, MsgSend);
    msg_send__init(msg);
    msg->to = fixture_addr_data(&f, "bob");
    msg->amount = amount;
    return fixture_msg(&f, from, &msg->base);
}

/* What check_tx and process say; they must agree. */
static int judged(const struct tx *tx, struct err *err) {
    struct app_admission admission;
    int rc = fixture_check(&f, tx, &admission, err);
    int block = fixture_process(&f, &tx, 1, NULL);
    assert_int_equal(rc, block);
    return rc;
}

static TxBody a_body(void) {
    Msg *msg = a_send("alice", 1);
    TxBody body;
    fixture_body(&f, "alice", 0, &msg, 1, &body);
    body.fee = PEBBLE_PER_CAIRN;
    body.valid_until_height = f.height + 10;
    return body;
}

static void check__good(void **state) {
    (void)state;
    TxBody body = a_body();
    assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), CODE_OK);
}

static void sequence__wrong_tells_the_expected(void **state) {
    (void)state;
    struct err err = {0};
    TxBody body = a_body();
    body.sequence = 7;
    assert_code(judged(fixture_tx_body(&f, "alice", &body), &err), CODE_SEQUENCE_WRONG);
    assert_non_null(strstr(err.msg, "1 is expected"));
}

/* The account's number stays, its fee goes. */
/* As if what waits of the account had been taken: sequences up to `ahead`, fees from what is left. */
static void check__behind_what_waits(void **state) {
    (void)state;
    const struct {
        uint64_t sequence, ahead, fees;
        int code;
    } cases[] = {{1, 0, 0, CODE_OK},
                 {4, 3, 0, CODE_OK},
                 {5, 3, 0, CODE_SEQUENCE_WRONG},
                 {2, 0, 0, CODE_SEQUENCE_WRONG},
                 {0, 0, 99 * PEBBLE_PER_CAIRN, CODE_OK},
                 {0, 0, 99 * PEBBLE_PER_CAIRN + 1, CODE_INSUFFICIENT_FUNDS},
                 {1, 0, 101 * PEBBLE_PER_CAIRN, CODE_INSUFFICIENT_FUNDS}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct app_admission admission;
        struct app_waiting waiting = {.ahead = cases[i].ahead, .fees = cases[i].fees};
        TxBody body = a_body(); /* its fee is 1 CAIRN of 100 */
        body.sequence = cases[i].sequence;
        const struct tx *tx = fixture_tx_body(&f, "alice", &body);
        assert_code(fixture_check_behind(&f, tx, &waiting, &admission, NULL), cases[i].code);
        if (cases[i].code == CODE_OK)
            assert_int_equal(admission.next, 1);
    }
}

static void unordered__takes_no_sequence(void **state) {
    (void)state;
    TxBody body = a_body();
    body.sequence = 0;
    const struct tx *tx = fixture_tx_body(&f, "alice", &body);
    assert_code(judged(tx, NULL), CODE_OK);
    uint64_t before = fixture_balance(&f, "alice");
    fixture_block(&f, &tx, 1);
    assert_int_equal(fixture_balance(&f, "alice"), before - body.fee - 1);
    body = a_body(); /* the ordered one still has sequence 1 */
    assert_int_equal(body.sequence, 1);
    assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), CODE_OK);
}

static void unordered__is_taken_once(void **state) {
    (void)state;
    TxBody body = a_body();
    body.sequence = 0;
    body.valid_until_height = f.height + 3;
    const struct tx *tx = fixture_tx_body(&f, "alice", &body), *twice[] = {tx, tx};
    assert_code(fixture_process(&f, twice, 2, NULL), CODE_TX_KNOWN);
    struct bytes wire;
    struct tx again;
    arena_dup_bytes(&f.setup, tx->wire, &wire);
    fixture_block(&f, &tx, 1);
    assert_ok(tx_parse(wire, &f.chain_tag, &f.setup, &again, NULL), (struct err *)NULL);
    assert_code(judged(&again, NULL), CODE_TX_KNOWN);
    fixture_block(&f, NULL, 0);
    assert_int_equal(f.height + 1, body.valid_until_height); /* the last block that may hold it */
    assert_code(judged(&again, NULL), CODE_TX_KNOWN);
    struct key k;
    assert_non_null(
        fixture_record(&f, key_unordered(&k, body.valid_until_height, &again.id), &unordered_ids__descriptor));
    fixture_skip(&f, 1);
    assert_code(judged(&again, NULL), CODE_TX_EXPIRED);
    assert_null(fixture_record(&f, key_unordered(&k, body.valid_until_height, &again.id), &unordered_ids__descriptor));
}

static void unordered__many_that_end_together(void **state) {
    (void)state;
    const struct tx *txs[4];
    for (int round = 0; round < 8; round++) { /* memos make them differ; the caps allow four a block */
        for (int i = 0; i < 4; i++) {
            TxBody body = a_body();
            char memo[8];
            (void)snprintf(memo, sizeof memo, "%d", round * 4 + i);
            body.sequence = 0;
            body.memo = memo;
            body.valid_until_height = 40;
            txs[i] = fixture_tx_body(&f, "alice", &body);
        }
        fixture_block(&f, txs, 4); /* the invariants look at the records after every block */
    }
}

static void fill_record(struct ctx *ctx, void *arg) {
    (void)arg;
    UnorderedIds full = UNORDERED_IDS__INIT;
    struct hash id = {{7}};
    struct key k;
    full.taken.len = (UNORDERED_IDS_MAX - 1) * sizeof id.b;
    full.taken.data = ctx_alloc(ctx, full.taken.len);
    for (uint32_t i = 0; i < UNORDERED_IDS_MAX - 1; i++) {
        store_be32(id.b + 1, i + 1);
        memcpy(full.taken.data + i * sizeof id.b, id.b, sizeof id.b);
    }
    assert_code(record_put(ctx, key_unordered(&k, 40, &id), &full, NULL), CODE_OK);
    store_be32(id.b + 1, 1);
    assert_code(unordered_take(ctx, &id, 40, NULL), CODE_TX_KNOWN); /* the first of them */
    store_be32(id.b + 1, UNORDERED_IDS_MAX - 1);
    assert_code(unordered_take(ctx, &id, 40, NULL), CODE_TX_KNOWN); /* the last */
    store_be32(id.b + 1, 0);
    assert_code(unordered_take(ctx, &id, 40, NULL), CODE_OK); /* before all of them; the cap */
    store_be32(id.b + 1, UNORDERED_IDS_MAX);
    assert_code(unordered_take(ctx, &id, 40, NULL), CODE_TX_UNORDERED); /* cap + 1 */
    assert_code(unordered_take(ctx, &id, 41, NULL), CODE_OK);
}

static void unordered__cap_of_a_record(void **state) {
    (void)state;
    fixture_with_ctx(&f, fill_record, NULL);
}

/* A block's worth of ids that somebody sought so that they fall into as few records as there can be: the memory of a
 * block holds every version of each. */
static void fill_block(struct ctx *ctx, void *arg) {
    (void)arg;
    struct hash id = {{7}};
    for (uint32_t i = 0; i < BLOCK_TXS_MAX; i++) {
        struct arena_mark memory = arena_mark(ctx->arena);
        store_be32(id.b + 1, i);
        assert_code(unordered_take(ctx, &id, 40 + i / UNORDERED_IDS_MAX, NULL), CODE_OK);
        arena_rewind(ctx->arena, memory);
    }
    assert_code(state_failed(ctx->state, NULL), CODE_OK);
}

static void unordered__a_block_of_sought_ids(void **state) {
    (void)state;
    fixture_with_ctx(&f, fill_block, NULL);
}

static void cess_8_90__a_replay_is_refused(void **state) {
    (void)state;
    TxBody body = a_body();
    const struct tx *tx = fixture_tx_body(&f, "alice", &body);
    struct bytes wire;
    arena_dup_bytes(&f.setup, tx->wire, &wire);
    fixture_block(&f, &tx, 1);
    struct tx again;
    assert_ok(tx_parse(wire, &f.chain_tag, &f.setup, &again, NULL), (struct err *)NULL);
    assert_code(judged(&again, NULL), CODE_SEQUENCE_WRONG);
}

static void window__edges(void **state) {
    (void)state;
    uint64_t next = f.height + 1;
    const struct {
        uint64_t until;
        int code;
    } cases[] = {{next - 1, CODE_TX_EXPIRED}, {next, CODE_OK}, {next + 50, CODE_OK}, {next + 51, CODE_TX_WINDOW}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        TxBody body = a_body();
        body.valid_until_height = cases[i].until;
        assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), cases[i].code);
    }
}

static void memo__edges(void **state) {
    (void)state;
    char memos[3][16] = {"123456789", "1234567890", "12345678901"};
    const int codes[] = {CODE_OK, CODE_OK, CODE_TX_MEMO};
    for (size_t i = 0; i < 3; i++) {
        TxBody body = a_body();
        body.memo = memos[i];
        assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), codes[i]);
    }
}

static void messages__edges(void **state) {
    (void)state;
    for (size_t n = 2; n <= 4; n++) {
        Msg *msgs[4];
        for (size_t i = 0; i < n; i++)
            msgs[i] = a_send("alice", 1);
        const struct tx *tx = fixture_tx(&f, "alice", 0, msgs, n);
        TxBody body = *tx->body;
        body.valid_until_height = f.height + 10;
        assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), n <= 3 ? CODE_OK : CODE_TX_MESSAGES);
    }
}

static void fee__edges(void **state) {
    (void)state;
    uint64_t needed;
    TxBody body = a_body();
    body.fee = 1200; /* as many bytes as the right one */
    const struct tx *tx = fixture_tx_body(&f, "alice", &body);
    assert_ok(fee_of(&f.params.auth, body.msgs, body.n_msgs, tx->wire.len, &needed, NULL), (struct err *)NULL);
    for (uint64_t fee = needed - 1; fee <= needed + 1; fee++) {
        body.fee = fee;
        tx = fixture_tx_body(&f, "alice", &body);
        assert_code(judged(tx, NULL), fee < needed ? CODE_FEE_LOW : CODE_OK);
    }
}

static void fee__more_than_the_balance(void **state) {
    (void)state;
    Msg *msg = a_send("poor", 1);
    TxBody body;
    fixture_body(&f, "poor", 0, &msg, 1, &body);
    body.valid_until_height = f.height + 10;
    assert_code(judged(fixture_tx_body(&f, "poor", &body), NULL), CODE_INSUFFICIENT_FUNDS);
}

/* Whether the creator has granted it is asked when the message runs: a message before it may have given or taken it. */
static void creator__must_be_an_account(void **state) {
    (void)state;
    TxBody body = a_body();
    body.msgs[0]->send->creator = (ProtobufCBinaryData){0, NULL};
    assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), CODE_TX_CREATOR);
    body.msgs[0]->send->creator = fixture_addr_data(&f, "bob");
    const struct tx *tx = fixture_tx_body(&f, "alice", &body);
    assert_code(fixture_process(&f, &tx, 1, NULL), CODE_OK);
    const BlockResults *r = fixture_block(&f, &tx, 1);
    assert_code((int)r->txs[0]->code, CODE_TX_CREATOR);
    assert_int_equal(fixture_balance(&f, "alice"), 99 * PEBBLE_PER_CAIRN); /* its fee is taken */
}

/* It would only cost a fee: the node does not let it wait. */
static void creator__without_a_grant_does_not_wait(void **state) {
    (void)state;
    struct app_admission admission;
    TxBody body = a_body();
    body.msgs[0]->send->creator = fixture_addr_data(&f, "bob");
    assert_code(fixture_check(&f, fixture_tx_body(&f, "alice", &body), &admission, NULL), CODE_TX_CREATOR);
}

static void fee_payer__needs_a_grant(void **state) {
    (void)state;
    TxBody body = a_body();
    body.fee_payer = fixture_addr_data(&f, "bob");
    assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), CODE_TX_FEE_PAYER);
    body.fee_payer = fixture_addr_data(&f, "alice");
    assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), CODE_OK);
}

static void message__own_check_makes_the_block_invalid(void **state) {
    (void)state;
    TxBody body = a_body();
    body.msgs[0]->send->amount = 0;
    assert_code(judged(fixture_tx_body(&f, "alice", &body), NULL), CODE_AMOUNT);
}

static void block__two_of_one_sender_follow_each_other(void **state) {
    (void)state;
    Msg *a = a_send("alice", 1), *b = a_send("alice", 2);
    const struct tx *txs[] = {fixture_tx(&f, "alice", 0, &a, 1), fixture_tx(&f, "alice", 1, &b, 1)};
    f.params.auth.tx_window_blocks = 50;
    for (size_t i = 0; i < 2; i++) {
        TxBody body = *txs[i]->body;
        body.valid_until_height = f.height + 10;
        txs[i] = fixture_tx_body(&f, "alice", &body);
    }
    const struct tx *swapped[] = {txs[1], txs[0]};
    assert_code(fixture_process(&f, swapped, 2, NULL), CODE_SEQUENCE_WRONG);
    fixture_block(&f, txs, 2);
    assert_int_equal(fixture_balance(&f, "bob"), 3);
}

static const struct tx *nth_of_alice(unsigned ahead) {
    Msg *msg = a_send("alice", 1);
    TxBody body;
    fixture_body(&f, "alice", ahead, &msg, 1, &body);
    body.valid_until_height = f.height + 10;
    return fixture_tx_body(&f, "alice", &body);
}

static void block__transaction_cap(void **state) {
    (void)state;
    const struct tx *txs[5];
    for (unsigned i = 0; i < 5; i++)
        txs[i] = nth_of_alice(i);
    assert_code(fixture_process(&f, txs, 3, NULL), CODE_OK);
    assert_code(fixture_process(&f, txs, 4, NULL), CODE_OK);
    assert_code(fixture_process(&f, txs, 5, NULL), CODE_BLOCK_LIMIT);
}

static void prepare__leaves_out_what_cannot_be_in(void **state) {
    (void)state;
    const struct tx *txs[6];
    for (unsigned i = 0; i < 6; i++)
        txs[i] = nth_of_alice(i);
    const struct tx *candidates[] = {txs[1], txs[0], txs[1], txs[3], txs[2], txs[3], txs[4]};
    const bool want[] = {false, true, true, false, true, true, false}; /* the last: four are a full block */
    bool chosen[7];
    struct store_view *view;
    struct state *st;
    struct err err = {0};
    assert_ok(store_view_open(f.store, &view, &err), &err);
    assert_ok(store_view_state(view, 0, &st, &err), &err);
    assert_ok(f.app.ops->prepare(f.app.self, st, f.height + 1, candidates, 7, chosen, &err), &err);
    state_free(st);
    store_view_close(view);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(chosen[i], want[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static unsigned checked;

static bool count_check(void *self, const struct pubkey *key, const struct hash *digest, const struct sig *sig) {
    (void)self;
    checked++;
    return key_verify(key, digest, sig);
}

/* The approval inside a message is checked while it waits; nothing of it is left in the state. */
static void check_nested__has_inner_signatures_checked(void **state) {
    (void)state;
    struct deal d;
    struct bucket_try t;
    struct err err;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_bucket_try(&d, &t);
    fixture_hold(&f);
    deal_bucket_send(&d, &t, "alice");
    assert_int_equal(f.held_n, 1);
    struct store_view *view;
    struct state *st;
    void *check;
    struct app_admission admission;
    struct app_verifier verifier = {.check = count_check};
    assert_ok(store_view_open(f.store, &view, &err), &err);
    assert_ok(store_view_state(view, 0, &st, &err), &err);
    assert_ok(f.app.ops->check_open(f.app.self, st, f.height + 1, &verifier, &f.setup, &check, &err), &err);
    assert_ok(f.app.ops->check_tx(f.app.self, check, f.held[0], NULL, &admission, &err), &err);
    assert_int_equal(admission.signatures, 2);
    assert_int_equal(checked, 0);
    for (unsigned i = 1; i <= 2; i++) { /* the second time it is as it was before the first */
        f.app.ops->check_nested(f.app.self, check, f.held[0]);
        assert_int_equal(checked, i);
    }
    struct state_diff diff;
    assert_ok(state_diff(st, &diff, &err), &err);
    assert_int_equal(diff.len, 0);
    f.app.ops->check_close(f.app.self, check);
    state_free(st);
    store_view_close(view);
}

TEST_MAIN(T(check_nested__has_inner_signatures_checked), T(check__good), T(sequence__wrong_tells_the_expected),
          T(check__behind_what_waits), T(unordered__takes_no_sequence), T(unordered__is_taken_once),
          T(unordered__many_that_end_together), T(unordered__cap_of_a_record), T(unordered__a_block_of_sought_ids),
          T(cess_8_90__a_replay_is_refused), T(window__edges), T(memo__edges), T(messages__edges), T(fee__edges),
          T(fee__more_than_the_balance), T(creator__must_be_an_account), T(creator__without_a_grant_does_not_wait),
          T(fee_payer__needs_a_grant), T(message__own_check_makes_the_block_invalid),
          T(block__two_of_one_sender_follow_each_other), T(block__transaction_cap),
          T(prepare__leaves_out_what_cannot_be_in))
