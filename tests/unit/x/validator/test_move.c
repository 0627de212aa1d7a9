/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "x/validator/move.h"

static void put(struct validator_set *set, unsigned who, uint64_t power) {
    struct pubkey key = {{2}};
    key.b[1] = (uint8_t)who;
    assert_ok(validator_set_add(set, &key, power, NULL), NULL);
}

static uint64_t power_of(const struct validator_set *set, const struct addr *addr) {
    uint16_t at = validator_set_find(set, addr);
    return at == VALIDATOR_NONE ? 0 : set->at[at].power;
}

static struct validator_set set_of(const uint64_t *powers, unsigned n) {
    struct validator_set set = {.n = 0};
    for (unsigned i = 0; i < n; i++)
        if (powers[i])
            put(&set, i, powers[i]);
    return set;
}

static uint64_t power_for(const struct validator_set *set, unsigned who) {
    struct validator_set one = {.n = 0};
    put(&one, who, 1);
    return power_of(set, &one.at[0].addr);
}

static void set_move__a_small_change_is_one_step(void **state) {
    (void)state;
    struct validator_set now = set_of((uint64_t[]){10, 10, 10, 10}, 4);
    struct validator_set target = set_of((uint64_t[]){10, 10, 10, 11, 9}, 5), next;
    assert_true(set_move(&now, &target, 5, &next));
    assert_int_equal(next.n, 5);
    assert_int_equal(power_for(&next, 4), 9);
}

static void set_move__less_than_a_third_comes_at_once(void **state) {
    (void)state;
    struct validator_set now = set_of((uint64_t[]){10, 10, 10, 10}, 4);
    struct validator_set target = set_of((uint64_t[]){10, 10, 10, 10, 100}, 5), next;
    assert_false(set_move(&now, &target, 5, &next));
    assert_int_equal(power_for(&next, 4), 13); /* (40 - 1) / 3 */
    now = next;
    assert_false(set_move(&now, &target, 5, &next));
    assert_int_equal(power_for(&next, 4), 13 + 17);
}

static void set_move__less_than_a_third_goes_at_once(void **state) {
    (void)state;
    struct validator_set now = set_of((uint64_t[]){10, 10, 10}, 3), target = set_of((uint64_t[]){10}, 1), next;
    assert_false(set_move(&now, &target, 3, &next));
    assert_int_equal(validator_set_power(&next), 30 - 9);
}

static void set_move__is_never_empty(void **state) {
    (void)state;
    struct validator_set now = set_of((uint64_t[]){1}, 1), target = {.n = 0}, next;
    assert_false(set_move(&now, &target, 1, &next));
    assert_int_equal(next.n, 1);
    target = set_of((uint64_t[]){0, 5}, 2);
    assert_false(set_move(&now, &target, 1, &next));
    assert_int_equal(next.n, 1);
    assert_int_equal(power_for(&next, 1), 1);
}

static void set_move__who_leaves_holds_the_place_until_it_is_gone(void **state) {
    (void)state;
    struct validator_set now = set_of((uint64_t[]){30, 30}, 2), target = set_of((uint64_t[]){30, 0, 40}, 3), next;
    assert_false(set_move(&now, &target, 2, &next));
    assert_int_equal(next.n, 2); /* 1 has 11 left, 2 waits */
    assert_int_equal(power_for(&next, 1), 11);
    assert_int_equal(power_for(&next, 2), 0);
    now = next;
    assert_false(set_move(&now, &target, 2, &next));
    assert_int_equal(power_for(&next, 1), 0);
    assert_int_equal(power_for(&next, 2), 13);
}

static void set_move__the_total_has_a_cap(void **state) {
    (void)state;
    struct validator_set now = set_of((uint64_t[]){POWER_TOTAL_MAX - 5}, 1);
    struct validator_set target = set_of((uint64_t[]){POWER_TOTAL_MAX - 5, 5}, 2), next;
    assert_true(set_move(&now, &target, 2, &next));
    assert_int_equal(validator_set_power(&next), POWER_TOTAL_MAX);
    target = set_of((uint64_t[]){POWER_TOTAL_MAX - 6, 6}, 2);
    now = next;
    assert_true(set_move(&now, &target, 2, &next));
    assert_int_equal(validator_set_power(&next), POWER_TOTAL_MAX);
}

/* Whoever trusts the set before still finds more than a third of it behind any quorum of the next one: what is left of
 * the old power is more than two thirds, what came is at most a third of the old. */
static void check_step(const struct validator_set *now, const struct validator_set *next) {
    uint64_t total = validator_set_power(now), gone = 0, come = 0;
    for (uint16_t i = 0; i < now->n; i++) {
        uint64_t after = power_of(next, &now->at[i].addr);
        gone += after < now->at[i].power ? now->at[i].power - after : 0;
    }
    for (uint16_t i = 0; i < next->n; i++) {
        uint64_t before = power_of(now, &next->at[i].addr);
        come += before < next->at[i].power ? next->at[i].power - before : 0;
    }
    assert_true(gone <= 1 || 3 * gone < total);
    assert_true(come <= 1 || 3 * come < total);
    assert_true(next->n > 0);
}

static struct validator_set any_set(struct rng *rng, unsigned max) {
    struct validator_set set = {.n = 0};
    uint64_t scale = (uint64_t)1 << rng_below(rng, 50);
    for (unsigned i = 0; set.n < max && i < 20; i++)
        if (rng_below(rng, 3))
            put(&set, i, 1 + rng_below(rng, scale));
    return set;
}

static void set_move__any_sets__arrives_in_bounded_steps(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    for (unsigned round = 0; round < 500; round++) {
        struct validator_set now = any_set(&rng, 20), target = any_set(&rng, 12), next;
        if (now.n == 0 || target.n == 0)
            continue;
        unsigned steps = 0;
        for (bool there = false; !there; steps++) {
            there = set_move(&now, &target, 12, &next);
            check_step(&now, &next);
            now = next;
            assert_true(steps < 400);
        }
        assert_int_equal(now.n, target.n);
    }
}

TEST_MAIN(cmocka_unit_test(set_move__a_small_change_is_one_step),
          cmocka_unit_test(set_move__less_than_a_third_comes_at_once),
          cmocka_unit_test(set_move__less_than_a_third_goes_at_once), cmocka_unit_test(set_move__is_never_empty),
          cmocka_unit_test(set_move__who_leaves_holds_the_place_until_it_is_gone),
          cmocka_unit_test(set_move__the_total_has_a_cap),
          cmocka_unit_test(set_move__any_sets__arrives_in_bounded_steps))
