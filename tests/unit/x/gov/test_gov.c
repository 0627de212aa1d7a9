/* SPDX-License-Identifier: Apache-2.0 */
/* What validators decide: parameters, admission of providers, upgrades. */
#include "tests/lib/ledger/fixture.h"

#include "cairn/gov.h"
#include "cairn/sp.h"
#include "cairn/state.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_gov.h"
#include "chain/types/keys_params.h"
#include "chain/types/keys_sp.h"
#include "x/auth/account.h"
#include "x/gov/proposal.h"
#include "x/params/params.h"

#define CAIRN ((uint64_t)PEBBLE_PER_CAIRN)

static struct fixture f;

static void begin(uint64_t version) {
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"val0", "val1", "val2", "val3"};
        fixture_account(&f, names[i], CAIRN);
    }
    fixture_start(&f);
    f.ledger.options.version = version;
}

static int setup(void **state) {
    (void)state;
    begin(0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

/* --- saying it --- */

static MsgPropose a_change(const char *name, uint64_t value) {
    MsgPropose m = MSG_PROPOSE__INIT;
    ParamChanges *c = ARENA_NEW(&f.tx_arena, ParamChanges);
    ParamChange *one = ARENA_NEW(&f.tx_arena, ParamChange);
    param_changes__init(c);
    param_change__init(one);
    one->name = arena_strdup(&f.tx_arena, name);
    one->value = value;
    c->changes = arena_dup(&f.tx_arena, &one, sizeof one);
    c->n_changes = 1;
    m.title = arena_strdup(&f.tx_arena, "a change");
    m.content_case = MSG_PROPOSE__CONTENT_PARAMS;
    m.params = c;
    return m;
}

static MsgPropose an_upgrade(uint64_t height, uint64_t version) {
    MsgPropose m = MSG_PROPOSE__INIT;
    UpgradePlan *plan = ARENA_NEW(&f.tx_arena, UpgradePlan);
    upgrade_plan__init(plan);
    plan->height = height;
    plan->version = version;
    m.title = arena_strdup(&f.tx_arena, "an upgrade");
    m.content_case = MSG_PROPOSE__CONTENT_UPGRADE;
    m.upgrade = plan;
    return m;
}

static MsgPropose an_admission(const char *who) {
    MsgPropose m = MSG_PROPOSE__INIT;
    SpAdmission *a = ARENA_NEW(&f.tx_arena, SpAdmission);
    sp_admission__init(a);
    a->operator_ = fixture_addr_data(&f, who);
    m.title = arena_strdup(&f.tx_arena, "an admission");
    m.content_case = MSG_PROPOSE__CONTENT_ADMISSION;
    m.admission = a;
    return m;
}

static int propose(MsgPropose m, uint64_t *ret_id) {
    const TxResult *r = fixture_do(&f, "alice", &m.base);
    if (r->code == CODE_OK && ret_id)
        *ret_id = r->ids[0];
    return (int)r->code;
}

static uint64_t must_propose(MsgPropose m) {
    uint64_t id = 0;
    assert_code(propose(m, &id), CODE_OK);
    return id;
}

static int vote_as(const char *signer, const char *validator, uint64_t id, VoteOption option) {
    MsgVote m = MSG_VOTE__INIT;
    m.proposal_id = id;
    m.validator = fixture_addr_data(&f, validator);
    m.option = option;
    return (int)fixture_do(&f, signer, &m.base)->code;
}

static int vote(const char *validator, uint64_t id, VoteOption option) {
    return vote_as(validator, validator, id, option);
}

static const GovProposal *proposal(uint64_t id) {
    struct key k;
    return fixture_record(&f, key_proposal(&k, id), &gov_proposal__descriptor);
}

/* Three of four say yes. */
static void pass(uint64_t id) {
    assert_code(vote("val0", id, VOTE_OPTION_YES), CODE_OK);
    assert_code(vote("val1", id, VOTE_OPTION_YES), CODE_OK);
    assert_int_equal(proposal(id)->status, PROPOSAL_STATUS_VOTING);
    assert_code(vote("val2", id, VOTE_OPTION_YES), CODE_OK);
}

static const ChainState *chain(void) {
    struct key k;
    return fixture_record(&f, key_chain_state(&k), &chain_state__descriptor);
}

static const Params *params_of(uint64_t version) {
    struct key k;
    return fixture_record(&f, key_params(&k, version), &params__descriptor);
}

static uint64_t held(void) {
    struct addr gov = module_account_addr(MODULE_GOV);
    (void)gov;
    const SupplyAnswer *s = fixture_query(&f, "/auth/supply", NULL);
    return s->modules[MODULE_GOV]->balance;
}

/* --- parameters --- */

static void params__change_from_the_next_block_on_as_a_version(void **state) {
    (void)state;
    uint64_t before = params_of(1)->auth->fee_per_message, balance = fixture_balance(&f, "alice");
    uint64_t id = must_propose(a_change("auth.fee_per_message", before + 7));
    assert_int_equal(held(), f.params.gov.deposit);
    pass(id);
    assert_int_equal(proposal(id)->status, PROPOSAL_STATUS_PASSED);
    assert_string_equal(fixture_attribute(fixture_event(&f, "gov.decided"), "status"), "passed");
    assert_int_equal(chain()->params_version, 2);
    assert_int_equal(params_of(2)->auth->fee_per_message, before + 7);
    assert_int_equal(params_of(1)->auth->fee_per_message, before); /* a version is never changed */
    assert_int_equal(params_of(2)->since, fixture_ledger_time(&f));
    assert_int_equal(held(), 0);
    assert_true(fixture_balance(&f, "alice") > balance - CAIRN); /* the deposit is back */
    f.params.auth.fee_per_message = before - 500;                /* what the fixture pays */
    MsgSend send = MSG_SEND__INIT;
    send.to = fixture_addr_data(&f, "bob");
    send.amount = 1;
    Msg *msg = fixture_msg(&f, "alice", &send.base);
    const struct tx *tx = fixture_tx(&f, "alice", 0, &msg, 1);
    assert_code(fixture_process(&f, &tx, 1, NULL), CODE_FEE_LOW);
    f.params.auth.fee_per_message = before + 7;
    assert_code((int)fixture_do(&f, "alice", &send.base)->code, CODE_OK);
}

/* cess.md 8 row 170: "governed change takes effect at announced height" */
static void cess_8_170__a_price_changes_when_it_is_decided(void **state) {
    (void)state;
    uint64_t id = must_propose(a_change("auth.message_prices.MsgSend", 5));
    pass(id);
    assert_int_equal(params_of(2)->auth->n_message_prices, 1);
    assert_string_equal(params_of(2)->auth->message_prices[0]->message, "MsgSend");
    assert_int_equal(params_of(2)->auth->message_prices[0]->price, 5);
}

static void params__what_is_refused(void **state) {
    (void)state;
    assert_code(propose(a_change("auth.flavour", 1), NULL), CODE_PARAMETER);
    assert_code(propose(a_change("flavour", 1), NULL), CODE_PARAMETER);
    assert_code(propose(a_change("version", 1), NULL), CODE_PARAMETER);
    assert_code(propose(a_change("consensus.development", 0), NULL), CODE_PARAMETER);
    assert_code(propose(a_change("payment.reserve_time_ms", 1), NULL), CODE_PARAMETER); /* fixed */
    assert_code(propose(a_change("auth.tx_messages_max", 0), NULL), CODE_INVALID_ARGUMENT);
    assert_code(propose(a_change("gov.voting_ms", 1), NULL), CODE_INVALID_ARGUMENT); /* a deadline below four steps */
    /* "no vote can be paid for", or a record that grows with every name that somebody thinks of */
    assert_code(propose(a_change("auth.message_prices.MsgVote", 10 * CAIRN + 1), NULL), CODE_INVALID_ARGUMENT);
    assert_code(propose(a_change("auth.message_prices.MsgSend", 1000 * CAIRN + 1), NULL), CODE_INVALID_ARGUMENT);
    assert_code(propose(a_change("gov.deposit", 100000 * CAIRN + 1), NULL), CODE_INVALID_ARGUMENT);
    assert_code(propose(a_change("auth.message_prices.MsgFlavour", 1), NULL), CODE_INVALID_ARGUMENT);
    assert_code(propose(a_change("payment.territory_bytes_max", ((uint64_t)1 << 62) + 1), NULL), CODE_INVALID_ARGUMENT);
    assert_code(propose(a_change("payment.territory_bytes_max", 0), NULL), CODE_INVALID_ARGUMENT);
    assert_int_equal(held(), 0);
}

/* Two that are good alone, and not one after the other: the second fails, and says why. */
static void params__that_cannot_be_any_more_have_failed(void **state) {
    (void)state;
    uint64_t big = params_of(1)->consensus->block_bytes_max;
    uint64_t a = must_propose(a_change("consensus.block_bytes_max", big / 4));
    uint64_t b = must_propose(a_change("auth.tx_bytes_max", big / 2 < TX_LEN_MAX ? big / 2 : TX_LEN_MAX));
    pass(a);
    (void)b;
    uint64_t c = must_propose(a_change("consensus.min_interval_ms", params_of(2)->consensus->heartbeat_ms));
    uint64_t d = must_propose(a_change("consensus.heartbeat_ms", params_of(2)->consensus->heartbeat_ms - 1));
    pass(c);
    pass(d);
    assert_int_equal(proposal(c)->status, PROPOSAL_STATUS_PASSED);
    assert_int_equal(proposal(d)->status, PROPOSAL_STATUS_FAILED);
    assert_non_null(strstr(proposal(d)->failure, "min_interval_ms"));
    assert_int_equal(chain()->params_version, 3);
    assert_int_equal(held(), f.params.gov.deposit); /* of b, still open */
}

static void changes__edges(void **state) {
    (void)state;
    for (size_t n = 0; n <= 5; n++) {
        MsgPropose m = a_change("gov.deposit", 1);
        ParamChange *one = m.params->changes[0];
        m.params->changes = arena_array(&f.tx_arena, 6, sizeof one);
        for (size_t i = 0; i < n; i++)
            m.params->changes[i] = one;
        m.params->n_changes = n;
        Msg *msg = fixture_msg(&f, "alice", &m.base);
        const struct tx *tx = fixture_tx(&f, "alice", 0, &msg, 1);
        assert_code(fixture_process(&f, &tx, 1, NULL), n >= 1 && n <= 4 ? CODE_OK : CODE_GOV_CONTENT);
    }
}

/* --- votes --- */

static void greenfield_11_3_17__only_more_than_two_thirds_of_the_power_pass(void **state) {
    (void)state;
    uint64_t id = must_propose(a_change("gov.deposit", 1));
    pass(id); /* 2 of 4 did not, 3 of 4 did */
    assert_int_equal(proposal(id)->yes * 3 > proposal(id)->power * 2, 1);
    assert_code(vote("val3", id, VOTE_OPTION_YES), CODE_GOV_CLOSED);
}

static void vote__the_last_word_counts(void **state) {
    (void)state;
    uint64_t id = must_propose(a_change("gov.deposit", 1));
    assert_code(vote("val0", id, VOTE_OPTION_NO), CODE_OK);
    assert_code(vote("val0", id, VOTE_OPTION_YES), CODE_OK);
    assert_int_equal(proposal(id)->votes, 1);
    assert_int_equal(proposal(id)->no, 0);
}

static void vote__a_third_against_it_ends_it_and_costs_the_deposit(void **state) {
    (void)state;
    uint64_t balance = fixture_balance(&f, "alice");
    uint64_t id = must_propose(a_change("gov.deposit", 1));
    assert_code(vote("val0", id, VOTE_OPTION_NO), CODE_OK);
    assert_int_equal(proposal(id)->status, PROPOSAL_STATUS_VOTING);
    assert_code(vote("val1", id, VOTE_OPTION_NO), CODE_OK);
    assert_int_equal(proposal(id)->status, PROPOSAL_STATUS_REJECTED);
    assert_true(fixture_balance(&f, "alice") < balance - f.params.gov.deposit + CAIRN);
    assert_int_equal(held(), 0);
    assert_int_equal(chain()->params_version, 1);
}

/* greenfield-chain.md 11.3 row 1, of votes: who may is checked against what is named */
static void greenfield_11_3_1__only_the_operator_votes_for_a_validator(void **state) {
    (void)state;
    uint64_t id = must_propose(a_change("gov.deposit", 1));
    assert_code(vote_as("alice", "val0", id, VOTE_OPTION_YES), CODE_DENIED);
    assert_code(vote_as("val1", "val0", id, VOTE_OPTION_YES), CODE_DENIED);
    assert_code(vote("alice", id, VOTE_OPTION_YES), CODE_VALIDATOR_NOT_FOUND);
    assert_code(vote("val0", id + 1, VOTE_OPTION_YES), CODE_GOV_PROPOSAL);
    assert_int_equal(proposal(id)->votes, 0);
}

struct voting {
    uint64_t id, votes;
    const char *validator, *signer;
    int code;
};

static void vote_in(struct ctx *ctx, void *arg) {
    struct voting *v = arg;
    struct err err = {0};
    GovProposal *p;
    MsgVote m = MSG_VOTE__INIT;
    assert_ok(proposal_get(ctx, v->id, &p, &err), &err);
    p->votes = v->votes;
    assert_ok(proposal_put(ctx, p, &err), &err);
    m.proposal_id = v->id;
    m.validator = fixture_addr_data(&f, v->validator);
    m.option = VOTE_OPTION_YES;
    ctx->signer = fixture_addr(v->signer);
    size_t events = ctx->events.len;
    v->code = f.ledger.rules[MSG__BODY_VOTE]->run(ctx, &m, &err);
    assert_int_equal(ctx->events.len > events, v->code == CODE_OK); /* one that failed tells of nothing */
}

/* Validators come and go while a proposal is open, and each may leave a vote behind. */
static void votes__edges(void **state) {
    (void)state;
    uint64_t id = must_propose(a_change("gov.deposit", 1));
    struct voting tries[] = {
        {id, BALLOTS_MAX - 1, "val0", "val0", CODE_OK},
        {id, BALLOTS_MAX, "val0", "val0", CODE_GOV_LIMIT},
        {id, BALLOTS_MAX - 1, "val0", "val1", CODE_DENIED},
        {id, 0, "alice", "alice", CODE_VALIDATOR_NOT_FOUND},
    };
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        int want = tries[i].code;
        fixture_with_ctx(&f, vote_in, &tries[i]);
        assert_code(tries[i].code, want);
    }
    assert_code(vote("val0", id, VOTE_OPTION_NO), CODE_OK);
    struct voting again = {id, BALLOTS_MAX, "val0", "val0", 0}; /* who has voted may say something else */
    fixture_with_ctx(&f, vote_in, &again);
    assert_code(again.code, CODE_OK);
}

static void time__over_without_enough(void **state) {
    (void)state;
    uint64_t balance = fixture_balance(&f, "alice");
    uint64_t id = must_propose(a_change("gov.deposit", 1));
    assert_code(vote("val0", id, VOTE_OPTION_YES), CODE_OK);
    fixture_skip(&f, f.params.gov.voting_ms);
    assert_int_equal(proposal(id)->status, PROPOSAL_STATUS_REJECTED);
    assert_int_equal(proposal(id)->yes * 4, proposal(id)->power);
    assert_true(fixture_balance(&f, "alice") > balance - CAIRN); /* nobody was against it: the deposit is back */
    fixture_skip(&f, f.params.gov.closed_kept_ms);
    assert_null(proposal(id));
}

static void open__edges(void **state) {
    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_code(propose(a_change("gov.deposit", 1 + i), NULL), i < 4 ? CODE_OK : CODE_GOV_LIMIT);
    /* all end together: so many a block */
    while (fixture_events(&f, "gov.decided") == 0)
        fixture_block(&f, NULL, 0);
    size_t decided = fixture_events(&f, "gov.decided");
    assert_true(decided <= f.params.gov.closings_per_block);
    while (held())
        fixture_block(&f, NULL, 0);
    assert_code(propose(a_change("gov.deposit", 1), NULL), CODE_OK);
}

static void deposit__is_needed(void **state) {
    (void)state;
    MsgPropose m = a_change("gov.deposit", 1);
    assert_code((int)fixture_do(&f, "val0", &m.base)->code, CODE_INSUFFICIENT_FUNDS);
}

/* --- providers --- */

static void admission__where_parameters_ask_for_it(void **state) {
    (void)state;
    struct key k;
    struct addr alice = fixture_addr("alice");
    pass(must_propose(a_change("sp.admission", 1)));
    uint64_t id = must_propose(an_admission("alice"));
    uint64_t again = must_propose(an_admission("alice"));
    pass(id);
    assert_int_equal(proposal(id)->status, PROPOSAL_STATUS_PASSED);
    assert_true(fixture_record(&f, key_sp_admission(&k, &alice), &account__descriptor) != NULL);
    pass(again);
    assert_int_equal(proposal(again)->status, PROPOSAL_STATUS_FAILED);
    assert_code(propose(a_change("sp.admission", 2), NULL), CODE_INVALID_ARGUMENT);
}

static MsgPropose an_exit(uint32_t sp_id, const char *reason) {
    MsgPropose m = MSG_PROPOSE__INIT;
    SpExit *e = ARENA_NEW(&f.tx_arena, SpExit);
    sp_exit__init(e);
    e->sp_id = sp_id;
    e->reason = arena_strdup(&f.tx_arena, reason);
    m.title = arena_strdup(&f.tx_arena, "an exit");
    m.content_case = MSG_PROPOSE__CONTENT_EXIT;
    m.exit = e;
    return m;
}

static void exit__forced_by_a_vote(void **state) {
    (void)state;
    struct key k;
    assert_code(propose(an_exit(99, "gone"), NULL), CODE_SP_NOT_FOUND);
    uint64_t id = must_propose(an_exit(3, "loses what it holds"));
    uint64_t again = must_propose(an_exit(3, "once more"));
    pass(id);
    assert_int_equal(proposal(id)->status, PROPOSAL_STATUS_PASSED);
    const StorageProvider *sp = fixture_record(&f, key_sp(&k, 3), &storage_provider__descriptor);
    assert_int_equal(sp->status, SP_STATUS_FORCED_EXITING);
    pass(again);
    assert_int_equal(proposal(again)->status, PROPOSAL_STATUS_FAILED);
    MsgPropose silent = an_exit(4, "");
    Msg *msg = fixture_msg(&f, "alice", &silent.base);
    const struct tx *tx = fixture_tx(&f, "alice", 0, &msg, 1);
    assert_code(fixture_process(&f, &tx, 1, NULL), CODE_GOV_CONTENT);
}

/* --- upgrades --- */

static int send_to_oneself(void) {
    MsgSend send = MSG_SEND__INIT;
    send.to = fixture_addr_data(&f, "alice");
    send.amount = 1;
    return (int)fixture_do(&f, "alice", &send.base)->code;
}

static void upgrade__what_is_refused(void **state) {
    (void)state;
    assert_code(propose(an_upgrade(f.height + 100, 1), NULL), CODE_GOV_UPGRADE);
    assert_code(propose(an_upgrade(f.height + 5, 2), NULL), CODE_GOV_UPGRADE); /* its block is the next: 4 between */
    assert_code(propose(an_upgrade(f.height + 1 + 5, 2), NULL), CODE_OK);
}

/* The notice is for those who must install it: it counts from the decision, not from a proposal that nobody heeded. */
static void upgrade__decided_too_late_has_failed(void **state) {
    (void)state;
    uint64_t height = f.height + 12;
    uint64_t id = must_propose(an_upgrade(height, 2)), other = must_propose(an_upgrade(height + 20, 2));
    while (f.height + 3 + 4 < height) /* three votes, the last of them 4 blocks before it */
        fixture_block(&f, NULL, 0);
    pass(id);
    assert_int_equal(proposal(id)->status, PROPOSAL_STATUS_FAILED);
    assert_non_null(strstr(proposal(id)->failure, "too soon"));
    pass(other);
    assert_int_equal(proposal(other)->status, PROPOSAL_STATUS_PASSED);
}

/* One program, both ways: until the height the old rule holds, from it on the new one. */
static void upgrade__at_its_height_the_other_rule_holds(void **state) {
    (void)state;
    fixture_release(&f);
    begin(2);
    uint64_t height = f.height + 10;
    pass(must_propose(an_upgrade(height, 2)));
    while (f.height + 1 < height)
        assert_code(send_to_oneself(), CODE_OK);
    assert_int_equal(chain()->app_version, 1);
    assert_code(send_to_oneself(), CODE_RECIPIENT);
    assert_int_equal(f.height, height);
    assert_int_equal(chain()->app_version, 2);
    assert_code(send_to_oneself(), CODE_RECIPIENT);
}

/* A program that does not know the version stops before the block, with a code of its own and a sentence. */
static void upgrade__a_program_that_does_not_know_it_stops(void **state) {
    (void)state;
    struct app_info info;
    struct arena arena;
    struct err err = {0};
    fixture_release(&f);
    begin(1);
    uint64_t height = f.height + 10;
    pass(must_propose(an_upgrade(height, 2)));
    f.ledger.options.version = 2; /* (the fixture asks for the info after each block) */
    while (f.height + 1 < height)
        fixture_block(&f, NULL, 0);
    f.ledger.options.version = 1;
    arena_init(&arena, 16 * MIB);
    struct store_view *view;
    struct state *st;
    assert_ok(store_view_open(f.store, &view, &err), &err);
    assert_ok(store_view_state(view, 0, &st, &err), &err);
    assert_ok(f.app.ops->info(f.app.self, st, &arena, &info, &err), &err);
    assert_code(info.stop.code, CODE_UPGRADE_NEEDED);
    assert_non_null(strstr(info.stop.msg, "version 2"));
    state_free(st);
    store_view_close(view);
    arena_release(&arena);
    assert_code(fixture_process(&f, NULL, 0, &err), CODE_UPGRADE_NEEDED);
    f.ledger.options.version = 2; /* the new program goes on */
    assert_code(send_to_oneself(), CODE_RECIPIENT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(params__change_from_the_next_block_on_as_a_version), T(cess_8_170__a_price_changes_when_it_is_decided),
          T(params__what_is_refused), T(params__that_cannot_be_any_more_have_failed), T(changes__edges),
          T(greenfield_11_3_17__only_more_than_two_thirds_of_the_power_pass), T(vote__the_last_word_counts),
          T(vote__a_third_against_it_ends_it_and_costs_the_deposit),
          T(greenfield_11_3_1__only_the_operator_votes_for_a_validator), T(votes__edges), T(time__over_without_enough),
          T(open__edges), T(deposit__is_needed), T(admission__where_parameters_ask_for_it), T(exit__forced_by_a_vote),
          T(upgrade__what_is_refused), T(upgrade__decided_too_late_has_failed),
          T(upgrade__at_its_height_the_other_rule_holds), T(upgrade__a_program_that_does_not_know_it_stops))
