/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets that another account pays for under a grant, and prices that are agreed to on others' money. */
#include "tests/lib/ledger/deal.h"

#include "cairn/auth.h"
#include "cairn/permission.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_payment.h"

#define HOUR    ((uint64_t)3600 * 1000)
#define CAIRN   ((uint64_t)PEBBLE_PER_CAIRN)
#define FOREVER UINT64_MAX

static struct fixture f;
static struct deal d;

/* alice has no coins in a payment account: carol pays. */
static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    fixture_account(&f, "carol", 1000 * CAIRN);
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
    struct deal carols = d;
    carols.owner = "carol";
    deal_fund(&carols, 500 * CAIRN);
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

/* --- what is granted --- */

/* messages ascending; b NULL: one. */
static void grants(const char *from, const char *to, const char *a, const char *b, uint64_t money) {
    MsgGrant m = MSG_GRANT__INIT;
    char *words[] = {text(a), b ? text(b) : NULL};
    m.grantee = fixture_addr_data(&f, to);
    m.messages = words;
    m.n_messages = b ? 2 : 1;
    m.money = money;
    m.bytes = m.price_max = FOREVER;
    assert_code((int)fixture_do(&f, from, &m.base)->code, CODE_OK);
}

static void revokes(const char *from, const char *to) {
    MsgRevoke m = MSG_REVOKE__INIT;
    m.grantee = fixture_addr_data(&f, to);
    assert_code((int)fixture_do(&f, from, &m.base)->code, CODE_OK);
}

static uint64_t left(void) {
    struct key k;
    struct addr carol = fixture_addr("carol"), alice = fixture_addr("alice");
    return ((const Grant *)fixture_record(&f, key_grant(&k, &carol, &alice), &grant__descriptor))->money;
}

static const PaymentAccount *carols(void) {
    struct key k;
    struct addr carol = fixture_addr("carol");
    return fixture_record(&f, key_payment_account(&k, &carol), &payment_account__descriptor);
}

/* All that carol has in it. */
static uint64_t purse(void) {
    const PaymentAccount *a = carols();
    return a->balance + a->locked + a->reserve;
}

/* --- what is done with it --- */

static int bucket_paid_by_carol(uint64_t quota) {
    struct bucket_try t;
    deal_bucket_try(&d, &t);
    t.spec.payment_address = fixture_addr_data(&f, "carol");
    t.spec.read_quota = quota;
    return (int)deal_bucket_send(&d, &t, "alice")->code;
}

static void sponsored(uint64_t money) {
    grants("carol", "alice", "*", NULL, money);
    assert_code(bucket_paid_by_carol(0), CODE_OK);
    assert_true(deal_bucket(&d)->sponsored);
    deal_must_group(&d);
}

static const TxResult *create(const char *who, uint64_t term, const AutoRenew *renew) {
    struct object_try t;
    deal_object_try(&d, &t);
    t.spec.creator = fixture_addr_data(&f, who);
    t.spec.term = term;
    if (renew) {
        t.spec.auto_renew = true;
        t.spec.renew_period = renew->period;
        t.spec.renew_max_price = renew->max_price;
    }
    const TxResult *r = deal_object_send(&d, &t, who);
    if (r->n_ids)
        d.object_id = r->ids[0];
    return r;
}

static int code_of(const TxResult *r) {
    return (int)r->code;
}

static void allow(const char *who, Action action) {
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    Resource r = RESOURCE__INIT;
    Principal p = PRINCIPAL__INIT;
    Statement s = STATEMENT__INIT, *list[] = {&s};
    r.kind = RESOURCE_KIND_BUCKET;
    r.bucket_name = text("photos");
    p.kind = PRINCIPAL_KIND_ACCOUNT;
    p.account = fixture_addr_data(&f, who);
    s.effect = EFFECT_ALLOW;
    s.actions = &action;
    s.n_actions = 1;
    m.resource = &r;
    m.principal = &p;
    m.statements = list;
    m.n_statements = 1;
    m.mode = POLICY_MODE_REPLACE;
    assert_code(code_of(fixture_do(&f, "alice", &m.base)), CODE_OK);
}

static int cancel(void) {
    MsgCancelObject m = MSG_CANCEL_OBJECT__INIT;
    m.bucket_name = text("photos");
    m.object_name = text("a.jpg");
    return code_of(fixture_do(&f, "alice", &m.base));
}

static int update(const char *payer, const uint64_t *quota) {
    MsgUpdateBucket m = MSG_UPDATE_BUCKET__INIT;
    SetNumber number = SET_NUMBER__INIT;
    m.bucket_name = text("photos");
    if (payer)
        m.payment_address = fixture_addr_data(&f, payer);
    if (quota) {
        number.value = *quota;
        m.read_quota = &number;
    }
    return code_of(fixture_do(&f, "alice", &m.base));
}

