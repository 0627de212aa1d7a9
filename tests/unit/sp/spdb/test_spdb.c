/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/spdb.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "sp/spdb/notes.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/reads.h"
#include "sp/spdb/tasks.h"
#include "sp/spdb/uploads.h"
#include "tests/lib/test.h"

static struct spdb db;
static struct arena arena;
static struct err err;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 8 * MIB);
    return spdb_open_mem(&db, &err);
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    spdb_close(&db);
    return 0;
}

static void spdb_open__survives_restart(void **state) {
    (void)state;
    struct spdb disk, second;
    const char *dir = test_path("spdb");
    UploadRecord upload = UPLOAD_RECORD__INIT, *back;
    upload.object_id = 5;
    upload.reason = pb_text("a reason");
    assert_ok(spdb_open(&disk, dir, 0, &err), &err);
    assert_code(spdb_open(&second, dir, 0, &err), CODE_LOCKED);
    assert_ok(upload_put(&disk, &upload, &err), &err);
    spdb_close(&disk);
    assert_ok(spdb_open(&disk, dir, 0, &err), &err);
    assert_ok(upload_get(&disk, 5, &arena, &back, &err), &err);
    assert_string_equal(back->reason, "a reason");
    spdb_close(&disk);
    assert_ok(dir_remove(dir, &err), &err);
}

static void spdb_get__damaged(void **state) {
    (void)state;
    struct spdb_batch batch;
    struct spdb_key key = {.len = 0};
    UploadRecord *back;
    spdb_key_u64(&key, 9);
    assert_ok(spdb_begin(&db, &batch, &err), &err);
    spdb_batch_put_raw(&batch, SPDB_UPLOAD, spdb_key_of(&key), bytes_str("\xff\xff"));
    assert_ok(spdb_commit(&batch, &err), &err);
    assert_code(upload_get(&db, 9, &arena, &back, &err), CODE_CORRUPT);
    assert_code(upload_get(&db, 10, &arena, &back, &err), CODE_NOT_FOUND);
}

static void upload_move__table(void **state) {
    (void)state;
    static const UploadState path[] = {UPLOAD_OBJECT_DOING,    UPLOAD_OBJECT_DONE,     ALLOC_SECONDARY_DOING,
                                       ALLOC_SECONDARY_DONE,   REPLICATE_OBJECT_DOING, REPLICATE_OBJECT_ERROR,
                                       REPLICATE_OBJECT_DOING, REPLICATE_OBJECT_DONE,  SIGN_OBJECT_DOING,
                                       SIGN_OBJECT_DONE,       SEAL_OBJECT_TX_DOING,   SEAL_OBJECT_DONE};
    UploadRecord upload = UPLOAD_RECORD__INIT;
    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        bool error = upload_state_is_error(path[i]);
        assert_ok(upload_move(&upload, path[i], error ? "no" : NULL, i, &err), &err);
        assert_int_equal(upload.attempts, i == 5 || i == 6);
    }
    assert_string_equal(upload_state_name(upload.state), "SEAL_OBJECT_DONE");
    assert_ok(upload_move(&upload, SEAL_OBJECT_DONE, NULL, 0, &err), &err);
    assert_code(upload_move(&upload, UPLOAD_OBJECT_DOING, NULL, 0, &err), CODE_CONFLICT);
    upload.state = UPLOAD_OBJECT_DOING;
    assert_code(upload_move(&upload, SIGN_OBJECT_DOING, NULL, 0, &err), CODE_CONFLICT);
    assert_non_null(strstr(err.msg, "UPLOAD_OBJECT_DOING to SIGN_OBJECT_DOING"));
    assert_code(upload_move(&upload, SEAL_OBJECT_TX_ERROR, "x", 0, &err), CODE_CONFLICT);
}

