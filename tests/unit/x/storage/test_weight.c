/* SPDX-License-Identifier: Apache-2.0 */
/* Weighted sets against a plain array, and whether draws are fair. */
#include "tests/lib/ledger/fixture.h"

#include "chain/base/rng.h"
#include "x/storage/weight.h"

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static struct hash seed_of(uint64_t n) {
    return hash_of(DOMAIN_SEED, bytes_of(&n, sizeof n));
}

#define ITEMS 40

/* An item, by each of the ways; also in two halves, and with nothing for another. */
static void add_somehow(struct ctx *ctx, struct rng *r, struct weight_item item, bool fresh, uint64_t more) {
    struct weight_id set = weight_slots(7);
    struct weight_item items[] = {item, {ITEMS, ITEMS}, item};
    uint64_t parts[] = {more / 2, 0, more - more / 2};
    struct err err = {0};
    if (rng_chance(r, 1, 3))
        assert_ok(weight_add_all(ctx, &set, items, parts, 3, &err), &err);
    else if (fresh)
        assert_ok(weight_insert(ctx, &set, item, more, &err), &err);
    else
        assert_ok(weight_add(ctx, &set, item, more, &err), &err);
}

static void change_at_random(struct ctx *ctx, void *arg) {
    struct rng r;
    struct err err = {0};
    uint64_t model[ITEMS] = {0}, total = 0, weight = 0;
    struct weight_id set = weight_slots(7);
    (void)arg;
    rng_init(&r, 3);
    for (int round = 0; round < 4000; round++) {
        uint64_t i = rng_below(&r, ITEMS);
        struct weight_item item = {i / 5, i};
        if (rng_chance(&r, 1, 2)) {
            uint64_t more = rng_below(&r, (uint64_t)1 << rng_below(&r, 40));
            add_somehow(ctx, &r, item, model[i] == 0, more);
            model[i] += more;
        } else {
            uint64_t less = rng_chance(&r, 1, 2) ? model[i] : rng_below(&r, model[i] + 1);
            assert_ok(weight_sub(ctx, &set, item, less, &err), &err);
            model[i] -= less;
        }
        assert_ok(weight_of(ctx, &set, item, &weight, &err), &err);
        assert_int_equal(weight, model[i]);
        if (round % 50 == 0)
            assert_ok(weight_check(ctx, &set, &err), &err);
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < ITEMS; i++)
        sum += model[i];
    assert_ok(weight_total(ctx, &set, &total, &err), &err);
    assert_int_equal(total, sum);
    for (uint64_t i = 0; i < ITEMS; i++)
        assert_ok(weight_sub(ctx, &set, (struct weight_item){i / 5, i}, model[i], &err), &err);
    assert_ok(weight_check(ctx, &set, &err), &err);
    struct draw draw;
    struct hash seed = seed_of(1);
    struct weight_item got;
    draw_init(&draw, &seed, 1, 1);
    assert_code(weight_draw(ctx, &set, &draw, &got, &err), CODE_NOT_FOUND);
}

static void weight__as_an_array(void **state) {
    (void)state;
    fixture_with_ctx(&f, change_at_random, NULL);
}

static void draw_many(struct ctx *ctx, void *arg) {
    static const uint64_t weights[] = {1, 2, 3, 5, 64, 65, 100, 127, 128, 129, 1000};
    size_t drawn[11] = {0};
    const size_t n = 40000;
    uint64_t total = 0;
    struct weight_id set = weight_objects(1, 1);
    struct err err = {0};
    (void)arg;
    for (uint64_t i = 0; i < 11; i++) {
        assert_ok(weight_add(ctx, &set, (struct weight_item){0, i + 1}, weights[i], &err), &err);
        total += weights[i];
    }
    struct draw draw;
    struct hash seed = seed_of(9);
    draw_init(&draw, &seed, 2, 5);
    for (size_t i = 0; i < n; i++) {
        struct weight_item got = {0, 0};
        assert_ok(weight_draw(ctx, &set, &draw, &got, &err), &err);
        drawn[got.b - 1]++;
    }
    for (size_t i = 0; i < 11; i++) { /* within five standard deviations */
        double want = (double)n * (double)weights[i] / (double)total, off = (double)drawn[i] - want;
        if (off * off > 25 * want + 25)
            fail_msg("weight %d: drawn %zu, want %.0f", (int)weights[i], drawn[i], want);
    }
}

static void weight__draws_in_proportion(void **state) {
    (void)state;
    fixture_with_ctx(&f, draw_many, NULL);
}

static void overflow(struct ctx *ctx, void *arg) {
    struct weight_id set = weight_sps();
    struct err err = {0};
    (void)arg;
    assert_ok(weight_add(ctx, &set, (struct weight_item){0, 1}, WEIGHT_MAX - 1, &err), &err);
    assert_ok(weight_add(ctx, &set, (struct weight_item){0, 2}, 1, &err), &err);
    assert_code(weight_add(ctx, &set, (struct weight_item){0, 2}, 1, &err), CODE_OVERFLOW);
    assert_code(weight_insert(ctx, &set, (struct weight_item){0, 3}, 1, &err), CODE_OVERFLOW);
}

static void weight__has_a_cap(void **state) {
    (void)state;
    fixture_with_ctx(&f, overflow, NULL);
}

static void draw_below__is_even_and_in_range(void **state) {
    (void)state;
    struct draw d;
    struct hash seed = seed_of(4);
    size_t seen[10] = {0};
    draw_init(&d, &seed, 0, 0);
    for (int i = 0; i < 100000; i++)
        seen[(size_t)draw_below(&d, 10)]++;
    for (size_t i = 0; i < 10; i++)
        assert_in_range(seen[i], 9500, 10500);
    u128 large = (u128)3 << 100;
    for (int i = 0; i < 1000; i++)
        assert_true(draw_below(&d, large) < large);
    assert_true(draw_below(&d, 1) == 0);
}

static void draw__streams_differ_and_repeat(void **state) {
    (void)state;
    struct draw a, b, c, e;
    struct hash seed = seed_of(4);
    draw_init(&a, &seed, 0, 1);
    draw_init(&b, &seed, 0, 1);
    draw_init(&c, &seed, 1, 1);
    draw_init(&e, &seed, 0, 2);
    for (int i = 0; i < 20; i++) {
        uint64_t v = draw_u64(&a);
        assert_true(v == draw_u64(&b));
        assert_true(v != draw_u64(&c));
        assert_true(v != draw_u64(&e));
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest tests[] = {
    T(weight__as_an_array),
    T(weight__draws_in_proportion),
    T(weight__has_a_cap),
    cmocka_unit_test(draw_below__is_even_and_in_range),
    cmocka_unit_test(draw__streams_differ_and_repeat),
};

int main(void) {
    test_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
