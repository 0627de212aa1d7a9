/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/downloader/quota.h"

#include "chain/base/limits.h"
#include "sp/spdb/reads.h"
#include "tests/lib/test.h"

#define JANUARY  1704067200000
#define FEBRUARY 1706745600000

static struct spdb db;
static struct quota quota;
static struct err err;
static const struct quota_limits limits = {.charged = 100, .free = 50, .once = 30};

static int setup(void **state) {
    (void)state;
    assert_ok(spdb_open_mem(&db, &err), &err);
    quota_init(&quota, &db, 1000);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    quota_release(&quota);
    spdb_close(&db);
    return 0;
}

static void quota_take__order_and_limit(void **state) {
    (void)state;
    struct quota_taken taken;
    QuotaBody body;
    assert_ok(quota_take(&quota, 1, &limits, 90, JANUARY, &taken, &err), &err);
    assert_int_equal(taken.charged, 90);
    assert_ok(quota_take(&quota, 1, &limits, 70, JANUARY, &taken, &err), &err);
    assert_int_equal(taken.charged, 10);
    assert_int_equal(taken.free, 50);
    assert_int_equal(taken.once, 10);
    assert_code(quota_take(&quota, 1, &limits, 21, JANUARY, &taken, &err), CODE_QUOTA);
    assert_non_null(strstr(err.msg, "20 bytes"));
    assert_ok(quota_take(&quota, 1, &limits, 20, JANUARY, &taken, &err), &err);
    assert_code(quota_take(&quota, 1, &limits, 1, JANUARY, &taken, &err), CODE_QUOTA);
    assert_ok(quota_take(&quota, 1, &limits, 0, JANUARY, &taken, &err), &err);
    assert_ok(quota_take(&quota, 2, &limits, 180, JANUARY, &taken, &err), &err); /* another bucket */
    /* a new month gives back all but what is given once */
    assert_ok(quota_get(&quota, 1, &limits, FEBRUARY, &body, &err), &err);
    assert_int_equal(body.charged_used, 0);
    assert_int_equal(body.once_free_left, 0);
    assert_int_equal(body.month, 202402);
    assert_code(quota_take(&quota, 1, &limits, 151, FEBRUARY, &taken, &err), CODE_QUOTA);
    assert_ok(quota_take(&quota, 1, &limits, 150, FEBRUARY, &taken, &err), &err);
}

static void quota_give_back__last_kind_first(void **state) {
    (void)state;
    struct quota_taken taken;
    QuotaBody body;
    assert_ok(quota_take(&quota, 1, &limits, 170, JANUARY, &taken, &err), &err);
    quota_give_back(&quota, &taken, 25);
    assert_ok(quota_get(&quota, 1, &limits, JANUARY, &body, &err), &err);
    assert_int_equal(body.once_free_left, 30);
    assert_int_equal(body.free_used, 45);
    assert_int_equal(body.charged_used, 100);
}

static int count_reads(void *ctx, struct bytes key, const void *msg, struct err *unused) {
    const ReadRecord *record = msg;
    (void)key;
    (void)unused;
    assert_string_equal(record->kind, "get");
    ++*(unsigned *)ctx;
    return CODE_OK;
}

static void quota_flush__survives_restart(void **state) {
    (void)state;
    struct quota_taken taken;
    struct arena arena;
    QuotaCounter *counter;
    QuotaBody body;
    ReadRecord record = READ_RECORD__INIT;
    unsigned count = 0;
    char kind[] = "get";
    record.kind = kind;
    record.time_ms = JANUARY;
    arena_init(&arena, MIB);
    struct quota_limits wide = {.charged = 5000};
    assert_ok(quota_take(&quota, 1, &wide, 900, JANUARY, &taken, &err), &err);
    assert_ok(quota_note_read(&quota, 1, &record, &err), &err);
    kind[0] = 'x'; /* it was copied */
    assert_ok(quota_get_counter(&db, 1, 202401, &arena, &counter, &err), &err);
    assert_int_equal(counter->charged_used, 0); /* not yet */
    assert_ok(quota_take(&quota, 1, &wide, 101, JANUARY, &taken, &err), &err);
    assert_ok(quota_get_counter(&db, 1, 202401, &arena, &counter, &err), &err);
    assert_int_equal(counter->charged_used, 1001); /* past the lag */
    assert_ok(read_each(&db, 1, 0, count_reads, &count, &err), &err);
    assert_int_equal(count, 1);
    quota_release(&quota);
    quota_init(&quota, &db, 1000);
    assert_ok(quota_get(&quota, 1, &wide, JANUARY, &body, &err), &err);
    assert_int_equal(body.charged_used, 1001);
    kind[0] = 'g';
    for (unsigned i = 0; i < 3000; i++)
        assert_ok(quota_note_read(&quota, 1, &record, &err), &err);
    assert_true(quota.pending_reads < 1024);
    assert_ok(quota_flush(&quota, &err), &err);
    count = 0;
    assert_ok(read_each(&db, 1, 0, count_reads, &count, &err), &err);
    assert_int_equal(count, 3001);
    arena_release(&arena);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(quota_take__order_and_limit), UNIT(quota_give_back__last_kind_first),
          UNIT(quota_flush__survives_restart))
