/* SPDX-License-Identifier: Apache-2.0 */
/* Objects with a term: what they pay, what they get back, how they end. The invariants of every module (what was paid
 * ahead is there; queues and objects agree) are checked after each block. */
#include "tests/lib/ledger/deal.h"

#include "chain/types/keys_payment.h"
#include "chain/types/keys_storage.h"
#include "x/payment/term.h"

#define HOUR 3600000ull

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.params.storage.warning_ms = 20000;
    f.params.storage.grace_ms = 10000;
    f.params.storage.expiries_per_block = 1;
    f.params.storage.ended_kept_ms = 20000;
    f.params.challenge.floor_interval_ms = 0;
    f.sp_price = (uint64_t)1 << 48; /* 200 kB cost three pebble a millisecond and position */
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:3", 64 * KIB, 200000);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static int create_for(struct deal *deal, uint64_t term) {
    struct object_try o;
    deal_object_try(deal, &o);
    o.spec.term = term;
    const TxResult *r = deal_object_send(deal, &o, deal->owner);
    deal->object_id = r->n_ids ? r->ids[0] : 0;
    return (int)r->code;
}

static void must_store_for(struct deal *deal, uint64_t term) {
    assert_code(create_for(deal, term), CODE_OK);
    deal_must_seal(deal);
}

static struct deal another(const char *name) {
    struct deal other = d;
    other.object = name;
    other.nonce = 1000 * (uint64_t)name[0];
    return other;
}

static const RefundAnswer *refund_of(const struct deal *deal) {
    return fixture_query(&f, "/storage/refund", "bucket_name", deal->bucket, "object_name", deal->object, NULL);
}

/* What a rate over a time costs, worked out here. */
static uint64_t charge(uint64_t price, uint64_t bytes, uint64_t ms) {
    u128 owed = (u128)price * bytes * ms;
    return (uint64_t)(owed >> 64) + ((uint64_t)owed != 0);
}

static const PaymentAccount *terms(void) {
    struct key k;
    struct addr a = payment_term_address(deal_bucket(&d)->id);
    return fixture_record(&f, key_payment_account(&k, &a), &payment_account__descriptor);
}

/* --- bounds --- */

static void term__bounds(void **state) {
    (void)state;
    const StorageParams *p = &f.params.storage;
    const struct {
        uint64_t term;
        int want;
    } rows[] = {{p->term_min_ms - 1, CODE_TERM}, {p->term_min_ms, CODE_OK}, {p->term_max_ms, CODE_PAYMENT_FUNDS},
                {p->term_max_ms + 1, CODE_TERM}, {UINT64_MAX, CODE_TERM},   {1, CODE_TERM}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct deal one = another(arena_printf(&f.setup, "%c", (int)('A' + i)));
        assert_code(create_for(&one, rows[i].term), rows[i].want);
    }
}

static void quote__of_a_term_too_long_to_pay(void **state) {
    (void)state;
    struct err err = {0};
    uint64_t pebble;
    assert_code(payment_charge(PAYMENT_RATE_MAX + 1, 1, &pebble, &err), CODE_FLOW);
    assert_code(payment_charge(1, PAYMENT_MS_MAX + 1, &pebble, &err), CODE_FLOW);
}

/* --- money --- */

/* The quote is what is locked; the seal gives the lock back and takes what was agreed; both are sums that a user can
 * do.
 */
static void term__is_quoted_locked_and_paid_ahead(void **state) {
    (void)state;
    uint64_t free = deal_payer(&d)->balance;
    assert_code(create_for(&d, HOUR), CODE_OK);
    uint64_t time = HOUR + f.params.storage.grace_ms;
    assert_int_equal(deal_object(&d)->locked_balance, charge(d.max_price, 3 * d.size, time));
    assert_int_equal(deal_payer(&d)->locked, deal_object(&d)->locked_balance);
    char price[24], size[24];
    snprintf(price, sizeof price, "%llu", (unsigned long long)d.max_price);
    snprintf(size, sizeof size, "%llu", (unsigned long long)d.size);
    const QuoteAnswer *q = fixture_query(&f, "/storage/quote", "payload_size", size, "profile", "replica:3",
                                         "segment_size", "65536", "price", price, "term", "3600000", NULL);
    assert_int_equal(q->locked, deal_object(&d)->locked_balance);
    assert_int_equal(q->term_cost, q->locked);
    deal_must_seal(&d);
    const ObjectInfo *o = deal_object(&d);
    assert_int_equal(o->expires_at, fixture_ledger_time(&f) + HOUR);
    assert_int_equal(o->ends_at, o->expires_at + f.params.storage.grace_ms);
    assert_int_equal(o->term_paid, charge(d.price, 3 * d.size, time));
    assert_int_equal(deal_payer(&d)->balance, free - o->term_paid);
    assert_int_equal(deal_payer(&d)->locked, 0);
    assert_int_equal(deal_payer(&d)->reserve, 0);
    assert_int_equal(terms()->balance, o->term_paid);
    assert_true(terms()->prepaid);
}

