/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/downloader/downloader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "chain/base/code.h"
#include "chain/base/num.h"
#include "chain/coding/join.h"
#include "chain/os/clock.h"
#include "chain/types/layout.h"
#include "sp/piecestore/checked.h"
#include "sp/spdb/pieces.h"

enum { DEGRADED_WAIT_MS = 20000 };

void downloader_init(struct downloader *d, struct spdb *db, struct piecestore *store, const struct downloader_env *env,
                     unsigned degraded_max) {
    *d = (struct downloader){.db = db,
                             .store = store,
                             .env = *env,
                             .degraded_max = degraded_max ? degraded_max : 1,
                             .wait_ms = DEGRADED_WAIT_MS};
    mutex_init(&d->lock);
    cond_init(&d->changed);
}

void downloader_release(struct downloader *d) {
    cond_release(&d->changed);
    mutex_release(&d->lock);
}

/* One read: what is asked, who takes it, and what is here. */
struct reading {
    struct downloader *d;
    const ObjectInfo *object;
    download_sink *sink;
    void *ctx;
    bool here;         /* this SP has whole segments ... */
    uint32_t position; /* ... under this position */
    uint8_t *room;     /* for a chunk */
};

/* --- what is here --- */

static int look_at_held(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct reading *reading = ctx;
    const HeldPosition *held = msg;
    const ObjectInfo *object = reading->object;
    (void)key;
    (void)err;
    if (held->version == object->version && held->position < profile_positions(object->profile) &&
        profile_is_whole(object->profile, held->position)) {
        reading->here = true;
        reading->position = held->position;
    }
    return CODE_OK;
}

static int find_here(struct reading *reading, struct err *err) {
    return held_each(reading->d->db, reading->object->id, look_at_held, reading, err);
}

/* --- one segment --- */

/* Bytes [from, until) of a segment out of the piece store, in chunks; *ret_at is how far it came. */
static int read_here(struct reading *reading, uint64_t segment, uint64_t segment_len, uint64_t from, uint64_t until,
                     uint64_t *ret_at, struct err *err) {
    const ObjectInfo *object = reading->object;
    struct piece_key key = {object->id, object->version, reading->position, segment};
    struct hash root;
    *ret_at = from;
    int rc = piece_root_get(reading->d->db, &key, &root, err);
    while (!rc && *ret_at < until) {
        struct bytes chunk;
        /* chunks end on multiples of their size, so that no group is read twice */
        uint64_t end = u64_min((*ret_at / DOWNLOAD_CHUNK + 1) * DOWNLOAD_CHUNK, until);
        rc = checked_range(reading->d->store, &key, &root, segment_len, *ret_at, (size_t)(end - *ret_at), reading->room,
                           &chunk, err);
        if ((rc == CODE_CORRUPT || rc == CODE_NOT_FOUND) && reading->d->env.piece_bad)
            reading->d->env.piece_bad(reading->d->env.ctx, &key);
        if (rc)
            return rc;
        rc = reading->sink(reading->ctx, chunk, err);
        if (rc)
            return CODE_CANCELLED;
        *ret_at = end;
    }
    return rc;
}

static int enter_degraded(struct downloader *d, struct err *err) {
    uint64_t deadline = deadline_in_ms(d->wait_ms);
    bool in_time = true;
    mutex_lock(&d->lock);
    while (d->degraded >= d->degraded_max && in_time)
        in_time = cond_wait_until(&d->changed, &d->lock, deadline);
    bool got = d->degraded < d->degraded_max;
    d->degraded += got;
    mutex_unlock(&d->lock);
    return got ? CODE_OK : err_set(err, CODE_BUSY, "too many segments are put together at once; try again");
}

static void leave_degraded(struct downloader *d) {
    mutex_lock(&d->lock);
    d->degraded--;
    cond_signal(&d->changed);
    mutex_unlock(&d->lock);
}

static int read_from_others(struct reading *reading, uint64_t segment, uint64_t segment_len, uint64_t from,
                            uint64_t until, struct err *err) {
    const struct downloader_env *env = &reading->d->env;
    if (!env->segment_from_others)
        return err_set(err, CODE_UNAVAILABLE, "this provider does not hold the segment");
    int rc = enter_degraded(reading->d, err);
    if (rc)
        return rc;
    uint8_t *data = malloc(join_room(reading->object->profile, (size_t)segment_len));
    rc = data ? env->segment_from_others(env->ctx, reading->object, segment, data, err)
              : err_set(err, CODE_NO_MEMORY, "no memory to put a segment together");
    while (!rc && from < until) {
        size_t now = (size_t)u64_min(DOWNLOAD_CHUNK, until - from);
        rc = reading->sink(reading->ctx, bytes_of(data + from, now), err);
        from += now;
    }
    free(data);
    leave_degraded(reading->d);
    return rc;
}

static int read_segment(struct reading *reading, uint64_t segment, uint64_t from, uint64_t until, struct err *err) {
    const ObjectInfo *object = reading->object;
    uint64_t len = layout_segment_len(object->profile, object->payload_size, segment);
    uint64_t at = from;
    struct err why;
    if (reading->here) {
        err_clear(&why);
        int rc = read_here(reading, segment, len, from, until, &at, &why);
        if (rc == CODE_OK)
            return CODE_OK;
        if (rc == CODE_CANCELLED) /* the sink has had enough */
            return err_set(err, why.code ? why.code : rc, "%s", err_text(&why));
    }
    return read_from_others(reading, segment, len, at, until, err);
}

/* --- the whole --- */

int downloader_check_range(const ObjectInfo *object, uint64_t offset, uint64_t length, struct err *err) {
    if (offset > object->payload_size || length > object->payload_size - offset)
        return err_set(err, CODE_RANGE, "the object has %" PRIu64 " bytes; asked for %" PRIu64 " from %" PRIu64,
                       object->payload_size, length, offset);
    return CODE_OK;
}

static int read_all(struct reading *reading, uint64_t offset, uint64_t length, struct err *err) {
    uint64_t size = reading->object->profile->segment_size, end = offset + length;
    int rc = find_here(reading, err);
    while (!rc && offset < end) {
        uint64_t segment = offset / size, start = segment * size;
        uint64_t until = u64_min(end - start, size);
        rc = read_segment(reading, segment, offset - start, until, err);
        offset = start + until;
    }
    return rc;
}

int downloader_read(struct downloader *d, const ObjectInfo *object, uint64_t offset, uint64_t length,
                    download_sink *sink, void *ctx, struct err *err) {
    struct reading reading = {.d = d, .object = object, .sink = sink, .ctx = ctx};
    int rc = downloader_check_range(object, offset, length, err);
    if (rc || length == 0)
        return rc;
    if (!object->profile)
        return err_set(err, CODE_CORRUPT, "the object has no profile");
    rc = profile_check(object->profile, err);
    if (rc)
        return rc;
    reading.room = malloc(checked_range_room((size_t)u64_min(length, DOWNLOAD_CHUNK)));
    rc = reading.room ? read_all(&reading, offset, length, err)
                      : err_set(err, CODE_NO_MEMORY, "no memory to read an object");
    free(reading.room);
    return rc;
}
