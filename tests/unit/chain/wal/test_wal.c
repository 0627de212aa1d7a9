/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/os/file.h"
#include "chain/wal/wal.h"

#include <fcntl.h>
#include <unistd.h>

struct seen {
    int n;
    size_t bytes;
    char text[256];
};

static int see(void *arg, uint8_t kind, struct bytes payload) {
    struct seen *s = arg;
    s->n++;
    s->bytes += payload.len;
    size_t at = strlen(s->text);
    if (payload.len < 16)
        snprintf(s->text + at, sizeof s->text - at, "%u:%.*s ", kind, (int)payload.len, (const char *)payload.data);
    return CODE_OK;
}

static struct disk *fresh_disk(const char *name) {
    struct disk *d;
    struct err err;
    assert_ok(dir_make(test_path(name), 0700, &err), &err);
    assert_ok(disk_os(test_path(name), &d, &err), &err);
    return d;
}

static struct wal *open_at(struct disk *d, uint64_t height, struct seen *s) {
    struct wal *w;
    struct err err;
    *s = (struct seen){0};
    assert_ok(wal_new(d, &w, &err), &err);
    assert_ok(wal_open(w, height, see, s, &err), &err);
    return w;
}

static void put(struct wal *w, uint8_t kind, const char *text) {
    struct err err;
    assert_ok(wal_append(w, kind, bytes_str(text), &err), &err);
}

static void poke(const char *dir, const char *file, off_t at, const void *data, size_t len) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", test_path(dir), file);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, len, at), (ssize_t)len);
    close(fd);
}

static void wal_open__gives_back_in_order(void **state) {
    (void)state;
    struct disk *d = fresh_disk("order");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 7, &s);
    assert_int_equal(s.n, 0);
    put(w, 1, "one");
    put(w, 2, "two");
    assert_ok(wal_sync(w, &err), &err);
    put(w, 3, "three");
    assert_ok(wal_sync(w, &err), &err);
    put(w, 4, "never synced");
    wal_free(w);
    w = open_at(d, 7, &s);
    assert_string_equal(s.text, "1:one 2:two 3:three ");
    put(w, 5, "more");
    assert_ok(wal_sync(w, &err), &err);
    wal_free(w);
    w = open_at(d, 7, &s);
    assert_string_equal(s.text, "1:one 2:two 3:three 5:more ");
    wal_free(w);
    d->free(d);
}

static void wal_open__other_heights_do_not_count(void **state) {
    (void)state;
    struct disk *d = fresh_disk("heights");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 1, &s);
    for (uint64_t h = 1; h <= 6; h++) {
        if (h > 1)
            assert_ok(wal_open(w, h, see, &s, &err), &err);
        for (uint64_t i = 0; i < 7 - h; i++)
            put(w, (uint8_t)h, "x");
        assert_ok(wal_sync(w, &err), &err);
    }
    assert_int_equal(s.n, 0);
    wal_free(w);
    w = open_at(d, 6, &s);
    assert_string_equal(s.text, "6:x ");
    assert_ok(wal_open(w, 8, see, &s, &err), &err);
    wal_free(w);
    w = open_at(d, 5, &s);
    assert_int_equal(s.n, 2);
    wal_free(w);
    d->free(d);
}

static void wal_open__torn_tail_is_dropped(void **state) {
    (void)state;
    struct disk *d = fresh_disk("torn");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 3, &s);
    put(w, 1, "kept");
    assert_ok(wal_sync(w, &err), &err);
    put(w, 2, "torn");
    put(w, 2, "after");
    assert_ok(wal_sync(w, &err), &err);
    wal_free(w);
    poke("torn", "wal.1", WAL_RECORD_HEADER + 8 + WAL_RECORD_HEADER, "X", 1);
    w = open_at(d, 3, &s);
    assert_string_equal(s.text, "1:kept ");
    assert_int_equal(wal_stats(w).torn, 1);
    put(w, 3, "new!");
    assert_ok(wal_sync(w, &err), &err);
    wal_free(w);
    w = open_at(d, 3, &s);
    assert_string_equal(s.text, "1:kept 3:new! "); /* and not the old "after" behind it */
    wal_free(w);
    d->free(d);
}

