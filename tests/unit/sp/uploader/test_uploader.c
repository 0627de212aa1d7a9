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
#include "sp/receiver/receiver.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/uploads.h"
#include "sp/uploader/replicate.h"
#include "sp/uploader/segments.h"
#include "tests/lib/test.h"

#include <stdatomic.h>

/* One primary (SP 1) and up to eight secondaries (SPs 2..9), each with its own database and piece store. */
#define SPS     9
#define SEGMENT (64 * KIB)
#define SIZE    (5 * SEGMENT + 1234)

static struct spdb dbs[SPS + 1];
static struct piecestore *stores[SPS + 1];
static struct receiver receivers[SPS + 1];
static atomic_bool dead[SPS + 1];
static atomic_uint sent_to[SPS + 1];
static struct uploader *uploader;
static struct replicator replicator;
static struct arena arena;
static struct err err;
static Profile profile;
static ObjectInfo object;
static uint8_t payload[SIZE], content_root[32], creator[20] = {4};
static const uint8_t upload_id[16] = {1, 2, 3};
static char ended_reason[200];
static unsigned ended;
static bool overlap; /* hand columns on while the upload runs */

static uint64_t fake_ms(void *ctx) {
    (void)ctx;
    return 5000;
}

static int fake_check(void *ctx, const PieceTicket *ticket, struct err *e) {
    (void)ctx;
    (void)ticket;
    (void)e;
    return CODE_OK;
}

static int fake_sign(void *ctx, const Receipt *receipt, struct arena *on, SignedReceipt **ret_signed, struct err *e) {
    SignedReceipt wrapped = SIGNED_RECEIPT__INIT;
    struct bytes bytes;
    (void)ctx;
    int rc = pb_encode(receipt, on, &bytes, e);
    if (rc)
        return rc;
    wrapped.receipt = pb_data(bytes);
    return pb_copy(&wrapped, on, ret_signed, e);
}

static int fake_find(void *ctx, const UploadRecord *upload, const uint32_t *positions, size_t count,
                     const uint32_t *avoid, size_t avoids, struct arena *on, SecondaryPick **ret_picks, struct err *e) {
    (void)ctx;
    (void)upload;
    uint32_t next = 2;
    for (size_t i = 0; i < count; i++, next++) {
        for (size_t a = 0; a < avoids; a++)
            if (avoid[a] == next) {
                next++;
                a = (size_t)-1;
            }
        if (next > SPS)
            return err_set(e, CODE_UNAVAILABLE, "too few providers");
        SecondaryPick *pick = ARENA_NEW(on, SecondaryPick);
        secondary_pick__init(pick);
        pick->position = positions[i];
        pick->sp_id = next;
        ret_picks[i] = pick;
    }
    return CODE_OK;
}

static PieceTicket ticket_for(const UploadRecord *upload, const SecondaryPick *pick) {
    static SignedSecondaryApproval approval = SIGNED_SECONDARY_APPROVAL__INIT;
    PieceTicket ticket = PIECE_TICKET__INIT;
    ticket.approval = &approval;
    ticket.object_id = upload->object_id;
    ticket.bucket_id = upload->object->bucket_id;
    ticket.object_name = upload->object->object_name;
    ticket.creator = upload->object->creator;
    ticket.version = upload->object->version;
    ticket.upload_id = upload->upload_id;
    ticket.payload_size = upload->object->payload_size;
    ticket.profile = upload->object->profile;
    ticket.position = pick->position;
    return ticket;
}

static void fake_send(void *ctx, const UploadRecord *upload, uint64_t segment, struct piece_send *sends, size_t count) {
    (void)ctx;
    for (size_t i = 0; i < count; i++) {
        uint32_t sp = sends[i].pick->sp_id;
        PieceTicket ticket = ticket_for(upload, sends[i].pick);
        sent_to[sp]++;
        sends[i].rc =
            dead[sp] ? err_set(&sends[i].err, CODE_UNAVAILABLE, "provider %u is down", sp)
                     : receiver_put(&receivers[sp], &ticket, segment, sends[i].data, &sends[i].root, &sends[i].err);
    }
}

