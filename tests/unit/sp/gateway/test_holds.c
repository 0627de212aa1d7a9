/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/gateway/holds.h"

#include "tests/lib/test.h"

static struct spdb db;
static struct holds holds;
static struct err err;

static int setup(void **state) {
    (void)state;
    assert_ok(spdb_open_mem(&db, &err), &err);
    assert_ok(holds_init(&holds, &db, &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    holds_release(&holds);
    spdb_close(&db);
    return 0;
}

static void holds__add_and_remove(void **state) {
    (void)state;
    assert_false(holds_has(&holds, 7));
    assert_ok(holds_add(&holds, 7, &err), &err);
    assert_ok(holds_add(&holds, 3, &err), &err);
    assert_ok(holds_add(&holds, 9, &err), &err);
    assert_ok(holds_add(&holds, 7, &err), &err); /* again is fine */
    assert_int_equal(holds_count(&holds), 3);
    assert_true(holds_has(&holds, 3) && holds_has(&holds, 7) && holds_has(&holds, 9));
    assert_false(holds_has(&holds, 8));
    assert_ok(holds_remove(&holds, 7, &err), &err);
    assert_ok(holds_remove(&holds, 100, &err), &err);
    assert_false(holds_has(&holds, 7));
    assert_int_equal(holds_count(&holds), 2);
    assert_ok(holds_remove(&holds, 0, &err), &err);
    assert_int_equal(holds_count(&holds), 0);
}

static void holds__survive_a_restart(void **state) {
    (void)state;
    assert_ok(holds_add(&holds, UINT64_MAX, &err), &err);
    assert_ok(holds_add(&holds, 1, &err), &err);
    holds_release(&holds);
    assert_ok(holds_init(&holds, &db, &err), &err);
    assert_true(holds_has(&holds, 1) && holds_has(&holds, UINT64_MAX));
    assert_int_equal(holds_count(&holds), 2);
}

static void holds__bounded(void **state) {
    (void)state;
    for (uint64_t i = 1; i <= HOLDS_MAX; i++)
        assert_ok(holds_add(&holds, i * 3, &err), &err);
    assert_code(holds_add(&holds, 1, &err), CODE_LIMIT);
    assert_ok(holds_add(&holds, 3, &err), &err); /* there already */
    assert_int_equal(holds_count(&holds), HOLDS_MAX);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(holds__add_and_remove), UNIT(holds__survive_a_restart), UNIT(holds__bounded))
