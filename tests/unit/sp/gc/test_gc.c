/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/gc/gc.h"

#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "chain/types/layout.h"
#include "sp/piecestore/piece_local.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/uploads.h"
#include "tests/lib/test.h"

#define SEGMENT (64 * KIB)

static struct spdb db;
static struct piecestore *store;
static struct gc gc;
static struct arena arena;
static struct err err;
static Profile profile;
static enum gc_verdict verdict;
static uint64_t now;

static uint64_t fake_ms(void *ctx) {
    (void)ctx;
    return now;
}

static enum gc_verdict fake_verdict(void *ctx, uint64_t object_id, uint64_t version, uint32_t position) {
    (void)ctx;
    (void)object_id;
    (void)version;
    (void)position;
    return verdict;
}

static void put_piece(uint64_t object, uint32_t position, uint64_t segment, bool record) {
    static uint8_t data[1000];
    struct hash leaves[1], groups[1];
    struct piece_write w = {.key = {object, 1, position, segment}, .data = bytes_of(data, 1000), .groups = groups};
    w.root = piece_hash(data, 1000, leaves, groups);
    assert_ok(piecestore_put(store, &w, 1, &err), &err);
    if (record)
        assert_ok(piece_root_put(&db, &w.key, &w.root, &err), &err);
}

static void hold(uint64_t object, uint32_t position, bool sealed, uint64_t expires_ms) {
    HeldPosition held = HELD_POSITION__INIT;
    held.object_id = object;
    held.version = 1;
    held.position = position;
    held.payload_size = 1000;
    held.profile = &profile;
    held.sealed = sealed;
    held.expires_ms = expires_ms;
    assert_ok(held_put(&db, &held, &err), &err);
}

static int count_files(void *ctx, const struct piece_key *key, struct err *unused) {
    (void)key;
    (void)unused;
    ++*(unsigned *)ctx;
    return CODE_OK;
}

static unsigned files(void) {
    unsigned count = 0;
    assert_ok(piecestore_list(store, count_files, &count, &err), &err);
    return count;
}

static bool is_held(uint64_t object, uint32_t position) {
    HeldPosition *held;
    return held_get(&db, object, 1, position, &arena, &held, NULL) == CODE_OK;
}