static void wal_open__damage_stops_and_mend_cuts(void **state) {
    (void)state;
    struct disk *d = fresh_disk("damage");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 4, &s);
    const char *texts[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        put(w, 1, texts[i]);
        assert_ok(wal_sync(w, &err), &err);
    }
    wal_free(w);
    poke("damage", "wal.0", WAL_RECORD_HEADER + 8 + 4, "\xff", 1);
    assert_ok(wal_new(d, &w, &err), &err);
    assert_code(wal_open(w, 4, see, &s, &err), CODE_CORRUPT);
    assert_non_null(strstr(err.msg, "cairnd wal-mend"));
    wal_free(w);
    uint32_t kept;
    uint64_t lost;
    assert_ok(wal_mend(d, 4, &kept, &lost, &err), &err);
    assert_int_equal(kept, 1);
    assert_int_equal(lost, 2 * (WAL_RECORD_HEADER + 8));
    w = open_at(d, 4, &s);
    assert_string_equal(s.text, "1:a ");
    wal_free(w);
    d->free(d);
}

/* The ledger was lost and the log was kept: heights come again whose file newer ones have begun to overwrite. */
static void wal_open__heights_that_come_again(void **state) {
    (void)state;
    struct disk *d = fresh_disk("again");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 1, &s);
    for (uint64_t h = 1; h <= 5; h++) { /* of wal.1 height 5 has the head, then come remains of 3, then of 1 */
        if (h > 1)
            assert_ok(wal_reset(w, h, &err), &err);
        for (uint64_t i = 0; i < 8 - h; i++) {
            put(w, (uint8_t)h, "x");
            assert_ok(wal_sync(w, &err), &err);
        }
    }
    wal_free(w);
    w = open_at(d, 1, &s);
    assert_int_equal(s.n, 0);
    put(w, 1, "anew");
    assert_ok(wal_sync(w, &err), &err);
    wal_free(w);
    w = open_at(d, 1, &s);
    assert_string_equal(s.text, "1:anew ");
    for (uint64_t h = 2; h <= 5; h++) { /* by sync: nothing of what these files held comes back */
        assert_ok(wal_reset(w, h, &err), &err);
        if (h == 3) {
            put(w, 3, "y");
            assert_ok(wal_sync(w, &err), &err);
        }
        wal_free(w);
        w = open_at(d, h, &s);
        assert_int_equal(s.n, h == 3 ? 1 : 0);
    }
    wal_free(w);
    d->free(d);
}

/* The same, and the first write of the newest height was torn: the other file tells that this one is of the past. */
static void wal_open__heights_that_come_again_behind_a_torn_head(void **state) {
    (void)state;
    struct disk *d = fresh_disk("again_torn");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 1, &s);
    for (uint64_t h = 1; h <= 3; h++) {
        if (h > 1)
            assert_ok(wal_reset(w, h, &err), &err);
        for (uint64_t i = 0; i < 5 - h; i++) {
            put(w, (uint8_t)h, "x");
            assert_ok(wal_sync(w, &err), &err);
        }
    }
    wal_free(w);
    poke("again_torn", "wal.1", WAL_RECORD_HEADER, "torn", 1);
    w = open_at(d, 1, &s);
    assert_int_equal(s.n, 0);
    put(w, 1, "anew");
    assert_ok(wal_sync(w, &err), &err);
    wal_free(w);
    w = open_at(d, 1, &s);
    assert_string_equal(s.text, "1:anew ");
    assert_ok(wal_reset(w, 3, &err), &err);
    wal_free(w);
    w = open_at(d, 3, &s);
    assert_int_equal(s.n, 0);
    wal_free(w);
    d->free(d);
}

static void wal_append__grows_and_caps(void **state) {
    (void)state;
    struct disk *d = fresh_disk("grow");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 2, &s);
    size_t n = 3 << 20;
    uint8_t *big = calloc(1, WAL_RECORD_MAX + 1);
    assert_non_null(big);
    for (int i = 0; i < 4; i++)
        assert_ok(wal_append(w, 9, bytes_of(big, n), &err), &err);
    assert_ok(wal_sync(w, &err), &err);
    assert_code(wal_append(w, 9, bytes_of(big, WAL_RECORD_MAX + 1), &err), CODE_TOO_LARGE);
    wal_free(w);
    free(big);
    w = open_at(d, 2, &s);
    assert_int_equal(s.n, 4);
    assert_int_equal(s.bytes, 4 * n);
    wal_free(w);
    d->free(d);
}

