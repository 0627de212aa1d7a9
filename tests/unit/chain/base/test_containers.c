/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/heap.h"
#include "chain/base/list.h"
#include "chain/base/map.h"
#include "chain/base/rng.h"
#include "chain/base/vec.h"
#include "tests/lib/test.h"

VEC_DEFINE(int_vec, int);

static void vec__stops_at_its_cap(void **state) {
    (void)state;
    struct int_vec v;
    int_vec_init(&v, 10);
    for (int i = 0; i < 10; i++)
        assert_true(int_vec_push(&v, i));
    assert_false(int_vec_push(&v, 10));
    int_vec_remove(&v, 3);
    assert_int_equal(v.at[3], 4);
    assert_int_equal(v.len, 9);
    int_vec_release(&v);
}

/* Random operations beside a plain array of flags. */
static void map__agrees_with_a_naive_one(void **state) {
    (void)state;
    enum { KEYS = 300 };
    static char values[KEYS];
    bool in[KEYS] = {false};
    size_t n_in = 0;
    struct map m;
    struct rng r;
    rng_init(&r, 1);
    map_init(&m, 200, 7);
    for (int step = 0; step < 20000; step++) {
        size_t k = (size_t)rng_below(&r, KEYS);
        char key[16];
        struct bytes kb = bytes_of(key, (size_t)snprintf(key, sizeof key, "key%zu", k));
        if (rng_chance(&r, 1, 2)) {
            bool want = in[k] || n_in < 200;
            assert_int_equal(map_put(&m, kb, &values[k]), want);
            n_in += want && !in[k];
            in[k] = want;
        } else {
            assert_ptr_equal(map_remove(&m, kb), in[k] ? &values[k] : NULL);
            n_in -= in[k];
            in[k] = false;
        }
        assert_int_equal(m.len, n_in);
        k = (size_t)rng_below(&r, KEYS);
        kb = bytes_of(key, (size_t)snprintf(key, sizeof key, "key%zu", k));
        assert_ptr_equal(map_get(&m, kb), in[k] ? &values[k] : NULL);
    }
    size_t seen = 0;
    struct bytes key;
    void *value;
    for (size_t i = 0; map_next(&m, &i, &key, &value);)
        seen++;
    assert_int_equal(seen, n_in);
    map_release(&m);
}

static bool int_less(const void *a, const void *b) {
    return *(const int *)a < *(const int *)b;
}

static void heap__pops_in_order(void **state) {
    (void)state;
    int v[200];
    struct heap h;
    struct rng r;
    rng_init(&r, 2);
    heap_init(&h, 200, int_less);
    for (int i = 0; i < 200; i++) {
        v[i] = (int)rng_below(&r, 50);
        assert_true(heap_push(&h, &v[i]));
    }
    assert_false(heap_push(&h, &v[0]));
    for (int i = 0; i < 200; i += 7)
        assert_true(heap_remove(&h, &v[i]));
    assert_false(heap_remove(&h, &v[0]));
    int last = -1, *p;
    size_t n = 0;
    for (; (p = (int *)heap_pop(&h)); n++) {
        assert_true(*p >= last);
        last = *p;
    }
    assert_int_equal(n, 200 - 29);
    heap_release(&h);
}

struct item {
    int x;
    struct list node;
};

static void list__order_and_removal(void **state) {
    (void)state;
    struct list l;
    struct item it[4];
    list_init(&l);
    assert_null(list_first(&l));
    for (int i = 0; i < 4; i++) {
        it[i].x = i;
        list_push_back(&l, &it[i].node);
    }
    list_remove(&it[1].node);
    list_push_front(&l, &it[1].node);
    int want[] = {1, 0, 2, 3}, n = 0;
    LIST_FOR_EACH_SAFE (p, &l) {
        assert_int_equal(LIST_ENTRY(p, struct item, node)->x, want[n++]);
        list_remove(p);
    }
    assert_true(list_empty(&l));
}

TEST_MAIN(cmocka_unit_test(vec__stops_at_its_cap), cmocka_unit_test(map__agrees_with_a_naive_one),
          cmocka_unit_test(heap__pops_in_order), cmocka_unit_test(list__order_and_removal))
