/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/bft/proposer.h"

static void proposer_draw__all_before_any_again(void **state) {
    static const uint64_t powers[5] = {1, 1000, 3, 50, 7};
    (void)state;
    for (uint64_t height = 1; height < 50; height++)
        for (uint32_t turn = 0; turn < 3; turn++) {
            bool seen[5] = {false};
            for (uint32_t r = 0; r < 5; r++) {
                uint16_t v = proposer_draw(height, turn * 5 + r, powers, 5);
                assert_true(v < 5);
                assert_false(seen[v]);
                seen[v] = true;
            }
        }
}

/* Round 0 goes by power: 20,000 heights, each share within 2 % of the whole. */
static void proposer_draw__by_power(void **state) {
    static const uint64_t powers[4] = {10, 20, 30, 40};
    int count[4] = {0};
    (void)state;
    for (uint64_t height = 1; height <= 20000; height++)
        count[proposer_draw(height, 0, powers, 4)]++;
    for (int v = 0; v < 4; v++)
        assert_in_range(count[v], 2000 * (v + 1) - 400, 2000 * (v + 1) + 400);
}

static void proposer_draw__alone(void **state) {
    static const uint64_t power[1] = {5};
    (void)state;
    assert_int_equal(proposer_draw(1, 0, power, 1), 0);
    assert_int_equal(proposer_draw(9, 77, power, 1), 0);
}

static void proposer_draw__large_powers(void **state) {
    static const uint64_t powers[3] = {UINT64_MAX / 9, UINT64_MAX / 9, UINT64_MAX / 9};
    int count[3] = {0};
    (void)state;
    for (uint64_t height = 1; height <= 300; height++)
        count[proposer_draw(height, 0, powers, 3)]++;
    for (int v = 0; v < 3; v++)
        assert_true(count[v] > 60);
}

TEST_MAIN(cmocka_unit_test(proposer_draw__all_before_any_again), cmocka_unit_test(proposer_draw__by_power),
          cmocka_unit_test(proposer_draw__alone), cmocka_unit_test(proposer_draw__large_powers))
