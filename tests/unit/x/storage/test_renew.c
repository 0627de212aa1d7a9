/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRenewObject, and renewal by the ledger. The invariants of every module are checked after each block. */
#include "tests/lib/ledger/deal.h"

#include "chain/types/keys_payment.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "x/payment/term.h"
#include "x/sp/sp.h"

#define MINUTE 60000ull
#define HOUR   (60 * MINUTE)

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.payment.reserve_time_ms = HOUR;
    f.params.payment.frozen_time_ms = HOUR / 2;
    f.params.payment.settle_interval_ms = 10000;
    f.params.storage.warning_ms = 20000;
    f.params.storage.grace_ms = 10000;
    f.params.storage.term_max_ms = 24 * HOUR;
    f.sp_price = (uint64_t)1 << 48;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:2", 64 * KIB, 200000);
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

static char *text(const char *s) {
    return arena_strdup(&f.tx_arena, s);
}

static void store_with(uint64_t term, const AutoRenew *a) {
    struct object_try o;
    deal_object_try(&d, &o);
    o.spec.term = term;
    if (a) {
        o.spec.auto_renew = true;
        o.spec.renew_period = a->period;
        o.spec.renew_max_price = a->max_price;
        o.spec.renew_until = a->until;
    }
    const TxResult *r = deal_object_send(&d, &o, "alice");
    if (r->code)
        print_error("%s\n", r->log);
    assert_code((int)r->code, CODE_OK);
    d.object_id = r->ids[0];
    deal_must_seal(&d);
}

/* What the next message asks for; set, then sent by renew. */
static struct {
    uint32_t copies;
    uint64_t expires_at;
    bool open_ended;
    uint64_t max_price;
    const AutoRenew *automatic;
} ask;

static int renew(const char *signer) {
    MsgRenewObject m = MSG_RENEW_OBJECT__INIT;
    AutoRenew automatic = AUTO_RENEW__INIT;
    m.bucket_name = text("photos");
    m.object_name = text("a.jpg");
    m.copies = ask.copies;
    m.expires_at = ask.expires_at;
    m.open_ended = ask.open_ended;
    m.max_price = ask.max_price;
    if (ask.automatic) {
        automatic = *ask.automatic;
        m.auto_renew = &automatic;
    }
    memset(&ask, 0, sizeof ask);
    const TxResult *r = fixture_do(&f, signer, &m.base);
    return (int)r->code;
}

static int renew_to(uint64_t expires_at) {
    ask.expires_at = expires_at;
    return renew("alice");
}

static uint64_t charge(uint64_t price, uint64_t bytes, uint64_t ms) {
    u128 owed = (u128)price * bytes * ms;
    return (uint64_t)(owed >> 64) + ((uint64_t)owed != 0);
}

/* --- end --- */

static void poss_d1_12__the_end_only_moves_to_a_later_time(void **state) {
    (void)state;
    store_with(HOUR, NULL);
    uint64_t end = deal_object(&d)->expires_at, free = deal_payer(&d)->balance, updated = deal_object(&d)->updated_at;
    assert_code(renew_to(end - 1), CODE_TERM);
    assert_code(renew_to(end), CODE_OK); /* the same date is no error and changes nothing */
    assert_null(fixture_event(&f, "storage.object_renewed"));
    assert_int_equal(deal_object(&d)->updated_at, updated);
    assert_int_equal(deal_payer(&d)->balance, free);
    assert_code(renew_to(end + 1), CODE_OK);
    assert_int_equal(deal_object(&d)->expires_at, end + 1);
    assert_int_equal(deal_object(&d)->ends_at, end + 1 + f.params.storage.grace_ms);
    assert_non_null(fixture_event(&f, "storage.object_renewed"));
    uint64_t now = fixture_ledger_time(&f) + 1000; /* of the block of the message */
    assert_code(renew_to(now + f.params.storage.term_max_ms + 1), CODE_TERM);
    assert_code(renew_to(now + 1000 + f.params.storage.term_max_ms), CODE_OK);
}

