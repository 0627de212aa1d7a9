/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durability log dies at every point where it touches the disk, with every thing that a power cut may leave of what
 * was not synced, and again at every point of the recovery. What was acknowledged must come back, record by record; of
 * what was not, a beginning at most. Likewise for a disk that is full or fails to sync, at every call.
 */
#include "tests/lib/test.h"

#include "chain/wal/wal.h"
#include "tests/lib/disk/model_disk.h"

#define HEIGHTS     8
#define RECORDS_MAX 32
#define POINTS_MAX  64

struct life {
    struct disk *disk;
    struct rng rng;
    /* where it ends */
    int calls;          /* crash points, or calls, passed so far */
    int end_at;         /* at this one; -1: never */
    enum disk_call bad; /* fault sweeps: which calls count */
    int bad_code;       /* CODE_OK: no faults, but deaths */
    char where[64];
    /* what happened */
    uint64_t height;
    size_t len[HEIGHTS][RECORDS_MAX];
    int appended[HEIGHTS], synced[HEIGHTS];
    int read; /* records given back by the present wal_open */
    bool wrong;
};

/* --- the points --- */

static char points[POINTS_MAX][64];
static int points_n;

static void note_point(const char *name) {
    for (int i = 0; i < points_n; i++)
        if (strcmp(points[i], name) == 0)
            return;
    assert_true(points_n < POINTS_MAX);
    snprintf(points[points_n++], sizeof points[0], "%s", name);
}

static bool dies(void *ctx, enum disk_call call, bool after, const char *file) {
    struct life *l = ctx;
    char name[64];
    snprintf(name, sizeof name, "%s %s %s", after ? "after" : "before", disk_call_name(call), file);
    note_point(name);
    if (l->bad_code || l->calls++ != l->end_at)
        return false;
    memcpy(l->where, name, sizeof name);
    return true;
}

static int fails(void *ctx, enum disk_call call, const char *file) {
    struct life *l = ctx;
    if (!l->bad_code || call != l->bad || l->calls++ != l->end_at)
        return CODE_OK;
    snprintf(l->where, sizeof l->where, "%s of %s", disk_call_name(call), file);
    return l->bad_code;
}

static void life_begin(struct life *l, int end_at, uint64_t seed) {
    *l = (struct life){.end_at = end_at};
    rng_init(&l->rng, seed);
    l->disk = model_disk_new(&(struct model_disk_hooks){.ctx = l, .dies = dies, .fails = fails});
}

/* --- a life --- */

static uint8_t content(uint64_t height, int record, size_t i) {
    return (uint8_t)(height * 31 + (uint64_t)record * 7 + i * 13 + 1);
}

static int append(struct life *l, struct wal *w, size_t len) {
    static uint8_t payload[3 << 20];
    int i = l->appended[l->height];
    assert_true(i < RECORDS_MAX && len <= sizeof payload);
    for (size_t b = 0; b < len; b++)
        payload[b] = content(l->height, i, b);
    int rc = wal_append(w, (uint8_t)(1 + i % 2), bytes_of(payload, len), NULL);
    if (rc == CODE_OK)
        l->len[l->height][l->appended[l->height]++] = len;
    return rc;
}

static int sync_all(struct life *l, struct wal *w) {
    int rc = wal_sync(w, NULL);
    if (rc == CODE_OK)
        l->synced[l->height] = l->appended[l->height];
    return rc;
}

static int put(struct life *l, struct wal *w, size_t len) {
    int rc = append(l, w, len);
    return rc ? rc : sync_all(l, w);
}

static int reset(struct life *l, struct wal *w, uint64_t height) {
    l->height = height;
    return wal_reset(w, height, NULL);
}

static int check_record(void *arg, uint8_t kind, struct bytes payload) {
    struct life *l = arg;
    int i = l->read++;
    bool good = i < l->appended[l->height] && payload.len == l->len[l->height][i] && kind == 1 + i % 2;
    for (size_t b = 0; good && b < payload.len; b++)
        good = payload.data[b] == content(l->height, i, b);
    l->wrong = l->wrong || !good;
    return CODE_OK;
}

static int reopen(struct life *l, struct wal **ret_wal, struct err *err) {
    int rc = wal_new(l->disk, ret_wal, err);
    assert_code(rc, CODE_OK);
    l->read = 0;
    return wal_open(*ret_wal, l->height, check_record, l, err);
}