/* Whenever it is deleted: what was quoted just before comes back, all the rest has gone to the providers. */
static void poss_d1_7__refund_of_a_term_equals_its_quote(void **state) {
    (void)state;
    static const uint64_t waits[] = {0, 1, 5000, 777000, 3000000};
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        struct deal one = another(arena_printf(&f.setup, "%c", (int)('a' + i)));
        must_store_for(&one, HOUR);
        if (waits[i])
            fixture_skip(&f, waits[i]);
        uint64_t free = deal_payer(&one)->balance, now = fixture_ledger_time(&f);
        const ObjectInfo *o = deal_object(&one);
        uint64_t paid = o->term_paid, since = o->term_since;
        const RefundAnswer *quote = refund_of(&one);
        assert_int_equal(quote->paid, paid);
        assert_int_equal(quote->used, charge(d.price, 3 * d.size, now - since));
        assert_in_range(quote->refund, paid - quote->used, paid - quote->used + 1); /* the fraction goes to the last */
        f.step_ms = 1;
        assert_code(deal_delete(&one), CODE_OK);
        uint64_t want = paid - charge(d.price, 3 * d.size, fixture_ledger_time(&f) - since);
        uint64_t got = deal_payer(&one)->balance - free;
        assert_in_range(got, want, want + 1); /* with the fraction that the last one leaves behind */
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)got);
        assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_deleted"), "refund"), text);
        f.step_ms = 1000;
        assert_null(terms());
    }
}

static uint64_t income(uint32_t sp) {
    return deal_sp(&f, sp)->income;
}

/* A whole term: the providers have all of it, to the pebble that is rounded. */
static void term__is_the_providers_when_it_is_over(void **state) {
    (void)state;
    uint64_t free = deal_payer(&d)->balance;
    must_store_for(&d, 60000);
    uint64_t paid = deal_object(&d)->term_paid;
    fixture_skip(&f, 60000 + f.params.storage.grace_ms - 2000);
    for (int i = 0; i < 4 && !fixture_event(&f, "storage.object_expired"); i++)
        fixture_block(&f, NULL, 0);
    assert_non_null(fixture_event(&f, "storage.object_expired"));
    assert_null(deal_object(&d));
    uint64_t each = charge(d.price, d.size, 60000 + f.params.storage.grace_ms);
    for (uint32_t sp = 1; sp <= 3; sp++)
        assert_in_range(income(sp), each - 1, each);
    assert_in_range(deal_payer(&d)->balance, free - paid, free - paid + 1);
    assert_null(terms());
}

/* Its own money: a payer that runs dry and is frozen takes no object with a term along. */
static void term__outlives_a_payer_that_runs_dry(void **state) {
    (void)state;
    fixture_release(&f);
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    f.params.payment.reserve_time_ms = 60000;
    f.params.payment.frozen_time_ms = 30000;
    f.params.storage.grace_ms = 10000;
    f.params.challenge.floor_interval_ms = 0;
    f.sp_price = (uint64_t)1 << 49;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:2", 64 * KIB, 200000);
    deal_fund(&d, 50000000);
    deal_must_bucket(&d);
    deal_must_group(&d);
    must_store_for(&d, HOUR / 4);
    struct deal open = another("b.jpg");
    deal_must_create(&open);
    deal_must_seal(&open);
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    m.payment_address = fixture_addr_data(&f, "alice");
    m.amount = deal_payer(&d)->balance - 100000;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    for (int i = 0; i < 100 && deal_payer(&d)->status == PAYMENT_STATUS_ACTIVE; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(deal_payer(&d)->status, PAYMENT_STATUS_FROZEN);
    assert_int_equal(deal_state_of(&open)->state, DEAL_STATE_PENDING_END);
    assert_int_equal(deal_state_of(&open)->ends_at, deal_payer(&d)->frozen_at + 30000);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    fixture_skip(&f, 40000);
    assert_null(deal_object(&open));
    uint64_t before = income(1);
    fixture_skip(&f, 60000);
    assert_non_null(deal_object(&d));
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    assert_code(deal_delete(&d), CODE_OK);
    assert_true(income(1) > before);
}

/* Ends that the ledger comes to late use nothing that others have paid. */
static void term__backlog_costs_nobody_anything(void **state) {
    (void)state;
    struct deal four[4], last;
    uint64_t end = 0;
    for (size_t i = 0; i < 4; i++) {
        four[i] = another(arena_printf(&f.setup, "%c", (int)('a' + i)));
        assert_code(create_for(&four[i], 60000), CODE_OK);
    }
    fixture_hold(&f);
    for (size_t i = 0; i < 4; i++) {
        struct seal_try t;
        deal_seal_try(&four[i], &t);
        deal_seal_send(&four[i], &t, "sp0.seal");
    }
    bool chosen[4];
    const BlockResults *r = fixture_run_held(&f, chosen);
    for (size_t i = 0; i < 4; i++)
        assert_code((int)r->txs[i]->code, CODE_OK);
    last = another("z");
    must_store_for(&last, HOUR);
    assert_code(create_for(&d, HOUR), CODE_OK);
    end = deal_object(&four[0])->ends_at;
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(deal_object(&four[i])->ends_at, end);
    while (fixture_ledger_time(&f) + 1000 < end)
        fixture_block(&f, NULL, 0);
    fixture_block(&f, NULL, 0); /* one of the four ends in a block */
    fixture_block(&f, NULL, 0);
    struct seal_try t;
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_TERM_BACKLOG);
    assert_int_equal(terms()->stop_at, end);
    assert_true(fixture_ledger_time(&f) > end);
    fixture_skip(&f, 3000);
    for (size_t i = 0; i < 4; i++)
        assert_null(deal_object(&four[i]));
    deal_must_seal(&d);
    const ObjectInfo *o = deal_object(&last);
    uint64_t used = charge(d.price, 3 * d.size, fixture_ledger_time(&f) - o->term_since);
    assert_int_equal(refund_of(&last)->refund, o->term_paid - used);
}

