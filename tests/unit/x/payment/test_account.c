/* SPDX-License-Identifier: Apache-2.0 */
/* Payment accounts through messages: make, own, withdraw at once and after a delay, disable refunds. */
#include "tests/lib/ledger/fixture.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_payment.h"

#include "cairn/payment.h"

#define HOUR  ((uint64_t)3600000)
#define CAIRN PEBBLE_PER_CAIRN

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    f.params.payment.accounts_per_owner = 3;
    f.params.payment.withdraw_delay_ms = HOUR;
    f.params.payment.withdraw_at_once = 10 * CAIRN;
    f.step_ms = 5000;
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static ProtobufCBinaryData data_of(const struct addr *a) {
    return fixture_data(&f, a->b, sizeof a->b);
}

static int create(const char *who) {
    MsgCreatePaymentAccount m = MSG_CREATE_PAYMENT_ACCOUNT__INIT;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int deposit(const char *who, struct addr to, uint64_t amount) {
    MsgDeposit m = MSG_DEPOSIT__INIT;
    m.payment_address = data_of(&to);
    m.amount = amount;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int withdraw(const char *who, struct addr from, uint64_t amount) {
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    m.payment_address = data_of(&from);
    m.amount = amount;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int disable(const char *who, struct addr account) {
    MsgDisableRefund m = MSG_DISABLE_REFUND__INIT;
    m.payment_address = data_of(&account);
    return (int)fixture_do(&f, who, &m.base)->code;
}

static const PaymentAccount *record(struct addr addr) {
    struct key k;
    return fixture_record(&f, key_payment_account(&k, &addr), &payment_account__descriptor);
}

static struct addr nth(const char *owner, uint32_t index) {
    struct addr a = fixture_addr(owner);
    return addr_of_payment(&a, index);
}

static void create__has_owner_and_index(void **state) {
    (void)state;
    assert_code(create("alice"), CODE_OK);
    assert_non_null(fixture_event(&f, "payment.account_created"));
    assert_code(create("alice"), CODE_OK);
    struct addr alice = fixture_addr("alice"), second = nth("alice", 2);
    const PaymentAccount *a = record(second);
    assert_non_null(a);
    assert_int_equal(a->index, 2);
    assert_memory_equal(a->owner.data, alice.b, sizeof alice.b);
    assert_memory_equal(a->address.data, second.b, sizeof second.b);
    assert_int_equal(a->status, PAYMENT_STATUS_ACTIVE);
    assert_null(record(nth("alice", 3)));
    assert_null(record(nth("bob", 1)));
}

static void create__as_many_as_allowed_and_not_one_more(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_code(create("alice"), CODE_OK);
    assert_code(create("alice"), CODE_OK); /* the third */
    assert_code(create("alice"), CODE_PAYMENT_ACCOUNT_LIMIT);
    assert_code(create("bob"), CODE_OK);
}

/* What nobody could take out again is not taken in. */
static void deposit__only_to_what_is_somebodys(void **state) {
    (void)state;
    MsgSend coins = MSG_SEND__INIT;
    assert_code(deposit("bob", nth("alice", 1), 5 * CAIRN), CODE_PAYMENT_ACCOUNT_NOT_FOUND);
    assert_code(create("alice"), CODE_OK);
    assert_code(deposit("bob", nth("alice", 1), 5 * CAIRN), CODE_OK);
    assert_int_equal(record(nth("alice", 1))->balance, 5 * CAIRN);
    assert_code(deposit("bob", fixture_addr("alice"), CAIRN), CODE_OK); /* the first, into her own */
    assert_int_equal(record(fixture_addr("alice"))->balance, CAIRN);
    assert_code(deposit("bob", fixture_addr("nobody"), CAIRN), CODE_PAYMENT_ACCOUNT_NOT_FOUND);
    coins.to = fixture_addr_data(&f, "nobody");
    coins.amount = 1;
    assert_code((int)fixture_do(&f, "bob", &coins.base)->code, CODE_OK);
    assert_code(deposit("bob", fixture_addr("nobody"), CAIRN), CODE_OK);
}

static void accounts__are_listed_by_index(void **state) {
    (void)state;
    char alice[ADDR_TEXT_MAX];
    struct addr a = fixture_addr("alice");
    addr_to_text(&a, alice);
    const PaymentAccountsAnswer *all = fixture_query(&f, "/payment/accounts", "owner", alice, NULL);
    assert_int_equal(all->n_accounts, 0);
    for (int i = 0; i < 3; i++)
        create("alice");
    deposit("alice", fixture_addr("alice"), CAIRN);
    all = fixture_query(&f, "/payment/accounts", "owner", alice, NULL);
    assert_int_equal(all->n_accounts, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(all->accounts[i]->index, i);
    assert_int_equal(all->next, 0);
    all = fixture_query(&f, "/payment/accounts", "owner", alice, "limit", "3", NULL);
    assert_int_equal(all->n_accounts, 3);
    assert_int_equal(all->next, 3);
    all = fixture_query(&f, "/payment/accounts", "owner", alice, "start", "3", NULL);
    assert_int_equal(all->n_accounts, 1);
    assert_int_equal(all->accounts[0]->index, 3);
}

static void withdraw__only_by_the_owner(void **state) {
    (void)state;
    create("alice");
    deposit("bob", nth("alice", 1), 5 * CAIRN);
    assert_code(withdraw("bob", nth("alice", 1), CAIRN), CODE_PAYMENT_OWNER);
    assert_code(withdraw("alice", nth("alice", 2), CAIRN), CODE_PAYMENT_ACCOUNT_NOT_FOUND);
    assert_code(withdraw("alice", nth("alice", 1), 5 * CAIRN + 1), CODE_PAYMENT_FUNDS);
    uint64_t before = fixture_balance(&f, "alice");
    assert_code(withdraw("alice", nth("alice", 1), 5 * CAIRN), CODE_OK);
    assert_in_range(fixture_balance(&f, "alice"), before + 5 * CAIRN - CAIRN / 100, before + 5 * CAIRN);
    assert_int_equal(record(nth("alice", 1))->balance, 0);
}

static void withdraw__what_is_large_waits(void **state) {
    (void)state;
    struct addr own = fixture_addr("alice");
    deposit("alice", own, 100 * CAIRN);
    assert_code(withdraw("alice", own, 10 * CAIRN + 1), CODE_OK); /* one more than may leave at once */
    assert_non_null(fixture_event(&f, "payment.withdrawal_delayed"));
    const PaymentAccount *a = record(own);
    assert_int_equal(a->balance, 90 * CAIRN - 1);
    assert_int_equal(a->withdrawing, 10 * CAIRN + 1);
    assert_int_equal(a->withdraw_at, fixture_ledger_time(&f) + HOUR);
    assert_code(withdraw("alice", own, 11 * CAIRN), CODE_PAYMENT_WITHDRAWING);
    assert_code(withdraw("alice", own, 10 * CAIRN), CODE_OK); /* a small one does not wait for it */
    uint64_t before = fixture_balance(&f, "alice");
    fixture_skip(&f, HOUR - 60000);
    assert_int_equal(fixture_balance(&f, "alice"), before);
    fixture_skip(&f, 60000);
    assert_int_equal(fixture_balance(&f, "alice"), before + 10 * CAIRN + 1);
    a = record(own);
    assert_int_equal(a->withdraw_at, 0);
    assert_int_equal(a->withdrawing, 0);
    assert_code(withdraw("alice", own, 11 * CAIRN), CODE_OK);
}

static void withdraw__many_small_ones_add_up(void **state) {
    (void)state;
    struct addr own = fixture_addr("alice");
    deposit("alice", own, 100 * CAIRN);
    assert_code(withdraw("alice", own, 6 * CAIRN), CODE_OK);
    assert_code(withdraw("alice", own, 4 * CAIRN), CODE_OK);
    assert_int_equal(record(own)->withdraw_at, 0);
    assert_code(withdraw("alice", own, 1), CODE_OK);
    assert_int_equal(record(own)->withdrawing, 1);
    fixture_skip(&f, HOUR + 60000); /* a new window */
    assert_code(withdraw("alice", own, 10 * CAIRN), CODE_OK);
    assert_int_equal(record(own)->withdrawing, 0);
}

static void disable_refund__is_for_good(void **state) {
    (void)state;
    create("alice");
    struct addr a = nth("alice", 1);
    deposit("bob", a, 50 * CAIRN);
    assert_code(disable("bob", a), CODE_PAYMENT_OWNER);
    assert_code(disable("alice", nth("alice", 2)), CODE_PAYMENT_ACCOUNT_NOT_FOUND);
    assert_code(withdraw("alice", a, 20 * CAIRN), CODE_OK); /* on its way */
    assert_code(disable("alice", a), CODE_OK);
    assert_true(record(a)->non_refundable);
    assert_code(withdraw("alice", a, 1), CODE_PAYMENT_NO_REFUND);
    assert_code(disable("alice", a), CODE_PAYMENT_NO_REFUND);
    uint64_t before = fixture_balance(&f, "alice");
    fixture_skip(&f, HOUR + 60000);
    assert_int_equal(fixture_balance(&f, "alice"), before + 20 * CAIRN);
    assert_code(deposit("alice", a, CAIRN), CODE_OK);
    assert_int_equal(record(a)->balance, 31 * CAIRN);
}

static void messages__without_an_address_never_enter_a_block(void **state) {
    (void)state;
    MsgDisableRefund d = MSG_DISABLE_REFUND__INIT;
    Msg *msgs[] = {fixture_msg(&f, "alice", &d.base)};
    struct app_admission admission;
    assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, msgs, 1), &admission, NULL), CODE_INVALID_ARGUMENT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(create__has_owner_and_index), T(create__as_many_as_allowed_and_not_one_more),
          T(deposit__only_to_what_is_somebodys), T(accounts__are_listed_by_index), T(withdraw__only_by_the_owner),
          T(withdraw__what_is_large_waits), T(withdraw__many_small_ones_add_up), T(disable_refund__is_for_good),
          T(messages__without_an_address_never_enter_a_block))
