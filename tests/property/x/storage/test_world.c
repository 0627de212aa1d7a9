/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network in which anything may happen in any order: buckets and objects come and go, providers answer, answer
 * wrongly or keep silent, payers run dry and pay again. After every block the fixture checks all invariants of all
 * modules; here we check what a message may answer, and that the same history gives the same hash.
 */
#include "tests/lib/ledger/deal.h"

#include "chain/base/rng.h"
#include "chain/types/keys_challenge.h"

#define OWNERS  2
#define OBJECTS 6

struct world {
    struct fixture f;
    struct rng rng;
    struct deal deals[OWNERS][OBJECTS];
    uint64_t groups[3];
};

static const char *const owners[OWNERS] = {"alice", "bob"};
static const char *const buckets[OWNERS] = {"photos", "papers"};
static const char *const names[OBJECTS] = {"a", "b/c", "b/d", "e", "f/g/h", "i"};
static const char *const profiles[3] = {"ec:2+1+w", "replica:2", "ec:3+1"};

static void world_begin(struct world *w, uint64_t seed) {
    memset(w, 0, sizeof *w);
    rng_init(&w->rng, seed);
    fixture_init(&w->f);
    w->f.sps = 4;
    for (size_t i = 0; i < OWNERS; i++)
        fixture_account(&w->f, owners[i], 1000 * PEBBLE_PER_CAIRN);
    w->f.sp_price = (uint64_t)1 << 49;
    w->f.params.payment.reserve_time_ms = 60000;
    w->f.params.payment.frozen_time_ms = 20000;
    w->f.params.payment.settle_interval_ms = 7000;
    w->f.params.storage.create_ttl_ms = 30000;
    w->f.params.storage.expiries_per_block = 2;
    w->f.params.storage.warning_ms = 10000;
    w->f.params.storage.grace_ms = 10000;
    w->f.params.challenge.floor_interval_ms = 6000;
    w->f.params.challenge.bytes_per_draw = 100000;
    w->f.params.challenge.bytes_interval_ms = 9000;
    w->f.params.challenge.deadline_ms = 8000;
    w->f.params.challenge.slash_amount = 1000;
    w->f.params.challenge.challenger_reward = 300;
    w->f.params.challenge.closed_kept_ms = 20000;
    fixture_start(&w->f);
    for (size_t o = 0; o < OWNERS; o++)
        for (size_t i = 0; i < OBJECTS; i++) {
            struct deal *d = &w->deals[o][i];
            deal_init(d, &w->f, owners[o], buckets[o], names[i], profiles[i % 3], 64 * KIB, 1 + 41 * i * i * i * i * i);
            d->nonce = 1 + 100000 * (o * OBJECTS + i);
            d->seed = (uint8_t)(o * 100 + i);
        }
    for (size_t i = 0; i < 3; i++) {
        deal_must_group(&w->deals[0][i]);
        w->groups[i] = w->deals[0][i].group_id;
    }
    for (size_t o = 0; o < OWNERS; o++)
        for (size_t i = 0; i < OBJECTS; i++)
            w->deals[o][i].group_id = w->groups[i % 3];
}

/* The code must be one of those that the state can explain. */
static void expect_one_of(const char *what, const TxResult *r, const int *codes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((int)r->code == codes[i])
            return;
    fail_msg("%s: %s", what, r->log);
}
#define EXPECT(what, r, ...)                                                                                           \
    do {                                                                                                               \
        const int codes_[] = {__VA_ARGS__};                                                                            \
        expect_one_of(what, r, codes_, sizeof codes_ / sizeof *codes_);                                                \
    } while (0)

static void make_bucket(struct deal *d) {
    struct bucket_try t;
    bool there = deal_bucket(d) != NULL;
    deal_bucket_try(d, &t);
    const TxResult *r = deal_bucket_send(d, &t, d->owner);
    assert_code((int)r->code, there ? CODE_BUCKET_EXISTS : CODE_OK);
}

static void drop_bucket(struct world *w, struct deal *d) {
    MsgDeleteBucket m = MSG_DELETE_BUCKET__INIT;
    const BucketInfo *b = deal_bucket(d);
    int want = !b ? CODE_BUCKET_NOT_FOUND : b->objects ? CODE_BUCKET_NOT_EMPTY : CODE_OK;
    m.bucket_name = arena_strdup(&w->f.tx_arena, d->bucket);
    assert_code((int)fixture_do(&w->f, d->owner, &m.base)->code, want);
}

static void create(struct deal *d) {
    struct object_try t;
    bool there = deal_object(d) != NULL, bucket = deal_bucket(d) != NULL;
    deal_object_try(d, &t);
    const TxResult *r = deal_object_send(d, &t, d->owner);
    if (!bucket)
        EXPECT("create", r, CODE_BUCKET_NOT_FOUND);
    else if (there)
        EXPECT("create", r, CODE_OBJECT_EXISTS);
    else
        EXPECT("create", r, CODE_OK, CODE_PAYMENT_FUNDS, CODE_PAYER_FROZEN, CODE_PAYMENT_ACCOUNT_NOT_FOUND);
    if (r->code == CODE_OK)
        d->object_id = r->ids[0];
}

static void seal(struct deal *d) {
    struct seal_try t;
    const ObjectInfo *o = deal_object(d);
    if (!o)
        return;
    deal_seal_try(d, &t);
    bool created = o->object_status == OBJECT_STATUS_CREATED;
    const TxResult *r = deal_seal_send(d, &t, "sp0.seal");
    if (!created)
        EXPECT("seal", r, CODE_OBJECT_STATUS);
    else
        EXPECT("seal", r, CODE_OK, CODE_PAYER_FROZEN, CODE_PAYMENT_FUNDS, CODE_OBJECT_EXPIRED, CODE_RECEIPT_EXPIRED,
               CODE_SP_DEPOSIT);
}