static int setup(void **state) {
    struct gc_env env = {.real_ms = fake_ms, .may_delete = fake_verdict};
    (void)state;
    arena_init(&arena, MIB);
    assert_ok(profile_parse("replica:4", SEGMENT, &profile, &err), &err);
    assert_ok(spdb_open_mem(&db, &err), &err);
    assert_ok(piece_local_open(test_path("pieces"), &store, &err), &err);
    gc_init(&gc, &db, store, &env);
    verdict = GC_KEEP;
    now = 1000;
    for (uint32_t position = 1; position < 3; position++) { /* object 1 at two positions, two segments each */
        put_piece(1, position, 0, true);
        put_piece(1, position, 1, true);
        hold(1, position, true, 0);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    gc_release(&gc);
    piecestore_free(store);
    spdb_close(&db);
    arena_release(&arena);
    return dir_remove(test_path("pieces"), &err);
}

static void gc_object__asks_the_ledger(void **state) {
    (void)state;
    struct gc_stats stats;
    assert_code(gc_object(&gc, 1, 1, "deleted", false, &err), CODE_AGAIN);
    verdict = GC_WAIT;
    assert_code(gc_object(&gc, 1, 1, "deleted", false, &err), CODE_AGAIN);
    assert_int_equal(files(), 4);
    assert_true(is_held(1, 1));
    verdict = GC_DELETE;
    assert_ok(gc_object(&gc, 1, 2, "deleted", false, &err), &err); /* another version: nothing */
    assert_int_equal(files(), 4);
    assert_ok(gc_object(&gc, 1, 1, "deleted", false, &err), &err);
    assert_int_equal(files(), 0);
    assert_false(is_held(1, 1) || is_held(1, 2));
    assert_ok(gc_object(&gc, 1, 1, "deleted", false, &err), &err);
    gc_get_stats(&gc, &stats);
    assert_int_equal(stats.positions_deleted, 2);
    assert_int_equal(stats.pieces_deleted, 4);
    assert_int_equal(stats.bytes_deleted, 4000);
}

static void gc_object__upload_that_ended(void **state) {
    (void)state;
    ObjectInfo object = OBJECT_INFO__INIT;
    UploadRecord upload = UPLOAD_RECORD__INIT, *back;
    struct segment_roots roots = {.positions = 1};
    struct spdb_batch batch;
    object.id = 8;
    object.version = 1;
    upload.object_id = 8;
    upload.object = &object;
    assert_ok(upload_put(&db, &upload, &err), &err);
    put_piece(8, 0, 0, true);
    put_piece(8, POSITION_STAGE, 0, true);
    assert_ok(spdb_begin(&db, &batch, &err), &err);
    segment_put_in(&batch, 8, 1, 0, &roots);
    assert_ok(spdb_commit(&batch, &err), &err);
    assert_ok(gc_object(&gc, 8, 1, "cancelled", true, &err), &err);
    assert_int_equal(files(), 4);
    assert_code(upload_get(&db, 8, &arena, &back, &err), CODE_NOT_FOUND);
    assert_code(segment_get(&db, 8, 1, 0, &roots, &err), CODE_NOT_FOUND);
}

static void gc_run__finishes_after_a_crash(void **state) {
    (void)state;
    assert_ok(gc_mark(&db, 1, 1, 1, "deleted", 5, &err), &err); /* the process died right after the note */
    assert_ok(gc_run(&gc, false, &err), &err);
    assert_int_equal(files(), 2);
    assert_true(is_held(1, 2));
}

static void gc_run__unsealed(void **state) {
    (void)state;
    struct gc_stats stats;
    put_piece(3, 2, 0, true);
    hold(3, 2, false, 2000);
    verdict = GC_DELETE;
    assert_ok(gc_run(&gc, false, &err), &err);
    assert_int_equal(files(), 5); /* not late yet; and what is sealed is not asked about */
    now = 2000;
    verdict = GC_KEEP;
    assert_ok(gc_run(&gc, false, &err), &err);
    assert_int_equal(files(), 5);
    verdict = GC_DELETE;
    assert_ok(gc_run(&gc, false, &err), &err);
    assert_int_equal(files(), 4);
    gc_get_stats(&gc, &stats);
    assert_int_equal(stats.unsealed_expired, 1);
    assert_true(is_held(1, 1));
    assert_ok(gc_run(&gc, true, &err), &err); /* a full run asks about everything */
    assert_int_equal(files(), 0);
}

static void gc_run__both_ways(void **state) {
    (void)state;
    struct gc_stats stats;
    struct piece_key lost = {1, 1, 2, 1};
    put_piece(9, 0, 0, false); /* bytes without a record */
    assert_ok(piecestore_delete(store, &lost, &err), &err);
    assert_ok(gc_run(&gc, true, &err), &err);
    assert_int_equal(files(), 4); /* it may just be arriving */
    assert_ok(gc_run(&gc, true, &err), &err);
    assert_int_equal(files(), 3);
    gc_get_stats(&gc, &stats);
    assert_int_equal(stats.orphans, 1);
    assert_int_equal(stats.missing, 1);
    assert_int_equal(stats.runs, 2);
    put_piece(9, 0, 0, false);
    assert_ok(gc_run(&gc, true, &err), &err);
    put_piece(9, 0, 0, true); /* its record came: it stays */
    assert_ok(gc_run(&gc, true, &err), &err);
    assert_int_equal(files(), 4);
}

/* A segment that arrived while its object was given up: in the index, of no position and no upload. */
static void gc_run__came_after_the_end(void **state) {
    (void)state;
    ObjectInfo object = OBJECT_INFO__INIT;
    UploadRecord upload = UPLOAD_RECORD__INIT;
    upload.object_id = object.id = 9;
    object.version = 1;
    upload.object = &object;
    assert_ok(upload_put(&db, &upload, &err), &err);
    for (uint64_t id = 8; id < 10; id++) {
        put_piece(id, 0, 0, true);
        put_piece(id, POSITION_STAGE, 0, true);
    }
    assert_ok(gc_run(&gc, true, &err), &err);
    assert_int_equal(files(), 8); /* the ledger knows nothing of an end */
    for (uint32_t position = 1; position < 3; position++)
        assert_ok(gc_mark(&db, 1, 1, position, "deleted", 5, &err), &err);
    verdict = GC_DELETE;
    assert_ok(gc_run(&gc, true, &err), &err);
    assert_int_equal(files(), 2); /* 9 still arrives */
    assert_ok(upload_del(&db, 9, &err), &err);
    assert_ok(gc_run(&gc, true, &err), &err);
    assert_int_equal(files(), 0);
}

static void run__a_stage_goes_when_the_verdict_says_so(void **state) {
    (void)state;
    uint64_t stage = (uint64_t)1 << 63 | 4;
    struct gc_stats stats;
    hold(stage, 1, false, 0); /* no end by the clock */
    put_piece(stage, 1, 0, true);
    verdict = GC_KEEP;
    assert_ok(gc_run(&gc, true, &err), &err);
    verdict = GC_DELETE;
    gc_get_stats(&gc, &stats);
    assert_int_equal(stats.positions_deleted, 0);
    assert_ok(gc_run(&gc, false, &err), &err);
    gc_get_stats(&gc, &stats);
    assert_int_equal(stats.positions_deleted, 1);
    assert_int_equal(stats.unsealed_expired, 1);
    assert_int_equal(stats.pieces_deleted, 1);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(gc_object__asks_the_ledger), UNIT(gc_object__upload_that_ended), UNIT(gc_run__finishes_after_a_crash),
          UNIT(gc_run__unsealed), UNIT(gc_run__both_ways), UNIT(gc_run__came_after_the_end),
          UNIT(run__a_stage_goes_when_the_verdict_says_so))
