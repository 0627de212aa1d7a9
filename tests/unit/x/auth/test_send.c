/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/fixture.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_auth.h"
#include "x/auth/account.h"

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 100 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", PEBBLE_PER_CAIRN);
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static const TxResult *send(const char *from, const char *to, uint64_t amount) {
    MsgSend msg = MSG_SEND__INIT;
    msg.to = fixture_addr_data(&f, to);
    msg.amount = amount;
    return fixture_do(&f, from, &msg.base);
}

static void cess_8_90__coins_move_and_the_fee_is_taken(void **state) {
    (void)state;
    const TxResult *r = send("alice", "carol", 7);
    assert_code((int)r->code, CODE_OK);
    assert_true(r->cost > 0);
    assert_int_equal(fixture_balance(&f, "alice"), 100 * PEBBLE_PER_CAIRN - 7 - r->cost);
    assert_int_equal(fixture_balance(&f, "carol"), 7);
    assert_string_equal(fixture_attribute(fixture_event(&f, "auth.sent"), "amount"), "7");
}

static void send__too_much_costs_the_fee_and_nothing_else(void **state) {
    (void)state;
    const TxResult *r = send("bob", "carol", 2 * PEBBLE_PER_CAIRN);
    assert_code((int)r->code, CODE_INSUFFICIENT_FUNDS);
    assert_int_equal(r->n_events, 0);
    assert_int_equal(fixture_balance(&f, "bob"), PEBBLE_PER_CAIRN - r->cost);
    assert_int_equal(fixture_balance(&f, "carol"), 0);
}

static void send__to_oneself(void **state) {
    (void)state;
    const TxResult *r = send("bob", "bob", 5);
    assert_code((int)r->code, CODE_OK);
    assert_int_equal(fixture_balance(&f, "bob"), PEBBLE_PER_CAIRN - r->cost);
}

static void send__to_a_module_is_refused(void **state) {
    (void)state;
    struct addr fees = module_account_addr(MODULE_FEES);
    MsgSend msg = MSG_SEND__INIT;
    msg.to = fixture_data(&f, fees.b, sizeof fees.b);
    msg.amount = 1;
    assert_code((int)fixture_do(&f, "alice", &msg.base)->code, CODE_RECIPIENT);
}

static void send__binds_the_key_on_first_use(void **state) {
    (void)state;
    struct key k;
    struct addr alice = fixture_addr("alice");
    const Account *a = fixture_record(&f, key_account(&k, &alice), &account__descriptor);
    assert_int_equal(a->pubkey.len, 0);
    send("alice", "bob", 1);
    a = fixture_record(&f, key_account(&k, &alice), &account__descriptor);
    struct pubkey key = fixture_pubkey("alice");
    assert_int_equal(a->pubkey.len, sizeof key.b);
    assert_memory_equal(a->pubkey.data, key.b, sizeof key.b);
    assert_int_equal(a->sequence, 2);
}

static void send__one_failing_message_undoes_all(void **state) {
    (void)state;
    MsgSend a = MSG_SEND__INIT, b = MSG_SEND__INIT;
    a.to = b.to = fixture_addr_data(&f, "carol");
    a.amount = 1;
    b.amount = 1000 * PEBBLE_PER_CAIRN;
    Msg *msgs[] = {fixture_msg(&f, "alice", &a.base), fixture_msg(&f, "alice", &b.base)};
    const struct tx *tx = fixture_tx(&f, "alice", 0, msgs, 2);
    const TxResult *r = fixture_block(&f, &tx, 1)->txs[0];
    assert_code((int)r->code, CODE_INSUFFICIENT_FUNDS);
    assert_non_null(strstr(r->log, "message 1"));
    assert_int_equal(fixture_balance(&f, "carol"), 0);
}

static void query__account(void **state) {
    (void)state;
    char text[ADDR_TEXT_MAX];
    struct addr alice = fixture_addr("alice"), nobody = fixture_addr("nobody");
    addr_to_text(&alice, text);
    const Account *a = fixture_query(&f, "/auth/account", "address", text, NULL);
    assert_non_null(a);
    assert_int_equal(a->balance, 100 * PEBBLE_PER_CAIRN);
    addr_to_text(&nobody, text);
    assert_null(fixture_query(&f, "/auth/account", "address", text, NULL));
}

TEST_MAIN(cmocka_unit_test_setup_teardown(cess_8_90__coins_move_and_the_fee_is_taken, setup, teardown),
          cmocka_unit_test_setup_teardown(send__too_much_costs_the_fee_and_nothing_else, setup, teardown),
          cmocka_unit_test_setup_teardown(send__to_oneself, setup, teardown),
          cmocka_unit_test_setup_teardown(send__to_a_module_is_refused, setup, teardown),
          cmocka_unit_test_setup_teardown(send__binds_the_key_on_first_use, setup, teardown),
          cmocka_unit_test_setup_teardown(send__one_failing_message_undoes_all, setup, teardown),
          cmocka_unit_test_setup_teardown(query__account, setup, teardown))