/* --- states --- */

static void expect_state(int state, uint32_t code) {
    const DealAnswer *a = deal_state_of(&d);
    if ((int)a->state != state)
        fail_msg("it is in state %d, not %d, at %llu", (int)a->state, state,
                 (unsigned long long)fixture_ledger_time(&f));
    assert_int_equal(a->code, code);
}

static void poss_d1_27__states_by_the_clock(void **state) {
    (void)state;
    assert_code(create_for(&d, 60000), CODE_OK);
    expect_state(DEAL_STATE_BID, 0);
    assert_false(deal_state_of(&d)->lost);
    deal_must_seal(&d);
    expect_state(DEAL_STATE_DEAL, 2);
    uint64_t expires = deal_object(&d)->expires_at;
    while (fixture_ledger_time(&f) + 1000 < expires - f.params.storage.warning_ms) {
        expect_state(DEAL_STATE_DEAL, 2);
        fixture_block(&f, NULL, 0);
    }
    fixture_block(&f, NULL, 0);
    while (fixture_ledger_time(&f) < expires + f.params.storage.grace_ms) {
        expect_state(DEAL_STATE_PENDING_END, 3);
        assert_int_equal(deal_state_of(&d)->ends_at, expires + f.params.storage.grace_ms);
        fixture_block(&f, NULL, 0);
    }
    struct key k;
    uint64_t bucket = deal_bucket(&d)->id;
    assert_null(deal_object(&d));
    expect_state(DEAL_STATE_END, 4);
    assert_string_equal(deal_state_of(&d)->ended->end, "expired");
    fixture_skip(&f, f.params.storage.ended_kept_ms + 1000); /* and is forgotten in time */
    assert_null(fixture_record(&f, key_ended(&k, bucket, "a.jpg"), &ended_object__descriptor));
}

static void term__of_an_object_of_no_bytes_ends_too(void **state) {
    (void)state;
    d.size = 0;
    assert_code(create_for(&d, 5000), CODE_OK);
    assert_true(deal_object(&d)->ends_at > 0);
    fixture_skip(&f, 5000 + f.params.storage.grace_ms + 1000);
    assert_null(deal_object(&d));
}

TEST_MAIN(cmocka_unit_test_setup_teardown(term__bounds, setup, teardown),
          cmocka_unit_test(quote__of_a_term_too_long_to_pay),
          cmocka_unit_test_setup_teardown(term__is_quoted_locked_and_paid_ahead, setup, teardown),
          cmocka_unit_test_setup_teardown(poss_d1_7__refund_of_a_term_equals_its_quote, setup, teardown),
          cmocka_unit_test_setup_teardown(term__is_the_providers_when_it_is_over, setup, teardown),
          cmocka_unit_test_setup_teardown(term__outlives_a_payer_that_runs_dry, setup, teardown),
          cmocka_unit_test_setup_teardown(term__backlog_costs_nobody_anything, setup, teardown),
          cmocka_unit_test_setup_teardown(poss_d1_27__states_by_the_clock, setup, teardown),
          cmocka_unit_test_setup_teardown(term__of_an_object_of_no_bytes_ends_too, setup, teardown))
