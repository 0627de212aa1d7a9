/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows against a naive model: the model adds up rate x milliseconds of every stretch in numbers of 320 bits and
 * divides by 2^64 once, at the end. The ledger settles accounts and slots at random times in random order, and must
 * come to the same pebble everywhere.
 */
#include "tests/lib/ledger/fixture.h"

#include "chain/base/rng.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_storage.h"
#include "x/payment/account.h"
#include "x/sp/sp.h"

#define DAY       ((uint64_t)86400000)
#define SLOTS     4
#define POSITIONS 3
#define STEPS     120
#define SEEDS     24

/* --- numbers without an end, nearly --- */

struct big {
    uint32_t limb[10];
};

static void big_add_at(struct big *b, uint64_t v, unsigned at) {
    u128 carry = v;
    for (unsigned i = at; i < COUNT_OF(b->limb); i++) {
        carry += b->limb[i];
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    assert_true(carry == 0);
}

/* b += x * y, by hand. */
static void big_add_product(struct big *b, u128 x, uint64_t y) {
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < 2; j++)
            big_add_at(b, (uint64_t)(uint32_t)(x >> (32 * i)) * (uint32_t)(y >> (32 * j)), i + j);
}

/* b / 2^64, which must be a number of pebble. */
static uint64_t big_pebble(const struct big *b) {
    for (unsigned i = 4; i < COUNT_OF(b->limb); i++)
        assert_int_equal(b->limb[i], 0);
    return (uint64_t)b->limb[3] << 32 | b->limb[2];
}

/* --- the ledger's side --- */

static struct fixture f;
static struct ctx *ctx;
static struct addr alice;
static const uint32_t members[POSITIONS] = {1, 2, 3};

static PlacementGroup *group(void) {
    static PlacementGroup g;
    g = (PlacementGroup)PLACEMENT_GROUP__INIT;
    g.members = (uint32_t *)(uintptr_t)members;
    g.n_members = POSITIONS;
    g.flowing = 100; /* of other buckets, too */
    return &g;
}

struct plan { /* of one seed: what happens at each step, the same in every execution */
    uint64_t at[STEPS];
    unsigned slot[STEPS];
    bool add[STEPS];
    u128 rates[STEPS][POSITIONS];
    uint64_t deposit[STEPS];
};

static PaymentAccount *account(void) {
    PaymentAccount *a;
    struct err err = {0};
    assert_ok(payment_get(ctx, &alice, &a, &err), &err);
    return a;
}

static void settle_account(void) {
    PaymentAccount *a;
    struct err err = {0};
    assert_ok(payment_open(ctx, &alice, false, &a, &err), &err);
    assert_ok(payment_close(ctx, &alice, a, &err), &err);
}

static BucketSlot *load(unsigned number) {
    struct key k;
    BucketSlot *slot = NULL;
    if (record_get(ctx, key_slot(&k, 1, number + 1), &bucket_slot__descriptor, &slot, NULL) == CODE_NOT_FOUND) {
        slot = CTX_NEW(ctx, BucketSlot);
        bucket_slot__init(slot);
        slot->bucket_id = 1;
        slot->slot = number + 1; /* they are numbered from 1 */
        slot->settled_at = ctx->time;
    }
    return slot;
}

static void store(const BucketSlot *slot) {
    struct key k;
    assert_code(record_put(ctx, key_slot(&k, 1, slot->slot), slot, NULL), CODE_OK);
}

static void settle_slot(unsigned number) {
    struct err err = {0};
    BucketSlot *slot = load(number);
    assert_ok(payment_slot_settle(ctx, &alice, slot, group(), &err), &err);
    store(slot);
}

static int change(unsigned number, const u128 *rates, bool add) {
    size_t mark = state_mark(ctx->state);
    BucketSlot *slot = load(number);
    int rc = payment_slot_change(ctx, &alice, slot, group(), rates, add, NULL);
    if (rc) {
        state_rollback(ctx->state, mark);
        return rc;
    }
    store(slot);
    state_commit(ctx->state, mark);
    return CODE_OK;
}