/* Two heights in the one file and one in the other, records that span sectors, group commits, a tail without a sync. */
static int live_small(struct life *l, struct wal *w) {
    l->height = 1;
    l->read = 0;
    int rc = wal_open(w, 1, check_record, l, NULL);
    rc = rc ? rc : append(l, w, 5);
    rc = rc ? rc : put(l, w, 40);
    rc = rc ? rc : append(l, w, 1500);
    rc = rc ? rc : append(l, w, 3);
    rc = rc ? rc : put(l, w, 0);
    rc = rc ? rc : put(l, w, 700);
    rc = rc ? rc : reset(l, w, 2);
    rc = rc ? rc : put(l, w, 100);
    rc = rc ? rc : reset(l, w, 3);
    rc = rc ? rc : put(l, w, 20);
    rc = rc ? rc : put(l, w, 600);
    rc = rc ? rc : append(l, w, 9);
    return rc;
}

/* Bodies until the file must grow. */
static int live_large(struct life *l, struct wal *w) {
    l->height = 2;
    l->read = 0;
    int rc = wal_open(w, 2, check_record, l, NULL);
    rc = rc ? rc : put(l, w, 3 << 20);
    rc = rc ? rc : put(l, w, 2 << 20);
    rc = rc ? rc : put(l, w, 10);
    return rc;
}

typedef int course(struct life *l, struct wal *w);

static int run(struct life *l, course *live) {
    struct wal *w;
    assert_code(wal_new(l->disk, &w, NULL), CODE_OK);
    int rc = live(l, w);
    wal_free(w);
    return rc;
}

/* --- after the death --- */

static void fail_at(const struct life *l, const char *what, const char *tail) {
    fail_msg("death %s, tail %s, height %llu: %s (%d appended, %d synced, %d read)", l->where, tail,
             (unsigned long long)l->height, what, l->appended[l->height], l->synced[l->height], l->read);
}

static void check_read(struct life *l, int rc, const struct err *err, const char *tail) {
    if (rc != CODE_OK)
        fail_at(l, err->msg, tail);
    if (l->wrong)
        fail_at(l, "a record is not what was appended", tail);
    if (l->read < l->synced[l->height])
        fail_at(l, "acknowledged records are lost", tail);
    l->appended[l->height] = l->synced[l->height] = l->read; /* what came back stays */
}

/* It goes on as if nothing had been, and a later power cut takes nothing. */
static void check_goes_on(struct life *l, struct wal *w, const char *tail) {
    struct err err;
    if (put(l, w, 77) != CODE_OK || put(l, w, 530) != CODE_OK)
        fail_at(l, "it does not go on", tail);
    wal_free(w);
    model_disk_power_cut(l->disk, TAIL_LOST, &l->rng);
    int rc = reopen(l, &w, &err);
    check_read(l, rc, &err, tail);
    wal_free(w);
}

static void after_death(struct life *l, enum tail tail, bool power_cut) {
    if (power_cut)
        model_disk_power_cut(l->disk, tail, &l->rng);
    else
        model_disk_restart(l->disk);
}

static void recover(struct life *l, const char *tail) {
    struct wal *w;
    struct err err;
    l->end_at = -1;
    int rc = reopen(l, &w, &err);
    check_read(l, rc, &err, tail);
    wal_free(w); /* what it gave back is relied on: a power cut now takes nothing of it */
    model_disk_power_cut(l->disk, TAIL_LOST, &l->rng);
    rc = reopen(l, &w, &err);
    check_read(l, rc, &err, tail);
    check_goes_on(l, w, tail);
}

#define CACHE TAILS /* only the process dies; the page cache stays */

static const char *name_of(int tail) {
    return tail == CACHE ? "in the cache" : tail_name((enum tail)tail);
}

/* One death at point `end`, and, unless `again` is negative, another at that point of the recovery. Answers how many of
 * them came; 0: the course was over before. */
static int die(course *live, int end, int tail, int again) {
    struct life l;
    struct wal *w;
    life_begin(&l, end, (uint64_t)(end * 100 + tail * 10 + again));
    int rc = run(&l, live);
    int deaths = l.where[0] != 0;
    assert_true(deaths == 1 || rc == CODE_OK);
    after_death(&l, (enum tail)tail, tail != CACHE);
    if (deaths == 1 && again >= 0) {
        l.end_at = l.calls + again;
        l.where[0] = 0;
        (void)reopen(&l, &w, NULL);
        wal_free(w);
        deaths += l.where[0] != 0;
        after_death(&l, (enum tail)tail, deaths == 2 && tail != CACHE);
    }
    recover(&l, name_of(tail));
    l.disk->free(l.disk);
    return deaths;
}