/* What the new agreement costs is the sum that a user can do: the old one is given back as for a deletion, the new one
 * paid whole. */
static void renew__costs_what_both_agreements_cost(void **state) {
    (void)state;
    store_with(HOUR, NULL);
    const ObjectInfo *o = deal_object(&d);
    uint64_t end = o->expires_at, since = o->term_since, paid = o->term_paid;
    fixture_skip(&f, 10 * MINUTE);
    uint64_t free = deal_payer(&d)->balance;
    assert_code(renew_to(end + HOUR), CODE_OK);
    uint64_t now = fixture_ledger_time(&f), grace = f.params.storage.grace_ms;
    uint64_t refund = paid - charge(d.price, 2 * d.size, now - since);
    uint64_t cost = charge(d.price, 2 * d.size, end + HOUR + grace - now);
    assert_in_range(deal_payer(&d)->balance, free + refund - cost, free + refund - cost + 1);
    assert_int_equal(deal_object(&d)->term_paid, cost);
}

static void renew__into_and_out_of_a_term(void **state) {
    (void)state;
    deal_must_create(&d);
    deal_must_seal(&d);
    assert_int_equal(deal_object(&d)->expires_at, 0);
    assert_true(deal_payer(&d)->reserve > 0);
    uint64_t now = fixture_ledger_time(&f) + 1000;
    assert_code(renew_to(now - 1), CODE_TERM);
    assert_code(renew_to(now + 1000 + f.params.storage.term_min_ms - 1), CODE_TERM);
    assert_code(renew_to(fixture_ledger_time(&f) + 1000 + HOUR), CODE_OK);
    assert_int_equal(deal_payer(&d)->reserve, 0);
    assert_true(deal_object(&d)->term_paid > 0);
    ask.open_ended = true;
    assert_code(renew("alice"), CODE_OK);
    assert_int_equal(deal_object(&d)->expires_at, 0);
    assert_int_equal(deal_object(&d)->ends_at, 0);
    assert_int_equal(deal_object(&d)->term_paid, 0);
    assert_true(deal_payer(&d)->reserve > 0);
    uint64_t updated = deal_object(&d)->updated_at;
    ask.open_ended = true;
    assert_code(renew("alice"), CODE_OK);
    assert_int_equal(deal_object(&d)->updated_at, updated);
    assert_int_equal(deal_sp(&f, 1)->counters->seals, 1); /* renewals are no seals */
}

/* In the grace it can still be renewed, and lives on. */
static void renew__in_the_grace(void **state) {
    (void)state;
    store_with(MINUTE, NULL);
    uint64_t end = deal_object(&d)->expires_at;
    while (fixture_ledger_time(&f) < end + 2000)
        fixture_block(&f, NULL, 0);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_PENDING_END);
    ask.max_price = d.max_price + 1; /* another price, and the end that is over */
    assert_code(renew("alice"), CODE_TERM);
    assert_int_equal(deal_object(&d)->term, MINUTE);
    assert_code(renew_to(fixture_ledger_time(&f) + HOUR), CODE_OK);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    fixture_skip(&f, 2 * MINUTE);
    assert_non_null(deal_object(&d));
}

/* --- price --- */

static void poss_d1_11__a_price_below_the_market_is_refused_before_anything_changes(void **state) {
    (void)state;
    uint64_t market = d.price;
    d.price = market / 3; /* the providers agreed to less than they ask of others */
    d.max_price = market / 2;
    store_with(HOUR, NULL);
    const ObjectInfo *o = deal_object(&d);
    uint64_t end = o->expires_at, paid = o->term_paid, free = deal_payer(&d)->balance;
    assert_code(renew_to(end + HOUR), CODE_PRICE);
    ask.max_price = market - 1;
    assert_code(renew("alice"), CODE_PRICE);
    ask.max_price = market - 1;
    ask.copies = 3;
    assert_code(renew("alice"), CODE_PRICE);
    ask.max_price = f.params.payment.price_max + 1;
    assert_code(renew("alice"), CODE_PRICE);
    assert_int_equal(deal_object(&d)->term_paid, paid);
    assert_int_equal(deal_object(&d)->prices[1], d.price);
    assert_int_equal(deal_payer(&d)->balance, free);
    ask.max_price = market;
    assert_code(renew("alice"), CODE_OK);
    o = deal_object(&d);
    assert_int_equal(o->max_price, market);
    assert_int_equal(o->prices[0], market);
    assert_int_equal(o->prices[1], market);
    assert_int_equal(o->expires_at, end);
}

