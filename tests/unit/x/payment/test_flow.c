/* SPDX-License-Identifier: Apache-2.0 */
/* Flows: an account and a slot over a ctx whose time the test moves. */
#include "tests/lib/ledger/fixture.h"

#include "chain/base/rng.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_storage.h"
#include "x/auth/account.h"
#include "x/payment/account.h"
#include "x/sp/sp.h"

#define DAY   ((uint64_t)86400000)
#define CAIRN PEBBLE_PER_CAIRN

static struct fixture f;
static struct ctx *ctx; /* of the running case */
static struct addr alice;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    f.params.payment.reserve_time_ms = 7 * DAY;
    f.params.payment.frozen_time_ms = 5 * DAY;
    f.params.payment.settle_interval_ms = DAY;
    fixture_start(&f);
    alice = fixture_addr("alice");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static void deposit(uint64_t amount) {
    MsgDeposit msg = MSG_DEPOSIT__INIT;
    msg.payment_address = ctx_addr(ctx, &alice);
    msg.amount = amount;
    ctx->signer = alice;
    const struct msg_rule *rule = f.ledger.rules[MSG__BODY_DEPOSIT];
    struct err err = {0};
    assert_ok(rule->run(ctx, &msg, &err), &err);
}

static PaymentAccount *account(void) {
    PaymentAccount *a;
    struct err err = {0};
    assert_ok(payment_get(ctx, &alice, &a, &err), &err);
    return a;
}

static PaymentAccount *settled(void) {
    PaymentAccount *a;
    struct err err = {0};
    assert_ok(payment_open(ctx, &alice, false, &a, &err), &err);
    assert_ok(payment_close(ctx, &alice, a, &err), &err);
    return a;
}

static BucketSlot *slot_load(uint64_t number) {
    struct key k;
    BucketSlot *slot = NULL;
    int rc = record_get(ctx, key_slot(&k, 1, number), &bucket_slot__descriptor, &slot, NULL);
    if (rc == CODE_NOT_FOUND) {
        slot = CTX_NEW(ctx, BucketSlot);
        bucket_slot__init(slot);
        slot->bucket_id = 1;
        slot->slot = number;
        slot->settled_at = ctx->time;
    }
    return slot;
}

static void slot_store(const BucketSlot *slot) {
    struct key k;
    assert_code(record_put(ctx, key_slot(&k, 1, slot->slot), slot, NULL), CODE_OK);
}

static PlacementGroup *group(void) {
    static uint32_t ids[] = {1, 2, 3};
    static PlacementGroup g;
    g = (PlacementGroup)PLACEMENT_GROUP__INIT;
    g.members = ids;
    g.n_members = 3;
    g.flowing = 100; /* of other buckets, too */
    return &g;
}

/* Adds to each of three positions `pebble_a_day` (or takes it away). */
static int flow(uint64_t number, uint64_t pebble_a_day, bool add, struct err *err) {
    u128 one = ((u128)pebble_a_day << 64) / DAY;
    const u128 rates[3] = {one, one, one};
    size_t mark = state_mark(ctx->state);
    BucketSlot *slot = slot_load(number);
    int rc = payment_slot_change(ctx, &alice, slot, group(), rates, add, err);
    if (rc) {
        state_rollback(ctx->state, mark);
        return rc;
    }
    slot_store(slot);
    state_commit(ctx->state, mark);
    return CODE_OK;
}

static void settle_slot(uint64_t number) {
    struct err err = {0};
    BucketSlot *slot = slot_load(number);
    assert_ok(payment_slot_settle(ctx, &alice, slot, group(), &err), &err);
    slot_store(slot);
}

static uint64_t income(uint32_t id) {
    StorageProvider *sp;
    assert_code(sp_get(ctx, id, &sp, NULL), CODE_OK);
    return sp->income;
}

static void check(void) {
    struct err err = {0};
    assert_ok(payment_invariants(ctx, &err), &err);
}

