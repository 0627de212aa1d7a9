/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/piecestore/piecestore.h"

#include "chain/base/rng.h"
#include "chain/os/file.h"
#include "sp/piecestore/checked.h"
#include "sp/piecestore/piece_file.h"
#include "sp/piecestore/piece_local.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEN_MAX (1 * MIB + 12345)

static uint8_t *data; /* LEN_MAX bytes on a page */
static struct hash scratch[LEN_MAX / LEAF_LEN + 1], groups[LEN_MAX / LEAF_LEN + 1];
static struct piecestore *store;
static struct err err;

static int setup(void **state) {
    struct rng rng;
    (void)state;
    rng_init(&rng, 5);
    data = aligned_alloc(LEAF_LEN, (LEN_MAX + LEAF_LEN) / LEAF_LEN * LEAF_LEN);
    rng_fill(&rng, data, LEN_MAX);
    return piece_local_open(test_path("pieces"), &store, &err);
}

static int teardown(void **state) {
    (void)state;
    piecestore_free(store);
    store = NULL;
    free(data);
    return dir_remove(test_path("pieces"), &err);
}

static struct piece_write piece(uint64_t object, uint64_t segment, size_t len) {
    struct piece_write w = {.key = {.object_id = object, .version = 1, .position = 2, .segment = segment}};
    w.data = bytes_of(data, len);
    w.root = piece_hash(data, len, scratch, groups);
    w.groups = groups;
    return w;
}

static void piecestore__put_and_read(void **state) {
    (void)state;
    const size_t lengths[] = {1,   LEAF_LEN - 1, LEAF_LEN, LEAF_LEN + 1, PIECE_GROUP_LEN, PIECE_GROUP_LEN + 1,
                              MIB, LEN_MAX};
    uint8_t *out = malloc(LEN_MAX), *room = malloc(checked_range_room(LEN_MAX));
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t len = lengths[i];
        struct piece_write w = piece(7, i, len);
        struct piece_meta meta;
        struct piece_report report;
        struct bytes part;
        char path[PATH_LEN_MAX];
        assert_ok(piecestore_put(store, &w, 1, &err), &err);
        assert_ok(piecestore_head(store, &w.key, &meta, &err), &err);
        assert_int_equal(meta.length, len);
        assert_true(hash_eq(&meta.root, &w.root));
        assert_ok(checked_read(store, &w.key, &w.root, len, scratch, out, &err), &err);
        assert_memory_equal(out, data, len);
        assert_ok(checked_range(store, &w.key, &w.root, len, len / 3, len - len / 3, room, &part, &err), &err);
        assert_memory_equal(part.data, data + len / 3, len - len / 3);
        assert_ok(checked_range(store, &w.key, &w.root, len, len - 1, 1, room, &part, &err), &err);
        assert_int_equal(part.data[0], data[len - 1]);
        assert_ok(checked_range(store, &w.key, &w.root, len, len, 0, room, &part, &err), &err);
        assert_code(checked_range(store, &w.key, &w.root, len, len, 1, room, &part, &err), CODE_RANGE);
        assert_code(piecestore_read(store, &w.key, 1, len, out, &err), CODE_RANGE);
        assert_code(piecestore_read(store, &w.key, UINT64_MAX, 2, out, &err), CODE_RANGE);

        struct leaf_proof proof;
        uint64_t last = leaf_count(len) - 1;
        assert_ok(checked_prove(store, &w.key, &w.root, len, last, &proof, &err), &err);
        assert_true(piece_leaf_verify(&w.root, len, last, bytes_of(data + last * LEAF_LEN, len - last * LEAF_LEN),
                                      proof.path, proof.path_len));

        assert_ok(piece_local_path(test_path("pieces"), &w.key, path, sizeof path, &err), &err);
        assert_ok(piece_file_inspect(path, &report, &err), &err);
        assert_int_equal(report.file_size, piece_file_size(len));
        assert_int_equal(report.file_size % LEAF_LEN, 0);
        assert_int_equal(report.bad_groups, 0);
        assert_true(report.trailer_ok);
        assert_int_equal(report.key.segment, i);
    }
    free(out);
    free(room);
}

