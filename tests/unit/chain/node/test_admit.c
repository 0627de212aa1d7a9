/* SPDX-License-Identifier: Apache-2.0 */
/* The door for transactions over the real rules, without its thread. */
#include "tests/unit/chain/node/one_validator.h"

#include "cairn/auth.h"
#include "cairn/net.h"
#include "chain/node/admit.h"

static struct admit *admit;
static uint64_t now = 1000;
static unsigned spread, misbehaved;

static void on_due(void *arg) {
    (void)arg;
}

static void on_spread(void *arg, struct bytes gather) {
    (void)arg, (void)gather;
    spread++;
}

static void on_misbehaved(void *arg, uint32_t peer, const char *why) {
    (void)arg, (void)peer, (void)why;
    misbehaved++;
}

static uint64_t on_now(void *arg) {
    (void)arg;
    return now;
}

static int setup(void **state) {
    (void)state;
    struct err err;
    one_validator_open();
    struct admit_config c = {.store = store,
                             .app = &app,
                             .verify = verify,
                             .chain_tag = tag,
                             .limits = {.txs_max = 30000, .sender_max = 30000, .bytes_max = 64 << 20, .by_fee = true},
                             .due = on_due,
                             .spread = on_spread,
                             .misbehaved = on_misbehaved,
                             .mono_ms = on_now,
                             .threadless = true};
    spread = misbehaved = 0;
    assert_ok(admit_new(&c, 0, &admit, &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    admit_stop(admit);
    admit_free(admit);
    one_validator_close();
    return 0;
}

static void pass(void) {
    while (admit_pass(admit, 0) == CODE_OK)
        continue;
}

static void from_peer(uint32_t peer, struct bytes wire) {
    TxGather pb = TX_GATHER__INIT;
    ProtobufCBinaryData data = pb_data(wire);
    struct bytes out;
    struct err err;
    pb.n_txs = 1;
    pb.txs = &data;
    assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
    admit_gather(admit, peer, out);
}

static struct hash id_of(struct bytes wire) {
    return tx_id_of(&tag, bytes_of(wire.data + 4, wire.len - TX_FRAME_LEN));
}

static bool here(struct bytes wire) {
    struct hash id = id_of(wire);
    return admit_waiting(admit, &id);
}

/* Takes what is ready into a block and commits it. */
static struct block *one_block(void) {
    struct err err;
    struct admit_pins pins;
    struct block *b = NULL;
    bool invalid;
    assert_ok(admit_pin(admit, 1 << 20, 4000, &pins, &err), &err);
    assert_ok(executor_build(&ex, genesis->time + ex.head->height + 1, pins.wires, pins.n, &b, &err), &err);
    admit_left_out(admit, &pins, b);
    admit_unpin(&pins);
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    struct certificate c = certify(b);
    assert_ok(executor_commit(&ex, b, &c, &err), &err);
    admit_committed(admit, b);
    return b;
}

static void submit__from_here_in_order_only(void **state) {
    (void)state;
    struct hash id;
    struct bytes one = transfer(1), two = transfer(2), four = transfer(4);
    assert_code(admit_submit(admit, one, false, &id, NULL), CODE_OK);
    assert_code(admit_submit(admit, four, false, &id, NULL), CODE_OK);
    assert_code(admit_submit(admit, two, false, &id, NULL), CODE_OK);
    pass();
    assert_true(here(one) && here(two));
    assert_false(here(four));
    assert_int_equal(admit_next_sequence(admit, &self, 1), 3);
    assert_int_equal(spread, 1); /* gathered */
}

/* Pushed by a peer they may come in another order. */
static void gather__fills_gaps(void **state) {
    (void)state;
    struct bytes one = transfer(1), two = transfer(2), three = transfer(3), far = transfer(2 + MEMPOOL_GAP_MAX);
    from_peer(3, three);
    from_peer(3, far);
    from_peer(4, two);
    pass();
    assert_true(here(three) && here(two));
    assert_false(here(far));
    assert_false(admit_ready(admit));
    from_peer(3, one);
    pass();
    assert_true(admit_ready(admit));
    assert_int_equal(admit_next_sequence(admit, &self, 1), 4);
    assert_int_equal(misbehaved, 0);
    assert_int_equal(spread, 0); /* what peers pushed is not pushed on */
    struct block *b = one_block();
    assert_int_equal(b->txs_n, 3);
    block_unref(b);
    pass();
    assert_int_equal(admit_stats(admit).txs, 0);
}

static void submit__unordered(void **state) {
    (void)state;
    struct hash id;
    struct bytes loose = transfer(0), one = transfer(1);
    assert_code(admit_submit(admit, loose, false, &id, NULL), CODE_OK);
    assert_code(admit_submit(admit, loose, false, &id, NULL), CODE_OK); /* the same again: known */
    assert_code(admit_submit(admit, one, false, &id, NULL), CODE_OK);
    pass();
    assert_int_equal(admit_stats(admit).txs, 2);
    struct block *b = one_block();
    assert_int_equal(b->txs_n, 2);
    block_unref(b);
    assert_code(admit_submit(admit, loose, false, &id, NULL), CODE_OK);
    pass();
    assert_int_equal(admit_stats(admit).txs, 0); /* in a block already */
}

static void close__takes_nothing_in(void **state) {
    (void)state;
    struct hash id;
    struct err err;
    admit_close(admit, true);
    assert_code(admit_submit(admit, transfer(1), false, &id, &err), CODE_NOT_READY);
    from_peer(3, transfer(1));
    pass();
    assert_int_equal(admit_stats(admit).txs, 0);
    admit_close(admit, false);
    assert_code(admit_submit(admit, transfer(1), false, &id, NULL), CODE_OK);
    pass();
    assert_int_equal(admit_stats(admit).txs, 1);
}

/* A flood of one peer fills its half of the queue; others still get in. At cap - 1, cap, cap + 1. */
static void gather__share_of_the_queue(void **state) {
    (void)state;
    struct bytes wire = transfer(1);
    enum { SHARE = 8192 };
    for (unsigned i = 0; i < SHARE - 1; i++)
        from_peer(3, wire);
    assert_int_equal(admit_stats(admit).dropped, 0);
    from_peer(3, wire);
    assert_int_equal(admit_stats(admit).dropped, 0);
    from_peer(3, wire);
    assert_int_equal(admit_stats(admit).dropped, 1);
    from_peer(4, wire);
    assert_int_equal(admit_stats(admit).dropped, 1);
    pass();
    from_peer(3, wire); /* there is room again */
    assert_int_equal(admit_stats(admit).dropped, 1);
    pass();
}

static void find__tells_bytes_and_age(void **state) {
    (void)state;
    struct bytes one = transfer(1), wires[2];
    struct hash hashes[2] = {{{1}}, {{0}}}, id;
    uint32_t ages[2];
    assert_true(tx_wire_hash(one, &hashes[1]));
    assert_code(admit_submit(admit, one, false, &id, NULL), CODE_OK);
    pass();
    now += 70;
    admit_find(admit, hashes, 2, &arena, wires, ages);
    assert_null(wires[0].data);
    assert_int_equal(ages[0], UINT32_MAX);
    assert_true(bytes_eq(wires[1], one));
    assert_int_equal(ages[1], 70);
}

/* A transaction of one message; `payer` (NULL: the signer) pays. */
static struct bytes signed_by(const struct seckey *who, Msg *msg, uint64_t sequence, const struct addr *payer) {
    struct pubkey pub = seckey_pubkey(who);
    struct bytes wire;
    struct err err;
    TxBody body = TX_BODY__INIT;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = sequence;
    body.valid_until_height = 20;
    body.fee = 100000;
    body.n_msgs = 1;
    body.msgs = &msg;
    if (payer != NULL)
        body.fee_payer = pb_data(addr_bytes(payer));
    assert_ok(tx_sign(&body, who, &tag, &arena, &wire, &err), &err);
    return wire;
}

/* Who has no coin may wait, with more than one, as long as the fee payer has enough and has granted it. */
static void submit__of_who_has_nothing(void **state) {
    (void)state;
    static const uint8_t raw[32] = {4};
    struct seckey poor;
    struct hash id;
    assert_ok(seckey_init(&poor, raw, NULL), NULL);
    struct pubkey pub = seckey_pubkey(&poor);
    struct addr addr = addr_of_key(&pub);
    MsgGrant grant = MSG_GRANT__INIT;
    Msg msg = MSG__INIT;
    grant.creator = pb_data(addr_bytes(&self));
    grant.grantee = pb_data(addr_bytes(&addr));
    grant.fees = 350000;
    msg.body_case = MSG__BODY_GRANT;
    msg.grant = &grant;
    assert_code(admit_submit(admit, signed_by(&key, &msg, 1, NULL), false, &id, NULL), CODE_OK);
    pass();
    block_unref(one_block());
    MsgSetWrapKey wrap = MSG_SET_WRAP_KEY__INIT;
    struct bytes txs[4];
    wrap.creator = pb_data(addr_bytes(&addr));
    msg.body_case = MSG__BODY_SET_WRAP_KEY;
    msg.set_wrap_key = &wrap;
    assert_code(admit_submit(admit, signed_by(&poor, &msg, 1, NULL), false, &id, NULL), CODE_OK);
    for (uint64_t i = 0; i < 4; i++) {
        txs[i] = signed_by(&poor, &msg, i + 1, &self);
        assert_code(admit_submit(admit, txs[i], false, &id, NULL), CODE_OK);
    }
    pass();
    assert_true(here(txs[0]) && here(txs[1]) && here(txs[2]));
    assert_false(here(txs[3]));                  /* the grant is for three */
    assert_int_equal(admit_stats(admit).txs, 3); /* nor the one that it would pay itself */
    struct block *b = one_block();
    assert_int_equal(b->txs_n, 3);
    block_unref(b);
    assert_int_equal(admit_stats(admit).txs, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
TEST_MAIN(T(submit__from_here_in_order_only), T(gather__fills_gaps), T(submit__unordered), T(close__takes_nothing_in),
          T(submit__of_who_has_nothing), T(gather__share_of_the_queue), T(find__tells_bytes_and_age))
