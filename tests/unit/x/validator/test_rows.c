/* SPDX-License-Identifier: Apache-2.0 */
/* What others ask of who votes, what is at stake and what it earns, by the rows that name it (docs/rows.md). */
#include "tests/unit/x/validator/common.h"

#include "chain/bft/proposer.h"
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

static const ValidatorSet *set_at_height(uint64_t height) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)height);
    return fixture_query(&f, "/validator/set", "at_height", text, NULL);
}

static const ValidatorStanding *standing(const char *name) {
    char text[ADDR_TEXT_MAX];
    struct addr addr = fixture_addr(name);
    addr_to_text(&addr, text);
    return fixture_query(&f, "/validator/standing", "address", text, NULL);
}

static uint64_t a_fee(void) {
    MsgSend send = MSG_SEND__INIT;
    send.to = fixture_addr_data(&f, "bob");
    send.amount = 1;
    return fixture_do(&f, "alice", &send.base)->cost;
}

static uint64_t power_of(const ValidatorSet *set) {
    uint64_t sum = 0;
    for (size_t i = 0; i < set->n_validators; i++)
        sum += set->validators[i]->power;
    return sum;
}

static uint64_t pot(const char *module) {
    const SupplyAnswer *s = fixture_query(&f, "/auth/supply", NULL);
    for (size_t i = 0; i < s->n_modules; i++)
        if (!strcmp(s->modules[i]->module, module))
            return s->modules[i]->balance;
    fail_msg("no pot called %s", module);
    return 0;
}

/* --- who votes --- */

static void cess_8_87__keys_and_power_in_the_order_of_the_set(void **state) {
    (void)state;
    assert_code(bond("val0", "val0", 20 * CAIRN), CODE_OK);
    pass(4); /* more than a third comes step by step */
    const ValidatorSet *set = set_at_height(f.height);
    assert_int_equal(set->n_validators, 4);
    struct addr before = {{0}};
    for (size_t i = 0; i < 4; i++) {
        struct pubkey key;
        assert_true(pubkey_from(bytes_of(set->validators[i]->pubkey.data, set->validators[i]->pubkey.len), &key));
        struct addr addr = addr_of_key(&key), val0 = fixture_addr("val0");
        assert_true(memcmp(before.b, addr.b, sizeof addr.b) < 0);
        assert_int_equal(set->validators[i]->power, addr_eq(&addr, &val0) ? 30 : 10);
        before = addr;
    }
}

/* The order in which they propose follows from the set and the height: each once in as many rounds as they are. */
static void cess_8_87__the_order_of_proposers(void **state) {
    (void)state;
    assert_code(create("alice", "fresh", 12 * CAIRN), CODE_OK);
    pass(3);
    const ValidatorSet *set = set_at_height(f.height);
    uint64_t powers[8];
    assert_int_equal(set->n_validators, 5);
    for (size_t i = 0; i < 5; i++)
        powers[i] = set->validators[i]->power;
    for (uint64_t height = 1; height < 50; height++) {
        unsigned drawn = 0;
        for (uint32_t round = 0; round < 5; round++)
            drawn |= 1u << proposer_draw(height, round, powers, 5);
        assert_int_equal(drawn, 31);
    }
}

/* Also what it was: cess 8 row 103 asks for the stakes of a time that is over. */
static void cess_8_96_103__the_set_of_a_past_height(void **state) {
    (void)state;
    uint64_t before = f.height + 1;
    assert_code(create("alice", "fresh", 12 * CAIRN), CODE_OK);
    pass(4);
    assert_code(bond("val0", "val0", 20 * CAIRN), CODE_OK);
    pass(4);
    assert_int_equal(set_at_height(before)->n_validators, 4);
    assert_int_equal(power_of(set_at_height(before)), 40);
    assert_int_equal(power_of(set_at_height(before + 3)), 52);
    assert_int_equal(power_of(set_at_height(f.height)), 72);
}

/* --- coins --- */

static void cess_8_89__what_no_key_can_move(void **state) {
    (void)state;
    const SupplyAnswer *s = fixture_query(&f, "/auth/supply", NULL);
    uint64_t locked = s->supply - s->accounts, bonds = pot("validator");
    assert_code(bond("val0", "val0", 20 * CAIRN), CODE_OK);
    s = fixture_query(&f, "/auth/supply", NULL);
    assert_int_equal(pot("validator"), bonds + 20 * CAIRN);
    assert_int_equal(s->supply - s->accounts, locked + 20 * CAIRN + f.outcome.results->txs[0]->cost);
}