static void flip(const char *path, uint64_t at) {
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_ok(file_pread(fd, &byte, 1, at, &err), &err);
    byte ^= 1;
    assert_ok(file_pwrite(fd, &byte, 1, at, &err), &err);
    close(fd);
}

static void checked__damage(void **state) {
    (void)state;
    size_t len = 3 * PIECE_GROUP_LEN + 100;
    struct piece_write w = piece(8, 0, len);
    struct hash root = w.root;
    struct leaf_proof proof;
    struct piece_report report;
    struct bytes part;
    uint8_t *out = malloc(len), *room = malloc(checked_range_room(len));
    char path[PATH_LEN_MAX];
    assert_ok(piece_local_path(test_path("pieces"), &w.key, path, sizeof path, &err), &err);
    assert_code(checked_read(store, &w.key, &root, len, scratch, out, &err), CODE_NOT_FOUND);

    assert_ok(piecestore_put(store, &w, 1, &err), &err);
    flip(path, PIECE_FILE_PAGE + PIECE_GROUP_LEN + 5 * LEAF_LEN); /* data, in the second group */
    assert_code(checked_read(store, &w.key, &root, len, scratch, out, &err), CODE_CORRUPT);
    assert_code(checked_range(store, &w.key, &root, len, PIECE_GROUP_LEN, 1, room, &part, &err), CODE_CORRUPT);
    assert_ok(checked_range(store, &w.key, &root, len, 0, PIECE_GROUP_LEN, room, &part, &err), &err);
    assert_code(checked_prove(store, &w.key, &root, len, 21, &proof, &err), CODE_CORRUPT);
    assert_ok(checked_prove(store, &w.key, &root, len, 2, &proof, &err), &err);
    assert_ok(piece_file_inspect(path, &report, &err), &err);
    assert_int_equal(report.bad_groups, 1);
    assert_int_equal(report.first_bad_leaf, 16);

    w = piece(8, 0, len);
    assert_ok(piecestore_put(store, &w, 1, &err), &err); /* written again: whole */
    assert_ok(checked_read(store, &w.key, &root, len, scratch, out, &err), &err);
    flip(path, piece_file_trailer_at(len));
    assert_code(checked_range(store, &w.key, &root, len, 0, 1, room, &part, &err), CODE_CORRUPT);
    assert_ok(piecestore_put(store, &w, 1, &err), &err);
    for (uint64_t at = 0; at < 56; at += 8) { /* every field of the header */
        if (at == 32)
            continue;
        flip(path, at + 7);
        assert_int_not_equal(checked_read(store, &w.key, &root, len, scratch, out, &err), CODE_OK);
        flip(path, at + 7);
    }
    assert_ok(checked_read(store, &w.key, &root, len, scratch, out, &err), &err);
    assert_int_equal(truncate(path, 5000), 0);
    assert_code(checked_read(store, &w.key, &root, len, scratch, out, &err), CODE_CORRUPT);
    assert_code(piece_file_inspect(path, &report, &err), CODE_CORRUPT);
    assert_int_equal(truncate(path, 10), 0);
    assert_code(checked_read(store, &w.key, &root, len, scratch, out, &err), CODE_CORRUPT);
    assert_ok(piecestore_delete(store, &w.key, &err), &err);
    assert_ok(piecestore_delete(store, &w.key, &err), &err);
    assert_code(checked_read(store, &w.key, &root, len, scratch, out, &err), CODE_NOT_FOUND);
    free(out);
    free(room);
}

