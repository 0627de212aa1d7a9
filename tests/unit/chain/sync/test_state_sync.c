/* SPDX-License-Identifier: Apache-2.0 */
/* The plan alone; with verification and a store: tests/unit/chain/node/test_join.c. */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/sync/state_sync.h"

static struct state_sync plan;
static struct state_sync_request asks[64];

static struct state_sync_offer offer(uint64_t height, uint8_t root, uint32_t chunks) {
    struct state_sync_offer o = {.height = height, .chunks = chunks, .len = chunks};
    o.root.b[0] = root;
    o.id.b[0] = (uint8_t)(root + 1);
    o.id.b[1] = (uint8_t)height;
    return o;
}

static size_t ask(uint64_t now) {
    return state_sync_requests(&plan, now, asks, 64);
}

/* Answers a list that was asked for. */
static void list(uint32_t peer, const struct state_sync_offer *offers, size_t n, uint64_t now) {
    assert_true(state_sync_answered(&plan, peer, STATE_SYNC_LIST, 0, 0, now));
    state_sync_listed(&plan, peer, offers, n, now);
}

static bool none_in(void *ctx, uint32_t index) {
    (void)ctx;
    (void)index;
    return false;
}

/* Peers 1..n offer the same snapshot, and its chunks may be asked for. */
static void begin_chunks(unsigned peers, uint32_t chunks) {
    struct state_sync_offer o = offer(100, 1, chunks);
    state_sync_init(&plan, 1000);
    for (uint32_t p = 1; p <= peers; p++)
        state_sync_up(&plan, p);
    assert_int_equal(ask(1000), peers);
    for (uint32_t p = 1; p <= peers; p++)
        list(p, &o, 1, 1000);
    assert_int_equal(ask(1001), 0);
    assert_int_equal(plan.phase, STATE_SYNC_TRUST); /* all have answered: no reason to wait */
    state_sync_trusted(&plan, 1001);
    assert_int_equal(ask(1001), 1);
    assert_int_equal(asks[0].kind, STATE_SYNC_MANIFEST);
    assert_true(state_sync_answered(&plan, asks[0].peer, STATE_SYNC_MANIFEST, 100, 0, 1001));
    state_sync_manifest(&plan, chunks, none_in, NULL, 1001);
}

static void state_sync__the_highest_that_most_offer(void **state) {
    (void)state;
    struct state_sync_offer low = offer(50, 1, 3), high = offer(60, 2, 3), other = offer(60, 3, 3);
    state_sync_init(&plan, 1000);
    for (uint32_t p = 1; p <= 4; p++)
        state_sync_up(&plan, p);
    assert_int_equal(ask(1000), 4);
    list(1, &other, 1, 1000);
    list(2, &high, 1, 1000);
    list(3, (struct state_sync_offer[]){high, low}, 2, 1000);
    ask(1000 + STATE_SYNC_GATHER_MS - 1);
    assert_int_equal(plan.phase, STATE_SYNC_DISCOVER); /* the fourth may still say something */
    ask(1000 + STATE_SYNC_GATHER_MS);
    assert_int_equal(plan.phase, STATE_SYNC_TRUST);
    assert_true(hash_eq(&plan.target.id, &high.id));
    assert_int_equal(state_sync_sources(&plan), 2);
    /* It is wrong: the other of that height; that too: the lower one; then none. */
    state_sync_abandon(&plan, STATE_SYNC_WRONG, 3000);
    ask(3000 + STATE_SYNC_GATHER_MS);
    assert_true(hash_eq(&plan.target.id, &other.id));
    state_sync_abandon(&plan, STATE_SYNC_WRONG, 6000);
    ask(6000 + STATE_SYNC_GATHER_MS);
    assert_true(hash_eq(&plan.target.id, &low.id));
    state_sync_abandon(&plan, STATE_SYNC_STALLED, 9000);
    ask(9000 + STATE_SYNC_GATHER_MS);
    assert_int_equal(plan.phase, STATE_SYNC_DISCOVER);
    ask(9000 + STATE_SYNC_RETRY_MS); /* what only stalled may be tried again */
    assert_true(hash_eq(&plan.target.id, &low.id));
}

