/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/stages.h"

#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "sp/spdb/pieces.h"
#include "tests/lib/test.h"

enum { SIZE = 1000 };

static struct spdb db;
static struct arena arena;
static struct err err;
static Profile profile;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 1 << 20);
    assert_ok(profile_parse("replica:3", 64 << 10, &profile, &err), &err);
    return spdb_open_mem(&db, &err);
}

static int teardown(void **state) {
    (void)state;
    spdb_close(&db);
    arena_release(&arena);
    return 0;
}

/* A stage of creator `who`, number n. */
static HeldPosition stage(uint8_t who, uint8_t n, uint32_t position) {
    HeldPosition held = HELD_POSITION__INIT;
    uint8_t *upload = arena_alloc(&arena, 16), *creator = arena_alloc(&arena, 20);
    memset(upload, n, 16);
    memset(creator, who, 20);
    held.bucket_id = 2;
    held.object_name = pb_text("a/b");
    held.upload_id = pb_data(bytes_of(upload, 16));
    held.creator = pb_data(bytes_of(creator, 20));
    held.object_id = stage_id(2, bytes_of(upload, 16), "a/b");
    held.version = 7;
    held.position = position;
    held.payload_size = SIZE;
    held.profile = &profile;
    held.valid_until = 100;
    return held;
}

static void stage_id__names_bucket_upload_and_object(void **state) {
    (void)state;
    uint8_t one[16] = {1}, two[16] = {2};
    uint64_t id = stage_id(1, bytes_of(one, 16), "a");
    assert_true(stage_is(id));
    assert_false(stage_is(UINT64_MAX >> 1));
    assert_int_equal(id, stage_id(1, bytes_of(one, 16), "a"));
    assert_int_not_equal(id, stage_id(2, bytes_of(one, 16), "a"));
    assert_int_not_equal(id, stage_id(1, bytes_of(two, 16), "a"));
    assert_int_not_equal(id, stage_id(1, bytes_of(one, 16), "b"));
}

static void stage_open__keeps_the_later_end_and_one_content(void **state) {
    (void)state;
    struct stage_limits none = {0};
    HeldPosition a = stage(1, 1, 0), *there;
    assert_ok(stage_open(&db, &a, &none, &err), &err);
    a.valid_until = 90;
    assert_ok(stage_open(&db, &a, &none, &err), &err);
    assert_ok(held_get(&db, a.object_id, 7, 0, &arena, &there, &err), &err);
    assert_int_equal(there->valid_until, 100);
    a.valid_until = 110;
    assert_ok(stage_open(&db, &a, &none, &err), &err);
    assert_ok(held_get(&db, a.object_id, 7, 0, &arena, &there, &err), &err);
    assert_int_equal(there->valid_until, 110);
    a.payload_size = SIZE + 1;
    assert_code(stage_open(&db, &a, &none, &err), CODE_CONFLICT);
    a = stage(2, 1, 0); /* somebody else's by the same id */
    assert_code(stage_open(&db, &a, &none, &err), CODE_CONFLICT);
}

static void stage_open__limits_at_their_edges(void **state) {
    (void)state;
    struct stage_limits limits = {.account_count = 2, .account_bytes = 3 * SIZE, .count = 3};
    struct stage_usage usage;
    HeldPosition a = stage(1, 1, 0), b = stage(1, 1, 1), c = stage(1, 2, 0), d = stage(2, 3, 0), e = stage(3, 4, 0);
    HeldPosition sealed = stage(1, 9, 0);
    sealed.object_id = 12; /* an object's: no stage */
    assert_ok(held_put(&db, &sealed, &err), &err);
    assert_ok(stage_open(&db, &a, &limits, &err), &err);
    assert_ok(stage_open(&db, &b, &limits, &err), &err);
    assert_code(stage_open(&db, &c, &limits, &err), CODE_LIMIT);
    assert_ok(stage_open(&db, &a, &limits, &err), &err); /* is there already */
    assert_ok(stage_open(&db, &d, &limits, &err), &err);
    assert_code(stage_open(&db, &e, &limits, &err), CODE_LIMIT);
    assert_ok(stage_usage(&db, pb_bytes(a.creator), &usage, &err), &err);
    assert_int_equal(usage.account_count, 2);
    assert_int_equal(usage.account_bytes, 2 * SIZE);
    assert_int_equal(usage.count, 3);
    limits.account_count = limits.count = 0;
    assert_ok(stage_check(&usage, SIZE, &limits, &err), &err);
    assert_code(stage_check(&usage, SIZE + 1, &limits, &err), CODE_LIMIT);
    assert_code(stage_check(&usage, UINT64_MAX, &limits, &err), CODE_LIMIT);
    limits.account_bytes = 0;
    assert_ok(stage_check(&usage, UINT64_MAX, &limits, &err), &err);
}

static int count_note(void *ctx, struct bytes key, const void *msg, struct err *unused) {
    (void)key, (void)unused;
    assert_true(stage_is(((const GcRecord *)msg)->object_id));
    ++*(unsigned *)ctx;
    return CODE_OK;
}

static void stage_adopt__in_one_batch(void **state) {
    (void)state;
    struct stage_limits none = {0};
    struct hash roots[1] = {{{5}}}, root;
    struct piece_key key = {12, 12, 1, 0};
    HeldPosition a = stage(1, 1, 1), *held;
    unsigned notes = 0;
    assert_code(stage_promise(&db, &a, &err), CODE_NOT_FOUND); /* nothing is promised of what is not there */
    assert_ok(stage_open(&db, &a, &none, &err), &err);
    assert_ok(stage_promise(&db, &a, &err), &err);
    assert_ok(stage_adopt(&db, &a, 12, 12, roots, 1, 55, &err), &err);
    assert_code(held_get(&db, a.object_id, 7, 1, &arena, &held, NULL), CODE_NOT_FOUND);
    assert_ok(held_get(&db, 12, 12, 1, &arena, &held, &err), &err);
    assert_true(held->sealed);
    assert_int_equal(held->payload_size, SIZE);
    assert_ok(piece_root_get(&db, &key, &root, &err), &err);
    assert_true(hash_eq(&root, &roots[0]));
    assert_ok(gc_each(&db, count_note, &notes, &err), &err);
    assert_int_equal(notes, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stage_id__names_bucket_upload_and_object, setup, teardown),
        cmocka_unit_test_setup_teardown(stage_open__keeps_the_later_end_and_one_content, setup, teardown),
        cmocka_unit_test_setup_teardown(stage_open__limits_at_their_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(stage_adopt__in_one_batch, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
