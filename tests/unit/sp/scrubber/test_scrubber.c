/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/scrubber/scrubber.h"

#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/thread.h"
#include "chain/types/layout.h"
#include "sp/piecestore/piece_local.h"
#include "sp/spdb/notes.h"
#include "sp/spdb/pieces.h"
#include "tests/lib/test.h"

#define SEGMENT  (64 * KIB)
#define SEGMENTS 300 /* more than one batch of keys */
#define HOUR     3600000

static struct spdb db;
static struct piecestore *store;
static struct err err;
static Profile profile;
static struct mutex lock;
static unsigned damaged, missing;
static uint64_t held_object;

static struct piece_key key_of(uint64_t object, uint64_t segment) {
    return (struct piece_key){object, 1, 0, segment};
}

static void put_piece(uint64_t object, uint64_t segment, size_t len) {
    static uint8_t data[SEGMENT];
    static struct hash leaves[SEGMENT / LEAF_LEN], groups[1];
    struct rng rng;
    rng_init(&rng, segment);
    rng_fill(&rng, data, 64);
    struct piece_write w = {.key = key_of(object, segment), .data = bytes_of(data, len), .groups = groups};
    w.root = piece_hash(data, len, leaves, groups);
    assert_ok(piecestore_put(store, &w, 1, &err), &err);
    assert_ok(piece_root_put(&db, &w.key, &w.root, &err), &err);
}

static void hold(uint64_t object, uint64_t size) {
    HeldPosition held = HELD_POSITION__INIT;
    held.object_id = object;
    held.version = 1;
    held.payload_size = size;
    held.profile = &profile;
    assert_ok(held_put(&db, &held, &err), &err);
}

static int setup(void **state) {
    (void)state;
    mutex_init(&lock);
    damaged = missing = 0;
    held_object = 0;
    assert_ok(profile_parse("replica:2", SEGMENT, &profile, &err), &err);
    assert_ok(spdb_open_mem(&db, &err), &err);
    assert_ok(piece_local_open(test_path("pieces"), &store, &err), &err);
    for (uint64_t s = 0; s < 5; s++)
        put_piece(1, s, s == 4 ? 100 : SEGMENT);
    hold(1, 4 * SEGMENT + 100);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    piecestore_free(store);
    spdb_close(&db);
    mutex_release(&lock);
    return dir_remove(test_path("pieces"), &err);
}

static void note_bad(void *ctx, const struct piece_key *key, int why) {
    (void)ctx;
    (void)key;
    mutex_lock(&lock);
    damaged += why == CODE_CORRUPT;
    missing += why == CODE_NOT_FOUND;
    mutex_unlock(&lock);
}

static bool held_back(void *ctx, uint64_t object_id) {
    (void)ctx;
    return object_id == held_object;
}

static struct scrubber *start(uint64_t rate) {
    struct scrubber_config config = {.db = &db,
                                     .store = store,
                                     .env = {.held_back = held_back, .piece_bad = note_bad},
                                     .bytes_per_second = rate,
                                     .interval_ms = HOUR};
    struct scrubber *scrubber;
    assert_ok(scrubber_new(&config, &scrubber, &err), &err);
    return scrubber;
}

static ScrubStats wait_rounds(struct scrubber *scrubber, uint64_t rounds) {
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    ScrubStats stats;
    bool running;
    do {
        scrubber_stats(scrubber, &stats, &running);
        assert_true(clock_mono_ns() < deadline);
    } while (stats.rounds < rounds || running);
    return stats;
}

static void damage(uint64_t segment) {
    struct piece_key key = key_of(1, segment);
    char path[PATH_LEN_MAX];
    struct buf file;
    buf_init(&file, MIB);
    assert_ok(piece_local_path(test_path("pieces"), &key, path, sizeof path, &err), &err);
    assert_ok(file_read(path, &file, &err), &err);
    file.data[4096 + 17] ^= 1;
    assert_ok(file_write_atomic(path, buf_bytes(&file), 0600, &err), &err);
    buf_release(&file);
}

static void scrubber__finds_damage(void **state) {
    (void)state;
    struct scrubber *scrubber = start(0);
    ScrubStats stats = wait_rounds(scrubber, 1);
    assert_int_equal(stats.pieces_checked, 5);
    assert_int_equal(stats.bytes_checked, 4 * SEGMENT + 100);
    assert_int_equal(damaged + missing, 0);
    damage(2);
    struct piece_key key = key_of(1, 4);
    assert_ok(piecestore_delete(store, &key, &err), &err);
    scrubber_kick(scrubber);
    stats = wait_rounds(scrubber, 2);
    assert_int_equal(stats.damaged, 1);
    assert_int_equal(stats.missing, 1);
    assert_int_equal(damaged, 1);
    assert_int_equal(missing, 1);
    scrubber_note_repair(scrubber, true);
    scrubber_free(scrubber);
    scrubber = start(0); /* counts are durable, and the next round is not due */
    bool running;
    scrubber_stats(scrubber, &stats, &running);
    assert_int_equal(stats.rounds, 2);
    assert_int_equal(stats.rebuilt, 1);
    held_object = 1;
    scrubber_kick(scrubber);
    stats = wait_rounds(scrubber, 3);
    assert_int_equal(stats.damaged, 1); /* held back: not looked at */
    scrubber_free(scrubber);
}

static void scrubber__leaves_uploads_alone(void **state) {
    (void)state;
    put_piece(2, 0, SEGMENT); /* no position recorded yet */
    struct scrubber *scrubber = start(0);
    ScrubStats stats = wait_rounds(scrubber, 1);
    assert_int_equal(stats.pieces_checked, 5);
    scrubber_free(scrubber);
}

static void scrubber__goes_on_after_restart(void **state) {
    (void)state;
    for (uint64_t s = 0; s < SEGMENTS; s++)
        put_piece(3, s, 10);
    profile.segment_size = SEGMENT;
    hold(3, SEGMENTS * SEGMENT);                     /* another length than expected: all of them are bad */
    struct scrubber *scrubber = start(20 * SEGMENT); /* slow: no round ends here */
    uint64_t deadline = deadline_in_ms(TEST_DEADLINE_MS);
    ScrubStats stats;
    bool running;
    do {
        scrubber_stats(scrubber, &stats, &running);
        assert_true(clock_mono_ns() < deadline);
    } while (stats.pieces_checked < 8);
    scrubber_free(scrubber);
    unsigned before = damaged;
    assert_true(before >= 3 && before < 100);
    scrubber = start(0); /* goes on by itself */
    stats = wait_rounds(scrubber, 1);
    assert_int_equal(stats.pieces_checked, 5 + SEGMENTS);
    assert_int_equal(damaged, SEGMENTS);
    scrubber_free(scrubber);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(scrubber__finds_damage), UNIT(scrubber__leaves_uploads_alone), UNIT(scrubber__goes_on_after_restart))
