/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/clock.h"
#include "chain/os/queue.h"
#include "tests/lib/test.h"

static int items[1000];

static void producer(void *arg) {
    struct queue *q = (struct queue *)arg;
    for (size_t i = 0; i < 1000; i++)
        (void)queue_put(q, &items[i], DEADLINE_NEVER);
    queue_close(q);
}

static void queue__in_order_through_a_small_one(void **state) {
    (void)state;
    struct queue q;
    struct thread t;
    assert_ok(queue_init(&q, 3, NULL), NULL);
    assert_ok(thread_start(&t, "producer", producer, &q, NULL), NULL);
    void *got[4];
    size_t n, total = 0;
    int rc;
    while ((rc = queue_take_many(&q, deadline_in_ms(TEST_DEADLINE_MS), got, 4, &n)) == CODE_OK)
        for (size_t i = 0; i < n; i++)
            assert_ptr_equal(got[i], &items[total++]);
    assert_code(rc, CODE_CLOSED);
    assert_int_equal(total, 1000);
    thread_join(&t);
    queue_release(&q);
}

static void queue__full_and_empty_do_not_wait_for_ever(void **state) {
    (void)state;
    struct queue q;
    void *x;
    assert_code(queue_init(&q, 1, NULL), CODE_OK);
    assert_code(queue_take(&q, 0, &x), CODE_TIMEOUT);
    assert_code(queue_put(&q, &q, 0), CODE_OK);
    assert_code(queue_put(&q, &q, 0), CODE_TIMEOUT);
    assert_code(queue_put(&q, &q, deadline_in_ms(5)), CODE_TIMEOUT);
    queue_close(&q);
    assert_code(queue_put(&q, &q, 0), CODE_CLOSED);
    assert_code(queue_take(&q, 0, &x), CODE_OK);
    assert_code(queue_take(&q, 0, &x), CODE_CLOSED);
    queue_release(&q);
}

TEST_MAIN(cmocka_unit_test(queue__in_order_through_a_small_one),
          cmocka_unit_test(queue__full_and_empty_do_not_wait_for_ever))
