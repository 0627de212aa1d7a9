/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/sync/sync.h"

static struct sync sync;

static void begin(uint64_t height) {
    sync_init(&sync);
    sync_advance(&sync, height, 0);
}

static void answer(uint32_t peer, uint64_t from, size_t n) {
    for (size_t i = 0; i < n; i++)
        sync_put(&sync, peer, from + i, bytes_str("block"));
    sync_answered(&sync, peer, from, n);
}

static void sync_requests__several_peers_share_the_range(void **state) {
    (void)state;
    struct sync_request asks[8];
    begin(5);
    sync_claim(&sync, 1, 100, 1);
    sync_claim(&sync, 2, 30, 1);
    sync_claim(&sync, 3, 100, 50); /* does not keep what is wanted now */
    assert_int_equal(sync_behind(&sync), 95);
    assert_int_equal(sync_requests(&sync, 1000, asks, 8), 3);
    assert_int_equal(asks[0].from, 5);
    assert_int_equal(asks[0].count, SYNC_RANGE);
    assert_int_equal(asks[1].from, 5 + SYNC_RANGE);
    assert_int_not_equal(asks[0].peer, asks[1].peer);
    assert_int_equal(asks[2].peer, 3);
    assert_true(asks[2].from >= 50);
    assert_int_equal(sync_requests(&sync, 1001, asks, 8), 0); /* nobody is idle */
    sync_release(&sync);
}

static void sync_wanted__in_order(void **state) {
    (void)state;
    struct sync_request asks[8];
    begin(5);
    sync_claim(&sync, 1, 20, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 8), 1);
    assert_null(sync_wanted(&sync));
    answer(1, 5, 3);
    for (uint64_t h = 5; h < 8; h++) {
        assert_non_null(sync_wanted(&sync));
        assert_int_equal(sync_wanted(&sync)->height, h);
        sync_advance(&sync, h + 1, 2000);
    }
    assert_null(sync_wanted(&sync));
    assert_int_equal(sync.bytes, 0);
    assert_int_equal(sync_requests(&sync, 2001, asks, 8), 1); /* the rest */
    assert_int_equal(asks[0].from, 8);
    assert_int_equal(asks[0].count, 12);
    sync_release(&sync);
}

static void sync_requests__claims_that_are_not_kept(void **state) {
    (void)state;
    struct sync_request asks[8];
    begin(5);
    sync_claim(&sync, 1, UINT64_MAX, 1); /* a liar */
    sync_claim(&sync, 2, 9, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 8), 1); /* all that is within reach */
    assert_int_equal(asks[0].peer, 1);
    /* It does not answer: its claim is forgotten, the other one is asked. */
    assert_int_equal(sync_requests(&sync, 1000 + SYNC_TIMEOUT_MS, asks, 8), 1);
    assert_int_equal(asks[0].peer, 2);
    assert_int_equal(sync_behind(&sync), 4);
    assert_false(sync_answered(&sync, 2, 5, 0)); /* an empty answer is none */
    assert_int_equal(sync_behind(&sync), 0);
    assert_false(sync_answered(&sync, 7, 5, 3)); /* nobody asked this one */
    sync_put(&sync, 7, 5, bytes_str("unasked"));
    assert_null(sync_wanted(&sync));
    sync_release(&sync);
}

static void sync_bad__another_peer_is_asked(void **state) {
    (void)state;
    struct sync_request asks[8];
    begin(5);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, 1000, asks, 8), 1);
    answer(1, 5, 4);
    sync_bad(&sync);
    assert_null(sync_wanted(&sync));
    sync_claim(&sync, 2, 9, 1);
    sync_claim(&sync, 1, 9, 1);
    assert_int_equal(sync_requests(&sync, 2000, asks, 8), 1);
    assert_int_equal(asks[0].peer, 2); /* the one that failed is asked last */
    assert_int_equal(asks[0].from, 5);
    assert_int_equal(asks[0].count, 1); /* 6, 7, 8 are still here, to be judged on their own */
    sync_release(&sync);
}

static void sync_requests__patience_when_one_behind(void **state) {
    (void)state;
    struct sync_request asks[8];
    begin(5);
    sync_advance(&sync, 5, 1000);
    sync_claim(&sync, 1, 6, 1);
    assert_int_equal(sync_requests(&sync, 1001, asks, 8), 0);
    assert_int_equal(sync_deadline(&sync, 1001), 1000 + SYNC_PATIENCE_MS);
    assert_int_equal(sync_requests(&sync, 1000 + SYNC_PATIENCE_MS, asks, 8), 1);
    sync_release(&sync);
}

/* Whatever peers say and do, the window stays within its bounds and blocks come up once, in order. */
static void sync__random_peers(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    begin(1);
    uint64_t now = 0, next = 1;
    for (int i = 0; i < 20000; i++) {
        now += rng_below(&rng, 50);
        uint32_t peer = 1 + (uint32_t)rng_below(&rng, 80);
        struct sync_request asks[4];
        switch (rng_below(&rng, 5)) {
        case 0:
            sync_claim(&sync, peer, next + rng_below(&rng, 200), rng_below(&rng, next + 10));
            break;
        case 1:
            sync_gone(&sync, peer);
            break;
        case 2: {
            size_t n = sync_requests(&sync, now, asks, 4);
            for (size_t k = 0; k < n; k++) {
                assert_true(asks[k].count >= 1 && asks[k].count <= SYNC_RANGE);
                assert_true(asks[k].from >= next && asks[k].from + asks[k].count <= next + SYNC_WINDOW);
                if (rng_below(&rng, 3) > 0)
                    answer(asks[k].peer, asks[k].from, rng_below(&rng, asks[k].count + 1));
            }
            break;
        }
        case 3:
            if (sync_wanted(&sync) != NULL) {
                assert_int_equal(sync_wanted(&sync)->height, next);
                sync_advance(&sync, ++next, now);
            }
            break;
        default:
            if (sync_wanted(&sync) != NULL && rng_below(&rng, 10) == 0)
                sync_bad(&sync);
            break;
        }
        assert_true(sync.bytes <= 2 * (size_t)SYNC_WINDOW_BYTES);
    }
    assert_true(next > 50);
    sync_release(&sync);
    assert_int_equal(sync.bytes, 0);
}

TEST_MAIN(cmocka_unit_test(sync_requests__several_peers_share_the_range), cmocka_unit_test(sync_wanted__in_order),
          cmocka_unit_test(sync_requests__claims_that_are_not_kept), cmocka_unit_test(sync_bad__another_peer_is_asked),
          cmocka_unit_test(sync_requests__patience_when_one_behind), cmocka_unit_test(sync__random_peers))
