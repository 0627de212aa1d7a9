/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/sync/sync.h"

static struct sync sync;
static struct sync_request asks[16];
static bool keeps[SYNC_RANGE_MAX + 1];

static void begin(uint64_t height) {
    sync_init(&sync, height, 0);
}

static enum sync_verdict answer_len(uint32_t peer, uint64_t from, size_t n, size_t len) {
    size_t lens[SYNC_RANGE_MAX + 1];
    for (size_t i = 0; i < n; i++)
        lens[i] = len;
    return sync_answer(&sync, peer, from, lens, n, 0, keeps);
}

static enum sync_verdict answer(uint32_t peer, uint64_t from, size_t n) {
    return answer_len(peer, from, n, 100);
}

/* Everything that is here is checked and found good. */
static size_t check_all(void) {
    uint64_t from;
    size_t n = sync_hand(&sync, SYNC_WINDOW, SIZE_MAX, &from);
    assert_int_equal(sync_checked(&sync, from, n, n, false), 0);
    return n;
}

static void sync_requests__several_peers_share_the_range(void **state) {
    (void)state;
    begin(5);
    sync_claim(&sync, 1, 100, 1);
    sync_claim(&sync, 2, 30, 1);
    sync_claim(&sync, 3, 200, 50); /* does not keep what is wanted now */
    assert_int_equal(sync_behind(&sync), 195);
    assert_int_equal(sync_sources(&sync), 2);
    size_t n = sync_requests(&sync, 1000, asks, 16);
    uint64_t end = 5;
    bool seen[4] = {false};
    for (size_t i = 0; i < n; i++) { /* in order, without a gap while somebody has it, none twice */
        assert_true(asks[i].count >= 1 && asks[i].count <= SYNC_RANGE_FIRST);
        assert_true(asks[i].from >= end);
        end = asks[i].from + asks[i].count;
        assert_true(asks[i].peer != 2 || end <= 30);
        assert_true(asks[i].peer != 3 || asks[i].from >= 50);
        seen[asks[i].peer] = true;
    }
    assert_int_equal(asks[0].from, 5);
    assert_int_not_equal(asks[0].peer, asks[1].peer);
    assert_true(seen[1] && seen[2] && seen[3]);
    assert_int_equal(sync_requests(&sync, 1001, asks, 16), 0); /* each has two under way */
}

static void sync_requests__as_many_as_make_a_good_answer(void **state) {
    (void)state;
    begin(5);
    sync_claim(&sync, 1, 10000, 1);
    assert_true(sync_requests(&sync, 1000, asks, 1) == 1);
    assert_int_equal(answer_len(1, 5, 16, 1 * MIB / 4), SYNC_TAKEN); /* within the cap, and large */
    assert_true(sync_requests(&sync, 1000, asks, 1) == 1);
    assert_int_equal(asks[0].count, SYNC_ANSWER_WISH / (1 * MIB / 4));
    begin(5);
    sync_claim(&sync, 1, 10000, 1);
    assert_true(sync_requests(&sync, 1000, asks, 1) == 1);
    assert_int_equal(answer_len(1, 5, 16, 300), SYNC_TAKEN);
    assert_true(sync_requests(&sync, 1000, asks, 1) == 1);
    assert_int_equal(asks[0].count, SYNC_RANGE_MAX);
}

static void sync__a_block_s_way(void **state) {
    (void)state;
    uint64_t from;
    begin(5);
    sync_claim(&sync, 1, 20, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 16), 1);
    assert_int_equal(asks[0].count, 15);
    assert_int_equal(sync_hand(&sync, 8, SIZE_MAX, &from), 0);
    assert_int_equal(answer(1, 5, 3), SYNC_TAKEN);
    assert_true(keeps[0] && keeps[1] && keeps[2]);
    assert_true(sync_next_held(&sync));
    assert_int_equal(sync_hand(&sync, 2, SIZE_MAX, &from), 2);
    assert_int_equal(from, 5);
    assert_int_equal(sync_hand(&sync, 2, SIZE_MAX, &from), 1); /* the third; nobody gets one twice */
    assert_int_equal(from, 7);
    assert_int_equal(sync_hand(&sync, 2, SIZE_MAX, &from), 0);
    assert_int_equal(sync_execute(&sync), 0); /* none is good yet */
    assert_int_equal(sync_checked(&sync, 5, 2, 2, false), 0);
    assert_int_equal(sync_checked(&sync, 7, 1, 1, false), 0);
    assert_int_equal(sync_run(&sync), 3);
    for (uint64_t h = 5; h < 8; h++)
        assert_int_equal(sync_execute(&sync), h);
    assert_int_equal(sync_execute(&sync), 0);
    assert_int_equal(sync_run(&sync), 3);
    sync_advance(&sync, 7, 2000);
    assert_false(sync_held(&sync, 6));
    assert_true(sync_held(&sync, 7));
    sync_advance(&sync, 8, 2000);
    assert_int_equal(sync.held_len, 0);
    assert_int_equal(sync_requests(&sync, 2001, asks, 16), 1); /* the rest */
    assert_int_equal(asks[0].from, 8);
    assert_int_equal(asks[0].count, 12);
}