static void wal_reset__forgets_this_height(void **state) {
    (void)state;
    struct disk *d = fresh_disk("reset");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 2, &s);
    put(w, 1, "old");
    assert_ok(wal_sync(w, &err), &err);
    assert_ok(wal_reset(w, 2, &err), &err);
    wal_free(w);
    w = open_at(d, 2, &s);
    assert_int_equal(s.n, 0);
    wal_free(w);
    d->free(d);
}

/* A disk whose syncs fail on demand: the log must refuse everything from then on. */
static int (*real_sync)(struct disk *d, struct disk_file *f, struct err *err);
static int bad_sync(struct disk *d, struct disk_file *f, struct err *err) {
    (void)d;
    (void)f;
    return err_set(err, CODE_IO, "the disk is gone");
}

static void wal_sync__failure_is_final(void **state) {
    (void)state;
    struct disk *d = fresh_disk("fail");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 2, &s);
    put(w, 1, "x");
    real_sync = d->sync;
    d->sync = bad_sync;
    assert_code(wal_sync(w, &err), CODE_IO);
    d->sync = real_sync;
    assert_code(wal_append(w, 1, bytes_str("y"), &err), CODE_IO);
    assert_code(wal_sync(w, &err), CODE_IO);
    wal_free(w);
    d->free(d);
}

/* A disk that takes a GiB without keeping it. */
static int forgetful_write(struct disk *d, struct disk_file *f, uint64_t off, const void *buf, size_t len,
                           struct err *err) {
    (void)d, (void)buf, (void)err;
    assert_true(off + len <= f->size);
    return CODE_OK;
}

static int forgetful_resize(struct disk *d, struct disk_file *f, uint64_t size, struct err *err) {
    (void)d, (void)err;
    f->size = size;
    return CODE_OK;
}

static void wal_append__to_the_last_byte_of_the_file(void **state) {
    (void)state;
    enum { FILLING = WAL_RECORD_MAX - WAL_RECORD_HEADER, RECORDS = WAL_FILE_MAX / WAL_RECORD_MAX };
    struct disk *d = fresh_disk("full");
    struct seen s;
    struct err err;
    struct wal *w = open_at(d, 3, &s);
    int (*write)(struct disk *, struct disk_file *, uint64_t, const void *, size_t, struct err *) = d->write;
    int (*resize)(struct disk *, struct disk_file *, uint64_t, struct err *) = d->resize;
    uint8_t *bytes = calloc(1, FILLING + 1);
    assert_non_null(bytes);
    d->write = forgetful_write;
    d->resize = forgetful_resize;
    for (unsigned i = 0; i + 1 < RECORDS; i++) {
        assert_ok(wal_append(w, 1, bytes_of(bytes, FILLING), &err), &err);
        assert_ok(wal_sync(w, &err), &err);
    }
    assert_code(wal_append(w, 1, bytes_of(bytes, FILLING + 1), &err), CODE_TOO_LARGE);
    assert_non_null(strstr(err.msg, "height 3"));
    assert_ok(wal_append(w, 1, bytes_of(bytes, FILLING), &err), &err); /* the file is full to its last byte */
    assert_code(wal_append(w, 1, BYTES_NONE, &err), CODE_TOO_LARGE);   /* also before that is written */
    assert_ok(wal_sync(w, &err), &err);
    assert_code(wal_append(w, 1, BYTES_NONE, &err), CODE_TOO_LARGE);
    d->write = write;
    d->resize = resize;
    free(bytes);
    wal_free(w);
    d->free(d);
}

TEST_MAIN(cmocka_unit_test(wal_open__gives_back_in_order), cmocka_unit_test(wal_open__other_heights_do_not_count),
          cmocka_unit_test(wal_open__torn_tail_is_dropped), cmocka_unit_test(wal_open__damage_stops_and_mend_cuts),
          cmocka_unit_test(wal_open__heights_that_come_again),
          cmocka_unit_test(wal_open__heights_that_come_again_behind_a_torn_head),
          cmocka_unit_test(wal_append__grows_and_caps), cmocka_unit_test(wal_append__to_the_last_byte_of_the_file),
          cmocka_unit_test(wal_reset__forgets_this_height), cmocka_unit_test(wal_sync__failure_is_final))
