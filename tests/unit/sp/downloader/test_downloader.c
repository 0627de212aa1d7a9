/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/downloader/downloader.h"

#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/coding/cut.h"
#include "chain/coding/join.h"
#include "chain/crypto/piece_tree.h"
#include "chain/os/file.h"
#include "sp/downloader/prove.h"
#include "sp/piecestore/piece_local.h"
#include "sp/spdb/pieces.h"
#include "tests/lib/test.h"

#include <unistd.h>

#define SEGMENT (2 * MIB)
#define SIZE    (2 * SEGMENT + 70001) /* three segments; the chunks of the first two are more than one */

static struct spdb db;
static struct piecestore *store;
static struct downloader downloader;
static struct arena arena;
static struct err err;
static Profile profile;
static ObjectInfo object;
static uint8_t *payload, *got;
static size_t got_len;
static unsigned others, bad;
static struct piece_key last_bad;
static int others_answer;
static struct hash checksum;

static int from_others(void *ctx, const ObjectInfo *info, uint64_t segment, uint8_t *ret_segment, struct err *e) {
    (void)ctx;
    others++;
    if (others_answer)
        return err_set(e, others_answer, "nobody");
    memcpy(ret_segment, payload + segment * SEGMENT, (size_t)layout_segment_len(info->profile, SIZE, segment));
    return CODE_OK;
}

static void note_bad(void *ctx, const struct piece_key *key) {
    (void)ctx;
    bad++;
    last_bad = *key;
}

static int collect(void *ctx, struct bytes data, struct err *e) {
    size_t *limit = ctx;
    if (limit && got_len + data.len > *limit)
        return err_set(e, CODE_CLOSED, "enough");
    assert_true(got_len + data.len <= SIZE && data.len <= DOWNLOAD_CHUNK);
    memcpy(got + got_len, data.data, data.len);
    got_len += data.len;
    return CODE_OK;
}

/* Stores what `position` keeps, as this SP. */
static void hold(uint32_t position) {
    static struct coder coder;
    struct cut cut;
    struct hash roots[3];
    HeldPosition held = HELD_POSITION__INIT;
    assert_ok(coder_init(&coder, &profile, &err), &err);
    assert_ok(cut_init(&cut, &coder, &err), &err);
    for (uint64_t s = 0; s < 3; s++) {
        size_t len = (size_t)layout_segment_len(&profile, SIZE, s);
        memcpy(cut.segment, payload + s * SEGMENT, len);
        cut_run(&cut, len);
        const struct cut_piece *piece = &cut.pieces[position];
        struct piece_write w = {
            .key = {5, 1, position, s}, .data = piece->data, .root = piece->root, .groups = piece->groups};
        assert_ok(piecestore_put(store, &w, 1, &err), &err);
        assert_ok(piece_root_put(&db, &w.key, &piece->root, &err), &err);
        roots[s] = piece->root;
    }
    checksum = checksum_of(roots, 3);
    held.object_id = 5;
    held.version = 1;
    held.position = position;
    held.payload_size = SIZE;
    held.profile = &profile;
    held.checksum = pb_data(hash_bytes(&checksum));
    assert_ok(held_put(&db, &held, &err), &err);
    cut_release(&cut);
}

static int setup(void **state) {
    struct rng rng;
    struct downloader_env env = {.segment_from_others = from_others, .piece_bad = note_bad};
    (void)state;
    payload = malloc(SIZE);
    got = malloc(SIZE);
    rng_init(&rng, 9);
    rng_fill(&rng, payload, SIZE);
    arena_init(&arena, 8 * MIB);
    assert_ok(spdb_open_mem(&db, &err), &err);
    assert_ok(piece_local_open(test_path("pieces"), &store, &err), &err);
    assert_ok(profile_parse("ec:4+2+w", SEGMENT, &profile, &err), &err);
    downloader_init(&downloader, &db, store, &env, 2);
    object = (ObjectInfo)OBJECT_INFO__INIT;
    object.id = 5;
    object.version = 1;
    object.payload_size = SIZE;
    object.profile = &profile;
    others = bad = 0;
    others_answer = CODE_OK;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    downloader_release(&downloader);
    piecestore_free(store);
    spdb_close(&db);
    arena_release(&arena);
    free(payload);
    free(got);
    return dir_remove(test_path("pieces"), &err);
}

static int read_range(uint64_t offset, uint64_t length) {
    got_len = 0;
    return downloader_read(&downloader, &object, offset, length, collect, NULL, &err);
}

static void check_range(uint64_t offset, uint64_t length) {
    assert_ok(read_range(offset, length), &err);
    assert_int_equal(got_len, length);
    if (length > 0)
        assert_memory_equal(got, payload + offset, length);
}

static void check_ranges(void) {
    check_range(0, SIZE);
    check_range(0, 1);
    check_range(SIZE - 1, 1);
    check_range(SEGMENT - 1, 2);
    check_range(12345, SEGMENT);
    check_range(SIZE, 0);
    assert_code(read_range(SIZE, 1), CODE_RANGE);
    assert_code(read_range(1, SIZE), CODE_RANGE);
    assert_code(read_range(UINT64_MAX, 2), CODE_RANGE);
}

