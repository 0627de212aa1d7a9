/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/uploader/uploader.h"

#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/thread.h"
#include "sp/piecestore/checked.h"
#include "sp/piecestore/piece_local.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/uploads.h"
#include "sp/uploader/segments.h"
#include "tests/lib/test.h"

#include <stdatomic.h>

#define SEGMENT (64 * KIB)
#define SIZE    (5 * SEGMENT + 1234)

static struct spdb db;
static struct piecestore *store;
static struct uploader *uploader;
static struct arena arena;
static struct err err;
static Profile profile;
static ObjectInfo object;
static uint8_t payload[SIZE], content_root[32], creator[20] = {4};
static const uint8_t upload_id[16] = {1, 2, 3};
static char ended_reason[200];
static unsigned ended;
static atomic_uint handed_on, wrong;

/* What is handed on is the durable segment, with the pieces of all positions. */
static void on_segment(void *ctx, const ObjectInfo *info, uint64_t segment, const struct cut *cut) {
    struct hash scratch[SEGMENT / LEAF_LEN];
    size_t len = (size_t)layout_segment_len(info->profile, info->payload_size, segment);
    (void)ctx;
    handed_on++;
    wrong += info->id != object.id || cut->len != len || memcmp(cut->segment, payload + segment * SEGMENT, len) != 0;
    for (uint32_t i = 0; i < profile_positions(info->profile); i++) {
        struct bytes data = cut->pieces[i].data;
        struct hash root = piece_root_of(data.data, data.len, scratch);
        wrong += !hash_eq(&root, &cut->pieces[i].root);
    }
}

static void on_end(void *ctx, uint64_t object_id, const char *reason) {
    (void)ctx;
    (void)object_id;
    snprintf(ended_reason, sizeof ended_reason, "%s", reason ? reason : "");
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
}

static void open_uploader(size_t memory) {
    struct uploader_config config = {.db = &db,
                                     .store = store,
                                     .env = {.segment_durable = on_segment, .upload_ended = on_end},
                                     .memory_bytes = memory,
                                     .threads = 2,
                                     .wait_ms = 1};
    assert_ok(uploader_new(&config, &uploader, &err), &err);
}

static void set_profile(const char *text) {
    assert_ok(profile_parse(text, SEGMENT, &profile, &err), &err);
}

static int setup(void **state) {
    struct rng rng;
    struct piece_hasher hasher;
    struct hash roots[6];
    (void)state;
    rng_init(&rng, 2);
    rng_fill(&rng, payload, SIZE);
    for (size_t s = 0; s < 6; s++) {
        piece_hasher_init(&hasher);
        piece_hasher_add(&hasher, payload + s * SEGMENT, s < 5 ? SEGMENT : SIZE - 5 * SEGMENT);
        roots[s] = piece_hasher_done(&hasher);
    }
    struct hash root = checksum_of(roots, 6);
    memcpy(content_root, root.b, 32);
    arena_init(&arena, 16 * MIB);
    assert_ok(spdb_open_mem(&db, &err), &err);
    assert_ok(piece_local_open(test_path("pieces"), &store, &err), &err);
    handed_on = wrong = 0;
    ended = 0;
    set_profile("ec:4+2+w");
    object = (ObjectInfo)OBJECT_INFO__INIT;
    object.id = 77;
    object.version = 1;
    object.bucket_id = 3;
    object.object_name = pb_text("film");
    object.creator = pb_data(bytes_of(creator, 20));
    object.payload_size = SIZE;
    object.profile = &profile;
    object.content_root = pb_data(bytes_of(content_root, 32));
    open_uploader(MIB);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    uploader_free(uploader);
    piecestore_free(store);
    spdb_close(&db);
    arena_release(&arena);
    return dir_remove(test_path("pieces"), &err);
}

static void begin(void) {
    assert_ok(uploader_begin(uploader, &object, upload_id, 1, &err), &err);
}

/* Sends [offset, offset + len) in odd chunks. */
static int send_part(uint64_t offset, uint64_t len, bool whole, struct upload_status *status) {
    struct part *part;
    int rc = part_open(uploader, &object, offset, len, whole, &part, &err);
    for (uint64_t at = 0; !rc && at < len;) {
        size_t now = len - at < 10007 ? (size_t)(len - at) : 10007;
        rc = part_write(part, payload + offset + at, now, &err);
        at += now;
        if (rc) {
            part_abort(part);
            return rc;
        }
    }
    return rc ? rc : part_finish(part, status, &err);
}

static UploadRecord *record(void) {
    UploadRecord *upload;
    assert_ok(upload_get(&db, 77, &arena, &upload, &err), &err);
    return upload;
}