static void sync_requests__claims_that_are_not_kept(void **state) {
    (void)state;
    begin(5);
    sync_claim(&sync, 1, UINT64_MAX, 1); /* a liar */
    sync_claim(&sync, 2, 9, 1);
    assert_true(sync_requests(&sync, 1000, asks, 1) == 1); /* the window bounds what is asked */
    assert_int_equal(asks[0].from, 5);
    uint32_t first = asks[0].peer;
    assert_int_equal(answer(first, 5, 0), SYNC_EMPTY);
    sync_claim(&sync, first, UINT64_MAX, 1); /* says so again */
    if (first == 1) {
        assert_int_equal(sync_behind(&sync), 4); /* and is not believed */
        assert_int_equal(sync_requests(&sync, 1001, asks, 1), 1);
        assert_int_equal(asks[0].peer, 2); /* nor asked first */
    }
    assert_int_equal(answer(7, 5, 3), SYNC_UNASKED);
    assert_false(sync_next_held(&sync));
}

static void sync_answer__more_than_asked(void **state) {
    (void)state;
    begin(5);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 16), 1);
    assert_int_equal(answer(1, 6, 2), SYNC_UNASKED); /* another range */
    assert_int_equal(answer(1, 5, 5), SYNC_TOO_BIG); /* four were asked for */
    assert_false(sync_next_held(&sync));
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 16), 1);
    assert_int_equal(answer_len(1, 5, 4, SYNC_ANSWER_LEN / 4 + 1), SYNC_TOO_BIG);
    assert_false(sync_next_held(&sync));
    assert_int_equal(sync.held_len, 0);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 16), 1);
    assert_int_equal(answer_len(1, 5, 4, SYNC_ANSWER_LEN / 4), SYNC_TAKEN); /* at the cap */
    assert_int_equal(answer(1, 5, 4), SYNC_UNASKED);                        /* once */
}

static void sync_requests__slow_peers(void **state) {
    (void)state;
    begin(5);
    sync_claim(&sync, 1, 40, 1);
    assert_true(sync_requests(&sync, 1000, asks, 1) == 1);
    assert_int_equal(asks[0].peer, 1);
    sync_claim(&sync, 2, 40, 1);
    /* The lowest height keeps waiting: another peer is asked for it as well, once. */
    assert_int_equal(sync_deadline(&sync, 1000), 1000 + SYNC_HEDGE_MS);
    assert_int_equal(sync_requests(&sync, 1000 + SYNC_HEDGE_MS, asks, 1), 1);
    assert_int_equal(asks[0].peer, 2);
    assert_int_equal(asks[0].from, 5);
    uint32_t count = asks[0].count;
    size_t n = sync_requests(&sync, 1001 + SYNC_HEDGE_MS, asks, 16);
    for (size_t i = 0; i < n; i++)
        assert_true(asks[i].from > 5);
    assert_int_equal(answer(2, 5, count), SYNC_TAKEN);
    /* It never answers: it is left alone for a while, also when it claims again, and what it was asked for is not
     * awaited. */
    sync_requests(&sync, 1000 + SYNC_TIMEOUT_MS, asks, 16);
    sync_claim(&sync, 1, 40, 1);
    n = sync_requests(&sync, 1001 + SYNC_TIMEOUT_MS, asks, 16);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(asks[i].peer, 2);
    /* Late is not unasked. */
    assert_int_equal(answer(1, 5, 1), SYNC_TAKEN);
    assert_false(keeps[0]); /* the other one had brought it */
}

/* A link that gave nothing for long: each request may be answered once, however late. */
static void sync_answer__after_it_was_forgotten(void **state) {
    (void)state;
    uint64_t now = 1000;
    begin(5);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, now, asks, 16), 1);
    now += SYNC_TIMEOUT_MS;
    assert_int_equal(sync_requests(&sync, now, asks, 16), 0); /* overdue */
    now += SYNC_FORGET_MS;
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, now, asks, 16), 1); /* forgotten, and asked again */
    assert_int_equal(asks[0].from, 5);
    assert_int_equal(answer(1, 5, 4), SYNC_TAKEN); /* the first answer */
    assert_true(keeps[0]);
    assert_int_equal(answer(1, 5, 4), SYNC_TAKEN); /* the second */
    assert_false(keeps[0]);
    assert_int_equal(answer(1, 5, 4), SYNC_UNASKED);
    begin(5);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, now, asks, 16), 1);
    sync_requests(&sync, now + SYNC_TIMEOUT_MS, asks, 16);
    sync_gone(&sync, 1); /* another link owes nothing */
    sync_claim(&sync, 1, 5, 1);
    assert_int_equal(answer(1, 5, 4), SYNC_UNASKED);
}