static void deposit(uint64_t amount) {
    MsgDeposit msg = MSG_DEPOSIT__INIT;
    struct err err = {0};
    msg.payment_address = ctx_addr(ctx, &alice);
    msg.amount = amount;
    ctx->signer = alice;
    assert_ok(f.ledger.rules[MSG__BODY_DEPOSIT]->run(ctx, &msg, &err), &err);
}

/* What the end of a block would do. */
static void run_queue(void) {
    struct key k;
    struct err err = {0};
    PaymentAccount *a = account();
    uint64_t due = a->dry_at;
    if (!due || due > ctx->time || a->status == PAYMENT_STATUS_FROZEN) /* ending slots needs x/storage */
        return;
    assert_code(record_del(ctx, key_payment_due(&k, due, &alice), NULL), CODE_OK);
    assert_ok(payment_due(ctx, due, addr_bytes(&alice), BYTES_NONE, &err), &err);
}

static void check_invariants(void) {
    struct err err = {0};
    assert_ok(payment_invariants(ctx, &err), &err);
}

static void make_plan(struct rng *rng, uint64_t start, unsigned bits_min, unsigned bits_max, struct plan *p) {
    u128 left[SLOTS][POSITIONS] = {{0}};
    uint64_t at = start;
    for (unsigned s = 0; s < STEPS; s++) {
        at += rng_range(rng, 1, rng_below(rng, 3) ? DAY : 50);
        p->at[s] = at;
        p->slot[s] = (unsigned)rng_below(rng, SLOTS);
        p->add[s] = rng_below(rng, 2);
        p->deposit[s] = rng_below(rng, 6) ? 0 : rng_range(rng, 1, 20 * PEBBLE_PER_CAIRN);
        for (unsigned i = 0; i < POSITIONS; i++) {
            u128 *have = &left[p->slot[s]][i];
            uint64_t high = rng_u64(rng), low = rng_u64(rng); /* one after the other, whatever the compiler */
            u128 wish = ((u128)high << 64 | low) >> (128 - rng_range(rng, bits_min, bits_max));
            p->rates[s][i] = p->add[s] ? wish : *have && rng_below(rng, 3) ? wish % *have : *have;
            *have = p->add[s] ? *have + p->rates[s][i] : *have - p->rates[s][i];
        }
    }
}

/* Settles a few things at a few moments up to `until`, in no order. */
static void fidget(struct rng *rng, uint64_t until) {
    for (uint64_t n = rng_below(rng, 6); n; n--) {
        if (ctx->time + 1 < until && rng_below(rng, 2))
            ctx->time = rng_range(rng, ctx->time + 1, until - 1);
        unsigned what = (unsigned)rng_below(rng, SLOTS + 2);
        if (what < SLOTS)
            settle_slot(what);
        else
            settle_account();
    }
}

/* --- never short of money: exact against the model --- */

static void exact_in(struct ctx *c, void *arg) {
    struct rng rng;
    struct plan p;
    struct big owed = {{0}}, earned[SLOTS][POSITIONS];
    u128 rates[SLOTS][POSITIONS] = {{0}}, all = 0;
    memset(earned, 0, sizeof earned);
    ctx = c;
    rng_init(&rng, *(uint64_t *)arg);
    deposit((uint64_t)1 << 61);
    uint64_t before = account()->balance, last = ctx->time;
    make_plan(&rng, ctx->time, 1, 70, &p);
    for (unsigned s = 0; s < STEPS; s++) {
        fidget(&rng, p.at[s]);
        ctx->time = p.at[s];
        for (unsigned n = 0; n < SLOTS; n++)
            for (unsigned i = 0; i < POSITIONS; i++)
                big_add_product(&earned[n][i], rates[n][i], p.at[s] - last);
        big_add_product(&owed, all, p.at[s] - last);
        last = p.at[s];
        assert_code(change(p.slot[s], p.rates[s], p.add[s]), CODE_OK);
        for (unsigned i = 0; i < POSITIONS; i++) {
            rates[p.slot[s]][i] += p.add[s] ? p.rates[s][i] : -p.rates[s][i];
            all += p.add[s] ? p.rates[s][i] : -p.rates[s][i];
        }
        check_invariants();
    }
    settle_account();
    for (unsigned n = 0; n < SLOTS; n++)
        settle_slot(n);
    assert_int_equal(before - account()->balance - account()->reserve, big_pebble(&owed));
    for (unsigned i = 0; i < POSITIONS; i++) {
        StorageProvider *sp;
        uint64_t sum = 0;
        for (unsigned n = 0; n < SLOTS; n++)
            sum += big_pebble(&earned[n][i]);
        assert_code(sp_get(ctx, members[i], &sp, NULL), CODE_OK);
        assert_int_equal(sp->income, sum);
    }
    check_invariants();
}