/* A file goes out unread only while it is the one that was written or verified. */
static void piecestore_file__only_untouched(void **state) {
    (void)state;
    size_t len = PIECE_GROUP_LEN + 5;
    struct piece_write w = piece(9, 0, len);
    struct piece_meta meta;
    struct piecestore *again;
    uint64_t begin;
    uint8_t byte, *out = malloc(len);
    char path[PATH_LEN_MAX];
    int fd;
    assert_code(piecestore_file(store, &w.key, &fd, &begin, &meta, &err), CODE_NOT_FOUND);
    assert_ok(piecestore_put(store, &w, 1, &err), &err);
    assert_ok(piecestore_file(store, &w.key, &fd, &begin, &meta, &err), &err);
    assert_ok(file_pread(fd, &byte, 1, begin + len - 1, &err), &err);
    close(fd);
    assert_true(meta.length == len && byte == data[len - 1]);
    /* another process knows nothing of it until it has verified it */
    assert_ok(piece_local_open(test_path("pieces"), &again, &err), &err);
    assert_code(piecestore_file(again, &w.key, &fd, &begin, &meta, &err), CODE_UNSUPPORTED);
    assert_ok(checked_read(again, &w.key, &w.root, len, scratch, out, &err), &err);
    assert_ok(piecestore_file(again, &w.key, &fd, &begin, &meta, &err), &err);
    close(fd);
    assert_ok(piece_local_path(test_path("pieces"), &w.key, path, sizeof path, &err), &err);
    const struct timespec later[2] = {{.tv_sec = 2000000000}, {.tv_sec = 2000000000}};
    flip(path, PIECE_FILE_PAGE + 9);
    assert_int_equal(utimensat(AT_FDCWD, path, later, 0), 0); /* old kernels' clocks tick in milliseconds */
    assert_code(piecestore_file(again, &w.key, &fd, &begin, &meta, &err), CODE_UNSUPPORTED);
    assert_code(checked_read(again, &w.key, &w.root, len, scratch, out, &err), CODE_CORRUPT);
    assert_code(piecestore_file(again, &w.key, &fd, &begin, &meta, &err), CODE_UNSUPPORTED);
    piecestore_free(again);
    free(out);
}

static int count_keys(void *ctx, const struct piece_key *key, struct err *unused) {
    uint64_t *sum = ctx;
    (void)unused;
    sum[0]++;
    sum[1] += key->object_id * 1000 + key->segment;
    return CODE_OK;
}

static void piecestore_list__groups_and_sweep(void **state) {
    (void)state;
    struct piece_write writes[6];
    uint64_t sum[2] = {0, 0}, want = 0, removed, room, total;
    char path[PATH_LEN_MAX], tmp[PATH_LEN_MAX + 16];
    for (unsigned i = 0; i < 6; i++) {
        writes[i] = piece(20 + i / 2, i, 5000);
        want += writes[i].key.object_id * 1000 + i;
    }
    assert_ok(piecestore_put(store, writes, 6, &err), &err);
    assert_ok(piece_local_path(test_path("pieces"), &writes[0].key, path, sizeof path, &err), &err);
    snprintf(tmp, sizeof tmp, "%s.tmp-1", path); /* what a crash leaves */
    assert_ok(file_write_new(tmp, bytes_str("half"), 0600, &err), &err);
    assert_ok(piecestore_list(store, count_keys, sum, &err), &err);
    assert_int_equal(sum[0], 6);
    assert_int_equal(sum[1], want);
    assert_ok(piece_local_sweep(store, 3600000, &removed, &err), &err);
    assert_int_equal(removed, 0);
    assert_ok(piece_local_sweep(store, 0, &removed, &err), &err);
    assert_int_equal(removed, 1);
    assert_false(path_exists(tmp));
    assert_ok(piecestore_space(store, &room, &total, &err), &err);
    assert_true(room <= total && total > 0);
}

/* Fills a file system of 3 MiB; 0 when all was as it must be. */
static int fill_disk(void) {
    struct piecestore *small;
    struct piece_write w = piece(1, 0, MIB);
    const char *dir = test_path("small");
    uint64_t removed = 99, room, total;
    unsigned stored = 0;
    int rc = CODE_OK;
    if (dir_make(dir, 0700, &err) || mount("none", dir, "tmpfs", 0, "size=3m") != 0 ||
        piece_local_open(dir, &small, &err))
        return 1;
    while (rc == CODE_OK && stored < 10) {
        w.key.segment = stored;
        rc = piecestore_put(small, &w, 1, &err);
        stored += rc == CODE_OK;
    }
    if (rc != CODE_DISK_FULL || stored < 1 || stored > 2)
        return 2;
    for (uint64_t s = 0; s < stored; s++) { /* what was acknowledged is there */
        struct piece_key key = w.key;
        key.segment = s;
        if (checked_read(small, &key, &w.root, MIB, scratch, data, &err))
            return 3;
    }
    if (piece_local_sweep(small, 0, &removed, &err) || removed != 0) /* nothing half-written stays */
        return 4;
    w.key.segment = 0; /* room again: it goes on */
    if (piecestore_delete(small, &w.key, &err) || piecestore_put(small, &w, 1, &err))
        return 5;
    if (piecestore_space(small, &room, &total, &err) || total > 3 * MIB)
        return 6;
    piecestore_free(small);
    return umount(dir) == 0 ? 0 : 7;
}