/* Silence is not enough. Somebody has none, and says so until the time is over; one offer begins it anew. */
static void state_sync__nobody_has_one(void **state) {
    (void)state;
    struct state_sync_offer o = offer(50, 1, 3);
    state_sync_init(&plan, 1000);
    ask(1000 + 2 * STATE_SYNC_NONE_MS);
    assert_false(state_sync_none(&plan)); /* no peers */
    uint64_t t = 1000 + 3 * STATE_SYNC_NONE_MS;
    state_sync_up(&plan, 1);
    state_sync_up(&plan, 2);
    assert_int_equal(ask(t), 2);
    ask(t + STATE_SYNC_TIMEOUT_MS - 1);
    assert_int_equal(plan.none_ms, 0); /* they are silent */
    list(1, NULL, 0, t + STATE_SYNC_TIMEOUT_MS - 1);
    t += STATE_SYNC_TIMEOUT_MS;
    ask(t);
    ask(t + STATE_SYNC_NONE_MS - 1);
    assert_false(state_sync_none(&plan));
    ask(t + STATE_SYNC_NONE_MS);
    assert_true(state_sync_none(&plan));
    state_sync_listed(&plan, 2, &o, 1, t + STATE_SYNC_NONE_MS); /* late, and all the same */
    ask(t + STATE_SYNC_NONE_MS + 1);
    assert_false(state_sync_none(&plan));
    assert_int_equal(plan.phase, STATE_SYNC_TRUST);
}

/* One peer offers again and again what is not there, while another says that there is none. */
static void state_sync__offers_that_come_to_nothing_do_not_hold_it(void **state) {
    (void)state;
    uint64_t t = 1000;
    state_sync_init(&plan, t);
    state_sync_up(&plan, 1);
    state_sync_up(&plan, 2);
    ask(t);
    list(1, NULL, 0, t);
    for (uint8_t k = 0; !state_sync_none(&plan); k++) {
        assert_true(k < 4);
        struct state_sync_offer o = offer(100 + k, k, 3);
        state_sync_listed(&plan, 2, &o, 1, t);
        ask(t += STATE_SYNC_GATHER_MS);
        assert_int_equal(plan.phase, STATE_SYNC_TRUST);
        state_sync_want(&plan, 100 + k, 0, t);
        ask(t += STATE_SYNC_STALL_MS);
    }
    /* Without the honest one there would be no reason to believe it. */
    state_sync_gone(&plan, 1);
    ask(t += STATE_SYNC_STALL_MS);
    assert_false(state_sync_none(&plan));
}

static void state_sync__what_was_begun_is_preferred(void **state) {
    (void)state;
    struct state_sync_offer low = offer(50, 1, 3), high = offer(60, 2, 3);
    state_sync_init(&plan, 1000);
    state_sync_prefer(&plan, &low);
    state_sync_up(&plan, 1);
    assert_int_equal(ask(1000), 1);
    list(1, (struct state_sync_offer[]){high, low}, 2, 1000);
    ask(1001);
    assert_int_equal(plan.target.height, 50);
}

static void state_sync__chunks_from_all(void **state) {
    (void)state;
    begin_chunks(3, 40);
    size_t n = ask(1002);
    assert_int_equal(n, 3 * STATE_SYNC_ASKS_MAX);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(asks[i].kind, STATE_SYNC_CHUNK);
        assert_int_equal(asks[i].index, i); /* in order, none twice */
    }
    assert_int_equal(ask(1003), 0);
    assert_false(state_sync_answered(&plan, asks[0].peer, STATE_SYNC_CHUNK, 100, 39, 1003)); /* nobody asked */
    assert_false(state_sync_answered(&plan, 9, STATE_SYNC_CHUNK, 100, 0, 1003));
    assert_true(state_sync_answered(&plan, asks[0].peer, STATE_SYNC_CHUNK, 100, 0, 1003));
    assert_true(state_sync_here(&plan, 0));
    assert_false(state_sync_here(&plan, 0)); /* once */
    assert_false(state_sync_answered(&plan, asks[0].peer, STATE_SYNC_CHUNK, 100, 0, 1003));
    state_sync_taken(&plan, 0, true, 1004);
    assert_int_equal(plan.in, 1);
    assert_int_equal(ask(1005), 1); /* the next of that peer */
}

static void state_sync__bounded(void **state) {
    (void)state;
    begin_chunks(STATE_SYNC_PEERS_MAX, 1000);
    assert_int_equal(ask(1002), STATE_SYNC_AHEAD);
    for (uint32_t i = 0; i < STATE_SYNC_AHEAD; i++) { /* here, and not yet taken in */
        assert_true(state_sync_answered(&plan, asks[i].peer, STATE_SYNC_CHUNK, 100, i, 1003));
        assert_true(state_sync_here(&plan, i));
    }
    assert_int_equal(ask(1004), 0);
    state_sync_taken(&plan, 0, true, 1005);
    state_sync_taken(&plan, 1, false, 1005); /* a wrong one: asked for again */
    assert_int_equal(ask(1006), 2);
    assert_int_equal(asks[0].index, 1);
    assert_int_equal(asks[1].index, STATE_SYNC_AHEAD);
}

