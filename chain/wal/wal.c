/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/wal/wal.h"

#include "chain/os/crash.h"
#include "chain/os/crc.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct wal {
    struct disk *disk;
    struct disk_file *file[2];
    uint64_t height;  /* of the open log; 0 = none */
    uint64_t end;     /* offset behind the last record that is in the file */
    uint32_t seq;     /* of the next record */
    uint32_t synced;  /* records that are durable */
    uint8_t *pending; /* encoded records not yet written */
    size_t pending_len, pending_cap;
    int failed; /* the code of the failure that ended this log */
    struct wal_stats stats;
};

struct record {
    uint64_t height;
    uint32_t crc, len, seq, synced;
    uint8_t kind;
};

static size_t padded(size_t n) {
    return (n + 7) & ~(size_t)7;
}

static void record_encode(uint8_t *p, const struct record *r, struct bytes payload) {
    memset(p, 0, WAL_RECORD_HEADER);
    store_le32(p + 4, r->len);
    store_le64(p + 8, r->height);
    store_le32(p + 16, r->seq);
    store_le32(p + 20, r->synced);
    p[24] = r->kind;
    memcpy(p + WAL_RECORD_HEADER, payload.data, payload.len);
    memset(p + WAL_RECORD_HEADER + payload.len, 0, padded(payload.len) - payload.len);
    store_le32(p, crc32c(0, p + 4, WAL_RECORD_HEADER - 4 + payload.len));
}

static struct record record_header(const uint8_t *p) {
    return (struct record){
        .crc = load_le32(p),
        .len = load_le32(p + 4),
        .height = load_le64(p + 8),
        .seq = load_le32(p + 16),
        .synced = load_le32(p + 20),
        .kind = p[24],
    };
}

/* Decodes the record at `off` of a file image. False when there is none that checks for this height. */
static bool record_at(const uint8_t *image, uint64_t size, uint64_t off, uint64_t height, struct record *ret) {
    static const uint8_t zeros[7];
    if (size - off < WAL_RECORD_HEADER)
        return false;
    const uint8_t *p = image + off;
    struct record r = record_header(p);
    if (r.height != height || r.len > WAL_RECORD_MAX || r.len > size - off - WAL_RECORD_HEADER || r.synced > r.seq ||
        memcmp(p + 25, zeros, sizeof zeros) != 0)
        return false;
    if (crc32c(0, p + 4, WAL_RECORD_HEADER - 4 + r.len) != r.crc)
        return false;
    *ret = r;
    return true;
}

struct scan {
    uint64_t end;      /* behind the last intact record */
    uint32_t count;    /* intact records */
    bool remains;      /* something of this height lies behind the end */
    bool damaged;      /* ... and says that what is missing had been durable */
    uint64_t lost_end; /* behind the last of that */
};

static void scan_image(const uint8_t *image, uint64_t size, uint64_t height, struct scan *ret) {
    struct scan s = {0};
    struct record r;
    while (s.end < size && record_at(image, size, s.end, height, &r) && r.seq == s.count) {
        s.end += WAL_RECORD_HEADER + padded(r.len);
        s.count++;
    }
    if (size - s.end >= WAL_RECORD_HEADER) {
        struct record torn = record_header(image + s.end);
        s.remains = torn.height == height && torn.seq == s.count;
    }
    for (uint64_t off = s.end + 8; off + WAL_RECORD_HEADER <= size; off += 8) {
        if (load_le64(image + off + 8) != height || !record_at(image, size, off, height, &r))
            continue;
        s.remains = true;
        s.lost_end = off + WAL_RECORD_HEADER + padded(r.len);
        if (r.seq >= s.count && r.synced > s.count)
            s.damaged = true;
    }
    *ret = s;
}

static int fail(struct wal *w, int code) {
    w->failed = code;
    return code;
}

static int usable(const struct wal *w, struct err *err) {
    if (w->failed != CODE_OK)
        return err_set(err, w->failed,
                       "the durability log failed before and cannot be used any more; restart the node");
    return CODE_OK;
}