static void flow__pays_what_a_naive_model_pays(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %d\n", (int)seed);
        fixture_with_ctx(&f, exact_in, &seed);
    }
}

/* --- running dry, frozen, resumed: the same however often somebody looks --- */

struct outcome {
    uint64_t balance, reserve, settled_at, remainder, frozen_at, dry_at, incomes[POSITIONS];
    unsigned status, refused;
};

struct run {
    uint64_t seed, fidgets;
    struct outcome ret;
};

static void take_what_is_there(unsigned number, u128 *rates) {
    const BucketSlot *slot = load(number);
    for (unsigned i = 0; i < POSITIONS; i++) {
        u128 have = i < slot->n_rates ? u128_of(slot->rates[i]) : 0;
        rates[i] = rates[i] < have ? rates[i] : have;
    }
}

static void poor_in(struct ctx *c, void *arg) {
    struct run *run = arg;
    struct rng rng, other;
    struct plan p;
    ctx = c;
    rng_init(&rng, run->seed);
    rng_init(&other, run->fidgets);
    deposit(40 * PEBBLE_PER_CAIRN);
    make_plan(&rng, ctx->time, 64, 67, &p);
    for (unsigned s = 0; s < STEPS; s++) {
        /* a block every six hours, in which queues run */
        for (ctx->time += DAY / 4; ctx->time < p.at[s]; ctx->time += DAY / 4) {
            if (run->fidgets)
                fidget(&other, 0);
            run_queue();
        }
        ctx->time = p.at[s];
        if (p.deposit[s])
            deposit(p.deposit[s]);
        if (!p.add[s]) /* what was refused before is not there to be taken away */
            take_what_is_there(p.slot[s], p.rates[s]);
        run->ret.refused += change(p.slot[s], p.rates[s], p.add[s]) != CODE_OK;
        run_queue();
        check_invariants();
    }
    settle_account();
    for (unsigned n = 0; n < SLOTS; n++)
        settle_slot(n);
    const PaymentAccount *a = account();
    run->ret = (struct outcome){.balance = a->balance,
                                .reserve = a->reserve,
                                .settled_at = a->settled_at,
                                .remainder = a->remainder,
                                .frozen_at = a->frozen_at,
                                .dry_at = a->dry_at,
                                .status = a->status,
                                .refused = run->ret.refused};
    for (unsigned i = 0; i < POSITIONS; i++) {
        StorageProvider *sp;
        assert_code(sp_get(ctx, members[i], &sp, NULL), CODE_OK);
        run->ret.incomes[i] = sp->income;
    }
}

static void flow__comes_to_the_same_however_often_it_is_settled(void **state) {
    (void)state;
    unsigned refused = 0, frozen = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct run calm = {.seed = seed}, nervous = {.seed = seed, .fidgets = seed + 77};
        memset(&calm.ret, 0, sizeof calm.ret);
        memset(&nervous.ret, 0, sizeof nervous.ret);
        print_message("seed %d\n", (int)seed);
        fixture_with_ctx(&f, poor_in, &calm);
        fixture_with_ctx(&f, poor_in, &nervous);
        assert_memory_equal(&calm.ret, &nervous.ret, sizeof calm.ret);
        refused += calm.ret.refused;
        frozen += calm.ret.frozen_at != 0;
    }
    assert_true(refused > 0);
    assert_true(frozen > 0); /* else nothing ran dry */
}

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", (uint64_t)1 << 62);
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(flow__pays_what_a_naive_model_pays), T(flow__comes_to_the_same_however_often_it_is_settled))
