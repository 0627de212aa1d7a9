/* SPDX-License-Identifier: Apache-2.0 */
/* Holes and traps of other networks that concern buckets, objects and seals, by the rows that name them (docs/rows.md):
 * greenfield_11_3_… and cess_9_5_…; and rows of cess_8_… about what an object costs the ledger. */
#include "tests/lib/ledger/deal.h"

#include "chain/base/rng.h"
#include "chain/types/keys_payment.h"

#define CAIRN  PEBBLE_PER_CAIRN
#define MINUTE 60000ull

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    fixture_account(&f, "sp0.gc", CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    f.params.payment.settle_interval_ms = MINUTE;
    f.sp_price = (uint64_t)1 << 40;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 500 * CAIRN);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static char *text(const char *s) {
    return arena_strdup(&f.tx_arena, s);
}

static int cancel(const struct deal *of) {
    MsgCancelObject m = MSG_CANCEL_OBJECT__INIT;
    m.bucket_name = text(of->bucket);
    m.object_name = text(of->object);
    return (int)fixture_do(&f, of->owner, &m.base)->code;
}

/* Bob's deal with the same bytes. */
static struct deal bobs(void) {
    struct deal b = d;
    b.owner = "bob";
    b.bucket = "copies";
    b.nonce = 7000;
    deal_fund(&b, 500 * CAIRN);
    deal_must_bucket(&b);
    return b;
}

static void greenfield_11_3_9__an_approval_ends(void **state) {
    (void)state;
    struct object_try t;
    deal_must_bucket(&d);
    deal_object_try(&d, &t);
    t.approval.timeout = fixture_ledger_time(&f); /* over when the block comes */
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_APPROVAL_EXPIRED);
    deal_object_try(&d, &t);
    t.approval.timeout = fixture_ledger_time(&f) + 2 * f.params.storage.approval_ttl_max_ms;
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_APPROVAL_TIMEOUT);
    deal_must_create(&d);
}

/* What was held back is a number in the record: no price that has changed since is asked again. */
static void greenfield_11_3_20__what_was_locked_is_unlocked(void **state) {
    (void)state;
    MsgSetSpPrice price = MSG_SET_SP_PRICE__INIT;
    deal_must_bucket(&d);
    uint64_t balance = deal_payer(&d)->balance;
    deal_must_create(&d);
    uint64_t locked = deal_object(&d)->locked_balance;
    assert_true(locked > 0);
    assert_int_equal(deal_payer(&d)->locked, locked);
    price.sp_id = 1;
    price.store_price = 3 * f.sp_price;
    assert_code((int)fixture_do(&f, "sp0", &price.base)->code, CODE_OK);
    assert_code(cancel(&d), CODE_OK);
    assert_int_equal(deal_payer(&d)->balance, balance);
    assert_int_equal(deal_payer(&d)->locked, 0);
}

/* Who gives notice takes no more than what it earned until the end; nothing is credited that was not debited. */
static void greenfield_11_3_21__notice_by_the_provider_costs_the_owner_nothing(void **state) {
    (void)state;
    MsgDiscontinueObject m = MSG_DISCONTINUE_OBJECT__INIT;
    deal_must_bucket(&d);
    uint64_t before = deal_payer(&d)->balance, earned = 0;
    deal_must_group(&d);
    deal_must_create(&d);
    deal_must_seal(&d);
    m.bucket_name = text("photos");
    m.object_name = text("a.jpg");
    m.object_id = deal_object(&d)->id;
    m.reason = text("no room");
    assert_code((int)fixture_do(&f, "sp0.gc", &m.base)->code, CODE_OK);
    fixture_skip(&f, f.params.storage.discontinue_grace_ms + 5 * MINUTE);
    assert_null(deal_object(&d));
    for (uint32_t id = 1; id <= 7; id++)
        earned += deal_sp(&f, id)->earned;
    const PaymentAccount *a = deal_payer(&d);
    assert_int_equal(a->reserve, 0);
    assert_int_equal(a->locked, 0);
    assert_true(earned > 0);
    assert_in_range(a->balance + earned, before - 8, before); /* but for fractions of a pebble a position */
}

