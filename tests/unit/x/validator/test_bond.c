/* SPDX-License-Identifier: Apache-2.0 */
/* CreateValidator, Bond, Unbond, and the sets that follow from them. */
#include "tests/unit/x/validator/common.h"

#include "cairn/state.h"
#include "chain/types/light.h"
#include "chain/types/signed.h"
#include "x/params/params.h"
#include "x/validator/stake.h"

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    fixture_account(&f, "val0", 100 * CAIRN);
    fixture_account(&f, "val1", 100 * CAIRN);
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static void create__votes_two_heights_later(void **state) {
    (void)state;
    assert_code(create("alice", "fresh", 12 * CAIRN), CODE_OK);
    uint64_t h = f.height;
    assert_int_equal(power_at(h + 1, "fresh"), 0);
    assert_int_equal(power_at(h + 2, "fresh"), 12);
    assert_int_equal(power_at(h + 2, "val0"), 10);
    assert_true(fixture_balance(&f, "alice") < 988 * CAIRN);
    assert_int_equal(record("fresh")->power, 12);
    assert_non_null(fixture_event(&f, "validator.created"));
    assert_string_equal(fixture_attribute(fixture_event(&f, "validator.set_changed"), "validators"), "5");
}

static void create__more_than_a_third_comes_step_by_step(void **state) {
    (void)state;
    assert_code(create("alice", "fresh", 40 * CAIRN), CODE_OK);
    uint64_t h = f.height;
    fixture_block(&f, NULL, 0);
    fixture_block(&f, NULL, 0);
    assert_int_equal(power_at(h + 1, "fresh"), 0);
    assert_int_equal(power_at(h + 2, "fresh"), 13);
    assert_int_equal(power_at(h + 3, "fresh"), 13 + 17);
    assert_int_equal(power_at(h + 4, "fresh"), 40);
}

static void create__the_key_must_have_signed_for_this_operator_and_chain(void **state) {
    (void)state;
    struct addr other = fixture_addr("bob"), own = fixture_addr("alice");
    struct hash for_bob = signed_possession(&other, &f.chain_tag), tag = {{9}};
    struct hash elsewhere = signed_possession(&own, &tag);
    MsgCreateValidator m = a_create("alice", "fresh", 10 * CAIRN);
    m.possession = fixture_sign(&f, "fresh", &for_bob);
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_VALIDATOR_KEY);
    m = a_create("alice", "fresh", 10 * CAIRN);
    m.possession = fixture_sign(&f, "fresh", &elsewhere);
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_VALIDATOR_KEY);
    m = a_create("alice", "fresh", 10 * CAIRN);
    m.pubkey = fixture_pubkey_data(&f, "val0"); /* somebody else's */
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_VALIDATOR_KEY);
}

static void create__twice_is_refused(void **state) {
    (void)state;
    assert_code(create("alice", "fresh", 10 * CAIRN), CODE_OK);
    assert_code(create("bob", "fresh", 10 * CAIRN), CODE_VALIDATOR_EXISTS);
    assert_code(create("bob", "val0", 10 * CAIRN), CODE_VALIDATOR_EXISTS);
}

static int checked(ProtobufCMessage *message) {
    Msg *msgs[] = {fixture_msg(&f, "alice", message)};
    const struct tx *tx = fixture_tx(&f, "alice", 0, msgs, 1);
    struct app_admission admission;
    return fixture_check(&f, tx, &admission, NULL);
}

static void create__what_no_block_takes(void **state) {
    (void)state;
    MsgCreateValidator m = a_create("alice", "fresh", 5 * CAIRN - 1);
    assert_code(checked(&m.base), CODE_VALIDATOR_BOND);
    m = a_create("alice", "fresh", 5 * CAIRN);
    assert_code(checked(&m.base), CODE_OK);
    m.length = 5;
    assert_code(checked(&m.base), CODE_INVALID_ARGUMENT);
    char name[66];
    memset(name, 'x', sizeof name);
    name[65] = 0;
    m = a_create("alice", "fresh", 5 * CAIRN);
    m.name = name;
    assert_code(checked(&m.base), CODE_VALIDATOR_TEXT);
    name[64] = 0;
    assert_code(checked(&m.base), CODE_OK);
    char description[514];
    memset(description, 'x', sizeof description);
    description[513] = 0;
    m.description = description;
    assert_code(checked(&m.base), CODE_VALIDATOR_TEXT);
    description[512] = 0;
    assert_code(checked(&m.base), CODE_OK);
    m = a_create("alice", "fresh", 5 * CAIRN);
    m.possession.len = 0;
    assert_code(checked(&m.base), CODE_VALIDATOR_KEY);
}