static void renew__without_change_is_a_noop(void **state) {
    (void)state;
    static const AutoRenew none = AUTO_RENEW__INIT;
    store_with(HOUR, NULL);
    uint64_t updated = deal_object(&d)->updated_at, free = deal_payer(&d)->balance;
    ask.copies = 2;
    ask.max_price = d.max_price;
    ask.expires_at = deal_object(&d)->expires_at;
    ask.automatic = &none;
    assert_code(renew("alice"), CODE_OK);
    assert_int_equal(deal_object(&d)->updated_at, updated);
    assert_int_equal(deal_object(&d)->replacing, 0);
    assert_int_equal(deal_payer(&d)->balance, free);
}

/* --- copies --- */

static uint64_t flow(void) {
    return deal_payer(&d)->rate ? deal_payer(&d)->rate->lo : 0;
}

static void poss_d1_10__more_copies_and_fewer(void **state) {
    (void)state;
    deal_must_create(&d);
    deal_must_seal(&d);
    uint64_t two = flow();
    ask.copies = 4;
    assert_code(renew("alice"), CODE_OK);
    assert_non_null(fixture_event(&f, "storage.object_created"));
    assert_int_equal(deal_object(&d)->profile->k, 2); /* until the copies are there */
    assert_int_equal(deal_next(&d)->profile->k, 4);
    assert_int_equal(deal_next(&d)->copy_of_id, deal_object(&d)->id);
    assert_int_equal(flow(), two);
    struct deal four = d;
    assert_int_equal(profile_parse("replica:4", 64 * KIB, &four.profile, NULL), CODE_OK);
    deal_must_group(&four);
    deal_must_seal(&four);
    assert_int_equal(deal_object(&d)->profile->k, 4);
    assert_int_equal(deal_object(&d)->id, d.object_id);
    assert_int_equal(deal_state_of(&d)->n_sps, 4);
    assert_int_equal(flow(), 2 * two);
    assert_int_equal(deal_sp(&f, 4)->stored_bytes, d.size);
    ask.copies = 2;
    assert_code(renew("alice"), CODE_OK);
    deal_must_seal(&d);
    assert_int_equal(deal_state_of(&d)->n_sps, 2);
    assert_int_equal(flow(), two); /* halved */
    assert_int_equal(deal_sp(&f, 4)->stored_bytes, 0);
}

static int say(const char *etag, Visibility visibility) {
    MsgUpdateObject m = MSG_UPDATE_OBJECT__INIT;
    SetText t = SET_TEXT__INIT;
    t.value = text(etag);
    m.bucket_name = text("photos");
    m.object_name = text("a.jpg");
    m.etag = &t;
    m.visibility = visibility;
    return (int)fixture_do(&f, "alice", &m.base)->code;
}

/* What is said of the object while its copies are made is said of them, too: nothing comes back with the seal. */
static void renew__copies_follow_what_is_said_meanwhile(void **state) {
    (void)state;
    deal_must_create(&d);
    deal_must_seal(&d);
    assert_code(say("one", VISIBILITY_PUBLIC_READ), CODE_OK);
    ask.copies = 4;
    assert_code(renew("alice"), CODE_OK);
    assert_code(say("two", VISIBILITY_PRIVATE), CODE_OK);
    struct deal four = d;
    assert_int_equal(profile_parse("replica:4", 64 * KIB, &four.profile, NULL), CODE_OK);
    deal_must_group(&four);
    deal_must_seal(&four);
    assert_int_equal(deal_object(&d)->profile->k, 4);
    assert_int_equal(deal_object(&d)->visibility, VISIBILITY_PRIVATE);
    assert_string_equal(deal_object(&d)->etag, "two");
}

