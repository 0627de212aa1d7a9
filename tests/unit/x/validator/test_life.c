/* SPDX-License-Identifier: Apache-2.0 */
/* What a validator earns, when it is jailed for being away, how it comes back, who governs it. */
#include "tests/unit/x/validator/common.h"

#include "chain/codec/bech32.h"

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    f.certificates = true;
    for (unsigned i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "val%u", i);
        fixture_account(&f, name, 100 * CAIRN);
    }
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static const ValidatorStanding *standing(const char *name) {
    char text[ADDR_TEXT_MAX];
    struct addr addr = fixture_addr(name);
    addr_to_text(&addr, text);
    return fixture_query(&f, "/validator/standing", "address", text, NULL);
}

static int withdraw(const char *who, const char *validator) {
    MsgWithdrawRewards m = MSG_WITHDRAW_REWARDS__INIT;
    m.validator = fixture_addr_data(&f, validator);
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int unjail(const char *who, const char *validator) {
    MsgUnjail m = MSG_UNJAIL__INIT;
    m.validator = fixture_addr_data(&f, validator);
    return (int)fixture_do(&f, who, &m.base)->code;
}

/* Alice sends for a fee; what it was. */
static uint64_t a_fee(void) {
    MsgSend send = MSG_SEND__INIT;
    send.to = fixture_addr_data(&f, "bob");
    send.amount = 1;
    return fixture_do(&f, "alice", &send.base)->cost;
}

/* --- fees --- */

static void fees__are_shared_by_power(void **state) {
    (void)state;
    assert_code(bond("val0", "val0", 20 * CAIRN), CODE_OK); /* 30 of 60 */
    pass(4);
    uint64_t before = standing("val0")->rewards, other = standing("val1")->rewards, fees = 0;
    for (unsigned i = 0; i < 7; i++)
        fees += a_fee();
    uint64_t got = standing("val0")->rewards - before;
    assert_true(got >= fees / 2 && got <= fees / 2 + 1);
    got = standing("val1")->rewards - other;
    assert_true(got >= fees / 6 && got <= fees / 6 + 1);
}

static void fees__are_paid_to_the_operator_once(void **state) {
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        a_fee();
    uint64_t earned = standing("val1")->rewards, before = fixture_balance(&f, "val1");
    assert_true(earned > 0);
    assert_code(withdraw("alice", "val1"), CODE_DENIED);
    earned = standing("val1")->rewards;
    assert_code(withdraw("val1", "val1"), CODE_OK);
    uint64_t fee = f.outcome.results->txs[0]->cost;
    uint64_t paid = strtoull(fixture_attribute(fixture_event(&f, "validator.paid"), "amount"), NULL, 10);
    assert_int_equal(paid, earned);
    assert_int_equal(fixture_balance(&f, "val1"), before + paid - fee);
    assert_true(standing("val1")->rewards <= fee); /* its share of this block */
}

static void fees__who_joins_earns_from_its_first_height(void **state) {
    (void)state;
    assert_code(create("alice", "fresh", 10 * CAIRN), CODE_OK); /* votes at height + 2 */
    a_fee();
    assert_int_equal(standing("fresh")->rewards, 0);
    uint64_t fee = a_fee();
    uint64_t got = standing("fresh")->rewards;
    assert_true(got == fee / 5 || got + 1 == fee / 5);
    assert_code(unbond("alice", "fresh", 10 * CAIRN), CODE_OK);
    a_fee();
    pass(2);
    uint64_t last = standing("fresh")->rewards;
    a_fee();
    assert_int_equal(standing("fresh")->rewards, last);
    assert_code(withdraw("alice", "fresh"), CODE_OK);
}

/* --- downtime --- */

static void miss(const char *name, unsigned blocks) {
    while (blocks--) {
        f.absent = f.height ? (uint64_t)1 << place_of(f.height, name) : 0;
        fixture_block(&f, NULL, 0);
    }
    f.absent = 0;
}

/* val3 never proposes in the next heights of a set of four when it is left out here. */
static void only_others_propose(void) {
    f.proposers = 3;
}

static void downtime__one_missed_too_many(void **state) {
    (void)state;
    only_others_propose();
    pass(2);
    miss("val3", 15); /* 20 - 5 */
    assert_false(record("val3")->jailed);
    assert_int_equal(standing("val3")->missed, 15);
    miss("val3", 1);
    assert_true(record("val3")->jailed);
    assert_string_equal(fixture_attribute(fixture_event(&f, "validator.jailed"), "reason"), "downtime");
    assert_int_equal(record("val3")->bond, 10 * CAIRN - CAIRN / 100);
    assert_int_equal(power_at(f.height + 2, "val3"), 0);
    assert_int_equal(power_at(f.height + 1, "val3"), 10);
    miss("val3", 1); /* still in the set: counted no more */
    pass(30);
}

static void downtime__what_is_long_ago_does_not_count(void **state) {
    (void)state;
    only_others_propose();
    for (unsigned i = 0; i < 6; i++) {
        miss("val3", 11);
        pass(12);
    }
    assert_false(record("val3")->jailed);
    pass(20);
    assert_int_equal(standing("val3")->missed, 0);
    struct key k;
    assert_null(fixture_record(&f, key_missed(&k, f.height - 25), &missed_height__descriptor));
}

static void downtime__who_proposes_is_not_away(void **state) {
    (void)state;
    pass(3);
    miss("val3", 40);
    assert_false(record("val3")->jailed);
    assert_true(standing("val3")->missed > 10);
}

static void downtime__no_minimum_no_jail(void **state) {
    (void)state;
    fixture_release(&f);
    fixture_init(&f);
    f.certificates = true;
    f.params.validator.downtime_signed_min = 0;
    fixture_start(&f);
    only_others_propose();
    pass(1);
    miss("val3", 60);
    assert_false(record("val3")->jailed);
    assert_int_equal(standing("val3")->missed, 20);
}

static void downtime__the_last_one_is_not_jailed(void **state) {
    (void)state;
    fixture_release(&f);
    fixture_init(&f);
    f.certificates = true;
    f.validators = 2;
    f.proposers = 1;
    f.sps = 0;
    fixture_start(&f);
    pass(1);
    f.absent = 3;
    pass(60);
    assert_int_equal(record("val0")->jailed + record("val1")->jailed, 1);
    assert_true(set_of_height(f.height).set.n == 1);
}

static void unjail__after_its_time(void **state) {
    (void)state;
    only_others_propose();
    assert_code(unjail("val3", "val3"), CODE_VALIDATOR_FREE);
    miss("val3", 16);
    assert_true(record("val3")->jailed);
    uint64_t until = record("val3")->jailed_until;
    assert_code(unjail("val3", "val3"), CODE_VALIDATOR_JAILED);
    assert_code(bond("val3", "val3", CAIRN), CODE_OK); /* does not help */
    while (fixture_ledger_time(&f) + 1000 < until)
        pass(1);
    assert_int_equal(power_at(f.height + 2, "val3"), 0);
    assert_code(unjail("alice", "val3"), CODE_DENIED);
    assert_code(unjail("val3", "val3"), CODE_OK);
    assert_int_equal(power_at(f.height + 2, "val3"), 9); /* not a third at once */
    pass(2);
    assert_int_equal(power_at(f.height + 1, "val3"), 10);
    assert_int_equal(standing("val3")->missed, 0);
    assert_int_equal(standing("val3")->counted_since, f.height);
}

static void unjail__needs_a_bond(void **state) {
    (void)state;
    fixture_release(&f);
    fixture_init(&f);
    f.certificates = true;
    f.params.validator.downtime_slash_ppm = 600000;
    f.params.validator.downtime_jail_ms = 0;
    fixture_account(&f, "val3", 100 * CAIRN);
    fixture_start(&f);
    only_others_propose();
    pass(1);
    miss("val3", 16);
    assert_int_equal(record("val3")->bond, 4 * CAIRN);
    assert_code(unjail("val3", "val3"), CODE_VALIDATOR_BOND);
    assert_code(bond("val3", "val3", CAIRN), CODE_OK);
    assert_code(unjail("val3", "val3"), CODE_OK);
}

/* --- edit --- */

static int edit(const char *who, const char *validator, const char *name, const char *new_operator) {
    MsgEditValidator m = MSG_EDIT_VALIDATOR__INIT;
    m.validator = fixture_addr_data(&f, validator);
    m.name = arena_strdup(&f.tx_arena, name);
    m.description = arena_strdup(&f.tx_arena, "of the north");
    if (new_operator)
        m.new_operator = fixture_addr_data(&f, new_operator);
    return (int)fixture_do(&f, who, &m.base)->code;
}

static void edit__name_and_operator(void **state) {
    (void)state;
    assert_code(edit("alice", "val0", "mine", NULL), CODE_DENIED);
    assert_code(edit("val0", "val0", "first", NULL), CODE_OK);
    assert_string_equal(record("val0")->name, "first");
    assert_string_equal(record("val0")->description, "of the north");
    assert_code(edit("val0", "val0", "first", "alice"), CODE_OK);
    assert_code(edit("val0", "val0", "back", "val0"), CODE_DENIED);
    assert_code(unbond("alice", "val0", 5 * CAIRN), CODE_OK);
    struct addr module = addr_of_module("fees");
    MsgEditValidator m = MSG_EDIT_VALIDATOR__INIT;
    m.validator = fixture_addr_data(&f, "val0");
    m.new_operator = fixture_data(&f, module.b, sizeof module.b);
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_RECIPIENT);
}

static void list__pages(void **state) {
    (void)state;
    assert_code(create("alice", "fresh", 10 * CAIRN), CODE_OK);
    const ValidatorsAnswer *a = fixture_query(&f, "/validator/list", "limit", "3", NULL);
    assert_int_equal(a->n_validators, 3);
    char cursor[41];
    hex_encode(a->next_cursor.data, a->next_cursor.len, cursor);
    a = fixture_query(&f, "/validator/list", "limit", "3", "cursor", cursor, NULL);
    assert_int_equal(a->n_validators, 2);
    assert_int_equal(a->next_cursor.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(TEST(fees__are_shared_by_power), TEST(fees__are_paid_to_the_operator_once),
          TEST(fees__who_joins_earns_from_its_first_height), TEST(downtime__one_missed_too_many),
          TEST(downtime__what_is_long_ago_does_not_count), TEST(downtime__who_proposes_is_not_away),
          TEST(downtime__no_minimum_no_jail), TEST(downtime__the_last_one_is_not_jailed), TEST(unjail__after_its_time),
          TEST(unjail__needs_a_bond), TEST(edit__name_and_operator), TEST(list__pages))