/* An object is a name in a bucket of its owner: who declares the same content root elsewhere and never brings the bytes
 * is in nobody's way. */
static void cess_9_5_1__a_declared_root_is_nobodys(void **state) {
    (void)state;
    struct seal_try t;
    struct deal garbage = bobs();
    deal_must_create(&garbage);
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    deal_must_seal(&d);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    garbage.group_id = d.group_id;
    garbage.seed++; /* what is sealed must be what was declared */
    deal_seal_try(&garbage, &t);
    assert_code((int)deal_seal_send(&garbage, &t, "sp0.seal")->code, CODE_CONTENT_ROOT);
}

static void cess_9_5_2__two_with_the_same_bytes_hold_their_own_locks(void **state) {
    (void)state;
    struct object_try t;
    struct deal b = bobs();
    deal_must_bucket(&d);
    uint64_t alice = deal_payer(&d)->balance, bob = deal_payer(&b)->balance;
    deal_must_create(&d);
    deal_must_create(&b);
    uint64_t locked = deal_payer(&b)->locked;
    deal_object_try(&d, &t); /* declared again while it is pending */
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_OBJECT_EXISTS);
    assert_code(cancel(&d), CODE_OK);
    assert_int_equal(deal_payer(&d)->locked, 0);
    assert_int_equal(deal_payer(&d)->balance, alice);
    assert_int_equal(deal_payer(&b)->locked, locked);
    assert_code(cancel(&b), CODE_OK);
    assert_int_equal(deal_payer(&b)->locked, 0);
    assert_int_equal(deal_payer(&b)->balance, bob);
}

/* What the quote says is what creating holds back and what the seal flows, whatever the size. */
static void cess_9_5_14__one_formula_for_quote_lock_and_flow(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);
    deal_must_bucket(&d);
    deal_must_group(&d);
    for (int i = 0; i < 20; i++) {
        struct deal one = d;
        one.object = arena_printf(&f.setup, "object-%d", i);
        one.size = rng_range(&rng, 1, 300000);
        one.nonce = 20000 + 10 * (uint64_t)i;
        one.max_price = d.price;
        u128 rate = u128_of(deal_payer(&d)->rate);
        const QuoteAnswer *q = fixture_query(&f, "/storage/quote", "payload_size",
                                             arena_printf(&f.tx_arena, "%llu", (unsigned long long)one.size), "profile",
                                             "ec:4+2+w", "segment_size", "65536", "price",
                                             arena_printf(&f.tx_arena, "%llu", (unsigned long long)d.price), NULL);
        uint64_t locked = q->locked, billed = q->billed_bytes;
        u128 flows = u128_of(q->rate);
        deal_must_create(&one);
        assert_int_equal(deal_object(&one)->locked_balance, locked);
        deal_must_seal(&one);
        assert_true(u128_of(deal_payer(&d)->rate) - rate == flows);
        assert_true(flows == (u128)billed * d.price);
    }
}

/* Put, replaced by nothing, deleted in any order: what is counted of each provider is what a recount finds. */
static void cess_9_5_17__totals_are_what_a_recount_finds(void **state) {
    (void)state;
    enum { OBJECTS = 12 };
    struct deal one[OBJECTS];
    struct rng rng;
    bool there[OBJECTS] = {false};
    rng_init(&rng, 9);
    deal_must_bucket(&d);
    deal_must_group(&d);
    for (int i = 0; i < OBJECTS; i++) {
        one[i] = d;
        one[i].object = arena_printf(&f.setup, "object-%d", i);
        one[i].size = rng_range(&rng, 1, 300000);
        one[i].nonce = 30000 + 10 * (uint64_t)i;
    }
    for (int step = 0; step < 60; step++) {
        size_t i = rng_range(&rng, 0, OBJECTS - 1);
        if (there[i]) {
            assert_code(deal_delete(&one[i]), CODE_OK);
        } else {
            one[i].nonce += 1000;
            deal_must_create(&one[i]);
            deal_must_seal(&one[i]);
        }
        there[i] = !there[i];
        for (uint32_t position = 0; position < 7; position++) {
            uint64_t sum = 0;
            for (size_t k = 0; k < OBJECTS; k++)
                sum += there[k] ? layout_position_bytes(&one[k].profile, one[k].size, position) : 0;
            assert_int_equal(deal_sp(&f, position + 1)->stored_bytes, sum);
        }
    }
}

