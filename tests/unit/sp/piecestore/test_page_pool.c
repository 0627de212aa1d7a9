/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/piecestore/page_pool.h"

#include "tests/lib/test.h"

static void page_pool__keeps_and_bounds(void **state) {
    (void)state;
    struct page_pool pool;
    page_pool_init(&pool, 100000);
    struct page_buffer a = page_pool_take(&pool, 5000), b = page_pool_take(&pool, 50000),
                       c = page_pool_take(&pool, 60000);
    assert_true((uintptr_t)a.data % 4096 == 0 && (uintptr_t)c.data % 4096 == 0 && a.room >= 5000);
    memset(b.data, 1, b.room);
    page_pool_give(&pool, b);
    page_pool_give(&pool, a);
    page_pool_give(&pool, c); /* one too many: freed */
    assert_true(pool.count == 2 && pool.idle_bytes <= 100000);
    struct page_buffer again = page_pool_take(&pool, 100);
    assert_ptr_equal(again.data, a.data); /* the smallest that does */
    struct page_buffer large = page_pool_take(&pool, 50000);
    assert_ptr_equal(large.data, b.data);
    assert_int_equal(pool.idle_bytes, 0);
    page_pool_give(&pool, again);
    page_pool_give(&pool, large);
    page_pool_release(&pool);
}

TEST_MAIN(cmocka_unit_test(page_pool__keeps_and_bounds))