/* Every point with these tails (bits); `twice`: and every point of the recovery. Answers how many deaths there were, or
 * would have been, if test_share is for some of the points only. */
static int sweep(course *live, unsigned tails, bool twice) {
    int total = 0, step = (int)(100 / test_share(100));
    for (int end = 0;; end += step)
        for (int tail = 0; tail <= CACHE; tail++) {
            int deaths = 2;
            for (int again = twice ? 0 : -1; (tails >> tail & 1) && deaths == 2; again++) {
                deaths = die(live, end, tail, again);
                if (deaths == 0)
                    return total * step;
                total += deaths;
            }
        }
}

static void wal__dies_at_every_point(void **state) {
    (void)state;
    points_n = 0;
    assert_true(sweep(live_small, ~0u, false) > 200);
    assert_true(sweep(live_large, 1u << TAIL_LOST | 1u << TAIL_SECTORS | 1u << CACHE, false) > 30);
    static const char *const named[] = {
        "before create wal.1", "after create wal.1",  "before write wal.1",  "after write wal.1",  "before sync wal.1",
        "after sync wal.1",    "before create wal.0", "after create wal.0",  "before write wal.0", "after write wal.0",
        "before sync wal.0",   "after sync wal.0",    "before resize wal.0", "after resize wal.0"};
    /* A point that is not in the list is a new one: add it, and think of what its crash leaves. */
    assert_int_equal(points_n, sizeof named / sizeof *named);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        bool found = false;
        for (int p = 0; p < points_n; p++)
            found = found || strcmp(points[p], named[i]) == 0;
        if (!found)
            fail_msg("the point '%s' was not passed", named[i]);
    }
}

static void wal__dies_again_at_every_point_of_the_recovery(void **state) {
    (void)state;
    assert_true(sweep(live_small, 1u << TAIL_LOST | 1u << TAIL_FLIPPED | 1u << TAIL_SECTORS | 1u << CACHE, true) > 300);
}

/* --- faults --- */

/* One call fails: it says so and is final; a new process finds all that was acknowledged, and keeps it. */
static int sweep_faults(course *live, enum disk_call call, int code) {
    int n = 0;
    for (;; n++) {
        struct life l;
        struct wal *w;
        struct err err;
        life_begin(&l, n, (uint64_t)n);
        l.bad = call;
        l.bad_code = code;
        assert_code(wal_new(l.disk, &w, NULL), CODE_OK);
        int rc = live(&l, w);
        bool failed = l.where[0] != 0;
        if (failed) {
            assert_code(rc, code);
            if (call != DISK_CREATE) /* then no height is open to append to */
                assert_code(wal_append(w, 1, bytes_str("x"), &err), code);
            assert_code(wal_sync(w, &err), code);
            assert_non_null(strstr(err.msg, "restart the node"));
        }
        wal_free(w);
        l.bad_code = CODE_OK;
        model_disk_restart(l.disk);
        recover(&l, "in the cache");
        l.disk->free(l.disk);
        if (!failed)
            return n;
    }
}

static void wal__a_failed_call_is_final_and_loses_nothing(void **state) {
    (void)state;
    assert_true(sweep_faults(live_small, DISK_SYNC, CODE_IO) >= 6);
    assert_true(sweep_faults(live_small, DISK_WRITE, CODE_IO) >= 6);
    assert_true(sweep_faults(live_small, DISK_WRITE, CODE_DISK_FULL) >= 6);
    assert_true(sweep_faults(live_small, DISK_CREATE, CODE_DISK_FULL) == 2);
    assert_true(sweep_faults(live_large, DISK_RESIZE, CODE_DISK_FULL) == 1);
    assert_true(sweep_faults(live_large, DISK_SYNC, CODE_IO) >= 3);
}

TEST_MAIN(cmocka_unit_test(wal__dies_at_every_point), cmocka_unit_test(wal__dies_again_at_every_point_of_the_recovery),
          cmocka_unit_test(wal__a_failed_call_is_final_and_loses_nothing))