/* What was asked for before there was a plan. */
static void sync_owed__by_a_link_that_was_there_before(void **state) {
    (void)state;
    begin(5);
    sync_owed(&sync, 1, 2);
    sync_owed(&sync, 2, 0);
    assert_int_equal(sync_sources(&sync), 0); /* it has claimed nothing */
    sync_claim(&sync, 1, 9, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(answer(1, 3, 1), SYNC_TAKEN);
        assert_false(keeps[0]);
        assert_int_equal(answer(2, 3, 1), SYNC_UNASKED);
    }
    assert_int_equal(answer(1, 3, 1), SYNC_UNASKED);
}

static void sync_requests__never_stuck_behind_a_hole(void **state) {
    (void)state;
    begin(1);
    sync_claim(&sync, 1, 2, 1); /* only this one has the first */
    for (uint32_t p = 2; p < 12; p++)
        sync_claim(&sync, p, 10000, 2);
    for (int i = 0; i < 400; i++) { /* all others deliver as much as they can */
        size_t n = sync_requests(&sync, 1, asks, 16);
        for (size_t k = 0; k < n; k++) {
            if (asks[k].from == 1)
                continue;
            assert_int_equal(answer_len(asks[k].peer, asks[k].from, asks[k].count, SYNC_ANSWER_LEN / asks[k].count),
                             SYNC_TAKEN);
        }
        assert_true(sync.held_len <= SYNC_HELD_LEN + SYNC_ANSWER_LEN);
    }
    assert_true(sync.held_len > SYNC_HELD_LEN / 2);
    assert_false(sync_next_held(&sync));
    assert_int_equal(answer_len(1, 1, 1, SYNC_ANSWER_LEN), SYNC_TAKEN);
    assert_true(keeps[0]);
    assert_true(sync.held_len <= SYNC_HELD_LEN + SYNC_ANSWER_LEN);
}

static void sync_checked__another_peer_is_asked(void **state) {
    (void)state;
    uint64_t from;
    begin(5);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 16), 1);
    answer(1, 5, 4);
    assert_int_equal(sync_hand(&sync, 8, SIZE_MAX, &from), 4);
    assert_int_equal(sync_checked(&sync, 5, 1, 4, true), 1); /* 6 is bad */
    assert_int_equal(sync_run(&sync), 1);
    assert_false(sync_held(&sync, 6));
    sync_claim(&sync, 2, 9, 1);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, 2000, asks, 16), 1);
    assert_int_equal(asks[0].peer, 2); /* the one that lied is asked last */
    assert_int_equal(asks[0].from, 6);
    assert_int_equal(asks[0].count, 1);                        /* 7 and 8 are still here, to be judged on their own */
    assert_int_equal(sync_hand(&sync, 8, SIZE_MAX, &from), 0); /* in order: not before 6 */
    assert_int_equal(answer(2, 6, 1), SYNC_TAKEN);
    assert_int_equal(check_all(), 3);
    assert_int_equal(sync_run(&sync), 4);
}

static void sync_checked__consensus_was_faster(void **state) {
    (void)state;
    uint64_t from;
    begin(5);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 16), 1);
    answer(1, 5, 4);
    assert_int_equal(sync_hand(&sync, 2, SIZE_MAX, &from), 2);
    sync_advance(&sync, 8, 1000); /* 5, 6, 7 are decided */
    assert_int_equal(sync_checked(&sync, 5, 0, 2, true), 0);
    assert_int_equal(sync_hand(&sync, 2, SIZE_MAX, &from), 1);
    assert_int_equal(from, 8);
}

static void sync_hand__bounded(void **state) {
    (void)state;
    uint64_t from;
    begin(1);
    sync_claim(&sync, 1, 1000, 1);
    size_t len = SYNC_AHEAD_LEN / 4;
    for (uint64_t h = 1; h <= 8; h++) {
        assert_true(sync_requests(&sync, 1, asks, 1) == 1);
        assert_int_equal(answer_len(1, asks[0].from, 1, len), SYNC_TAKEN);
    }
    assert_int_equal(sync_hand(&sync, 8, len, &from), 1); /* by bytes */
    assert_int_equal(sync_hand(&sync, 8, 2 * len, &from), 2);
    assert_int_equal(sync_hand(&sync, 8, 1, &from), 1);        /* one at least */
    assert_int_equal(sync_hand(&sync, 8, SIZE_MAX, &from), 0); /* enough wait for execution */
    sync_checked(&sync, 1, 4, 4, false);
    sync_advance(&sync, 2, 1);
    assert_int_equal(sync_hand(&sync, 1, SIZE_MAX, &from), 1);
}

