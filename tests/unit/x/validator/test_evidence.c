/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSubmitEvidence: who is punished, and that nobody else is. */
#include "tests/unit/x/validator/common.h"

#include "cairn/auth.h"
#include "cairn/evidence.h"

#include "chain/types/evidence.h"
#include "chain/types/keys_auth.h"

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    f.params.consensus.evidence_window_ms = 100000; /* 100 blocks */
    f.params.validator.unbonding_ms = 150000;
    f.params.validator.trust_period_ms = 50000;
    fixture_account(&f, "alice", 100 * CAIRN);
    fixture_account(&f, "val1", 100 * CAIRN);
    fixture_start(&f);
    pass(9);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static struct contradiction *a_pair(uint8_t step, const char *signer, uint16_t place, uint64_t height) {
    return validators_contradict(&f, step, signer, place, height, 1);
}

static struct contradiction *against(const char *signer, uint8_t step, uint64_t height) {
    return a_pair(step, signer, place_of(height, signer), height);
}

static int submit(struct contradiction *p) {
    return (int)fixture_do(&f, "alice", &p->msg.base)->code;
}

/* What the message's own check says, before any block. */
static int checked(struct contradiction *p) {
    Msg *msgs[] = {fixture_msg(&f, "alice", &p->msg.base)};
    const struct tx *tx = fixture_tx(&f, "alice", 0, msgs, 1);
    struct app_admission admission;
    return fixture_check(&f, tx, &admission, NULL);
}

static void assert_punished(const char *name) {
    assert_true(record(name)->jailed && record(name)->tombstoned);
    assert_int_equal(record(name)->bond, 95 * CAIRN / 10);
    assert_int_equal(power_at(f.height + 2, name), 0);
}

static void double_vote__slashes_and_jails_for_good(void **state) {
    (void)state;
    uint64_t before = fixture_balance(&f, "alice");
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 5)), CODE_OK);
    assert_punished("val1");
    assert_non_null(fixture_event(&f, "validator.jailed"));
    /* 5 % of 10 CAIRN, a tenth of it to who showed it */
    assert_string_equal(fixture_attribute(fixture_event(&f, "validator.slashed"), "reward"), "50000000");
    assert_true(fixture_balance(&f, "alice") > before + 40000000);
    struct key k;
    struct addr slashed = addr_of_module("slashed"), val1 = fixture_addr("val1");
    assert_int_equal(((const Account *)fixture_record(&f, key_account(&k, &slashed), &account__descriptor))->balance,
                     450000000);
    assert_int_equal(record("val1")->slashed, 500000000);
    struct evidence e = {.height = 5, .round = 1, .type = VOTE_PRECOMMIT};
    struct hash id = evidence_id(&e, &val1);
    const UsedEvidence *used = fixture_record(&f, key_used_evidence(&k, &id), &used_evidence__descriptor);
    assert_non_null(used);
    assert_int_equal(used->slashed, 500000000);
}

static void double_prevote__counts_too(void **state) {
    (void)state;
    assert_code(submit(against("val2", VOTE_PREVOTE, 9)), CODE_OK);
    assert_punished("val2");
}

static void double_proposal__counts_too(void **state) {
    (void)state;
    assert_code(submit(against("val3", VOTE_PROPOSAL, 9)), CODE_OK);
    assert_punished("val3");
}

static void double_proposal__the_same_value_with_another_pol_round_counts(void **state) {
    (void)state;
    struct contradiction *p = against("val3", VOTE_PROPOSAL, 9);
    struct hash digest = validators_digest(&f, VOTE_PROPOSAL, 9, 1, 0, 1);
    p->proposals[1].pol_round = 0;
    p->proposals[1].value_id = p->proposals[0].value_id;
    p->proposals[1].signature = fixture_sign(&f, "val3", &digest);
    assert_code(submit(p), CODE_OK);
}

