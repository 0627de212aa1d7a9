/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "x/challenge/pick.h"

static struct draw draw_of(uint64_t n) {
    struct draw d;
    struct hash seed = hash_of(DOMAIN_SEED, bytes_of(&n, sizeof n));
    draw_init(&d, &seed, 1, n);
    return d;
}

static void pick_distinct__ascending_and_below(void **state) {
    (void)state;
    for (uint64_t n = 1; n < 70; n++) {
        for (size_t count = 0; count <= n && count <= 64; count++) {
            uint64_t at[64];
            struct draw d = draw_of(n * 100 + count);
            pick_distinct(&d, n, count, at);
            for (size_t i = 0; i < count; i++)
                assert_true(at[i] < n && (i == 0 || at[i - 1] < at[i]));
        }
    }
}

static void pick_distinct__every_number_alike(void **state) {
    (void)state;
    size_t seen[12] = {0};
    struct draw d = draw_of(5);
    for (int i = 0; i < 30000; i++) {
        uint64_t at[4];
        pick_distinct(&d, 12, 4, at);
        for (size_t j = 0; j < 4; j++)
            seen[at[j]]++;
    }
    for (size_t i = 0; i < 12; i++)
        assert_in_range(seen[i], 9500, 10500);
}

static void pick_position__of_members(void **state) {
    (void)state;
    PlacementGroup g = PLACEMENT_GROUP__INIT;
    uint32_t members[] = {4, 9, 2}, at = 77;
    g.members = members;
    g.n_members = 3;
    assert_true(pick_position(&g, 9, &at));
    assert_int_equal(at, 1);
    assert_false(pick_position(&g, 5, &at));
    assert_int_equal(at, 1);
}

TEST_MAIN(cmocka_unit_test(pick_distinct__ascending_and_below), cmocka_unit_test(pick_distinct__every_number_alike),
          cmocka_unit_test(pick_position__of_members))