/* The term of an object with more copies ends when it was to end, whenever they are made. */
static void renew__copies_keep_the_end(void **state) {
    (void)state;
    store_with(HOUR, NULL);
    uint64_t end = deal_object(&d)->expires_at;
    ask.copies = 3;
    ask.expires_at = end + MINUTE;
    assert_code(renew("alice"), CODE_OK);
    fixture_skip(&f, 5 * MINUTE);
    struct deal three = d;
    assert_int_equal(profile_parse("replica:3", 64 * KIB, &three.profile, NULL), CODE_OK);
    deal_must_group(&three);
    deal_must_seal(&three);
    const ObjectInfo *o = deal_object(&d);
    assert_int_equal(o->expires_at, end + MINUTE);
    assert_int_equal(o->term_paid, charge(d.price, 3 * d.size, o->ends_at - fixture_ledger_time(&f)));
}

static void renew__refusals(void **state) {
    (void)state;
    AutoRenew a = AUTO_RENEW__INIT;
    store_with(HOUR, NULL);
#define RENEW(want, who, fields)                                                                                       \
    do {                                                                                                               \
        fields;                                                                                                        \
        assert_code(renew(who), want);                                                                                 \
    } while (0)
    uint64_t end = deal_object(&d)->expires_at;
    RENEW(CODE_DENIED, "bob", ask.expires_at = end + 1);
    RENEW(CODE_PROFILE, "alice", ask.copies = (uint32_t)f.params.storage.positions_max + 1);
    a = (AutoRenew)AUTO_RENEW__INIT;
    a.period = f.params.storage.term_min_ms - 1;
    a.max_price = d.max_price;
    RENEW(CODE_TERM, "alice", ask.automatic = &a);
    a.period = f.params.storage.term_max_ms + 1;
    RENEW(CODE_TERM, "alice", ask.automatic = &a);
    a.period = HOUR;
    a.max_price = 0;
    RENEW(CODE_PRICE, "alice", ask.automatic = &a);
    a.max_price = f.params.payment.price_max + 1;
    RENEW(CODE_PRICE, "alice", ask.automatic = &a);
    a.max_price = d.max_price;
    a.until = 1;
    RENEW(CODE_RENEW, "alice", ask.automatic = &a);
    a.until = 0;
    RENEW(CODE_RENEW, "alice", ask.automatic = &a; ask.open_ended = true);
    RENEW(CODE_OK, "alice", ask.automatic = &a);
    ask.copies = 3;
    assert_code(renew("alice"), CODE_OK);
    RENEW(CODE_OBJECT_REPLACING, "alice", ask.expires_at = end + 1);
#undef RENEW
}

/* --- by the ledger --- */

static void ledger__renews_inside_the_warning(void **state) {
    (void)state;
    AutoRenew a = AUTO_RENEW__INIT;
    a.period = MINUTE;
    a.max_price = d.max_price;
    store_with(MINUTE, &a);
    uint64_t end = deal_object(&d)->expires_at;
    assert_int_equal(deal_object(&d)->renew_at, end - f.params.storage.warning_ms);
    while (fixture_ledger_time(&f) + 1000 < end - f.params.storage.warning_ms) {
        fixture_block(&f, NULL, 0);
        assert_null(fixture_event(&f, "storage.object_renewed"));
    }
    fixture_block(&f, NULL, 0);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_renewed"), "by"), "ledger");
    assert_int_equal(deal_object(&d)->expires_at, end + MINUTE);
    fixture_skip(&f, 20 * MINUTE); /* nobody does anything, and it lives */
    assert_non_null(deal_object(&d));
    assert_in_range(deal_object(&d)->expires_at, fixture_ledger_time(&f), fixture_ledger_time(&f) + 2 * MINUTE);
}