#define IN_NAMESPACE "CAIRN_TEST_IN_NAMESPACE"

/* Runs itself again as root of its own namespaces, where anybody may mount. */
static void piecestore_put__full_disk(void **state) {
    (void)state;
    char program[] = "unshare", user[] = "-r", mounts[] = "-m", self[PATH_LEN_MAX];
    char *argv[] = {program, user, mounts, self, NULL};
    int status;
    pid_t child;
    if (getenv(IN_NAMESPACE)) {
        assert_int_equal(fill_disk(), 0);
        return;
    }
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(len > 0);
    self[len] = 0;
    setenv(IN_NAMESPACE, "1", 1);
    setenv("CAIRN_TEST_FILTER", __func__, 1);
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    assert_int_equal(posix_spawnp(&child, program, &quiet, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&quiet);
    unsetenv(IN_NAMESPACE);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void piecestore_rename__again_and_after_a_crash(void **state) {
    (void)state;
    struct piece_write w = piece(7, 0, PIECE_GROUP_LEN + 1);
    struct piece_key to = {.object_id = 8, .version = 9, .position = 3, .segment = 0}, none = to;
    char old[512], path[512];
    struct piece_report report;
    struct piece_meta meta;
    none.segment = 1;
    assert_code(piecestore_rename(store, &none, &to, &err), CODE_NOT_FOUND);
    assert_ok(piecestore_put(store, &w, 1, &err), &err);
    assert_ok(piecestore_rename(store, &w.key, &to, &err), &err);
    assert_ok(piecestore_rename(store, &w.key, &to, &err), &err);
    assert_ok(piecestore_delete(store, &w.key, &err), &err);
    assert_ok(piecestore_head(store, &to, &meta, &err), &err);
    assert_true(meta.length == w.data.len && hash_eq(&meta.root, &w.root));
    assert_ok(piece_local_path(test_path("pieces"), &to, path, sizeof path, &err), &err);
    assert_ok(piece_file_inspect(path, &report, &err), &err);
    assert_true(report.trailer_ok && !report.bad_groups && report.key.object_id == 8 && report.key.position == 3);
    assert_ok(piecestore_rename(store, &w.key, &to, &err), &err); /* the first name has gone meanwhile */
    assert_ok(piecestore_delete(store, &to, &err), &err);

    /* the second link was made, and its header not written */
    assert_ok(piecestore_put(store, &w, 1, &err), &err);
    assert_ok(piece_local_path(test_path("pieces"), &w.key, old, sizeof old, &err), &err);
    assert_int_equal(link(old, path), 0);
    assert_code(piecestore_head(store, &to, &meta, &err), CODE_CORRUPT);
    assert_ok(piecestore_rename(store, &w.key, &to, &err), &err);
    assert_ok(piecestore_head(store, &to, &meta, &err), &err);
    /* the header was written, and the second link lost */
    assert_int_equal(unlink(path), 0);
    assert_ok(piecestore_rename(store, &w.key, &to, &err), &err);
    assert_ok(piecestore_head(store, &to, &meta, &err), &err);
}

TEST_MAIN(cmocka_unit_test_setup_teardown(piecestore__put_and_read, setup, teardown),
          cmocka_unit_test_setup_teardown(checked__damage, setup, teardown),
          cmocka_unit_test_setup_teardown(piecestore_list__groups_and_sweep, setup, teardown),
          cmocka_unit_test_setup_teardown(piecestore_file__only_untouched, setup, teardown),
          cmocka_unit_test_setup_teardown(piecestore_put__full_disk, setup, teardown),
          cmocka_unit_test_setup_teardown(piecestore_rename__again_and_after_a_crash, setup, teardown))