static int renew(uint64_t expires_at, bool open_ended, const AutoRenew *renew) {
    MsgRenewObject m = MSG_RENEW_OBJECT__INIT;
    AutoRenew automatic;
    m.bucket_name = text("photos");
    m.object_name = text("a.jpg");
    m.expires_at = expires_at;
    m.open_ended = open_ended;
    if (renew) {
        automatic = *renew;
        m.auto_renew = &automatic;
    }
    return code_of(fixture_do(&f, "alice", &m.base));
}

/* --- buckets --- */

static void bucket__needs_a_grant_of_the_payer(void **state) {
    (void)state;
    assert_code(bucket_paid_by_carol(0), CODE_PAYMENT_OWNER);
    grants("carol", "alice", "MsgCreateObject", NULL, CAIRN);
    assert_code(bucket_paid_by_carol(0), CODE_GRANT_SCOPE);
    grants("carol", "alice", "MsgCreateBucket", NULL, 0);
    assert_code(bucket_paid_by_carol(0), CODE_GRANT_BUDGET);
    grants("carol", "bob", "MsgCreateBucket", NULL, CAIRN);
    revokes("carol", "alice");
    assert_code(bucket_paid_by_carol(0), CODE_PAYMENT_OWNER); /* bob's is not alice's */
    grants("carol", "alice", "MsgCreateBucket", NULL, 1);
    assert_code(bucket_paid_by_carol(1 << 20), CODE_PAYER); /* nobody knows what a quota will have cost */
    assert_code(bucket_paid_by_carol(0), CODE_OK);
    assert_true(deal_bucket(&d)->sponsored);
    assert_int_equal(left(), 1); /* a bucket costs nothing */
}

static void bucket__begins_and_ends_to_be_sponsored(void **state) {
    (void)state;
    uint64_t quota = 1 << 20;
    deal_fund(&d, 100 * CAIRN);
    deal_must_bucket(&d);
    assert_false(deal_bucket(&d)->sponsored);
    assert_code(update("carol", NULL), CODE_PAYMENT_OWNER);
    grants("carol", "alice", "*", NULL, 100 * CAIRN);
    assert_code(update("carol", NULL), CODE_GRANT_SCOPE); /* must be named */
    grants("carol", "alice", "*", "MsgUpdateBucket", 100 * CAIRN);
    assert_code(update("carol", &quota), CODE_PAYER);
    assert_code(update("carol", NULL), CODE_OK);
    assert_true(deal_bucket(&d)->sponsored);
    assert_code(update(NULL, &quota), CODE_PAYER);
    assert_code(update("alice", NULL), CODE_OK);
    assert_false(deal_bucket(&d)->sponsored);
    deal_must_create(&d);
    assert_code(update("carol", NULL), CODE_PAYER); /* what is there is nobody else's */
    assert_code(cancel(), CODE_OK);
    assert_code(update(NULL, &quota), CODE_OK);
    assert_code(update("carol", NULL), CODE_PAYER); /* nor is what flows */
}

/* --- objects --- */

static void object__has_a_term_and_no_renewal(void **state) {
    (void)state;
    AutoRenew automatic = AUTO_RENEW__INIT;
    automatic.period = HOUR;
    automatic.max_price = f.sp_price;
    sponsored(FOREVER);
    assert_code(code_of(create("alice", 0, NULL)), CODE_PAYER);
    assert_code(code_of(create("alice", HOUR, &automatic)), CODE_PAYER);
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_OK);
    assert_int_equal(left(), FOREVER); /* no limit stays none */
    deal_must_seal(&d);
    assert_code(renew(0, true, NULL), CODE_PAYER);
    assert_code(renew(0, false, &automatic), CODE_PAYER);
}

static void object__takes_its_lock_and_the_sponsor_never_pays_more(void **state) {
    (void)state;
    sponsored(FOREVER);
    uint64_t before = purse();
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_OK);
    uint64_t lock = carols()->locked;
    assert_true(lock > 0);
    assert_code(cancel(), CODE_OK);
    assert_int_equal(purse(), before);

    grants("carol", "alice", "*", NULL, lock - 1);
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_GRANT_BUDGET);
    assert_int_equal(left(), lock - 1);
    assert_int_equal(carols()->locked, 0);
    grants("carol", "alice", "*", NULL, lock);
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_OK);
    assert_int_equal(left(), 0);
    deal_must_seal(&d);
    assert_int_equal(deal_delete(&d), CODE_OK); /* gives back to carol, and nothing to what she granted */
    assert_int_equal(left(), 0);
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_GRANT_BUDGET);
    assert_true(before - purse() <= lock);
}

/* Whoever the owner lets create: it is the owner who was granted it. Without the grant nothing more is charged, and
 * what was paid for stays. */