/* A case runs within a ctx over the fixture's state; what it writes is thrown away. */
#define CASE(name)                                                                                                     \
    static void name##_body(void);                                                                                     \
    static void name##_in(struct ctx *c, void *arg) {                                                                  \
        (void)arg;                                                                                                     \
        ctx = c;                                                                                                       \
        name##_body();                                                                                                 \
    }                                                                                                                  \
    static void name(void **state) {                                                                                   \
        (void)state;                                                                                                   \
        fixture_with_ctx(&f, name##_in, NULL);                                                                         \
    }                                                                                                                  \
    static void name##_body(void)

CASE(charge__rounds_up) {
    uint64_t pebble;
    assert_code(payment_charge(0, 1000, &pebble, NULL), CODE_OK);
    assert_int_equal(pebble, 0);
    assert_code(payment_charge(1, 1, &pebble, NULL), CODE_OK);
    assert_int_equal(pebble, 1);
    assert_code(payment_charge((u128)1 << 64, 5, &pebble, NULL), CODE_OK);
    assert_int_equal(pebble, 5);
    assert_code(payment_charge(PAYMENT_RATE_MAX, PAYMENT_MS_MAX, &pebble, NULL), CODE_OK);
    assert_code(payment_charge(PAYMENT_RATE_MAX + 1, 1, &pebble, NULL), CODE_FLOW);
    assert_code(payment_charge(1, PAYMENT_MS_MAX + 1, &pebble, NULL), CODE_FLOW);
}

CASE(settle__often_or_once_is_the_same) {
    deposit(100 * CAIRN);
    assert_code(flow(1, 12345678, true, NULL), CODE_OK);
    uint64_t start = ctx->time, before = account()->balance;
    size_t mark = state_mark(ctx->state);
    ctx->time = start + 3 * DAY;
    uint64_t once = before - settled()->balance;
    settle_slot(1);
    uint64_t earned = income(1);
    state_rollback(ctx->state, mark);
    struct rng rng;
    rng_init(&rng, 7);
    for (ctx->time = start; ctx->time < start + 3 * DAY;) {
        ctx->time = u64_min(ctx->time + rng_range(&rng, 1, DAY / 20), start + 3 * DAY);
        if (rng_below(&rng, 2))
            settled();
        else
            settle_slot(1);
        check();
    }
    settle_slot(1);
    assert_int_equal(before - settled()->balance, once);
    assert_int_equal(income(1), earned);
    assert_true(once >= 3 * earned);
    assert_in_range(once - 3 * earned, 0, 3);
}

CASE(remove__refunds_the_reserve) {
    deposit(100 * CAIRN);
    uint64_t quote;
    u128 rate = 3 * (((u128)CAIRN << 64) / DAY);
    assert_code(payment_charge(rate, 7 * DAY, &quote, NULL), CODE_OK);
    assert_code(flow(1, CAIRN, true, NULL), CODE_OK);
    assert_int_equal(account()->reserve, quote);
    assert_int_equal(account()->balance, 100 * CAIRN - quote);
    check();
    assert_code(flow(1, CAIRN, false, NULL), CODE_OK);
    assert_int_equal(account()->balance, 100 * CAIRN);
    assert_int_equal(account()->reserve, 0);
    assert_int_equal(account()->slots, 0);
    check();
}

CASE(add__needs_the_whole_reserve) {
    deposit(21 * CAIRN - 1); /* 3 positions x 7 days: rounded up, 21 are needed */
    assert_code(flow(1, CAIRN, true, NULL), CODE_PAYMENT_FUNDS);
    assert_int_equal(account()->balance, 21 * CAIRN - 1);
    deposit(1);
    assert_code(flow(1, CAIRN, true, NULL), CODE_OK);
    check();
}

static void due_now(void) {
    struct key k;
    PaymentAccount *a = account();
    uint64_t due = a->dry_at;
    struct err err = {0};
    assert_true(due && due <= ctx->time);
    assert_code(record_del(ctx, key_payment_due(&k, due, &alice), NULL), CODE_OK);
    assert_ok(payment_due(ctx, due, addr_bytes(&alice), BYTES_NONE, &err), &err);
}

CASE(dry__freezes_before_it_defaults_and_resumes_on_deposit) {
    deposit(24 * CAIRN); /* reserve 21, one day free */
    assert_code(flow(1, CAIRN, true, NULL), CODE_OK);
    uint64_t start = ctx->time, dry = account()->dry_at;
    assert_in_range(dry, start + DAY, start + DAY + 2);
    ctx->time = dry - 1;
    assert_int_equal(settled()->status, PAYMENT_STATUS_ACTIVE);
    ctx->time = dry;
    due_now();
    assert_int_equal(account()->status, PAYMENT_STATUS_FROZEN);
    assert_int_equal(account()->frozen_at, dry);
    check();
    assert_code(flow(2, CAIRN, true, NULL), CODE_PAYER_FROZEN);
    assert_code(payment_lock(ctx, &alice, 1, NULL), CODE_PAYER_FROZEN);
    ctx->time = dry + DAY; /* the positions are paid from the reserve */
    settle_slot(1);
    assert_in_range(income(1), 2 * CAIRN - 2, 2 * CAIRN + 24);
    assert_in_range(account()->reserve, 18 * CAIRN - 80, 18 * CAIRN + 10);
    check();
    deposit(2 * CAIRN); /* not the whole reserve */
    assert_int_equal(account()->status, PAYMENT_STATUS_FROZEN);
    deposit(2 * CAIRN);
    assert_int_equal(account()->status, PAYMENT_STATUS_ACTIVE);
    assert_int_equal(account()->frozen_at, 0);
    check();
}

CASE(exhausted__pays_no_position_what_is_not_there) {
    deposit(24 * CAIRN);
    assert_code(flow(1, CAIRN, true, NULL), CODE_OK);
    ctx->time += 30 * DAY; /* far beyond balance and reserve: nobody looked */
    settle_slot(1);
    uint64_t paid = 24 * CAIRN - account()->balance - account()->reserve;
    assert_in_range(income(1) + income(2) + income(3), paid - 3, paid);
    assert_true(account()->settled_at < ctx->time);
    check();
    deposit(100 * CAIRN); /* pays what is owed, then the reserve */
    assert_int_equal(account()->settled_at, ctx->time);
    assert_int_equal(account()->status, PAYMENT_STATUS_ACTIVE);
    settle_slot(1);
    assert_in_range(income(1), 30 * CAIRN - 2, 30 * CAIRN + 2);
    check();
}

CASE(frozen__deleting_all_gives_the_rest_back) {
    deposit(24 * CAIRN);
    assert_code(flow(1, CAIRN, true, NULL), CODE_OK);
    ctx->time += 2 * DAY;
    due_now();
    assert_int_equal(account()->status, PAYMENT_STATUS_FROZEN);
    assert_code(flow(1, CAIRN, false, NULL), CODE_OK);
    assert_int_equal(account()->status, PAYMENT_STATUS_ACTIVE);
    assert_int_equal(account()->reserve, 0);
    assert_int_equal(account()->dry_at, 0);
    assert_in_range(account()->balance, 18 * CAIRN - 80, 18 * CAIRN + 10);
    check();
}

CASE(lock__is_exact) {
    deposit(10);
    assert_code(payment_lock(ctx, &alice, 11, NULL), CODE_PAYMENT_FUNDS);
    assert_code(payment_lock(ctx, &alice, 10, NULL), CODE_OK);
    assert_int_equal(account()->balance, 0);
    assert_int_equal(account()->locked, 10);
    assert_code(payment_unlock(ctx, &alice, 10, NULL), CODE_OK);
    assert_int_equal(account()->balance, 10);
    check();
}

static void deposit_and_withdraw__through_messages(void **state) {
    (void)state;
    MsgDeposit in = MSG_DEPOSIT__INIT;
    in.payment_address = fixture_addr_data(&f, "alice");
    in.amount = 5 * CAIRN;
    assert_code((int)fixture_do(&f, "alice", &in.base)->code, CODE_OK);
    MsgWithdraw out = MSG_WITHDRAW__INIT;
    out.payment_address = fixture_addr_data(&f, "alice");
    out.amount = 5 * CAIRN + 1;
    assert_code((int)fixture_do(&f, "alice", &out.base)->code, CODE_PAYMENT_FUNDS);
    out = (MsgWithdraw)MSG_WITHDRAW__INIT;
    out.payment_address = fixture_addr_data(&f, "alice");
    out.amount = 1;
    assert_code((int)fixture_do(&f, "sp0", &out.base)->code, CODE_PAYMENT_OWNER);
    out = (MsgWithdraw)MSG_WITHDRAW__INIT;
    out.payment_address = fixture_addr_data(&f, "alice");
    out.amount = 5 * CAIRN;
    assert_code((int)fixture_do(&f, "alice", &out.base)->code, CODE_OK);
    out = (MsgWithdraw)MSG_WITHDRAW__INIT;
    out.sp_id = 1;
    assert_code((int)fixture_do(&f, "alice", &out.base)->code, CODE_DENIED);
    out = (MsgWithdraw)MSG_WITHDRAW__INIT;
    out.sp_id = 1;
    out.amount = 1;
    assert_code((int)fixture_do(&f, "sp0", &out.base)->code, CODE_PAYMENT_FUNDS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(charge__rounds_up), T(settle__often_or_once_is_the_same), T(remove__refunds_the_reserve),
          T(add__needs_the_whole_reserve), T(dry__freezes_before_it_defaults_and_resumes_on_deposit),
          T(exhausted__pays_no_position_what_is_not_there), T(frozen__deleting_all_gives_the_rest_back),
          T(lock__is_exact), T(deposit_and_withdraw__through_messages))