static void the_running_height__is_not_the_future(void **state) {
    (void)state;
    assert_code(submit(against("val1", VOTE_PREVOTE, f.height + 2)), CODE_EVIDENCE_FUTURE);
    assert_code(submit(against("val1", VOTE_PREVOTE, f.height + 1)), CODE_OK);
}

static void used__once_is_enough(void **state) {
    (void)state;
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 5)), CODE_OK);
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 5)), CODE_EVIDENCE_USED);
    struct contradiction *turned = against("val1", VOTE_PRECOMMIT, 5);
    turned->evidence.vote_a = &turned->votes[1];
    turned->evidence.vote_b = &turned->votes[0];
    assert_code(submit(turned), CODE_EVIDENCE_USED);
    assert_code(submit(against("val1", VOTE_PREVOTE, 6)), CODE_EVIDENCE_USED);
    assert_int_equal(record("val1")->slashed, 500000000);
}

static void used__twice_in_one_transaction_undoes_it(void **state) {
    (void)state;
    Msg *msgs[] = {fixture_msg(&f, "alice", &against("val1", VOTE_PRECOMMIT, 5)->msg.base),
                   fixture_msg(&f, "alice", &against("val1", VOTE_PREVOTE, 5)->msg.base)};
    const struct tx *tx = fixture_tx(&f, "alice", 0, msgs, 2);
    assert_code((int)fixture_block(&f, &tx, 1)->txs[0]->code, CODE_EVIDENCE_USED);
    assert_false(record("val1")->jailed);
}

static void window__its_last_millisecond_counts(void **state) {
    (void)state;
    uint64_t at = set_of_height(5).time;
    while (fixture_ledger_time(&f) + 1000 < at + 100000)
        pass(1);
    f.step_ms = at + 100001 - fixture_ledger_time(&f);
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 5)), CODE_EVIDENCE_EXPIRED);
    at = set_of_height(7).time;
    f.step_ms = 1000;
    while (fixture_ledger_time(&f) + 1000 < at + 100000)
        pass(1);
    f.step_ms = at + 100000 - fixture_ledger_time(&f);
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 7)), CODE_OK);
}

static void window__what_is_pruned_is_expired(void **state) {
    (void)state;
    struct contradiction old;
    pass(300);
    assert_code(set_of_height(5).rc, CODE_OK); /* the set has not changed since */
    old = *against("val1", VOTE_PRECOMMIT, 5);
    old.evidence.vote_a = &old.votes[0];
    old.evidence.vote_b = &old.votes[1];
    old.msg.evidence = &old.evidence;
    assert_code(submit(&old), CODE_EVIDENCE_EXPIRED);
}

static void unbonding__is_slashed_too(void **state) {
    (void)state;
    assert_code(unbond("val1", "val1", 4 * CAIRN), CODE_OK);
    uint64_t left = f.height + 1;
    pass(5);
    assert_code(submit(against("val1", VOTE_PRECOMMIT, left)), CODE_OK);
    assert_int_equal(record("val1")->bond, 57 * CAIRN / 10);
    assert_int_equal(record("val1")->unbonding[0]->amount, 38 * CAIRN / 10);
    assert_int_equal(record("val1")->slashed, 5 * CAIRN / 10);
}

static void unbonding__who_left_is_slashed_for_what_it_did_before(void **state) {
    (void)state;
    assert_code(unbond("val1", "val1", 10 * CAIRN), CODE_OK);
    pass(20);
    assert_int_equal(power_at(f.height, "val1"), 0);
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 5)), CODE_OK);
    assert_int_equal(record("val1")->unbonding[0]->amount, 95 * CAIRN / 10);
    assert_code(bond("val1", "val1", 10 * CAIRN), CODE_VALIDATOR_JAILED);
}