/* The seal's checksums are all that a challenge needs: it is drawn and answered with no other transaction before. */
static void cess_8_122__what_is_audited_needs_no_transaction_of_its_own(void **state) {
    (void)state;
    MsgSubmitChallenge ask = MSG_SUBMIT_CHALLENGE__INIT;
    MsgAnswerChallenge answer;
    deal_must_bucket(&d);
    deal_must_group(&d);
    uint64_t height = f.height;
    deal_must_create(&d);
    deal_must_seal(&d);
    assert_int_equal(f.height, height + 2); /* one block, one transaction each */
    ask.bucket_name = text("photos");
    ask.object_name = text("a.jpg");
    ask.position = 3;
    assert_code((int)fixture_do(&f, "alice", &ask.base)->code, CODE_OK);
    const ChallengesAnswer *open = fixture_query(&f, "/challenge/challenges", "sp_id", "4", NULL);
    assert_int_equal(open->n_challenges, 1);
    deal_answer(&d, open->challenges[0], &answer);
    assert_code((int)fixture_do(&f, "sp3.seal", &answer.base)->code, CODE_OK);
}

/* Five providers for three copies, of which two refuse: one copy is sealed and paid, the two are asked no more, and
 * others take their places. Who refused holds nothing, is owed nothing and counts for nothing. */
static void point_d2_10__who_refuses_is_not_counted_and_others_take_the_places(void **state) {
    (void)state;
    uint32_t instead[] = {1, 4, 5};
    struct seal_try t;
    MsgOpenGroup open = MSG_OPEN_GROUP__INIT;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:3", 64 * KIB, 200000);
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    deal_seal_try(&d, &t);
    t.without = 1 << 1 | 1 << 2; /* providers 2 and 3 gave no receipt */
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
    const DealAnswer *a = deal_state_of(&d);
    assert_int_equal(a->state, DEAL_STATE_PART_DEAL);
    assert_int_equal(a->sealed, 1);
    open.profile = &d.profile;
    open.members = instead;
    open.n_members = COUNT_OF(instead);
    const TxResult *r = fixture_do(&f, "sp0", &open.base);
    assert_code((int)r->code, CODE_OK);
    d.group_id = r->ids[0];
    deal_seal_try(&d, &t);
    t.without = 1 << 0; /* that is sealed */
    t.more = true;
    for (size_t i = 1; i < COUNT_OF(instead); i++) {
        t.receipts[i].sp_id = instead[i];
        t.keys[i] = arena_printf(&f.tx_arena, "sp%u.seal", instead[i] - 1);
    }
    t.msg.group_id = d.group_id;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
    a = deal_state_of(&d);
    assert_int_equal(a->state, DEAL_STATE_DEAL);
    assert_int_equal(a->sealed, 3); /* exactly */
    for (size_t i = 0; i < COUNT_OF(instead); i++)
        assert_int_equal(a->sps[i], instead[i]);
    fixture_skip(&f, 10 * MINUTE);
    for (uint32_t id = 1; id <= 5; id++) {
        bool holds = id != 2 && id != 3;
        assert_int_equal(deal_sp(&f, id)->stored_bytes, holds ? 200000 : 0);
        assert_int_equal(deal_sp(&f, id)->earned > 0, holds);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(greenfield_11_3_9__an_approval_ends), T(greenfield_11_3_20__what_was_locked_is_unlocked),
          T(greenfield_11_3_21__notice_by_the_provider_costs_the_owner_nothing),
          T(cess_9_5_1__a_declared_root_is_nobodys), T(cess_9_5_2__two_with_the_same_bytes_hold_their_own_locks),
          T(cess_9_5_14__one_formula_for_quote_lock_and_flow), T(cess_9_5_17__totals_are_what_a_recount_finds),
          T(point_d2_10__who_refuses_is_not_counted_and_others_take_the_places),
          T(cess_8_122__what_is_audited_needs_no_transaction_of_its_own))