static void cess_8_91__the_pot_of_fees_is_what_is_not_withdrawn(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        a_fee();
    const RewardState *r = fixture_query(&f, "/validator/reward_state", NULL);
    assert_in_range(pot("fees"), r->owed, r->owed + 1); /* and what a division left over */
    MsgWithdrawRewards m = MSG_WITHDRAW_REWARDS__INIT;
    m.validator = fixture_addr_data(&f, "val1");
    uint64_t owed = r->owed, mine = standing("val1")->rewards;
    assert_code((int)fixture_do(&f, "val1", &m.base)->code, CODE_OK);
    r = fixture_query(&f, "/validator/reward_state", NULL);
    assert_in_range(r->owed, owed - mine, owed - mine + f.outcome.results->txs[0]->cost);
    assert_in_range(pot("fees"), r->owed, r->owed + 1);
}

/* A round is a block: its fees, over the power of the set that it was shared by. */
static void cess_8_92_94__what_a_block_earned_by_power(void **state) {
    (void)state;
    a_fee();
    const RewardState *r = fixture_query(&f, "/validator/reward_state", NULL);
    u128 before = u128_of(r->index);
    uint64_t fee = a_fee();
    r = fixture_query(&f, "/validator/reward_state", NULL);
    u128 gained = u128_of(r->index) - before;
    uint64_t shared = (uint64_t)((gained * power_of(set_at_height(f.height)) + ((u128)1 << 63)) >> 64);
    assert_int_equal(shared, fee);
}

/* --- stakes --- */

static void cess_8_97__all_stakes(void **state) {
    (void)state;
    uint64_t sum = 0;
    assert_code(create("alice", "fresh", 12 * CAIRN), CODE_OK);
    const ValidatorsAnswer *a = fixture_query(&f, "/validator/list", NULL);
    for (size_t i = 0; i < a->n_validators; i++)
        sum += a->validators[i]->bond;
    assert_int_equal(sum, 52 * CAIRN);
    assert_int_equal(pot("validator"), sum);
}

static void cess_8_99__the_list_is_complete_page_by_page(void **state) {
    (void)state;
    size_t seen = 0;
    char cursor[2 * 20 + 1] = "";
    assert_code(create("alice", "fresh", 12 * CAIRN), CODE_OK);
    for (;;) {
        const ValidatorsAnswer *a = fixture_query(&f, "/validator/list", "limit", "2", "cursor", cursor, NULL);
        seen += a->n_validators;
        if (!a->next_cursor.len)
            break;
        hex_encode(a->next_cursor.data, a->next_cursor.len, cursor);
    }
    assert_int_equal(seen, set_at_height(f.height + 2)->n_validators);
}

static void cess_8_102__turns_taken_and_votes_missed(void **state) {
    (void)state;
    f.proposers = 3; /* val3 takes no turn */
    uint64_t turns[2] = {record("val0")->reveal->remaining, record("val3")->reveal->remaining};
    pass(3);
    f.absent = (uint64_t)1 << place_of(f.height, "val3");
    fixture_block(&f, NULL, 0);
    f.absent = 0;
    pass(5);
    assert_int_equal(turns[0] - record("val0")->reveal->remaining, 3);
    assert_int_equal(record("val3")->reveal->remaining, turns[1]);
    assert_int_equal(standing("val3")->missed, 1);
    assert_int_equal(standing("val0")->missed, 0);
}

static void cess_8_104__one_stake_and_what_is_on_its_way_out(void **state) {
    (void)state;
    assert_code(unbond("val0", "val0", 2 * CAIRN), CODE_OK);
    pass(2);
    assert_code(unbond("val0", "val0", 3 * CAIRN), CODE_OK);
    const Validator *v = record("val0");
    assert_int_equal(v->bond, 5 * CAIRN);
    assert_int_equal(v->n_unbonding, 2);
    assert_int_equal(v->unbonding[0]->amount, 2 * CAIRN);
    assert_int_equal(v->unbonding[1]->amount, 3 * CAIRN);
    assert_true(v->unbonding[0]->release_at < v->unbonding[1]->release_at);
    assert_true(v->unbonding[0]->release_at > fixture_ledger_time(&f));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(cess_8_87__keys_and_power_in_the_order_of_the_set), T(cess_8_87__the_order_of_proposers),
          T(cess_8_96_103__the_set_of_a_past_height), T(cess_8_89__what_no_key_can_move),
          T(cess_8_91__the_pot_of_fees_is_what_is_not_withdrawn), T(cess_8_92_94__what_a_block_earned_by_power),
          T(cess_8_97__all_stakes), T(cess_8_99__the_list_is_complete_page_by_page),
          T(cess_8_102__turns_taken_and_votes_missed), T(cess_8_104__one_stake_and_what_is_on_its_way_out))
