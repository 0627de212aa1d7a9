/* SPDX-License-Identifier: Apache-2.0 */
/* Read quota: what it costs, who earns it, when it ends; quotes against what is moved. */
#include "tests/lib/ledger/deal.h"

#include "chain/base/rng.h"
#include "chain/codec/bech32.h"
#include "chain/types/keys_payment.h"
#include "x/payment/account.h"
#include "x/payment/flow.h"
#include "x/payment/quota.h"
#include "x/sp/sp.h"

#define HOUR  ((uint64_t)3600000)
#define DAY   (24 * HOUR)
#define CAIRN PEBBLE_PER_CAIRN

static struct fixture f;
static struct deal d;
static struct ctx *ctx; /* of the running case */

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    f.params.payment.reserve_time_ms = 7 * DAY;
    f.params.payment.frozen_time_ms = 5 * DAY;
    f.params.payment.quota_hold_ms = 30 * DAY;
    f.params.consensus.development = true;
    f.params.consensus.time_scale = 400; /* a block is a quarter of an hour */
    f.params.storage.grace_ms = f.params.storage.discontinue_grace_ms = DAY;
    f.sp_read_price = UINT64_MAX; /* nearly a pebble a byte */
    f.sp_free_once = 12345;
    f.step_ms = 2000;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 1000);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static int create(uint64_t quota) {
    struct bucket_try t;
    deal_bucket_try(&d, &t);
    t.spec.read_quota = quota;
    return (int)deal_bucket_send(&d, &t, "alice")->code;
}

static const ReadQuota *record(uint64_t bucket) {
    struct key k;
    return fixture_record(&f, key_read_quota(&k, bucket), &read_quota__descriptor);
}

static const ReadQuotaQuoteAnswer *quote(uint64_t quota, const char *bucket) {
    char text[ADDR_TEXT_MAX], number[24];
    struct addr alice = fixture_addr("alice");
    addr_to_text(&alice, text);
    snprintf(number, sizeof number, "%llu", (unsigned long long)quota);
    return fixture_query(&f, "/payment/quote_quota", "sp_id", "1", "quota", number, "bucket_id", bucket,
                         "payment_address", text, NULL);
}

static void quota__is_a_flow_to_the_primary(void **state) {
    (void)state;
    deal_fund(&d, 900 * CAIRN);
    const ReadQuotaQuoteAnswer *q = quote(30 * CAIRN, "0"); /* a CAIRN a day */
    assert_in_range(q->per_month, 30 * CAIRN - 10, 30 * CAIRN + 10);
    uint64_t reserve = q->reserve;
    assert_in_range(reserve, 7 * CAIRN - 10, 7 * CAIRN + 10);
    assert_code(create(30 * CAIRN), CODE_OK);
    assert_int_equal(deal_payer(&d)->reserve, reserve);
    assert_int_equal(deal_payer(&d)->slots, 1);
    assert_int_equal(deal_bucket(&d)->read_quota, 30 * CAIRN);
    const ReadQuota *r = record(deal_bucket(&d)->id);
    assert_int_equal(r->sp_id, 1);
    assert_int_equal(r->quota, 30 * CAIRN);
    uint64_t since = r->settled_at;
    fixture_skip(&f, 3 * DAY);
    r = record(deal_bucket(&d)->id);
    uint64_t earned = deal_sp(&f, 1)->income, ms = r->settled_at - since;
    assert_true(ms >= 2 * DAY);
    assert_in_range(earned, ms * CAIRN / DAY - 10, ms * CAIRN / DAY + 10);
    assert_int_equal(deal_sp(&f, 2)->income, 0);
}

static void quota__costs_nothing_where_reading_costs_nothing(void **state) {
    (void)state;
    teardown(NULL);
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 1000);
    assert_code(create(UINT64_MAX), CODE_OK); /* no payment account is needed */
    assert_int_equal(record(deal_bucket(&d)->id)->quota, UINT64_MAX);
}

static void quota__without_money_there_is_no_bucket(void **state) {
    (void)state;
    assert_code(create(30 * CAIRN), CODE_PAYMENT_ACCOUNT_NOT_FOUND);
    deal_fund(&d, 6 * CAIRN); /* the reserve is seven */
    assert_code(create(30 * CAIRN), CODE_PAYMENT_FUNDS);
    assert_int_equal(deal_payer(&d)->reserve, 0);
    assert_code(create(UINT64_MAX), CODE_FLOW);
    assert_code(create(6 * 30 * CAIRN / 7), CODE_OK);
}