static void state_sync__a_bad_peer(void **state) {
    (void)state;
    begin_chunks(2, 10);
    assert_int_equal(ask(1002), 4);
    uint32_t bad = asks[0].peer;
    assert_true(state_sync_answered(&plan, bad, STATE_SYNC_CHUNK, 100, 0, 1003));
    assert_true(state_sync_here(&plan, 0));
    state_sync_taken(&plan, 0, false, 1003);
    state_sync_bad(&plan, bad);
    assert_int_equal(state_sync_sources(&plan), 1);
    for (uint64_t now = 1004; now < 60000 && plan.phase == STATE_SYNC_CHUNKS; now += 100) {
        size_t n = ask(now);
        for (size_t i = 0; i < n; i++) {
            assert_int_not_equal(asks[i].peer, bad);
            if (asks[i].kind == STATE_SYNC_LIST)
                continue;
        }
        for (uint32_t c = 0; c < 10; c++)
            if (state_sync_answered(&plan, 3 - bad, STATE_SYNC_CHUNK, 100, c, now) && state_sync_here(&plan, c))
                state_sync_taken(&plan, c, true, now);
    }
    assert_int_equal(plan.phase, STATE_SYNC_DONE);
    assert_int_equal(state_sync_deadline(&plan, 70000), UINT64_MAX);
}

/* Each request that was forgotten may be answered once, however late. */
static void state_sync_late__as_often_as_it_was_asked(void **state) {
    (void)state;
    uint64_t now = 1000;
    state_sync_init(&plan, now);
    state_sync_up(&plan, 1);
    assert_false(state_sync_late(&plan, 1));
    assert_int_equal(ask(now), 1); /* its list */
    ask(now += STATE_SYNC_TIMEOUT_MS);
    assert_false(state_sync_late(&plan, 1)); /* overdue: still awaited */
    ask(now += STATE_SYNC_FORGET_MS);
    assert_int_equal(state_sync_owed(&plan, 1), 1);
    assert_int_equal(state_sync_owed(&plan, 2), 0);
    assert_true(state_sync_answered(&plan, 1, STATE_SYNC_LIST, 0, 0, now)); /* it was asked again meanwhile */
    assert_false(state_sync_answered(&plan, 1, STATE_SYNC_LIST, 0, 0, now));
    assert_false(state_sync_late(&plan, 2));
    assert_true(state_sync_late(&plan, 1));
    assert_false(state_sync_late(&plan, 1));
    assert_int_equal(state_sync_owed(&plan, 1), 0);
}

static void state_sync_owed__a_block_under_way(void **state) {
    (void)state;
    struct state_sync_offer o = offer(100, 1, 3);
    state_sync_init(&plan, 1000);
    state_sync_up(&plan, 1);
    assert_int_equal(ask(1000), 1);
    list(1, &o, 1, 1000);
    ask(1001);
    state_sync_want(&plan, 101, 100, 1001);
    assert_int_equal(ask(1001), 2); /* header and block */
    assert_int_equal(state_sync_owed(&plan, 1), 1);
    assert_true(state_sync_answered(&plan, 1, STATE_SYNC_BLOCK, 100, 0, 1001));
    assert_int_equal(state_sync_owed(&plan, 1), 0);
}

static void state_sync__nobody_offers_it_any_more(void **state) {
    (void)state;
    begin_chunks(2, 10);
    ask(1002);
    uint64_t turn = plan.turn;
    state_sync_gone(&plan, 1);
    state_sync_gone(&plan, 2);
    ask(1003);
    assert_int_equal(plan.phase, STATE_SYNC_DISCOVER);
    assert_true(plan.turn > turn);
    state_sync_taken(&plan, 0, true, 1004); /* of what was left: nothing */
    /* They come again: it is chosen again, although there is a higher one. */
    struct state_sync_offer o = offer(100, 1, 10), higher = offer(110, 4, 10);
    state_sync_up(&plan, 7);
    assert_int_equal(ask(1005), 1);
    list(7, (struct state_sync_offer[]){higher, o}, 2, 1005);
    ask(1006 + STATE_SYNC_GATHER_MS);
    assert_int_equal(plan.target.height, 100);
}

