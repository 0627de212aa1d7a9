/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/tx.h"
#include "tests/lib/test.h"

static struct arena arena;
static struct seckey key;
static struct pubkey pub;
static const struct hash tag = {{7}};

static int setup(void **state) {
    (void)state;
    uint8_t raw[32] = {9};
    arena_init(&arena, 8 * MIB);
    assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
    pub = seckey_pubkey(&key);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct addr to = {{0xaa}};
static MsgSend send;
static Msg msg, *msgs[TX_MSGS_MAX + 1];

static TxBody a_body(size_t messages) {
    send = (MsgSend)MSG_SEND__INIT;
    send.creator = pb_data(addr_bytes(&to));
    send.to = pb_data(addr_bytes(&to));
    send.amount = 5;
    msg = (Msg)MSG__INIT;
    msg.body_case = MSG__BODY_SEND;
    msg.send = &send;
    for (size_t i = 0; i < messages; i++)
        msgs[i] = &msg;
    TxBody body = TX_BODY__INIT;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = 1;
    body.valid_until_height = 100;
    body.fee = 3;
    body.n_msgs = messages;
    body.msgs = msgs;
    return body;
}

static struct bytes signed_wire(size_t messages) {
    TxBody body = a_body(messages);
    struct err err;
    struct bytes wire;
    assert_ok(tx_sign(&body, &key, &tag, &arena, &wire, &err), &err);
    return wire;
}

static void parse__gives_back_what_was_signed(void **state) {
    (void)state;
    struct err err;
    struct tx tx;
    struct bytes wire = signed_wire(1);
    assert_int_equal(tx_wire_len(wire), wire.len);
    assert_ok(tx_parse(wire, &tag, &arena, &tx, &err), &err);
    assert_int_equal(tx.body->fee, 3);
    assert_int_equal(tx.body->msgs[0]->send->amount, 5);
    struct addr sender = addr_of_key(&pub);
    assert_true(addr_eq(&tx.sender, &sender));
    assert_ok(tx_verify(&tx, &err), &err);
    struct verifier verifier;
    assert_ok(verifier_init(&verifier, &tx.signer, &err), &err);
    assert_ok(tx_verify_with(&tx, &verifier, &err), &err);
}

static void verify__refuses_another_chain(void **state) {
    (void)state;
    struct tx tx;
    struct hash other = {{8}};
    assert_ok(tx_parse(signed_wire(1), &other, &arena, &tx, NULL), NULL);
    assert_code(tx_verify(&tx, NULL), CODE_BAD_SIGNATURE);
}

static void parse__every_changed_byte_is_noticed(void **state) {
    (void)state;
    struct bytes wire = signed_wire(1);
    uint8_t *torn = arena_dup(&arena, wire.data, wire.len);
    struct tx good;
    assert_ok(tx_parse(wire, &tag, &arena, &good, NULL), NULL);
    for (size_t i = 0; i < wire.len; i++) {
        struct tx tx;
        torn[i] ^= 1;
        int rc = tx_parse(bytes_of(torn, wire.len), &tag, &arena, &tx, NULL);
        if (rc == CODE_OK) {
            assert_code(tx_verify(&tx, NULL), CODE_BAD_SIGNATURE);
            assert_false(hash_eq(&tx.wire_hash, &good.wire_hash));
        }
        torn[i] ^= 1;
    }
}

static void parse__frames(void **state) {
    (void)state;
    struct tx tx = {.wire = BYTES_NONE};
    struct bytes wire = signed_wire(1);
    for (size_t len = 0; len < wire.len; len++)
        assert_code(tx_parse(bytes_of(wire.data, len), &tag, &arena, &tx, NULL), CODE_MALFORMED);
    uint8_t *longer = arena_alloc(&arena, wire.len + 1);
    memcpy(longer, wire.data, wire.len);
    assert_code(tx_parse(bytes_of(longer, wire.len + 1), &tag, &arena, &tx, NULL), CODE_MALFORMED);
    memset(longer, 0xff, 4);
    assert_code(tx_parse(bytes_of(longer, wire.len), &tag, &arena, &tx, NULL), CODE_TOO_LARGE);
    assert_null(tx.wire.data);
    store_be32(longer, TX_LEN_MAX - TX_FRAME_LEN);
    assert_int_equal(tx_wire_len(bytes_of(longer, 4)), TX_LEN_MAX);
    store_be32(longer, TX_LEN_MAX - TX_FRAME_LEN + 1);
    assert_true(tx_wire_len(bytes_of(longer, 4)) == SIZE_MAX);
    assert_int_equal(tx_wire_len(bytes_of(longer, 3)), 0);
}

static void parse__counts_messages(void **state) {
    (void)state;
    struct tx tx;
    assert_code(tx_parse(signed_wire(0), &tag, &arena, &tx, NULL), CODE_MALFORMED);
    assert_code(tx_parse(signed_wire(TX_MSGS_MAX), &tag, &arena, &tx, NULL), CODE_OK);
    assert_code(tx_parse(signed_wire(TX_MSGS_MAX + 1), &tag, &arena, &tx, NULL), CODE_MALFORMED);
}

static void parse__refuses_an_empty_message(void **state) {
    (void)state;
    struct tx tx;
    struct bytes wire;
    TxBody body = a_body(1);
    msg = (Msg)MSG__INIT;
    assert_ok(tx_sign(&body, &key, &tag, &arena, &wire, NULL), NULL);
    assert_code(tx_parse(wire, &tag, &arena, &tx, NULL), CODE_MALFORMED);
}

static void sign__refuses_a_foreign_signer(void **state) {
    (void)state;
    struct bytes wire;
    TxBody body = a_body(1);
    body.signer = pb_data(bytes_of(pub.b, 32));
    assert_code(tx_sign(&body, &key, &tag, &arena, &wire, NULL), CODE_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__gives_back_what_was_signed),
        cmocka_unit_test(verify__refuses_another_chain),
        cmocka_unit_test(parse__every_changed_byte_is_noticed),
        cmocka_unit_test(parse__frames),
        cmocka_unit_test(parse__counts_messages),
        cmocka_unit_test(parse__refuses_an_empty_message),
        cmocka_unit_test(sign__refuses_a_foreign_signer),
    };
    test_setup();
    return cmocka_run_group_tests(tests, setup, teardown);
}