static void object__of_others_and_after_the_end_of_the_grant(void **state) {
    (void)state;
    sponsored(FOREVER);
    allow("bob", ACTION_CREATE_OBJECT);
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_OK);
    uint64_t lock = carols()->locked;
    deal_must_seal(&d);
    grants("carol", "alice", "*", NULL, lock);
    d.object = "b.jpg";
    d.nonce += 100;
    assert_code(code_of(create("bob", HOUR, NULL)), CODE_OK);
    assert_int_equal(left(), 0);
    revokes("carol", "alice");
    d.object = "c.jpg";
    d.nonce += 100;
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_PAYMENT_OWNER);
    d.object = "a.jpg";
    assert_int_equal(deal_object(&d)->object_status, OBJECT_STATUS_SEALED);
}

/* A later end is the payer's; once that is the owner again, the sponsor gets back what is not used. */
static void object__renewed_by_its_sponsor(void **state) {
    (void)state;
    sponsored(FOREVER);
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_OK);
    deal_must_seal(&d);
    uint64_t end = deal_object(&d)->expires_at;
    grants("carol", "alice", "*", NULL, FOREVER);
    assert_code(renew(end + HOUR, false, NULL), CODE_GRANT_SCOPE); /* must be named */
    grants("carol", "alice", "*", "MsgRenewObject", 1);
    assert_code(renew(end + HOUR, false, NULL), CODE_GRANT_BUDGET);
    assert_int_equal(deal_object(&d)->expires_at, end);
    grants("carol", "alice", "*", "MsgRenewObject", 100 * CAIRN);
    uint64_t before = purse();
    assert_code(renew(end + HOUR, false, NULL), CODE_OK);
    assert_true(purse() < before);
    assert_true(100 * CAIRN - left() >= before - purse()); /* taken is what all positions can come to */

    grants("carol", "alice", "MsgUpdateBucket", NULL, 1);
    deal_fund(&d, 100 * CAIRN);
    assert_code(update("alice", NULL), CODE_OK);
    uint64_t now = purse(), own = deal_payer(&d)->balance;
    assert_code(renew(end + 2 * HOUR, false, NULL), CODE_OK);
    assert_true(purse() > now);
    assert_true(deal_payer(&d)->balance < own);
    assert_int_equal(left(), 1);
}

/* --- prices and renewals on others' money --- */

/* Who may create in a bucket agrees to prices that its owner pays. */
static void price__of_a_stranger_is_bounded(void **state) {
    (void)state;
    deal_fund(&d, 500 * CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    allow("bob", ACTION_CREATE_OBJECT);
    d.max_price = 2 * f.sp_price + 1;
    assert_code(code_of(create("bob", HOUR, NULL)), CODE_PRICE);
    AutoRenew automatic = AUTO_RENEW__INIT;
    automatic.period = HOUR;
    automatic.max_price = d.max_price;
    d.max_price--;
    assert_code(code_of(create("bob", HOUR, &automatic)), CODE_PRICE);
    assert_code(code_of(create("bob", HOUR, NULL)), CODE_OK);
    d.object = "own.jpg";
    d.nonce += 100;
    d.max_price = 3 * f.sp_price;
    assert_code(code_of(create("alice", HOUR, NULL)), CODE_OK); /* the owner may agree to more */

    MsgUpdateBucket m = MSG_UPDATE_BUCKET__INIT;
    SetNumber cap = SET_NUMBER__INIT;
    cap.value = 3 * f.sp_price;
    m.bucket_name = text("photos");
    m.price_cap = &cap;
    assert_code(code_of(fixture_do(&f, "alice", &m.base)), CODE_OK);
    d.object = "capped.jpg";
    d.nonce += 100;
    assert_code(code_of(create("bob", HOUR, NULL)), CODE_OK); /* the bucket's own cap speaks in its place */
}

/* What the ledger renews later, no budget counts. */
static void renewal__not_under_a_grant_whose_money_ends(void **state) {
    (void)state;
    AutoRenew automatic = AUTO_RENEW__INIT;
    automatic.period = HOUR;
    automatic.max_price = f.sp_price;
    deal_fund(&d, 500 * CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    for (int unlimited = 0; unlimited < 2; unlimited++) {
        struct object_try t;
        grants("alice", "bob", "MsgCreateObject", NULL, unlimited ? FOREVER : FOREVER - 1);
        deal_object_try(&d, &t);
        t.spec.term = HOUR;
        t.spec.auto_renew = true;
        t.spec.renew_period = automatic.period;
        t.spec.renew_max_price = automatic.max_price;
        f.in_name_of = "alice";
        int rc = code_of(deal_object_send(&d, &t, "bob"));
        f.in_name_of = NULL;
        assert_code(rc, unlimited ? CODE_OK : CODE_GRANT_SCOPE);
    }
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(bucket__needs_a_grant_of_the_payer), UNIT(bucket__begins_and_ends_to_be_sponsored),
          UNIT(object__has_a_term_and_no_renewal), UNIT(object__takes_its_lock_and_the_sponsor_never_pays_more),
          UNIT(object__of_others_and_after_the_end_of_the_grant), UNIT(object__renewed_by_its_sponsor),
          UNIT(price__of_a_stranger_is_bounded), UNIT(renewal__not_under_a_grant_whose_money_ends))