static void create__its_first_chain_is_adopted_later(void **state) {
    (void)state;
    struct hash tip = {{1, 2, 3}};
    MsgCreateValidator m = a_create("alice", "fresh", 10 * CAIRN);
    m.tip = fixture_data(&f, tip.b, sizeof tip.b);
    m.length = 100;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_int_equal(record("fresh")->reveal->remaining, 0);
    assert_int_equal(record("fresh")->reveal->next_remaining, 100);
    assert_int_equal(record("fresh")->reveal->next_not_before, f.height + 8);
}

static void validators_max__the_lowest_bond_goes(void **state) {
    (void)state;
    fixture_release(&f);
    fixture_init(&f);
    f.params.validator.validators_max = 4;
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_start(&f);
    assert_code(create("alice", "low", 9 * CAIRN), CODE_OK);
    assert_int_equal(power_at(f.height + 2, "low"), 0);
    assert_code(create("alice", "high", 11 * CAIRN), CODE_OK);
    uint64_t h = f.height;
    for (unsigned i = 0; i < 4; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(power_at(h + 6, "high"), 11);
    struct look look = set_of_height(h + 6);
    assert_int_equal(look.set.n, 4);
    assert_int_equal(validator_set_power(&look.set), 41);
}

static void bond__only_by_the_operator_and_counts_from_then(void **state) {
    (void)state;
    assert_code(bond("alice", "val0", CAIRN), CODE_DENIED);
    assert_code(bond("val0", "alice", CAIRN), CODE_VALIDATOR_NOT_FOUND);
    assert_code(bond("val0", "val0", 1000 * CAIRN), CODE_INSUFFICIENT_FUNDS);
    assert_code(bond("val0", "val0", 3 * CAIRN / 2), CODE_OK);
    assert_int_equal(record("val0")->power, 11);
    assert_int_equal(record("val0")->bond, 23 * CAIRN / 2);
    assert_int_equal(power_at(f.height + 2, "val0"), 11);
}

static void unbond__coins_come_after_the_delay_and_not_before(void **state) {
    (void)state;
    fixture_release(&f);
    fixture_init(&f);
    f.params.consensus.evidence_window_ms = 100000;
    f.params.validator.trust_period_ms = 50000;
    f.params.validator.unbonding_ms = 120000;
    fixture_account(&f, "val0", 100 * CAIRN);
    fixture_start(&f);
    uint64_t before = fixture_balance(&f, "val0"), lag = SET_LAG_BLOCKS * params_time_step_max(&f.params.consensus);
    assert_code(unbond("val0", "val0", 4 * CAIRN), CODE_OK);
    assert_int_equal(power_at(f.height + 2, "val0"), 6);
    assert_int_equal(record("val0")->n_unbonding, 1);
    uint64_t at = record("val0")->unbonding[0]->release_at;
    assert_int_equal(at, fixture_ledger_time(&f) + f.params.validator.unbonding_ms + lag);
    f.step_ms = 2000;
    while (fixture_ledger_time(&f) + 2000 < at)
        fixture_block(&f, NULL, 0);
    assert_true(fixture_balance(&f, "val0") < before);
    fixture_block(&f, NULL, 0);
    assert_true(fixture_balance(&f, "val0") > before + 39 * CAIRN / 10);
    assert_int_equal(record("val0")->n_unbonding, 0);
    assert_non_null(fixture_event(&f, "validator.unbonded"));
}

static void unbond__what_remains_is_nothing_or_enough(void **state) {
    (void)state;
    assert_code(unbond("val0", "val0", 11 * CAIRN), CODE_VALIDATOR_BOND);
    assert_code(unbond("val0", "val0", 5 * CAIRN + 1), CODE_VALIDATOR_BOND);
    assert_code(unbond("val0", "val0", 5 * CAIRN), CODE_OK);
    assert_code(unbond("val1", "val1", 10 * CAIRN), CODE_OK);
    assert_int_equal(power_at(f.height + 2, "val1"), 0);
    assert_code(unbond("alice", "val0", CAIRN), CODE_DENIED);
}

static void unbond__parts_are_bounded(void **state) {
    (void)state;
    assert_code(bond("val0", "val0", 50 * CAIRN), CODE_OK);
    for (unsigned i = 0; i < UNBONDINGS_MAX; i++)
        assert_code(unbond("val0", "val0", CAIRN), CODE_OK);
    assert_int_equal(record("val0")->n_unbonding, UNBONDINGS_MAX);
    assert_code(unbond("val0", "val0", CAIRN), CODE_UNBONDING_LIMIT);
}

static void unbond__the_last_one_stays(void **state) {
    (void)state;
    fixture_release(&f);
    fixture_init(&f);
    f.validators = 2;
    f.sps = 0;
    fixture_account(&f, "val0", 100 * CAIRN);
    fixture_account(&f, "val1", 100 * CAIRN);
    fixture_start(&f);
    assert_code(unbond("val0", "val0", 10 * CAIRN), CODE_OK);
    assert_code(unbond("val1", "val1", 10 * CAIRN), CODE_VALIDATOR_LAST);
    for (unsigned i = 0; i < 6; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(set_of_height(f.height).set.n, 1);
    assert_code(bond("val0", "val0", 10 * CAIRN), CODE_OK); /* and comes back */
    for (unsigned i = 0; i < 6; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(set_of_height(f.height).set.n, 2);
}

static void history__every_height_of_the_window_has_its_set_and_time(void **state) {
    (void)state;
    uint64_t times[400] = {0}, powers[400] = {0};
    for (unsigned i = 1; i < 300; i++) {
        f.step_ms = 1000 + i;
        if (i % 7 == 0)
            assert_code(bond("val0", "val0", CAIRN / 2), CODE_OK);
        else
            fixture_block(&f, NULL, 0);
        times[f.height] = fixture_ledger_time(&f);
        powers[f.height + 2] = power_at(f.height + 2, "val0");
    }
    for (uint64_t h = 1; h <= f.height; h++) {
        struct look look = set_of_height(h);
        assert_int_equal(look.rc, CODE_OK);
        assert_int_equal(look.time_rc, CODE_OK);
        assert_int_equal(look.time, times[h]);
        if (h > 2)
            assert_int_equal(power_at(h, "val0"), powers[h]);
    }
    assert_code(set_of_height(f.height + 1).time_rc, CODE_NOT_FOUND);
}

static void history__what_is_older_than_the_window_goes(void **state) {
    (void)state;
    fixture_release(&f);
    fixture_init(&f);
    f.params.consensus.evidence_window_ms = 100000; /* 100 blocks */
    f.params.validator.unbonding_ms = 100000;
    f.params.validator.trust_period_ms = 99999;
    fixture_account(&f, "val0", 100 * CAIRN);
    fixture_start(&f);
    assert_code(bond("val0", "val0", CAIRN), CODE_OK);
    while (f.height < 220)
        fixture_block(&f, NULL, 0);
    assert_code(set_of_height(5).time_rc, CODE_OK); /* its page has heights inside of the window */
    assert_code(set_of_height(119).time_rc, CODE_OK);
    assert_code(bond("val0", "val0", CAIRN), CODE_OK);
    while (f.height < 240)
        fixture_block(&f, NULL, 0);
    assert_code(set_of_height(5).time_rc, CODE_NOT_FOUND);
    assert_code(set_of_height(127).time_rc, CODE_NOT_FOUND);
    assert_code(set_of_height(128).time_rc, CODE_OK);
    assert_code(set_of_height(1).rc, CODE_NOT_FOUND);
    assert_code(set_of_height(128).rc, CODE_OK);
    assert_int_equal(power_at(128, "val0"), 11);
    assert_int_equal(power_at(f.height, "val0"), 12);
}

static void genesis__bonds_are_supply(void **state) {
    (void)state;
    const ChainState *chain = fixture_query(&f, "/app/chain", NULL);
    uint64_t sum = 0;
    for (size_t i = 0; i < f.genesis.n_accounts; i++)
        sum += f.genesis.accounts[i]->balance;
    assert_int_equal(record("val0")->bond, 10 * CAIRN);
    assert_int_equal(chain->supply, sum + 40 * CAIRN);
}

static int started(void (*shape)(void), struct err *err) {
    fixture_release(&f);
    fixture_init(&f);
    shape();
    return fixture_try_start(&f, err);
}

static void short_unbonding(void) {
    f.params.validator.unbonding_ms = f.params.consensus.evidence_window_ms - 1;
}
static void equal_unbonding(void) {
    f.params.validator.unbonding_ms = f.params.consensus.evidence_window_ms;
}
static void long_trust(void) {
    f.params.validator.trust_period_ms = f.params.consensus.evidence_window_ms;
}
static void no_development(void) {
    f.params.consensus.development = false;
}
static void what_clients_take(void) {
    f.params.consensus.development = false;
    f.params.validator.trust_period_ms = LIGHT_TRUST_PERIOD_MS;
    f.params.consensus.evidence_window_ms = LIGHT_TRUST_PERIOD_MS + 1;
    f.params.validator.unbonding_ms = LIGHT_TRUST_PERIOD_MS + 1;
}
static void too_many(void) {
    f.params.validator.validators_max = VALIDATORS_MAX + 1;
}
static void few_places(void) {
    f.params.validator.validators_max = 3;
}
static void small_unit(void) {
    f.params.validator.bond_min = f.params.validator.bond_per_power - 1;
}

static void genesis__parameters_that_no_chain_lives_with(void **state) {
    (void)state;
    struct err err = {0};
    assert_code(started(short_unbonding, &err), CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.msg, "unbonding_ms"));
    assert_code(started(equal_unbonding, &err), CODE_OK);
    assert_code(started(long_trust, &err), CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.msg, "trust_period_ms"));
    assert_code(started(no_development, &err), CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.msg, "trust_period_ms"));
    assert_code(started(what_clients_take, &err), CODE_OK);
    assert_code(started(too_many, &err), CODE_INVALID_ARGUMENT);
    assert_code(started(few_places, &err), CODE_INVALID_ARGUMENT);
    assert_code(started(small_unit, &err), CODE_INVALID_ARGUMENT);
    started(equal_unbonding, &err);
}

