/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/arena.h"
#include "tests/lib/test.h"

static void arena__zeroed_aligned_and_capped(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 100000);
    size_t total = 0;
    for (size_t len = 0;; len = len * 2 + 1) {
        uint8_t *p = (uint8_t *)arena_alloc(&a, len);
        if (!p)
            break;
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, len);
        total += len;
    }
    assert_true(total > 50000 && total <= 100000);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_array(&a, SIZE_MAX / 2, 4));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 99000));
    arena_release(&a);
}

static void arena_rewind__gives_back_what_came_later(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    struct arena_mark start = arena_mark(&a);
    char *kept = arena_strdup(&a, "kept");
    struct arena_mark m = arena_mark(&a);
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&a, 500));
    arena_rewind(&a, m);
    assert_int_equal(a.used, 16);
    assert_string_equal(kept, "kept");
    assert_string_equal(arena_printf(&a, "%d+%s", 1, "x"), "1+x");
    arena_rewind(&a, start);
    assert_int_equal(a.used, 0);
    arena_release(&a);
}

/* --- a source -------------------------------------------------------------------------------------------------------
 */

static size_t lent; /* blocks that are out */
static bool exhausted;

static void *lend(size_t len) {
    void *p = exhausted ? NULL : malloc(len);
    lent += p != NULL;
    return p;
}

static void take_back(void *p, size_t len) {
    assert_int_equal(len, 1 << 16);
    memset(p, 0xee, len); /* all of it is the source's */
    free(p);
    lent--;
}

static void arena_source__serves_a_large_arena_and_gets_its_blocks_back(void **state) {
    (void)state;
    static const struct arena_source source = {1 << 16, lend, take_back};
    struct arena a;
    arena_init_from(&a, 1 << 24, &source);
    assert_non_null(arena_alloc(&a, 1 << 14));
    assert_int_equal(lent, 0); /* small ones ask malloc */
    for (int i = 0; i < 1000; i++) {
        uint8_t *p = (uint8_t *)arena_alloc(&a, 1000);
        assert_non_null(p);
        assert_true(p[0] == 0 && p[999] == 0);
        memset(p, 0xff, 1000);
    }
#ifndef ARENA_DEBUG
    assert_true(lent > 10);
    size_t before = lent;
    assert_non_null(arena_alloc(&a, 1 << 17)); /* more than a block of the source holds */
    assert_int_equal(lent, before);
#endif
    arena_reset(&a);
    assert_true(lent <= 1);
    exhausted = true; /* malloc serves then */
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&a, 1000));
    exhausted = false;
    assert_true(lent <= 1);
    arena_release(&a);
    assert_int_equal(lent, 0);
}

TEST_MAIN(cmocka_unit_test(arena__zeroed_aligned_and_capped),
          cmocka_unit_test(arena_rewind__gives_back_what_came_later),
          cmocka_unit_test(arena_source__serves_a_large_arena_and_gets_its_blocks_back))