static void end(struct world *w, struct deal *d, bool cancel) {
    MsgDeleteObject del = MSG_DELETE_OBJECT__INIT;
    MsgCancelObject can = MSG_CANCEL_OBJECT__INIT;
    const ObjectInfo *o = deal_object(d);
    int want = !deal_bucket(d)                                         ? CODE_BUCKET_NOT_FOUND
               : !o                                                    ? CODE_OBJECT_NOT_FOUND
               : cancel == (o->object_status == OBJECT_STATUS_CREATED) ? CODE_OK
                                                                       : CODE_OBJECT_STATUS;
    del.bucket_name = can.bucket_name = arena_strdup(&w->f.tx_arena, d->bucket);
    del.object_name = can.object_name = arena_strdup(&w->f.tx_arena, d->object);
    assert_code((int)fixture_do(&w->f, d->owner, cancel ? &can.base : &del.base)->code, want);
}

static void pay(struct world *w, struct deal *d, uint64_t amount) {
    MsgDeposit m = MSG_DEPOSIT__INIT;
    m.payment_address = fixture_addr_data(&w->f, d->owner);
    m.amount = amount;
    assert_code((int)fixture_do(&w->f, d->owner, &m.base)->code, CODE_OK);
}

static void submit(struct world *w, struct deal *d) {
    MsgSubmitChallenge m = MSG_SUBMIT_CHALLENGE__INIT;
    m.bucket_name = arena_strdup(&w->f.tx_arena, d->bucket);
    m.object_name = arena_strdup(&w->f.tx_arena, d->object);
    m.position = (uint32_t)rng_below(&w->rng, 3);
    m.any_segment = true;
    const TxResult *r = fixture_do(&w->f, d->owner, &m.base);
    EXPECT("submit", r, CODE_OK, CODE_BUCKET_NOT_FOUND, CODE_OBJECT_NOT_FOUND, CODE_OBJECT_STATUS,
           CODE_CHALLENGE_POSITION, CODE_CHALLENGE_LIMIT);
}

static struct deal *deal_of(struct world *w, const Challenge *c) {
    for (size_t o = 0; o < OWNERS; o++)
        for (size_t i = 0; i < OBJECTS; i++)
            if (!strcmp(c->bucket_name, buckets[o]) && !strcmp(c->object_name, names[i]))
                return &w->deals[o][i];
    fail_msg("a challenge of an object that nobody made");
    return NULL;
}

/* One open challenge, often rightly, sometimes wrongly. */
static void answer(struct world *w) {
    MsgAnswerChallenge m;
    const ChallengesAnswer *all = fixture_query(&w->f, "/challenge/challenges", "limit", "1000", NULL);
    size_t at = all->n_challenges ? rng_below(&w->rng, all->n_challenges) : 0;
    if (!all->n_challenges || all->challenges[at]->status != CHALLENGE_STATUS_OPEN || all->challenges[at]->attempted)
        return;
    const Challenge *c = all->challenges[at];
    char key[16];
    snprintf(key, sizeof key, "sp%u.seal", c->sp_id - 1);
    deal_answer(deal_of(w, c), c, &m);
    bool right = rng_chance(&w->rng, 4, 5);
    if (!right)
        m.leaves[0]->data.data[0] ^= 1;
    const TxResult *r = fixture_do(&w->f, key, &m.base);
    if (right)
        EXPECT("answer", r, CODE_OK, CODE_CHALLENGE_LATE, CODE_CHALLENGE_CLOSED);
    else
        EXPECT("answer", r, CODE_CHALLENGE_PATH, CODE_CHALLENGE_LATE, CODE_CHALLENGE_CLOSED);
}

static void step(struct world *w) {
    struct deal *d = &w->deals[rng_below(&w->rng, OWNERS)][rng_below(&w->rng, OBJECTS)];
    uint64_t what = rng_below(&w->rng, 20);
    if (what < 4)
        create(d);
    else if (what < 9)
        seal(d);
    else if (what < 14)
        answer(w);
    else if (what == 14)
        end(w, d, false);
    else if (what == 15)
        end(w, d, true);
    else if (what == 16)
        submit(w, d);
    else if (what == 17)
        rng_chance(&w->rng, 1, 4) ? pay(w, d, 1 + rng_below(&w->rng, 60000)) : fixture_skip(&w->f, 10000);
    else if (what == 18)
        rng_chance(&w->rng, 1, 3) ? drop_bucket(w, d) : make_bucket(d);
    else
        fixture_skip(&w->f, 1000 * rng_below(&w->rng, 5));
}

static struct hash run(uint64_t seed, size_t steps) {
    struct world w;
    world_begin(&w, seed);
    for (size_t o = 0; o < OWNERS; o++) {
        make_bucket(&w.deals[o][0]);
        pay(&w, &w.deals[o][0], 100000);
    }
    for (size_t i = 0; i < steps; i++)
        step(&w);
    const ChallengeStats *stats = fixture_query(&w.f, "/challenge/stats", NULL);
    assert_true(stats->passed + stats->missed > 0);
    struct hash hash = w.f.app_hash;
    fixture_release(&w.f);
    return hash;
}

static void world__keeps_its_invariants(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++)
        run(seed, 150);
}

static void world__is_deterministic(void **state) {
    (void)state;
    struct hash a = run(77, 150), b = run(77, 150), c = run(78, 150);
    assert_true(hash_eq(&a, &b));
    assert_false(hash_eq(&a, &c));
}

TEST_MAIN(cmocka_unit_test(world__keeps_its_invariants), cmocka_unit_test(world__is_deterministic))
