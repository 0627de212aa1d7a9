/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/node/verify.h"
#include "chain/os/thread.h"

enum { TXS = 500 };

static struct hash tag = {{7}};
static struct arena arena;
static struct tx txs[TXS];
static const struct tx *list[TXS];

static void make_txs(void) {
    struct err err;
    arena_init(&arena, 64 << 20);
    for (unsigned i = 0; i < TXS; i++) {
        uint8_t raw[32] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
        struct seckey key;
        assert_ok(seckey_init(&key, raw, &err), &err);
        struct pubkey pub = seckey_pubkey(&key);
        struct addr me = addr_of_key(&pub);
        MsgSend send = MSG_SEND__INIT;
        send.creator = send.to = pb_data(addr_bytes(&me));
        send.amount = i + 1;
        Msg msg = MSG__INIT, *msgs[] = {&msg};
        msg.body_case = MSG__BODY_SEND;
        msg.send = &send;
        TxBody body = TX_BODY__INIT;
        body.signer = pb_data(pubkey_bytes(&pub));
        body.sequence = 1;
        body.valid_until_height = 9;
        body.n_msgs = 1;
        body.msgs = msgs;
        struct bytes wire;
        assert_ok(tx_sign(&body, &key, &tag, &arena, &wire, &err), &err);
        if (i % 10 == 3) /* not what was signed */
            ((uint8_t *)(uintptr_t)wire.data)[wire.len - 1] ^= 1;
        assert_ok(tx_parse(wire, &tag, &arena, &txs[i], &err), &err);
        list[i] = &txs[i];
    }
}

static void check(struct verify *v) {
    bool good[TXS];
    memset(good, 1, sizeof good);
    assert_int_equal(verify_txs(v, list, TXS, good), TXS - TXS / 10);
    for (unsigned i = 0; i < TXS; i++)
        assert_int_equal(good[i], i % 10 != 3);
}

static void verify_txs__once_and_remembered(void **state) {
    (void)state;
    for (unsigned threads = 0; threads <= 3; threads += 3) {
        struct verify *v;
        struct err err;
        assert_ok(verify_new(threads, &v, &err), &err);
        check(v);
        assert_int_equal(verify_stats(v).checked, TXS);
        check(v);
        assert_int_equal(verify_stats(v).remembered, TXS - TXS / 10);
        assert_int_equal(verify_stats(v).checked, TXS + TXS / 10); /* forged ones are never remembered */
        assert_int_equal(verify_txs(v, list, 0, NULL), 0);
        verify_free(v);
    }
}

static void caller(void *arg) {
    for (int i = 0; i < 10; i++)
        check(arg);
}

static void verify_txs__many_callers(void **state) {
    (void)state;
    struct verify *v;
    struct err err;
    struct thread threads[4] = {0};
    assert_ok(verify_new(2, &v, &err), &err);
    for (int i = 0; i < 4; i++)
        assert_ok(thread_start(&threads[i], "caller", caller, v, &err), &err);
    for (int i = 0; i < 4; i++)
        thread_join(&threads[i]);
    verify_free(v);
}

static int setup(void **state) {
    (void)state;
    make_txs();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A signature inside a message: right ones are remembered, each for its key and digest alone. */
static void verify_nested__remembers_what_is_right(void **state) {
    (void)state;
    struct verify *v;
    struct err err;
    struct seckey key, other;
    uint8_t raw[32] = {9}, raw2[32] = {10};
    assert_ok(verify_new(0, &v, &err), &err);
    assert_ok(seckey_init(&key, raw, &err), &err);
    assert_ok(seckey_init(&other, raw2, &err), &err);
    struct pubkey pub = seckey_pubkey(&key), pub2 = seckey_pubkey(&other);
    struct hash digest = {{1}}, digest2 = {{2}};
    struct sig sig = seckey_sign(&key, &digest);
    struct app_verifier nested = verify_nested(v);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(nested.check(nested.self, &pub, &digest, &sig));
        assert_false(nested.check(nested.self, &pub, &digest2, &sig));
        assert_false(nested.check(nested.self, &pub2, &digest, &sig));
    }
    struct verify_stats s = verify_stats(v);
    assert_int_equal(s.remembered, 2);
    assert_int_equal(s.checked, 7);
    verify_free(v);
}

TEST_MAIN(cmocka_unit_test(verify_nested__remembers_what_is_right),
          cmocka_unit_test_setup_teardown(verify_txs__once_and_remembered, setup, teardown),
          cmocka_unit_test_setup_teardown(verify_txs__many_callers, setup, teardown))