static void state_sync__more_offers_than_places(void **state) {
    (void)state;
    struct state_sync_offer many[STATE_SYNC_OFFERS_MAX + 3];
    for (unsigned i = 0; i < STATE_SYNC_OFFERS_MAX + 3; i++)
        many[i] = offer(1000 - i, (uint8_t)i, 1);
    many[0].chunks = SNAPSHOT_CHUNKS_MAX + 1; /* none that there may be */
    state_sync_init(&plan, 1000);
    for (uint32_t p = 1; p <= STATE_SYNC_PEERS_MAX + 2; p++)
        state_sync_up(&plan, p);
    assert_int_equal(ask(1000), STATE_SYNC_PEERS_MAX < 64 ? STATE_SYNC_PEERS_MAX : 64);
    list(1, many, STATE_SYNC_OFFERS_MAX + 3, 1000);
    ask(1000 + STATE_SYNC_GATHER_MS);
    assert_int_equal(plan.target.height, 999);
    assert_false(state_sync_answered(&plan, STATE_SYNC_PEERS_MAX + 1, STATE_SYNC_LIST, 0, 0, 1000));
}

/* Whatever peers do, no more than the bounds is under way, and with one honest peer it comes to its end. */
static void state_sync__random_peers(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 23);
    for (int round = 0; round < 40; round++) {
        uint32_t chunks = 1 + (uint32_t)rng_below(&rng, 60);
        struct state_sync_offer o = offer(100, 1, chunks);
        uint64_t now = 1000;
        state_sync_init(&plan, now);
        for (uint32_t p = 1; p <= 5; p++)
            state_sync_up(&plan, p);
        for (int i = 0; i < 40000 && plan.phase != STATE_SYNC_DONE; i++) {
            now += rng_below(&rng, 400);
            size_t n = state_sync_requests(&plan, now, asks, 1 + rng_below(&rng, 20));
            assert_true(plan.ahead <= STATE_SYNC_AHEAD);
            for (size_t k = 0; k < n; k++) {
                struct state_sync_request *r = &asks[k];
                bool honest = r->peer == 1;
                uint64_t what = honest ? 9 : rng_below(&rng, 12);
                if (what < 3) /* silence */
                    continue;
                if (!state_sync_answered(&plan, r->peer, r->kind, r->height, r->index, now))
                    continue;
                if (what == 3) {
                    state_sync_lacks(&plan, r->peer, r->kind, now);
                } else if (r->kind == STATE_SYNC_LIST) {
                    state_sync_listed(&plan, r->peer, &o, 1, now);
                } else if (r->kind == STATE_SYNC_MANIFEST && plan.phase == STATE_SYNC_MANIFESTS) {
                    state_sync_manifest(&plan, chunks, none_in, NULL, now);
                } else if (r->kind == STATE_SYNC_CHUNK && plan.phase == STATE_SYNC_CHUNKS && r->height == 100 &&
                           state_sync_here(&plan, r->index)) {
                    state_sync_taken(&plan, r->index, what != 4, now);
                    if (what == 4)
                        state_sync_bad(&plan, r->peer);
                } else if (r->kind == STATE_SYNC_HEADER && plan.phase == STATE_SYNC_TRUST) {
                    state_sync_want(&plan, 0, 0, now);
                    state_sync_trusted(&plan, now);
                }
            }
            if (plan.phase == STATE_SYNC_TRUST)
                state_sync_want(&plan, 101, 0, now);
            if (rng_below(&rng, 200) == 0) {
                uint32_t p = 2 + (uint32_t)rng_below(&rng, 4);
                state_sync_gone(&plan, p);
                state_sync_up(&plan, p);
            }
            assert_true(plan.phase == STATE_SYNC_DONE || state_sync_deadline(&plan, now) > now);
        }
        assert_int_equal(plan.phase, STATE_SYNC_DONE);
        assert_int_equal(plan.in, chunks);
    }
}

TEST_MAIN(cmocka_unit_test(state_sync__the_highest_that_most_offer), cmocka_unit_test(state_sync__nobody_has_one),
          cmocka_unit_test(state_sync__offers_that_come_to_nothing_do_not_hold_it),
          cmocka_unit_test(state_sync__what_was_begun_is_preferred), cmocka_unit_test(state_sync__chunks_from_all),
          cmocka_unit_test(state_sync__bounded), cmocka_unit_test(state_sync__a_bad_peer),
          cmocka_unit_test(state_sync_late__as_often_as_it_was_asked),
          cmocka_unit_test(state_sync_owed__a_block_under_way), cmocka_unit_test(state_sync__nobody_offers_it_any_more),
          cmocka_unit_test(state_sync__more_offers_than_places), cmocka_unit_test(state_sync__random_peers))