static void ledger__renews_until_a_time_and_no_longer(void **state) {
    (void)state;
    AutoRenew a = AUTO_RENEW__INIT;
    a.period = MINUTE;
    a.max_price = d.max_price;
    a.until = fixture_ledger_time(&f) + 150000;
    uint64_t until = a.until;
    store_with(MINUTE, &a);
    for (int i = 0; i < 300 && deal_object(&d); i++) {
        assert_true(deal_object(&d)->expires_at <= until);
        fixture_block(&f, NULL, 0);
    }
    assert_null(deal_object(&d));
    assert_in_range(fixture_ledger_time(&f), until + f.params.storage.grace_ms,
                    until + f.params.storage.grace_ms + 2000);
}

/* A price above the limit, then no money: told, tried again, and done as soon as it can be. */
static void ledger__tells_why_it_does_not_renew(void **state) {
    (void)state;
    uint64_t market = d.price;
    AutoRenew a = AUTO_RENEW__INIT;
    a.period = HOUR;
    a.max_price = market - 1;
    store_with(MINUTE, &a);
    const Event *e = NULL;
    for (int i = 0; i < 60 && !(e = fixture_event(&f, "storage.object_not_renewed")); i++)
        fixture_block(&f, NULL, 0);
    assert_non_null(e);
    assert_non_null(strstr(fixture_attribute(e, "reason"), "asks"));
    assert_true(deal_object(&d)->renew_at > fixture_ledger_time(&f));
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_PENDING_END);
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    m.payment_address = fixture_addr_data(&f, "alice");
    m.amount = deal_payer(&d)->balance - 5;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    a.max_price = market;
    ask.automatic = &a;
    assert_code(renew("alice"), CODE_OK);
    e = NULL;
    for (int i = 0; i < 20 && !(e = fixture_event(&f, "storage.object_not_renewed")); i++)
        fixture_block(&f, NULL, 0);
    assert_non_null(e);
    assert_non_null(strstr(fixture_attribute(e, "reason"), "free"));
    deal_fund(&d, 100 * PEBBLE_PER_CAIRN);
    for (int i = 0; i < 20 && !fixture_event(&f, "storage.object_renewed"); i++)
        fixture_block(&f, NULL, 0);
    assert_non_null(fixture_event(&f, "storage.object_renewed"));
    assert_true(deal_object(&d)->expires_at > fixture_ledger_time(&f) + HOUR / 2);
}

static void ledger__is_told_to_stop(void **state) {
    (void)state;
    static const AutoRenew off = AUTO_RENEW__INIT;
    AutoRenew a = AUTO_RENEW__INIT;
    a.period = MINUTE;
    a.max_price = d.max_price;
    store_with(MINUTE, NULL);
    ask.automatic = &a;
    assert_code(renew("alice"), CODE_OK);
    assert_true(deal_object(&d)->renew_at > 0);
    ask.automatic = &off;
    assert_code(renew("alice"), CODE_OK);
    assert_int_equal(deal_object(&d)->renew_at, 0);
    assert_false(deal_object(&d)->auto_renew);
    fixture_skip(&f, 2 * MINUTE);
    assert_null(deal_object(&d));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(poss_d1_12__the_end_only_moves_to_a_later_time), T(renew__costs_what_both_agreements_cost),
          T(renew__into_and_out_of_a_term), T(renew__in_the_grace),
          T(poss_d1_11__a_price_below_the_market_is_refused_before_anything_changes),
          T(renew__without_change_is_a_noop), T(poss_d1_10__more_copies_and_fewer),
          T(renew__copies_follow_what_is_said_meanwhile), T(renew__copies_keep_the_end), T(renew__refusals),
          T(ledger__renews_inside_the_warning), T(ledger__renews_until_a_time_and_no_longer),
          T(ledger__tells_why_it_does_not_renew), T(ledger__is_told_to_stop))