/* poss-point.md D1 row 7: what deleting gives back is what the quote said. */
static void poss_d1_7__deleting_a_bucket_returns_its_quotas_reserve(void **state) {
    (void)state;
    deal_fund(&d, 100 * CAIRN);
    assert_code(create(30 * CAIRN), CODE_OK);
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)deal_bucket(&d)->id);
    uint64_t bucket = deal_bucket(&d)->id, reserve = deal_payer(&d)->reserve;
    assert_int_equal(quote(0, id)->freed, reserve);
    MsgDeleteBucket m = MSG_DELETE_BUCKET__INIT;
    m.bucket_name = arena_strdup(&f.tx_arena, "photos");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    const PaymentAccount *a = deal_payer(&d);
    assert_int_equal(a->reserve, 0);
    assert_int_equal(a->slots, 0);
    assert_int_equal(a->dry_at, 0);
    assert_null(record(bucket));
    assert_in_range(a->balance + deal_sp(&f, 1)->income, 100 * CAIRN - 1, 100 * CAIRN);
}

static void quota__who_pays_for_nothing_ends_with_none(void **state) {
    (void)state;
    deal_fund(&d, 8 * CAIRN);
    assert_code(create(30 * CAIRN), CODE_OK);
    fixture_skip(&f, DAY + 4 * HOUR);
    assert_int_equal(deal_payer(&d)->status, PAYMENT_STATUS_FROZEN);
    assert_int_equal(deal_bucket(&d)->read_quota, 30 * CAIRN); /* paid from the reserve */
    fixture_skip(&f, 5 * DAY);
    assert_int_equal(deal_bucket(&d)->read_quota, 0);
    assert_null(record(deal_bucket(&d)->id));
    const PaymentAccount *a = deal_payer(&d);
    assert_int_equal(a->status, PAYMENT_STATUS_ACTIVE);
    assert_in_range(a->balance + deal_sp(&f, 1)->income, 8 * CAIRN - 1, 8 * CAIRN);
    assert_in_range(deal_sp(&f, 1)->income, 6 * CAIRN - CAIRN / 20, 7 * CAIRN);
}

static void bucket__keeps_what_its_first_primary_gave_once(void **state) {
    (void)state;
    assert_code(create(0), CODE_OK);
    assert_int_equal(deal_bucket(&d)->free_read_once, 12345);
}

static int update(uint64_t quota) {
    MsgUpdateBucket m = MSG_UPDATE_BUCKET__INIT;
    SetNumber value = SET_NUMBER__INIT;
    m.bucket_name = arena_strdup(&f.tx_arena, "photos");
    value.value = quota;
    m.read_quota = &value;
    return (int)fixture_do(&f, "alice", &m.base)->code;
}

static void update__raises_at_once_and_lowers_after_the_hold(void **state) {
    (void)state;
    deal_fund(&d, 900 * CAIRN);
    assert_code(create(100), CODE_OK);
    assert_code(update(30 * CAIRN), CODE_OK);
    assert_code(update(30 * CAIRN - 1), CODE_QUOTA_HELD);
    assert_code(update(0), CODE_QUOTA_HELD);
    assert_int_equal(deal_bucket(&d)->read_quota, 30 * CAIRN);
    fixture_skip(&f, 30 * DAY);
    assert_code(update(7), CODE_OK);
    assert_int_equal(record(deal_bucket(&d)->id)->quota, 7);
}

/* --- changing it, as UpdateBucket does --- */

