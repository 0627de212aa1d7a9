/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/clock.h"
#include "sp/spdb/notes.h"
#include "sp/spdb/spdb.h"
#include "tests/lib/test.h"

static struct spdb db;
static struct err err;

static void write_one(void *arg) {
    (void)arg;
    assert_ok(cursor_put(&db, "x", 1, 0, NULL), NULL);
}

static void wait_write__wakes(void **state) {
    struct thread thread;
    (void)state;
    assert_ok(spdb_open_mem(&db, &err), &err);
    uint64_t seen = spdb_writes(&db);
    spdb_wait_write(&db, seen, deadline_in_ms(1)); /* nothing happens: the deadline ends it */
    assert_int_equal(spdb_writes(&db), seen);
    assert_ok(thread_start(&thread, "write", write_one, NULL, &err), &err);
    spdb_wait_write(&db, seen, deadline_in_ms(TEST_DEADLINE_MS));
    assert_int_not_equal(spdb_writes(&db), seen);
    spdb_wait_write(&db, seen, DEADLINE_NEVER); /* it has happened already */
    thread_join(&thread);
    spdb_close(&db);
}

TEST_MAIN(cmocka_unit_test(wait_write__wakes))
