/* SPDX-License-Identifier: Apache-2.0 */
/* What needs no ledger; the rest is shown by tests/e2e/test_provider.py. */
#include "sp/metadata/metadata.h"

#include "chain/codec/pb.h"
#include "sp/spdb/reads.h"
#include "tests/lib/test.h"

static struct spdb db;
static struct metadata metadata;
static struct arena arena;
static struct err err;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 16 << 20);
    assert_ok(spdb_open_mem(&db, &err), &err);
    metadata_init(&metadata, NULL, NULL, &db);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    spdb_close(&db);
    arena_release(&arena);
    return 0;
}

static void add(uint64_t bucket, uint64_t from, uint64_t count, uint64_t step) {
    struct spdb_batch batch;
    assert_ok(spdb_begin(&db, &batch, &err), &err);
    for (uint64_t i = 0; i < count; i++) {
        ReadRecord record = READ_RECORD__INIT;
        record.time_ms = from + i * step;
        record.object_id = i;
        record.object_name = pb_text("a");
        record.kind = pb_text("get");
        read_put_in(&batch, bucket, &record);
    }
    assert_ok(spdb_commit(&batch, &err), &err);
}

static void reads__pages(void **state) {
    ReadsBody *body;
    (void)state;
    add(7, 1000, 1500, 2);
    add(8, 1, 3, 1);
    assert_ok(metadata_reads(&metadata, 7, 0, &arena, &body, &err), &err);
    assert_int_equal(body->n_reads, 1000);
    assert_int_equal(body->next_ms, 3000);
    assert_ok(metadata_reads(&metadata, 7, body->next_ms, &arena, &body, &err), &err);
    assert_int_equal(body->n_reads, 500);
    assert_int_equal(body->reads[0]->time_ms, 3000);
    assert_int_equal(body->next_ms, 0);
    assert_ok(metadata_reads(&metadata, 9, 0, &arena, &body, &err), &err);
    assert_int_equal(body->n_reads, 0);
}

/* Reads of one millisecond stay on one page, so that none is skipped between pages. */
static void reads__one_time(void **state) {
    ReadsBody *body;
    (void)state;
    add(7, 1000, 999, 0);
    add(7, 1001, 10, 0);
    add(7, 1002, 1, 0);
    assert_ok(metadata_reads(&metadata, 7, 0, &arena, &body, &err), &err);
    assert_int_equal(body->n_reads, 1009);
    assert_int_equal(body->next_ms, 1002);
}

static void owned__needs_a_signature(void **state) {
    struct caller nobody = {.anonymous = true};
    BucketInfo *bucket;
    (void)state;
    assert_code(metadata_owned(&metadata, &nobody, "abc", &arena, &bucket, &err), CODE_UNAUTHENTICATED);
}

static void names__are_checked_first(void **state) {
    struct caller nobody = {.anonymous = true};
    struct metadata_list list = {.bucket = "A", .prefix = "", .delimiter = "", .start_after = ""};
    BucketInfo *bucket;
    ObjectInfo *object;
    ObjectsAnswer *answer;
    (void)state;
    assert_code(metadata_bucket(&metadata, "A b", &arena, &bucket, &err), CODE_INVALID_ARGUMENT);
    assert_code(metadata_object(&metadata, &nobody, "abc", "a//b", &arena, &object, &err), CODE_INVALID_ARGUMENT);
    assert_code(metadata_objects(&metadata, &nobody, &list, &arena, &answer, &err), CODE_INVALID_ARGUMENT);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(reads__pages), UNIT(reads__one_time), UNIT(owned__needs_a_signature), UNIT(names__are_checked_first))