static void segments__bitmap(void **state) {
    (void)state;
    struct segment_roots roots = {.positions = 7}, back;
    struct spdb_batch batch;
    uint8_t bitmap[3];
    uint64_t count;
    roots.whole.b[0] = 1;
    roots.piece[6].b[31] = 9;
    assert_ok(spdb_begin(&db, &batch, &err), &err);
    segment_put_in(&batch, 3, 1, 0, &roots);
    segment_put_in(&batch, 3, 1, 17, &roots);
    segment_put_in(&batch, 3, 2, 1, &roots); /* another version */
    segment_put_in(&batch, 4, 1, 1, &roots); /* another object */
    assert_ok(spdb_commit(&batch, &err), &err);
    assert_ok(segment_bitmap(&db, 3, 1, 20, bitmap, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_true(bitmap_has(bitmap, 0) && bitmap_has(bitmap, 17) && !bitmap_has(bitmap, 1));
    assert_ok(segment_get(&db, 3, 1, 17, &back, &err), &err);
    assert_int_equal(back.positions, 7);
    assert_true(hash_eq(&back.piece[6], &roots.piece[6]));
    assert_code(segment_get(&db, 3, 1, 16, &back, &err), CODE_NOT_FOUND);
}

static int count_visit(void *ctx, struct bytes key, const void *msg, struct err *unused) {
    (void)key;
    (void)msg;
    (void)unused;
    ++*(unsigned *)ctx;
    return CODE_OK;
}

static int sum_pieces(void *ctx, const struct piece_key *key, const struct hash *root, struct err *unused) {
    (void)root;
    (void)unused;
    *(uint64_t *)ctx = *(uint64_t *)ctx * 10 + key->segment;
    return CODE_OK;
}

static void pieces__index_and_gc(void **state) {
    (void)state;
    struct piece_key key = {7, 1, 3, 0};
    struct hash root = {{5}}, roots[4], back;
    uint8_t bitmap[1];
    uint64_t have, order = 0;
    unsigned count = 0;
    HeldPosition held = HELD_POSITION__INIT, *got;
    for (uint64_t s = 0; s < 4; s++) {
        key.segment = s;
        if (s != 2)
            assert_ok(piece_root_put(&db, &key, &root, &err), &err);
    }
    assert_ok(piece_roots_read(&db, 7, 1, 3, 4, roots, bitmap, &have, &err), &err);
    assert_int_equal(have, 3);
    assert_true(bitmap_has(bitmap, 3) && !bitmap_has(bitmap, 2) && hash_is_zero(&roots[2]));
    key.segment = 2;
    assert_code(piece_root_get(&db, &key, &back, &err), CODE_NOT_FOUND);
    key.segment = 1;
    assert_ok(piece_root_get(&db, &key, &back, &err), &err);
    assert_ok(piece_each(&db, &key, sum_pieces, &order, &err), &err);
    assert_int_equal(order, 13);

    held.object_id = 7;
    held.version = 1;
    held.position = 3;
    assert_ok(held_put(&db, &held, &err), &err);
    assert_ok(held_any(&db, 7, 1, &arena, &got, &err), &err);
    assert_int_equal(got->position, 3);
    assert_code(held_any(&db, 7, 2, &arena, &got, &err), CODE_NOT_FOUND);
    assert_ok(gc_mark(&db, 7, 1, 3, "deleted", 1, &err), &err);
    assert_code(held_get(&db, 7, 1, 3, &arena, &got, &err), CODE_NOT_FOUND);
    assert_ok(gc_each(&db, count_visit, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_ok(gc_unmark(&db, 7, 1, 3, &err), &err);
    assert_ok(gc_each(&db, count_visit, &count, &err), &err);
    assert_int_equal(count, 1);
}

static void tasks__ids(void **state) {
    (void)state;
    Task task = TASK__INIT, *back;
    unsigned count = 0;
    task.kind = TASK_KIND_SEAL_OBJECT;
    assert_ok(task_add(&db, &task, &err), &err);
    assert_int_equal(task.id, 1);
    assert_ok(task_add(&db, &task, &err), &err);
    assert_int_equal(task.id, 2);
    task.attempts = 3;
    assert_ok(task_put(&db, &task, &err), &err);
    assert_ok(task_get(&db, 2, &arena, &back, &err), &err);
    assert_int_equal(back->attempts, 3);
    db.next_task = 0; /* as after a restart */
    assert_ok(task_del(&db, 1, &err), &err);
    assert_ok(task_add(&db, &task, &err), &err);
    assert_int_equal(task.id, 3);
    assert_ok(task_each(&db, count_visit, &count, &err), &err);
    assert_int_equal(count, 2);
}

static void reads__quota_and_records(void **state) {
    (void)state;
    QuotaCounter *counter;
    ReadRecord record = READ_RECORD__INIT;
    struct spdb_batch batch;
    unsigned count = 0;
    assert_int_equal(month_of_ms(1700000000000), 202311);
    assert_int_equal(month_of_ms(1704067200000), 202401);
    assert_ok(quota_get_counter(&db, 4, 202401, &arena, &counter, &err), &err);
    assert_int_equal(counter->charged_used, 0);
    counter->charged_used = 100;
    assert_ok(spdb_begin(&db, &batch, &err), &err);
    quota_put_in(&batch, counter);
    for (uint64_t t = 10; t < 15; t++) {
        record.time_ms = t / 2; /* some in one millisecond */
        read_put_in(&batch, 4, &record);
        read_put_in(&batch, 5, &record);
    }
    assert_ok(spdb_commit(&batch, &err), &err);
    assert_ok(quota_get_counter(&db, 4, 202401, &arena, &counter, &err), &err);
    assert_int_equal(counter->charged_used, 100);
    assert_ok(read_each(&db, 4, 6, count_visit, &count, &err), &err);
    assert_int_equal(count, 3);
}

static void notes__cursor_and_approval(void **state) {
    (void)state;
    uint64_t height;
    uint32_t index;
    ScrubStats stats = SCRUB_STATS__INIT, *got;
    ApprovalRecord record = APPROVAL_RECORD__INIT, *back;
    struct hash spec = {{1}};
    assert_ok(cursor_get(&db, "ledger", &height, &index, &err), &err);
    assert_int_equal(height, 0);
    assert_ok(cursor_put(&db, "ledger", 12, 3, &err), &err);
    assert_ok(cursor_get(&db, "ledger", &height, &index, &err), &err);
    assert_int_equal(height, 12);
    assert_int_equal(index, 3);
    record.timeout = 77;
    assert_ok(approval_put(&db, &spec, &record, &err), &err);
    assert_ok(approval_get(&db, &spec, &arena, &back, &err), &err);
    assert_int_equal(back->timeout, 77);
    assert_ok(approval_del(&db, &spec, &err), &err);
    assert_code(approval_get(&db, &spec, &arena, &back, &err), CODE_NOT_FOUND);
    stats.rebuilt = 4;
    assert_ok(note_put(&db, "scrub", &stats, &err), &err);
    assert_ok(note_get(&db, "scrub", &scrub_stats__descriptor, &arena, &got, &err), &err);
    assert_int_equal(got->rebuilt, 4);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(spdb_open__survives_restart), UNIT(spdb_get__damaged), UNIT(upload_move__table), UNIT(segments__bitmap),
          UNIT(pieces__index_and_gc), UNIT(tasks__ids), UNIT(reads__quota_and_records),
          UNIT(notes__cursor_and_approval))