static void wait_ended(unsigned times) {
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    while (__atomic_load_n(&ended, __ATOMIC_SEQ_CST) < times)
        assert_true(clock_mono_ns() < deadline);
}

/* The primary's own pieces are there, verified. */
static void check_stored(void) {
    static struct hash scratch[SEGMENT / LEAF_LEN];
    static uint8_t data[SEGMENT];
    HeldPosition *held;
    assert_ok(held_get(&db, 77, 1, 0, &arena, &held, &err), &err);
    for (uint64_t s = 0; s < 6; s++) {
        struct piece_key key = {77, 1, segments_source(&profile), s};
        struct hash root;
        size_t len = s < 5 ? SEGMENT : SIZE - 5 * SEGMENT;
        assert_ok(piece_root_get(&db, &key, &root, &err), &err);
        assert_ok(checked_read(store, &key, &root, len, scratch, data, &err), &err);
        assert_memory_equal(data, payload + s * SEGMENT, len);
    }
}

static void upload__whole(void **state) {
    (void)state;
    struct upload_status status;
    begin();
    assert_int_equal(record()->state, UPLOAD_OBJECT_DOING);
    assert_ok(send_part(0, SIZE, true, &status), &err);
    assert_true(status.complete);
    assert_int_equal(status.durable, 6);
    assert_int_equal(status.received_bytes, SIZE);
    wait_ended(1);
    assert_string_equal(ended_reason, "");
    assert_int_equal(handed_on, 6);
    assert_int_equal(wrong, 0);
    assert_int_equal(record()->state, UPLOAD_OBJECT_DONE);
    check_stored();
    assert_code(uploader_begin(uploader, &object, upload_id, 1, &err), CODE_DONE_ALREADY);
    assert_code(send_part(0, SIZE, true, &status), CODE_DONE_ALREADY);
}

static void upload__other_profiles(void **state) {
    (void)state;
    static const char *const profiles[] = {"ec:4+2", "replica:3", "replica:1", "ec:1+0"};
    struct upload_status status;
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        if (i > 0) {
            teardown(NULL);
            setup(NULL);
        }
        set_profile(profiles[i]);
        begin();
        assert_ok(send_part(0, SIZE, true, &status), &err);
        assert_true(status.complete);
        wait_ended(1);
        check_stored();
        struct piece_key stage = {77, 1, POSITION_STAGE, 0}, own = {77, 1, 0, 0};
        struct piece_meta meta;
        assert_ok(segments_unstage(&db, store, &object, &err), &err); /* as after the seal */
        assert_code(piecestore_head(store, &stage, &meta, &err), CODE_NOT_FOUND);
        assert_ok(piecestore_head(store, &own, &meta, &err), &err);
    }
}

static void cess_9_5_7__parts_twice_and_in_any_order(void **state) {
    (void)state;
    struct upload_status status;
    struct bytes bitmap;
    struct part *part;
    begin();
    assert_ok(send_part(4 * SEGMENT, SIZE - 4 * SEGMENT, false, &status), &err);
    assert_int_equal(status.received_bytes, SIZE - 4 * SEGMENT);
    assert_ok(send_part(SEGMENT, SEGMENT + 100, false, &status), &err); /* its tail does not count */
    assert_int_equal(status.durable, 3);
    /* a sender that vanishes in mid-segment */
    assert_ok(part_open(uploader, &object, 2 * SEGMENT, SEGMENT, false, &part, &err), &err);
    assert_ok(part_write(part, payload + 2 * SEGMENT, 1000, &err), &err);
    part_abort(part);
    assert_ok(uploader_status(uploader, &object, &arena, &status, &bitmap, &err), &err);
    assert_int_equal(status.durable, 3);
    assert_int_equal(bitmap.data[0], 0x32);
    assert_false(status.complete);
    /* a restart in between */
    uploader_free(uploader);
    open_uploader(MIB);
    begin();
    assert_ok(send_part(0, 4 * SEGMENT, false, &status), &err); /* some of it again */
    assert_true(status.complete);
    wait_ended(1);
    check_stored();
}

static void upload__resume_after_last_segment(void **state) {
    (void)state;
    struct upload_status status;
    begin();
    assert_ok(send_part(0, SIZE, true, &status), &err);
    wait_ended(1);
    /* as if the process had died before the end was written down */
    UploadRecord *upload = record();
    upload->state = UPLOAD_OBJECT_DOING;
    assert_ok(upload_put(&db, upload, &err), &err);
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    do { /* a worker may still be leaving the upload, which is not begun anew before */
        assert_true(clock_mono_ns() < deadline);
        assert_ok(uploader_resume(uploader, &object, &err), &err);
    } while (record()->state != UPLOAD_OBJECT_DONE);
    assert_int_equal(ended, 2);
}

