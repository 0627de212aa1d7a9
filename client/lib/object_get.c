/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers fetch and verify segments side by side; each waits for its turn to hand its bytes on, so the sink sees them
 * in order and no more than `parallel` segments are in memory.
 */
#include "client/lib/object_get.h"

#include "chain/types/layout.h"

#include <stdlib.h>

enum { PARALLEL = 3, PARALLEL_MAX = 8 };

struct reading {
    struct piece_fetch *fetch;
    const struct object_get *get;
    uint64_t from, to; /* bytes of the payload */
    struct mutex lock;
    struct cond turn;
    uint64_t next_segment; /* to be fetched */
    uint64_t out_segment;  /* to be handed on */
    uint64_t done;
    struct hash *roots; /* of the segments, when the whole object is read; else NULL */
    int rc;
    struct err err;
};

/* The part of a segment that is wanted: offset in the segment and length. */
static void wanted(const struct reading *r, uint64_t segment, uint64_t *ret_offset, size_t *ret_len) {
    const ObjectInfo *o = r->fetch->placement->object;
    uint64_t start = segment * o->profile->segment_size;
    uint64_t end = start + layout_segment_len(o->profile, o->payload_size, segment);
    uint64_t from = r->from > start ? r->from : start;
    uint64_t to = r->to < end ? r->to : end;
    *ret_offset = from - start;
    *ret_len = (size_t)(to - from);
}

/* A part of a segment without the rest of it, from a position with whole segments. */
static bool fetch_part(struct reading *r, uint64_t segment, uint64_t offset, size_t len, uint8_t *to) {
    const struct placement *p = r->fetch->placement;
    for (uint32_t i = 0; i < p->positions; i++)
        if (profile_is_whole(p->object->profile, i) && piece_fetch_usable(r->fetch, i) &&
            !piece_fetch_range(r->fetch, i, segment, offset, len, to, NULL))
            return true;
    return false;
}

static int fetch_wanted(struct reading *r, uint64_t segment, uint8_t *room, const uint8_t **ret, size_t *ret_len,
                        struct err *err) {
    const ObjectInfo *o = r->fetch->placement->object;
    uint64_t offset;
    size_t whole = (size_t)layout_segment_len(o->profile, o->payload_size, segment);
    wanted(r, segment, &offset, ret_len);
    if (!r->roots && *ret_len < whole / 2 && fetch_part(r, segment, offset, *ret_len, room)) {
        *ret = room;
        return CODE_OK;
    }
    int rc = piece_fetch_segment(r->fetch, segment, room, r->roots ? &r->roots[segment] : NULL, err);
    *ret = room + offset;
    return rc;
}

static void fail(struct reading *r, int rc, const struct err *err) {
    if (!r->rc) {
        r->rc = rc;
        r->err = *err;
    }
    cond_broadcast(&r->turn);
}

/* Waits for this segment's turn and hands it on. False when the reading has failed. */
static bool hand_on(struct reading *r, uint64_t segment, const uint8_t *data, size_t len) {
    struct err err;
    err_clear(&err);
    mutex_lock(&r->lock);
    while (!r->rc && r->out_segment != segment)
        cond_wait(&r->turn, &r->lock);
    bool go_on = !r->rc;
    mutex_unlock(&r->lock);
    if (!go_on)
        return false;
    int rc = r->get->sink(r->get->ctx, bytes_of(data, len), &err); /* nobody else's turn comes before ours ends */
    mutex_lock(&r->lock);
    r->done += len;
    r->out_segment++;
    if (rc)
        fail(r, rc, &err);
    cond_broadcast(&r->turn);
    mutex_unlock(&r->lock);
    if (!rc && r->get->progress)
        r->get->progress(r->get->ctx, r->done, r->to - r->from);
    return !rc;
}

static bool take_segment(struct reading *r, uint64_t last, uint64_t *ret) {
    mutex_lock(&r->lock);
    bool more = !r->rc && r->next_segment <= last;
    if (more)
        *ret = r->next_segment++;
    mutex_unlock(&r->lock);
    return more;
}