static void downloader_read__plain(void **state) {
    (void)state;
    hold(0);
    check_ranges();
    assert_int_equal(others, 0);
    object.payload_size = 0;
    check_range(0, 0);
}

static void downloader_read__column_only(void **state) {
    (void)state;
    hold(3);
    check_ranges();
    assert_true(others > 0);
    others_answer = CODE_UNAVAILABLE;
    assert_code(read_range(0, 10), CODE_UNAVAILABLE);
}

static void downloader_read__damaged_here(void **state) {
    (void)state;
    struct piece_key key = {5, 1, 0, 1};
    char path[PATH_LEN_MAX];
    hold(0);
    assert_ok(piece_local_path(test_path("pieces"), &key, path, sizeof path, &err), &err);
    struct buf file;
    buf_init(&file, 8 * MIB);
    assert_ok(file_read(path, &file, &err), &err);
    file.data[4096 + MIB + 500000] ^= 1; /* in the second chunk */
    assert_ok(file_write_atomic(path, buf_bytes(&file), 0600, &err), &err);
    buf_release(&file);
    check_range(0, SIZE);
    assert_int_equal(others, 1);
    assert_int_equal(bad, 1);
    assert_int_equal(last_bad.segment, 1);
    check_range(SEGMENT, 1000); /* what is not damaged is still served from here */
    assert_int_equal(others, 1);
    assert_int_equal(unlink(path), 0);
    check_range(SEGMENT, 1000);
    assert_int_equal(bad, 2);
    others_answer = CODE_UNAVAILABLE;
    assert_code(read_range(0, SIZE), CODE_UNAVAILABLE);
    assert_int_equal(got_len, SEGMENT); /* what came is right */
    assert_memory_equal(got, payload, SEGMENT);
}

static void downloader_read__sink_ends(void **state) {
    (void)state;
    size_t limit = MIB;
    hold(0);
    got_len = 0;
    assert_code(downloader_read(&downloader, &object, 0, SIZE, collect, &limit, &err), CODE_CLOSED);
    assert_int_equal(got_len, MIB);
    assert_int_equal(others, 0);
}

/* Takes its first bytes, and while it has them another read wants its turn. */
static int slow(void *ctx, struct bytes data, struct err *e) {
    int *second = ctx;
    (void)data;
    *second = read_range(0, 10);
    return err_set(e, CODE_CLOSED, "enough");
}

static void downloader_read__slow_readers_block_nobody_for_ever(void **state) {
    (void)state;
    int second = CODE_OK;
    hold(3);
    downloader.degraded_max = 1;
    downloader.wait_ms = 20;
    assert_code(downloader_read(&downloader, &object, 0, SIZE, slow, &second, &err), CODE_CLOSED);
    assert_int_equal(second, CODE_BUSY);
    assert_int_equal(read_range(0, 10), CODE_OK);
}

static void prove_leaves__verify(void **state) {
    (void)state;
    struct leaf_answer answer;
    struct hash path[LIST_PATH_MAX];
    PieceProof *proof;
    for (uint32_t position = 0; position < 7; position += 3) {
        hold(position);
        for (uint64_t s = 0; s < 3; s++) {
            struct piece_key key = {5, 1, position, s};
            uint64_t length = layout_piece_len(&profile, SIZE, s, position), last = leaf_count(length) - 1;
            uint64_t indexes[] = {0, last / 2, last};
            assert_ok(prove_leaves(&db, store, &key, &profile, SIZE, indexes, 3, &arena, &answer, &err), &err);
            assert_int_equal(answer.n_leaves, 3);
            for (size_t i = 0; i < 3; i++) {
                const LeafProof *leaf = answer.leaves[i];
                struct hash root;
                for (size_t h = 0; h < leaf->n_path; h++)
                    assert_true(hash_from(pb_bytes(leaf->path[h]), &path[h]));
                assert_true(piece_climb(length, leaf->index, pb_bytes(leaf->data), path, leaf->n_path, &root));
                for (size_t h = 0; h < answer.n_piece_path; h++)
                    assert_true(hash_from(pb_bytes(answer.piece_path[h]), &path[h]));
                assert_true(checksum_verify(&checksum, s, 3, &root, path, answer.n_piece_path));
            }
            indexes[0] = last + 1;
            assert_code(prove_leaves(&db, store, &key, &profile, SIZE, indexes, 1, &arena, &answer, &err),
                        CODE_INVALID_ARGUMENT);
            assert_ok(prove_roots(&db, &key, &profile, SIZE, &arena, &proof, &err), &err);
            assert_int_equal(proof->n_piece_roots, 3);
        }
    }
    struct piece_key gone = {5, 1, 2, 0}, beyond = {5, 1, 0, 3};
    uint64_t zero = 0;
    assert_code(prove_leaves(&db, store, &gone, &profile, SIZE, &zero, 1, &arena, &answer, &err), CODE_NOT_FOUND);
    assert_code(prove_leaves(&db, store, &beyond, &profile, SIZE, &zero, 1, &arena, &answer, &err),
                CODE_INVALID_ARGUMENT);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(UNIT(downloader_read__plain), UNIT(downloader_read__column_only), UNIT(downloader_read__damaged_here),
          UNIT(downloader_read__sink_ends), UNIT(downloader_read__slow_readers_block_nobody_for_ever),
          UNIT(prove_leaves__verify))