static void tombstone__is_for_good(void **state) {
    (void)state;
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 5)), CODE_OK);
    MsgUnjail m = MSG_UNJAIL__INIT;
    m.validator = fixture_addr_data(&f, "val1");
    pass(100);
    assert_code((int)fixture_do(&f, "val1", &m.base)->code, CODE_VALIDATOR_JAILED);
    assert_code(create("alice", "val1", 10 * CAIRN), CODE_VALIDATOR_EXISTS);
    assert_code(unbond("val1", "val1", record("val1")->bond), CODE_OK); /* the rest comes back */
}

static void again(void (*shape)(void)) {
    fixture_release(&f);
    fixture_init(&f);
    f.params.consensus.evidence_window_ms = 100000;
    f.params.validator.unbonding_ms = 150000;
    f.params.validator.trust_period_ms = 50000;
    shape();
    fixture_account(&f, "alice", 100 * CAIRN);
    fixture_account(&f, "val1", 100 * CAIRN);
    fixture_start(&f);
    pass(5);
}

static void all_of_it(void) {
    f.params.validator.evidence_slash_ppm = 1000000;
    f.params.validator.evidence_reward_ppm = 1000000;
}

static void nothing_of_it(void) {
    f.params.validator.evidence_slash_ppm = 0;
}

static void slash__from_nothing_to_all(void **state) {
    (void)state;
    again(all_of_it);
    assert_code(unbond("val1", "val1", 4 * CAIRN), CODE_OK);
    uint64_t before = fixture_balance(&f, "alice");
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 5)), CODE_OK);
    assert_int_equal(record("val1")->bond, 0);
    assert_int_equal(record("val1")->unbonding[0]->amount, 0);
    assert_true(fixture_balance(&f, "alice") > before + 99 * CAIRN / 10);
    pass(300); /* the empty part is paid back, too */
    assert_int_equal(record("val1")->n_unbonding, 0);
    again(nothing_of_it);
    assert_code(submit(against("val1", VOTE_PRECOMMIT, 5)), CODE_OK);
    assert_int_equal(record("val1")->bond, 10 * CAIRN);
    assert_true(record("val1")->tombstoned);
}

static void alone(void) {
    f.validators = 1;
    f.sps = 0;
}

static void the_last_one__is_punished_and_goes_on(void **state) {
    (void)state;
    again(alone);
    assert_code(submit(against("val0", VOTE_PRECOMMIT, 5)), CODE_OK);
    assert_true(record("val0")->tombstoned);
    pass(5);
    assert_int_equal(power_at(f.height + 2, "val0"), 10); /* nobody else could make blocks */
    assert_code(create("alice", "fresh", 10 * CAIRN), CODE_OK);
    pass(10);
    assert_int_equal(power_at(f.height, "val0"), 0);
    assert_int_equal(power_at(f.height, "fresh"), 10);
}

/* --- nobody honest is accused --- */

static void false_evidence__another_key_signed(void **state) {
    (void)state;
    assert_code(submit(a_pair(VOTE_PRECOMMIT, "val2", place_of(5, "val1"), 5)), CODE_EVIDENCE_SIGNATURE);
    struct contradiction *p = against("val1", VOTE_PRECOMMIT, 5);
    p->votes[1].signature = fixture_sign(&f, "alice", &(struct hash){{1}});
    assert_code(submit(p), CODE_EVIDENCE_SIGNATURE);
    p = against("val1", VOTE_PROPOSAL, 5);
    p->proposals[0].pol_round = 0;
    assert_code(submit(p), CODE_EVIDENCE_SIGNATURE);
    assert_false(record("val1")->jailed);
}

static void false_evidence__of_another_chain(void **state) {
    (void)state;
    struct hash tag = f.chain_tag;
    f.chain_tag.b[0] ^= 1;
    struct contradiction *p = against("val1", VOTE_PRECOMMIT, 5);
    f.chain_tag = tag;
    assert_code(submit(p), CODE_EVIDENCE_SIGNATURE);
}