static void query__the_set_of_a_height(void **state) {
    (void)state;
    assert_code(create("alice", "fresh", 12 * CAIRN), CODE_OK);
    char height[24];
    snprintf(height, sizeof height, "%d", (int)f.height + 2);
    const ValidatorSet *set = fixture_query(&f, "/validator/set", "at_height", height, NULL);
    assert_int_equal(set->n_validators, 5);
    set = fixture_query(&f, "/validator/set", NULL);
    assert_int_equal(set->n_validators, 4);
    set = fixture_query(&f, "/validator/set", "at_height", "1", NULL);
    assert_int_equal(set->n_validators, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(TEST(create__votes_two_heights_later), TEST(create__more_than_a_third_comes_step_by_step),
          TEST(create__the_key_must_have_signed_for_this_operator_and_chain), TEST(create__twice_is_refused),
          TEST(create__what_no_block_takes), TEST(create__its_first_chain_is_adopted_later),
          TEST(validators_max__the_lowest_bond_goes), TEST(bond__only_by_the_operator_and_counts_from_then),
          TEST(unbond__coins_come_after_the_delay_and_not_before), TEST(unbond__what_remains_is_nothing_or_enough),
          TEST(unbond__parts_are_bounded), TEST(unbond__the_last_one_stays),
          TEST(history__every_height_of_the_window_has_its_set_and_time),
          TEST(history__what_is_older_than_the_window_goes), TEST(genesis__bonds_are_supply),
          TEST(genesis__parameters_that_no_chain_lives_with), TEST(query__the_set_of_a_height))