static void work(void *arg) {
    struct reading *r = arg;
    const ObjectInfo *o = r->fetch->placement->object;
    uint64_t last = (r->to - 1) / o->profile->segment_size, segment;
    struct err err;
    err_clear(&err);
    uint64_t largest = layout_segment_len(o->profile, o->payload_size, 0);
    uint8_t *room = malloc(join_room(o->profile, (size_t)largest) + PIECE_GROUP_LEN);
    if (!room) {
        mutex_lock(&r->lock);
        fail(r, err_set(&err, CODE_NO_MEMORY, "no memory for a segment"), &err);
        mutex_unlock(&r->lock);
        return;
    }
    while (take_segment(r, last, &segment)) {
        const uint8_t *data = NULL;
        size_t len = 0;
        int rc = fetch_wanted(r, segment, room, &data, &len, &err);
        if (rc) {
            mutex_lock(&r->lock);
            fail(r, rc, &err);
            mutex_unlock(&r->lock);
            break;
        }
        if (!hand_on(r, segment, data, len))
            break;
    }
    free(room);
}

static int run_workers(struct reading *r, uint64_t segments, struct err *err) {
    struct thread threads[PARALLEL_MAX] = {0};
    unsigned parallel = r->get->parallel ? r->get->parallel : PARALLEL, started = 0;
    parallel = parallel > PARALLEL_MAX ? PARALLEL_MAX : parallel;
    parallel = parallel > segments ? (unsigned)segments : parallel;
    int rc = CODE_OK;
    while (!rc && started + 1 < parallel)
        rc = thread_start(&threads[started++], "get", work, r, err);
    work(r); /* this thread is one of them */
    for (unsigned i = 0; i < started; i++)
        thread_join(&threads[i]);
    if (r->rc && err)
        *err = r->err;
    return r->rc;
}

/* All segments were read: do they make up what the owner signed? Columns are checked against what a provider coded and
 * sealed; only this shows that it coded the owner's bytes (storage.md §2). */
static int check_content(const struct reading *r, struct err *err) {
    const ObjectInfo *o = r->fetch->placement->object;
    struct hash root = checksum_of(r->roots, (size_t)r->fetch->segments);
    if (bytes_eq(hash_bytes(&root), bytes_of(o->content_root.data, o->content_root.len)))
        return CODE_OK;
    return err_set(err, CODE_INTEGRITY,
                   "the pieces are what was sealed, but not the content that the owner signed: "
                   "provider %u coded them wrongly",
                   o->primary_sp);
}

int object_get_run(struct piece_fetch *fetch, const struct object_get *get, struct err *err) {
    const ObjectInfo *o = fetch->placement->object;
    if (get->offset > o->payload_size)
        return err_set(err, CODE_RANGE, "the object has %llu bytes: there is nothing at offset %llu",
                       (unsigned long long)o->payload_size, (unsigned long long)get->offset);
    uint64_t left = o->payload_size - get->offset, length = get->length < left ? get->length : left;
    if (!length)
        return CODE_OK;
    struct reading r = {.fetch = fetch, .get = get, .from = get->offset, .to = get->offset + length};
    r.next_segment = r.out_segment = r.from / o->profile->segment_size;
    err_clear(&r.err);
    if (length == o->payload_size && o->content_root.len) {
        r.roots = calloc((size_t)fetch->segments, sizeof *r.roots);
        if (!r.roots)
            return err_set(err, CODE_NO_MEMORY, "no memory for piece roots");
    }
    mutex_init(&r.lock);
    cond_init(&r.turn);
    int rc = run_workers(&r, (r.to - 1) / o->profile->segment_size - r.next_segment + 1, err);
    if (!rc && r.roots)
        rc = check_content(&r, err);
    free(r.roots);
    cond_release(&r.turn);
    mutex_release(&r.lock);
    return rc;
}