#define CASE(name)                                                                                                     \
    static void name##_body(void);                                                                                     \
    static void name##_in(struct ctx *c, void *arg) {                                                                  \
        (void)arg;                                                                                                     \
        ctx = c;                                                                                                       \
        name##_body();                                                                                                 \
    }                                                                                                                  \
    static void name(void **state) {                                                                                   \
        (void)state;                                                                                                   \
        deal_fund(&d, 900 * CAIRN);                                                                                    \
        fixture_with_ctx(&f, name##_in, NULL);                                                                         \
    }                                                                                                                  \
    static void name##_body(void)

static PaymentAccount *account(void) {
    struct addr alice = fixture_addr("alice");
    PaymentAccount *a;
    assert_code(payment_get(ctx, &alice, &a, NULL), CODE_OK);
    return a;
}

static int set(uint64_t bucket, uint32_t sp, uint64_t quota) {
    struct addr alice = fixture_addr("alice");
    size_t mark = state_mark(ctx->state);
    int rc = payment_quota_set(ctx, &alice, bucket, sp, quota, NULL);
    if (rc)
        state_rollback(ctx->state, mark);
    else
        state_commit(ctx->state, mark);
    struct err err = {0};
    assert_ok(payment_invariants(ctx, &err), &err);
    return rc;
}

static uint64_t income(uint32_t id) {
    StorageProvider *sp;
    assert_code(sp_get(ctx, id, &sp, NULL), CODE_OK);
    return sp->income;
}

CASE(change__pays_each_provider_for_its_time) {
    assert_code(set(7, 1, 30 * CAIRN), CODE_OK);
    ctx->time += 2 * DAY;
    assert_code(set(7, 2, 60 * CAIRN), CODE_OK); /* moved, and doubled */
    assert_in_range(income(1), 2 * CAIRN - 2, 2 * CAIRN);
    ctx->time += DAY;
    assert_code(set(7, 2, 0), CODE_OK);
    assert_in_range(income(2), 2 * CAIRN - 2, 2 * CAIRN);
    assert_int_equal(account()->reserve, 0);
    assert_in_range(account()->balance + income(1) + income(2), 900 * CAIRN - 2, 900 * CAIRN);
    assert_code(set(7, 2, 0), CODE_OK); /* nothing to end */
}

CASE(change__lowering_has_to_wait) {
    assert_code(payment_quota_may_change(ctx, 7, 5, NULL), CODE_OK);
    assert_code(set(7, 1, 100), CODE_OK);
    assert_code(payment_quota_may_change(ctx, 7, 100, NULL), CODE_OK);
    assert_code(payment_quota_may_change(ctx, 7, 101, NULL), CODE_OK);
    assert_code(payment_quota_may_change(ctx, 7, 99, NULL), CODE_QUOTA_HELD);
    ctx->time += 30 * DAY - 1;
    assert_code(payment_quota_may_change(ctx, 7, 0, NULL), CODE_QUOTA_HELD);
    ctx->time += 1;
    assert_code(payment_quota_may_change(ctx, 7, 0, NULL), CODE_OK);
    assert_code(set(7, 1, 50), CODE_OK); /* lowered: what was raised then counts on */
    assert_code(payment_quota_may_change(ctx, 7, 49, NULL), CODE_OK);
    assert_code(set(7, 1, 51), CODE_OK);
    assert_code(payment_quota_may_change(ctx, 7, 50, NULL), CODE_QUOTA_HELD);
}

CASE(change__what_cannot_be_paid_changes_nothing) {
    assert_code(set(7, 1, 30 * CAIRN), CODE_OK);
    uint64_t reserve = account()->reserve;
    assert_code(set(7, 1, 30 * CAIRN * 200), CODE_PAYMENT_FUNDS);
    assert_code(set(7, 99, 5), CODE_SP_NOT_FOUND);
    assert_int_equal(account()->reserve, reserve);
    StorageProvider *sp;
    assert_code(sp_get(ctx, 1, &sp, NULL), CODE_OK);
    u128 rate;
    assert_code(flow_rate_of_month(UINT64_MAX, UINT64_MAX, &rate, NULL), CODE_FLOW);
}

CASE(change__frozen_accounts_end_and_do_not_raise) {
    PaymentAccount *a;
    struct addr alice = fixture_addr("alice");
    assert_code(set(7, 1, 30 * CAIRN), CODE_OK);
    ctx->time += 895 * DAY;
    assert_code(payment_open(ctx, &alice, false, &a, NULL), CODE_OK);
    assert_code(payment_close(ctx, &alice, a, NULL), CODE_OK);
    assert_int_equal(account()->status, PAYMENT_STATUS_FROZEN);
    assert_code(set(8, 1, 30), CODE_PAYER_FROZEN);
    assert_code(set(7, 1, 0), CODE_OK);
    assert_int_equal(account()->status, PAYMENT_STATUS_ACTIVE);
}

/* Whatever else flows: what the quote says is what is moved. */
CASE(quote__is_what_is_moved) {
    struct rng rng;
    struct addr alice = fixture_addr("alice");
    rng_init(&rng, 5);
    for (int i = 0; i < 300; i++) {
        ReadQuotaQuoteQuery q = READ_QUOTA_QUOTE_QUERY__INIT;
        ReadQuotaQuoteAnswer *answer = NULL;
        q.bucket_id = 1 + rng_below(&rng, 5);
        q.sp_id = 1 + (uint32_t)rng_below(&rng, 3);
        q.quota = rng_below(&rng, 5) ? rng_u64(&rng) >> (28 + rng_below(&rng, 30)) : 0;
        q.payment_address = ctx_addr(ctx, &alice);
        size_t mark = state_mark(ctx->state);
        int rc = quota_quote(ctx, &q, &answer, NULL);
        state_rollback(ctx->state, mark);
        PaymentAccount *before, *after;
        assert_code(payment_open(ctx, &alice, false, &before, NULL), CODE_OK);
        assert_code(set(q.bucket_id, q.sp_id, q.quota), rc);
        assert_code(payment_open(ctx, &alice, false, &after, NULL), CODE_OK);
        if (rc == CODE_OK) {
            assert_int_equal(before->balance + answer->freed, after->balance + answer->reserve);
            assert_int_equal(before->balance + before->reserve, after->balance + after->reserve);
        }
        ctx->time += rng_below(&rng, DAY / 10);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(quota__is_a_flow_to_the_primary), T(quota__costs_nothing_where_reading_costs_nothing),
          T(quota__without_money_there_is_no_bucket), T(poss_d1_7__deleting_a_bucket_returns_its_quotas_reserve),
          T(quota__who_pays_for_nothing_ends_with_none), T(bucket__keeps_what_its_first_primary_gave_once),
          T(update__raises_at_once_and_lowers_after_the_hold), T(change__pays_each_provider_for_its_time),
          T(change__lowering_has_to_wait), T(change__what_cannot_be_paid_changes_nothing),
          T(change__frozen_accounts_end_and_do_not_raise), T(quote__is_what_is_moved))