static void false_evidence__of_another_step_height_or_round(void **state) {
    (void)state;
    struct contradiction *p = against("val1", VOTE_PRECOMMIT, 5);
    p->votes[0].height = p->votes[1].height = 6; /* signed for 5 */
    assert_code(submit(p), CODE_EVIDENCE_SIGNATURE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->votes[0].round = p->votes[1].round = 2;
    assert_code(submit(p), CODE_EVIDENCE_SIGNATURE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->votes[0].type = p->votes[1].type = VOTE_PREVOTE;
    assert_code(submit(p), CODE_EVIDENCE_SIGNATURE);
}

static void false_evidence__no_such_validator(void **state) {
    (void)state;
    assert_code(submit(a_pair(VOTE_PRECOMMIT, "val1", 4, 5)), CODE_EVIDENCE);
}

static void shape__two_messages_that_do_not_contradict_each_other(void **state) {
    (void)state;
    struct contradiction *p = against("val1", VOTE_PRECOMMIT, 5);
    p->evidence.vote_b = &p->votes[0];
    assert_code(checked(p), CODE_EVIDENCE_SAME);
    p = against("val1", VOTE_PROPOSAL, 5);
    p->evidence.proposal_b = &p->proposals[0];
    assert_code(checked(p), CODE_EVIDENCE_SAME);
}

static void shape__everything_else_never_enters_a_block(void **state) {
    (void)state;
    struct contradiction *p = against("val1", VOTE_PRECOMMIT, 5);
    assert_code(checked(p), CODE_OK);
    p->votes[1].height = 6;
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->votes[1].round = 0;
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->votes[1].type = VOTE_PREVOTE; /* prevote and precommit may differ */
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->votes[1].validator++;
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->votes[0].type = p->votes[1].type = 3;
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->evidence.vote_b = NULL;
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->evidence.kind = EVIDENCE_KIND_DOUBLE_PROPOSAL;
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PRECOMMIT, 5);
    p->evidence.proposal_a = against("val1", VOTE_PROPOSAL, 5)->evidence.proposal_a;
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PROPOSAL, 5);
    p->proposals[0].header = fixture_data(&f, "header", 6);
    assert_code(checked(p), CODE_EVIDENCE);
    p = against("val1", VOTE_PROPOSAL, 5);
    p->msg.evidence = NULL;
    assert_code(checked(p), CODE_EVIDENCE);
    p = a_pair(VOTE_PRECOMMIT, "val1", 0, 0);
    assert_code(checked(p), CODE_EVIDENCE);
}

static void signatures__count_against_the_block(void **state) {
    (void)state;
    struct contradiction *p = against("val1", VOTE_PRECOMMIT, 5);
    Msg *msgs[] = {fixture_msg(&f, "alice", &p->msg.base)};
    const struct tx *tx = fixture_tx(&f, "alice", 0, msgs, 1);
    struct app_admission admission;
    assert_code(fixture_check(&f, tx, &admission, NULL), CODE_OK);
    assert_int_equal(admission.signatures, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(TEST(double_vote__slashes_and_jails_for_good), TEST(double_prevote__counts_too),
          TEST(double_proposal__counts_too), TEST(double_proposal__the_same_value_with_another_pol_round_counts),
          TEST(the_running_height__is_not_the_future), TEST(used__once_is_enough),
          TEST(used__twice_in_one_transaction_undoes_it), TEST(window__its_last_millisecond_counts),
          TEST(window__what_is_pruned_is_expired), TEST(unbonding__is_slashed_too),
          TEST(unbonding__who_left_is_slashed_for_what_it_did_before), TEST(tombstone__is_for_good),
          TEST(slash__from_nothing_to_all), TEST(the_last_one__is_punished_and_goes_on),
          TEST(false_evidence__another_key_signed), TEST(false_evidence__of_another_chain),
          TEST(false_evidence__of_another_step_height_or_round), TEST(false_evidence__no_such_validator),
          TEST(shape__two_messages_that_do_not_contradict_each_other),
          TEST(shape__everything_else_never_enters_a_block), TEST(signatures__count_against_the_block))
