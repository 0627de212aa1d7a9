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

TEST_MAIN(cmocka_unit_test(arena__zeroed_aligned_and_capped),
          cmocka_unit_test(arena_rewind__gives_back_what_came_later))