static void upload__refuses(void **state) {
    (void)state;
    struct upload_status status;
    struct part *part;
    assert_code(send_part(0, SIZE, true, &status), CODE_NOT_FOUND);
    begin();
    assert_code(send_part(0, SIZE - 1, true, &status), CODE_INVALID_ARGUMENT);
    assert_code(send_part(1, 10, false, &status), CODE_INVALID_ARGUMENT);
    assert_code(send_part(6 * SEGMENT, 10, false, &status), CODE_RANGE);
    assert_code(part_open(uploader, &object, 5 * SEGMENT, SEGMENT, false, &part, &err), CODE_RANGE);
    assert_code(part_open(uploader, &object, 0, UINT64_MAX, false, &part, &err), CODE_RANGE);
    assert_ok(part_open(uploader, &object, 0, 100, false, &part, &err), &err);
    assert_code(part_write(part, payload, 101, &err), CODE_TOO_LARGE);
    part_abort(part);
    assert_ok(part_open(uploader, &object, 0, SIZE, true, &part, &err), &err);
    assert_ok(part_write(part, payload, SEGMENT + 5, &err), &err);
    assert_code(part_finish(part, &status, &err), CODE_INVALID_ARGUMENT); /* ended early; one segment stays */
    assert_ok(uploader_status(uploader, &object, &arena, &status, NULL, &err), &err);
    assert_int_equal(status.durable, 1);
    object.payload_size = 0;
    assert_code(uploader_begin(uploader, &object, upload_id, 1, &err), CODE_INVALID_ARGUMENT);
}

static void upload__memory_is_bounded(void **state) {
    (void)state;
    struct part *part[UPLOAD_CUTS_MAX], *more;
    begin();
    for (unsigned i = 0; i < UPLOAD_CUTS_MAX; i++)
        assert_ok(part_open(uploader, &object, i * SEGMENT, SEGMENT, false, &part[i], &err), &err);
    assert_code(part_open(uploader, &object, 4 * SEGMENT, SEGMENT, false, &more, &err), CODE_BUSY);
    for (unsigned i = 0; i < UPLOAD_CUTS_MAX; i++)
        part_abort(part[i]);
    uploader_free(uploader);
    open_uploader(1); /* too little for any segment: still one at a time */
    assert_ok(part_open(uploader, &object, 0, SEGMENT, false, &part[0], &err), &err);
    assert_code(part_open(uploader, &object, SEGMENT, SEGMENT, false, &more, &err), CODE_BUSY);
    part_abort(part[0]);
    struct upload_status status;
    assert_ok(send_part(0, SIZE, true, &status), &err);
    assert_true(status.complete);
}

static void upload__other_content(void **state) {
    (void)state;
    struct upload_status status;
    begin();
    payload[3 * SEGMENT] ^= 1;
    assert_code(send_part(0, SIZE, true, &status), CODE_INTEGRITY);
    wait_ended(1);
    assert_non_null(strstr(ended_reason, "content root"));
    assert_int_equal(record()->state, UPLOAD_OBJECT_ERROR);
    assert_non_null(strstr(record()->reason, "content root"));
    struct piece_key key = {77, 1, 0, 0};
    struct piece_meta meta;
    assert_code(piecestore_head(store, &key, &meta, &err), CODE_NOT_FOUND);
    payload[3 * SEGMENT] ^= 1;
    begin();
    assert_ok(send_part(0, SIZE, true, &status), &err);
    assert_true(status.complete);
    check_stored();
}

/* The object ends while its last segment comes, and its records are collected: that is no success. */
static void upload__collected_meanwhile(void **state) {
    (void)state;
    struct part *part;
    begin();
    assert_ok(part_open(uploader, &object, 0, object.payload_size, true, &part, &err), &err);
    assert_ok(part_write(part, payload, 1, &err), &err);
    assert_ok(upload_del(&db, object.id, &err), &err);
    assert_ok(part_write(part, payload + 1, (size_t)object.payload_size - 1, &err), &err);
    assert_code(part_finish(part, NULL, &err), CODE_CONFLICT);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(upload__whole), UNIT(upload__other_profiles), UNIT(cess_9_5_7__parts_twice_and_in_any_order),
          UNIT(upload__resume_after_last_segment), UNIT(upload__refuses), UNIT(upload__memory_is_bounded),
          UNIT(upload__other_content), UNIT(upload__collected_meanwhile))