static void sync_requests__patience_when_one_behind(void **state) {
    (void)state;
    begin(4);
    sync_advance(&sync, 5, 1000);
    sync_claim(&sync, 1, 6, 1);
    assert_int_equal(sync_requests(&sync, 1001, asks, 16), 0);
    assert_int_equal(sync_deadline(&sync, 1001), 1000 + SYNC_PATIENCE_MS);
    assert_int_equal(sync_requests(&sync, 1000 + SYNC_PATIENCE_MS, asks, 16), 1);
}

static void sync_claim__more_peers_than_places(void **state) {
    (void)state;
    begin(1);
    for (uint32_t p = 1; p <= SYNC_PEERS_MAX + 5; p++)
        sync_claim(&sync, p, 2 + p, 1);
    assert_int_equal(sync_sources(&sync), SYNC_PEERS_MAX);
    sync_gone(&sync, 3);
    sync_claim(&sync, SYNC_PEERS_MAX + 5, 500, 1);
    assert_int_equal(sync_behind(&sync), 499);
}

/* Whatever peers say and do, the window stays within its bounds and blocks come up once, in order. */
static void sync__random_peers(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    begin(1);
    uint64_t now = 0, next = 1, executed = 1;
    uint64_t from = 0;
    size_t run = 0;
    for (int i = 0; i < 40000; i++) {
        now += rng_below(&rng, 50);
        uint32_t peer = 1 + (uint32_t)rng_below(&rng, 80);
        switch (rng_below(&rng, 6)) {
        case 0:
            sync_claim(&sync, peer, rng_below(&rng, 50) ? next + rng_below(&rng, 900) : UINT64_MAX,
                       rng_below(&rng, next + 10));
            break;
        case 1:
            if (rng_below(&rng, 4) == 0)
                sync_gone(&sync, peer);
            break;
        case 2: {
            size_t n = sync_requests(&sync, now, asks, 16);
            for (size_t k = 0; k < n; k++) {
                assert_true(asks[k].count >= 1 && asks[k].count <= SYNC_RANGE_MAX);
                assert_true(asks[k].from >= next && asks[k].from + asks[k].count <= next + SYNC_WINDOW);
                if (rng_below(&rng, 3) > 0)
                    answer_len(asks[k].peer, asks[k].from, rng_below(&rng, asks[k].count + 2),
                               1 + rng_below(&rng, rng_below(&rng, 9) ? 3000 : 300000));
            }
            break;
        }
        case 3:
            if (run == 0) {
                run = sync_hand(&sync, 1 + rng_below(&rng, 20), 1 * MIB, &from);
            } else {
                size_t good = rng_below(&rng, 4) ? run : rng_below(&rng, run + 1);
                sync_checked(&sync, from, good, run, good < run && rng_below(&rng, 2));
                run = 0;
            }
            break;
        case 4: {
            uint64_t h = sync_execute(&sync);
            if (h != 0) {
                assert_true(h >= next && h >= executed);
                executed = h + 1;
            }
            break;
        }
        default:
            if (executed > next || rng_below(&rng, 50) == 0) { /* sometimes consensus decides it */
                sync_advance(&sync, ++next, now);
                executed = executed > next ? executed : next;
            }
            break;
        }
        assert_true(sync.held_len <= SYNC_HELD_LEN + SYNC_ANSWER_LEN);
        assert_true(sync_deadline(&sync, now) > 0);
    }
    assert_true(next > 1000);
    sync_advance(&sync, next + SYNC_WINDOW, now);
    assert_int_equal(sync.held_len, 0);
}

TEST_MAIN(cmocka_unit_test(sync_requests__several_peers_share_the_range),
          cmocka_unit_test(sync_requests__as_many_as_make_a_good_answer), cmocka_unit_test(sync__a_block_s_way),
          cmocka_unit_test(sync_requests__claims_that_are_not_kept), cmocka_unit_test(sync_answer__more_than_asked),
          cmocka_unit_test(sync_requests__slow_peers), cmocka_unit_test(sync_answer__after_it_was_forgotten),
          cmocka_unit_test(sync_owed__by_a_link_that_was_there_before),
          cmocka_unit_test(sync_requests__never_stuck_behind_a_hole),
          cmocka_unit_test(sync_checked__another_peer_is_asked), cmocka_unit_test(sync_checked__consensus_was_faster),
          cmocka_unit_test(sync_hand__bounded), cmocka_unit_test(sync_requests__patience_when_one_behind),
          cmocka_unit_test(sync_claim__more_peers_than_places), cmocka_unit_test(sync__random_peers))
