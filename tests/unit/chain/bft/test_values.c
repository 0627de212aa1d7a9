/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/bft/values.h"

static struct hash id_of(uint32_t i) {
    return (struct hash){{(uint8_t)i, (uint8_t)(i >> 8), 1}};
}

static void values_add__a_full_table_forgets_the_oldest_round(void **state) {
    (void)state;
    static struct values v;
    struct hash locked = id_of(0), valid = id_of(1), id;
    bool added;
    values_reset(&v);
    for (uint32_t i = 0; i < VALUES_MAX; i++) {
        id = id_of(i);
        values_add(&v, &id, i, &locked, &valid, &added);
        assert_true(added);
    }
    for (uint32_t i = 0; i < VALUES_MAX; i++) { /* all of them are still there */
        id = id_of(i);
        assert_non_null(values_find(&v, &id));
    }
    id = id_of(1000);
    values_add(&v, &id, VALUES_MAX, &locked, &valid, &added);
    assert_true(added);
    assert_int_equal(v.n, VALUES_MAX);
    id = id_of(2); /* the oldest but for locked and valid */
    assert_null(values_find(&v, &id));
    for (uint32_t i = 0; i < 3 * VALUES_MAX; i++) {
        id = id_of(2000 + i);
        values_add(&v, &id, VALUES_MAX + i, &locked, &valid, &added);
        assert_non_null(values_find(&v, &id));
    }
    assert_non_null(values_find(&v, &locked));
    assert_non_null(values_find(&v, &valid));
}

static void values_add__again_keeps_the_verdict_and_the_newer_round(void **state) {
    (void)state;
    static struct values v;
    struct hash none = {{0}}, id = id_of(7);
    bool added;
    values_reset(&v);
    values_add(&v, &id, 3, &none, &none, &added)->verdict = VALUE_VALID;
    struct value *again = values_add(&v, &id, 5, &none, &none, &added);
    assert_false(added);
    assert_int_equal(again->verdict, VALUE_VALID);
    assert_int_equal(again->round, 5);
    values_add(&v, &id, 4, &none, &none, &added);
    assert_int_equal(again->round, 5);
}

TEST_MAIN(cmocka_unit_test(values_add__a_full_table_forgets_the_oldest_round),
          cmocka_unit_test(values_add__again_keeps_the_verdict_and_the_newer_round))