int wal_new(struct disk *disk, struct wal **ret_wal, struct err *err) {
    struct wal *w = calloc(1, sizeof *w);
    if (w == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the durability log");
    w->disk = disk;
    *ret_wal = w;
    return CODE_OK;
}

void wal_free(struct wal *w) {
    if (w == NULL)
        return;
    w->disk->close(w->disk, w->file[0]);
    w->disk->close(w->disk, w->file[1]);
    free(w->pending);
    free(w);
}

static int file_open(struct wal *w, uint64_t height, struct err *err) {
    unsigned i = height % 2;
    if (w->file[i] != NULL)
        return CODE_OK;
    const char *name = i == 0 ? "wal.0" : "wal.1";
    int rc = w->disk->open(w->disk, name, WAL_FILE_INITIAL, true, &w->file[i], err);
    return rc == CODE_OK ? CODE_OK : err_wrap(err, rc, "durability log %s", name);
}

/* The height of the intact record at the head of a file, where no payload can lie; 0: none is there. */
static int head_height(struct disk *disk, struct disk_file *f, uint64_t *ret_height, struct err *err) {
    uint8_t head[WAL_RECORD_HEADER], *record;
    struct record r;
    if (f->size < sizeof head) {
        *ret_height = 0;
        return CODE_OK;
    }
    int rc = disk->read(disk, f, 0, head, sizeof head, err);
    if (rc != CODE_OK)
        return rc;
    r = record_header(head);
    *ret_height = 0;
    if (r.seq != 0 || r.len > WAL_RECORD_MAX || r.len > f->size - sizeof head)
        return CODE_OK;
    record = malloc(sizeof head + r.len);
    if (record == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to read a durability log");
    rc = disk->read(disk, f, 0, record, sizeof head + r.len, err);
    if (rc == CODE_OK && record_at(record, sizeof head + r.len, 0, r.height, &r))
        *ret_height = r.height;
    free(record);
    return rc;
}

int wal_is_past(struct wal *w, uint64_t height, bool *ret_past, struct err *err) {
    uint64_t own = 0, other = 0;
    int rc = usable(w, err);
    if (rc == CODE_OK)
        rc = file_open(w, height, err);
    if (rc == CODE_OK)
        rc = file_open(w, height + 1, err);
    if (rc == CODE_OK)
        rc = head_height(w->disk, w->file[height % 2], &own, err);
    if (rc == CODE_OK)
        rc = head_height(w->disk, w->file[(height + 1) % 2], &other, err);
    if (rc == CODE_OK)
        *ret_past = own > height || other > height;
    return rc;
}

static int image_read(struct disk *disk, struct disk_file *f, uint8_t **ret_image, struct err *err) {
    uint8_t *image = malloc(f->size);
    if (image == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to read a durability log of %" PRIu64 " bytes", f->size);
    int rc = disk->read(disk, f, 0, image, f->size, err);
    if (rc != CODE_OK) {
        free(image);
        return rc;
    }
    *ret_image = image;
    return CODE_OK;
}

/* Forgets [from, to) of the file, durably: what lies there must never be taken for records of a later run. */
static int wipe(struct disk *disk, struct disk_file *f, uint64_t from, uint64_t to, struct err *err) {
    static const uint8_t zeros[65536];
    for (uint64_t off = from; off < to;) {
        size_t n = to - off < sizeof zeros ? (size_t)(to - off) : sizeof zeros;
        int rc = disk->write(disk, f, off, zeros, n, err);
        if (rc != CODE_OK)
            return rc;
        off += n;
    }
    return disk->sync(disk, f, err);
}

static void begin(struct wal *w, uint64_t height, uint64_t end, uint32_t count) {
    w->height = height;
    w->end = end;
    w->seq = w->synced = count;
    w->pending_len = 0;
}

static int replay(const uint8_t *image, uint32_t count, int (*each)(void *, uint8_t, struct bytes), void *arg) {
    uint64_t off = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct record r = record_header(image + off);
        int rc = each(arg, r.kind, (struct bytes){image + off + WAL_RECORD_HEADER, r.len});
        if (rc != CODE_OK)
            return rc;
        off += WAL_RECORD_HEADER + padded(r.len);
    }
    return CODE_OK;
}

int wal_open(struct wal *w, uint64_t height, int (*each)(void *arg, uint8_t kind, struct bytes payload), void *arg,
             struct err *err) {
    assert(height > 0);
    int rc = usable(w, err);
    if (rc == CODE_OK)
        rc = file_open(w, height, err);
    uint8_t *image = NULL;
    if (rc == CODE_OK)
        rc = image_read(w->disk, w->file[height % 2], &image, err);
    if (rc != CODE_OK)
        return fail(w, rc);
    struct disk_file *f = w->file[height % 2];
    struct scan s;
    scan_image(image, f->size, height, &s);
    bool past = false;
    if (s.count == 0)
        rc = wal_is_past(w, height, &past, err);
    if (rc == CODE_OK && past) { /* the ledger was lost: what this file holds is overwritten from its head on */
        rc = wipe(w->disk, f, 0, f->size, err);
        if (rc == CODE_OK)
            begin(w, height, 0, 0);
    } else if (rc == CODE_OK && s.damaged) {
        rc = err_set(err, CODE_CORRUPT,
                     "the durability log of height %" PRIu64 " is damaged behind record %" PRIu32
                     ", before its last sync point; run `cairnd wal-mend` to cut it there",
                     height, s.count);
    } else if (rc == CODE_OK) {
        /* What was read may be in the page cache only; the reader builds on it. Written anew, because after a failed
         * sync the cache takes its pages for clean, and a sync alone would pass over them. */
        if (s.count > 0)
            rc = w->disk->write(w->disk, f, 0, image, s.end, err);
        crash_point(CRASH_WAL_OPEN_WRITTEN);
        if (rc == CODE_OK && s.remains) {
            w->stats.torn++;
            rc = wipe(w->disk, f, s.end, s.lost_end > s.end ? s.lost_end : s.end + WAL_RECORD_HEADER, err);
        } else if (rc == CODE_OK && s.count > 0) {
            rc = w->disk->sync(w->disk, f, err);
        }
        if (rc == CODE_OK) {
            begin(w, height, s.end, s.count);
            rc = replay(image, s.count, each, arg);
        }
    }
    free(image);
    return rc == CODE_OK ? CODE_OK : fail(w, rc);
}

int wal_reset(struct wal *w, uint64_t height, struct err *err) {
    assert(height > 0);
    crash_point(CRASH_WAL_BEFORE_RESET);
    int rc = usable(w, err);
    if (rc == CODE_OK)
        rc = file_open(w, height, err);
    if (rc != CODE_OK)
        return fail(w, rc);
    /* Stale records of an older height end the reading by their stamp. What is of this one, or of a later one because
     * the ledger was lost, must not be taken for a part of this log, or for damage, when it is read. */
    struct disk_file *f = w->file[height % 2];
    uint8_t head[WAL_RECORD_HEADER];
    rc = w->disk->read(w->disk, f, 0, head, sizeof head, err);
    if (rc == CODE_OK && record_header(head).height >= height)
        rc = wipe(w->disk, f, 0, f->size, err);
    if (rc != CODE_OK)
        return fail(w, rc);
    begin(w, height, 0, 0);
    crash_point(CRASH_WAL_AFTER_RESET);
    return CODE_OK;
}

static int pending_reserve(struct wal *w, size_t more, struct err *err) {
    if (more <= w->pending_cap - w->pending_len)
        return CODE_OK;
    size_t cap = w->pending_cap == 0 ? 65536 : w->pending_cap;
    while (cap - w->pending_len < more)
        cap *= 2;
    uint8_t *p = realloc(w->pending, cap);
    if (p == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the durability log");
    w->pending = p;
    w->pending_cap = cap;
    return CODE_OK;
}

int wal_append(struct wal *w, uint8_t kind, struct bytes payload, struct err *err) {
    assert(w->height > 0);
    crash_point(CRASH_WAL_BEFORE_APPEND);
    int rc = usable(w, err);
    if (rc != CODE_OK)
        return rc;
    if (payload.len > WAL_RECORD_MAX)
        return err_set(err, CODE_TOO_LARGE, "a log record of %zu bytes is over the cap of %d", payload.len,
                       WAL_RECORD_MAX);
    size_t need = WAL_RECORD_HEADER + padded(payload.len);
    if (w->end + w->pending_len + need > WAL_FILE_MAX)
        return err_set(err, CODE_TOO_LARGE, "the durability log of height %" PRIu64 " reached its cap of %d bytes",
                       w->height, WAL_FILE_MAX);
    rc = pending_reserve(w, need, err);
    if (rc != CODE_OK)
        return rc;
    struct record r = {
        .len = (uint32_t)payload.len, .height = w->height, .seq = w->seq, .synced = w->synced, .kind = kind};
    record_encode(w->pending + w->pending_len, &r, payload);
    w->pending_len += need;
    w->seq++;
    w->stats.records++;
    w->stats.bytes += need;
    return CODE_OK;
}

static int file_grow(struct wal *w, struct disk_file *f, uint64_t need, struct err *err) {
    uint64_t size = f->size;
    while (size < need)
        size *= 2;
    return w->disk->resize(w->disk, f, size, err);
}

int wal_sync(struct wal *w, struct err *err) {
    int rc = usable(w, err);
    if (rc != CODE_OK || w->pending_len == 0)
        return rc;
    struct disk_file *f = w->file[w->height % 2];
    if (w->end + w->pending_len > f->size)
        rc = file_grow(w, f, w->end + w->pending_len, err);
    crash_point(CRASH_WAL_BEFORE_WRITE);
    if (rc == CODE_OK)
        rc = w->disk->write(w->disk, f, w->end, w->pending, w->pending_len, err);
    crash_point(CRASH_WAL_AFTER_WRITE);
    if (rc == CODE_OK)
        rc = w->disk->sync(w->disk, f, err);
    crash_point(CRASH_WAL_AFTER_SYNC);
    if (rc != CODE_OK) {
        return fail(w, err_wrap(err, rc, "durability log of height %" PRIu64, w->height));
    }
    w->end += w->pending_len;
    w->pending_len = 0;
    w->synced = w->seq;
    w->stats.syncs++;
    if (w->pending_cap > WAL_FILE_INITIAL) { /* a rare large height must not keep its memory */
        free(w->pending);
        w->pending = NULL;
        w->pending_cap = 0;
    }
    return CODE_OK;
}

uint32_t wal_synced(const struct wal *w) {
    return w->synced;
}

struct wal_stats wal_stats(const struct wal *w) {
    return w->stats;
}

int wal_mend(struct disk *disk, uint64_t height, uint32_t *ret_kept, uint64_t *ret_lost_bytes, struct err *err) {
    struct disk_file *f = NULL;
    uint8_t *image = NULL;
    int rc = disk->open(disk, height % 2 == 0 ? "wal.0" : "wal.1", 0, false, &f, err);
    if (rc == CODE_NOT_FOUND) {
        *ret_kept = 0;
        *ret_lost_bytes = 0;
        return CODE_OK;
    }
    if (rc == CODE_OK)
        rc = image_read(disk, f, &image, err);
    if (rc == CODE_OK) {
        struct scan s;
        scan_image(image, f->size, height, &s);
        rc = wipe(disk, f, s.end, f->size, err);
        if (rc == CODE_OK) {
            *ret_kept = s.count;
            *ret_lost_bytes = s.lost_end > s.end ? s.lost_end - s.end : 0;
        }
    }
    free(image);
    disk->close(disk, f);
    return rc;
}