static int fake_receipt(void *ctx, const UploadRecord *upload, const SecondaryPick *pick, struct arena *on,
                        SignedReceipt **ret_receipt, struct err *e) {
    (void)ctx;
    PieceTicket ticket = ticket_for(upload, pick);
    if (dead[pick->sp_id])
        return err_set(e, CODE_UNAVAILABLE, "provider %u is down", pick->sp_id);
    return receiver_receipt(&receivers[pick->sp_id], &ticket, on, ret_receipt, e);
}

static void on_segment(void *ctx, const ObjectInfo *info, uint64_t segment, const struct cut *cut) {
    (void)ctx;
    if (overlap)
        replicate_segment(&replicator, info, segment, cut);
}

static void on_end(void *ctx, uint64_t object_id, const char *reason) {
    (void)ctx;
    (void)object_id;
    snprintf(ended_reason, sizeof ended_reason, "%s", reason ? reason : "");
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
}

static void open_uploader(size_t memory) {
    struct uploader_config config = {.db = &dbs[1],
                                     .store = stores[1],
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
    for (unsigned i = 1; i <= SPS; i++) {
        char name[16];
        snprintf(name, sizeof name, "sp%u", i);
        assert_ok(spdb_open_mem(&dbs[i], &err), &err);
        assert_ok(piece_local_open(test_path(name), &stores[i], &err), &err);
        receivers[i] =
            (struct receiver){.db = &dbs[i],
                              .store = stores[i],
                              .env = {.real_ms = fake_ms, .check_ticket = fake_check, .sign_receipt = fake_sign},
                              .sp_id = i,
                              .unsealed_ttl_ms = 1000};
        dead[i] = false;
        sent_to[i] = 0;
    }
    ended = 0;
    overlap = false;
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
    replicator =
        (struct replicator){.db = &dbs[1],
                            .store = stores[1],
                            .env = {.real_ms = fake_ms, .find = fake_find, .send = fake_send, .receipt = fake_receipt},
                            .sp_id = 1,
                            .rounds_max = 3};
    open_uploader(MIB);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    uploader_free(uploader);
    for (unsigned i = 1; i <= SPS; i++) {
        char name[16];
        piecestore_free(stores[i]);
        spdb_close(&dbs[i]);
        snprintf(name, sizeof name, "sp%u", i);
        dir_remove(test_path(name), &err);
    }
    arena_release(&arena);
    return 0;
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
    assert_ok(upload_get(&dbs[1], 77, &arena, &upload, &err), &err);
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
    assert_ok(held_get(&dbs[1], 77, 1, 0, &arena, &held, &err), &err);
    for (uint64_t s = 0; s < 6; s++) {
        struct piece_key key = {77, 1, segments_source(&profile), s};
        struct hash root;
        size_t len = s < 5 ? SEGMENT : SIZE - 5 * SEGMENT;
        assert_ok(piece_root_get(&dbs[1], &key, &root, &err), &err);
        assert_ok(checked_read(stores[1], &key, &root, len, scratch, data, &err), &err);
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
    assert_int_equal(record()->state, UPLOAD_OBJECT_DONE);
    check_stored();
    assert_code(uploader_begin(uploader, &object, upload_id, 1, &err), CODE_DONE_ALREADY);
    assert_code(send_part(0, SIZE, true, &status), CODE_DONE_ALREADY);
}

static void upload__parts_any_order(void **state) {
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
    assert_ok(upload_put(&dbs[1], upload, &err), &err);
    assert_ok(uploader_resume(uploader, &object, &err), &err);
    assert_int_equal(record()->state, UPLOAD_OBJECT_DONE);
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
    assert_code(piecestore_head(stores[1], &key, &meta, &err), CODE_NOT_FOUND);
    payload[3 * SEGMENT] ^= 1;
    begin();
    assert_ok(send_part(0, SIZE, true, &status), &err);
    assert_true(status.complete);
    check_stored();
}

static void check_receipts(void) {
    UploadRecord *upload = record();
    assert_int_equal(upload->state, SIGN_OBJECT_DONE);
    assert_int_equal(upload->n_secondaries, profile_positions(&profile) - 1);
    for (size_t i = 0; i < upload->n_secondaries; i++) {
        assert_non_null(upload->secondaries[i]->receipt);
        assert_false(dead[upload->secondaries[i]->sp_id]);
    }
    struct bytes bitmap;
    uint8_t durable[1] = {0x3f};
    assert_ok(replicate_bitmap(upload, durable, &arena, &bitmap, &err), &err);
    for (unsigned bit = 0; bit < 6 * profile_positions(&profile); bit++)
        assert_true(bitmap_has(bitmap.data, bit));
}

static void replicate__after_the_upload(void **state) {
    (void)state;
    const char *profiles[] = {"ec:4+2+w", "ec:4+2", "replica:3", "replica:1"};
    struct upload_status status;
    for (size_t i = 0; i < 4; i++) {
        if (i > 0) {
            teardown(NULL);
            setup(NULL);
        }
        set_profile(profiles[i]);
        begin();
        assert_code(replicate_run(&replicator, 77, &err), CODE_CONFLICT);
        assert_ok(send_part(0, SIZE, true, &status), &err);
        wait_ended(1);
        check_stored();
        assert_ok(replicate_run(&replicator, 77, &err), &err);
        check_receipts();
        assert_ok(replicate_run(&replicator, 77, &err), &err); /* nothing left to do */
        assert_ok(segments_unstage(&dbs[1], stores[1], &object, &err), &err);
    }
}

static void replicate__overlaps_and_replaces_alone(void **state) {
    (void)state;
    struct upload_status status;
    overlap = true;
    begin();
    assert_ok(replicate_alloc(&replicator, 77, &err), &err);
    assert_ok(send_part(0, 3 * SEGMENT, false, &status), &err);
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    while (sent_to[4] < 3) /* the columns leave after the part was answered */
        assert_true(clock_mono_ns() < deadline);
    dead[4] = true; /* one secondary goes away in mid-upload */
    assert_ok(send_part(3 * SEGMENT, SIZE - 3 * SEGMENT, false, &status), &err);
    wait_ended(1);
    for (unsigned sp = 2; sp <= 7; sp++)
        assert_int_equal(sent_to[sp] >= 3, true);
    unsigned before = sent_to[2];
    assert_int_equal(before, 6); /* everything left while the upload ran */
    assert_ok(replicate_run(&replicator, 77, &err), &err);
    assert_int_equal(sent_to[2], before);
    assert_int_equal(sent_to[8], 6); /* the replacement got all of that column, nobody else got anything */
    check_receipts();
    assert_int_equal(record()->n_failed_sps, 1);
}

static void replicate__too_few(void **state) {
    (void)state;
    struct upload_status status;
    begin();
    assert_ok(send_part(0, SIZE, true, &status), &err);
    wait_ended(1);
    for (unsigned sp = 5; sp <= SPS; sp++)
        dead[sp] = true;
    assert_code(replicate_run(&replicator, 77, &err), CODE_UNAVAILABLE);
    assert_int_equal(record()->state, REPLICATE_OBJECT_ERROR);
    for (unsigned sp = 5; sp <= SPS; sp++)
        dead[sp] = false;
    assert_ok(replicate_run(&replicator, 77, &err), &err);
    check_receipts();
}

static void replicate__damaged_here(void **state) {
    (void)state;
    struct upload_status status;
    struct piece_key key = {77, 1, 0, 2};
    begin();
    assert_ok(send_part(0, SIZE, true, &status), &err);
    wait_ended(1);
    assert_ok(piecestore_delete(stores[1], &key, &err), &err);
    assert_code(replicate_run(&replicator, 77, &err), CODE_NOT_FOUND);
    assert_int_equal(record()->state, REPLICATE_OBJECT_ERROR);
    assert_true(strlen(record()->reason) > 0);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(upload__whole), UNIT(upload__parts_any_order), UNIT(upload__resume_after_last_segment),
          UNIT(upload__refuses), UNIT(upload__memory_is_bounded), UNIT(upload__other_content),
          UNIT(replicate__after_the_upload), UNIT(replicate__overlaps_and_replaces_alone), UNIT(replicate__too_few),
          UNIT(replicate__damaged_here))
