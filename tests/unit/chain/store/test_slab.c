/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the state tree: alignment, what goes around, what it counts; random pieces keep their bytes. */
#include "tests/lib/test.h"

#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/store/slab.h"

static void slab_alloc__counts_and_aligns(void **state) {
    (void)state;
    struct slab s = {0};
    void *a = slab_alloc(&s, 1), *b = slab_alloc(&s, 33), *c = slab_alloc(&s, 1152);
    assert_true(a && b && c);
    assert_int_equal((uintptr_t)a % 32, 0);
    assert_int_equal((uintptr_t)b % 32, 0);
    assert_int_equal((uintptr_t)c % 64, 0);
    assert_int_equal(s.used, 32 + 64 + 1152);
    assert_true(s.held >= s.used);
    slab_free(&s, b, 33);
    slab_free(&s, NULL, 33);
    assert_int_equal(s.used, 32 + 1152);
    slab_free(&s, a, 1);
    slab_free(&s, c, 1152);
    assert_int_equal(s.used, 0);
    slab_release(&s);
    assert_int_equal(s.held, 0);
}

/* At the longest of a class, one more, and one more than any class holds. */
static void slab_alloc__edges(void **state) {
    (void)state;
    static const size_t lens[] = {SLAB_LEN_MAX - 1, SLAB_LEN_MAX, SLAB_LEN_MAX + 1, 100 * KIB};
    struct slab s = {0};
    uint8_t *at[4];
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t *)slab_alloc(&s, lens[i]);
        assert_non_null(at[i]);
        memset(at[i], i, lens[i]);
    }
    for (int i = 0; i < 4; i++) {
        assert_true(at[i][0] == i && at[i][lens[i] - 1] == i);
        slab_free(&s, at[i], lens[i]);
    }
    slab_release(&s);
    void *alone = slab_alloc(NULL, 100);
    assert_non_null(alone);
    slab_free(NULL, alone, 100);
}

/* Enough for chunks of every size; what is freed is used again before more is taken. */
static void slab_alloc__random_pieces(void **state) {
    (void)state;
    enum { PIECES = 6000 };
    static uint8_t *at[PIECES];
    static size_t lens[PIECES];
    struct slab s = {0};
    struct rng r;
    rng_init(&r, 3);
    size_t held = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < PIECES; i++) {
            lens[i] = lens[i] ? lens[i] : 1 + (size_t)rng_below(&r, SLAB_LEN_MAX + 50);
            at[i] = (uint8_t *)slab_alloc(&s, lens[i]);
            assert_non_null(at[i]);
            memset(at[i], (int)(i % 251), lens[i]);
        }
        for (size_t i = 0; i < PIECES; i++) {
            assert_true(at[i][0] == i % 251 && at[i][lens[i] - 1] == i % 251);
            slab_free(&s, at[i], lens[i]);
        }
        assert_int_equal(s.used, 0);
        if (round > 0)
            assert_int_equal(s.held, held);
        held = s.held;
    }
    slab_release(&s);
}

TEST_MAIN(cmocka_unit_test(slab_alloc__counts_and_aligns), cmocka_unit_test(slab_alloc__edges),
          cmocka_unit_test(slab_alloc__random_pieces))
