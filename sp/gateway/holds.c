/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/gateway/holds.h"

#include "cairn/sp_db.h"
#include "sp/spdb/notes.h"

#include <string.h>

#define NOTE_NAME "holds"

int holds_init(struct holds *h, struct spdb *db, struct err *err) {
    struct arena arena;
    HoldList *list;
    *h = (struct holds){.db = db};
    arena_init(&arena, 64 << 10);
    int rc = note_get(db, NOTE_NAME, &hold_list__descriptor, &arena, &list, err);
    if (!rc && list->n_object_ids > HOLDS_MAX)
        rc = err_set(err, CODE_CORRUPT, "the list of held objects is longer than it can be");
    if (!rc) {
        h->count = list->n_object_ids;
        if (h->count)
            memcpy(h->ids, list->object_ids, h->count * sizeof *h->ids);
    }
    arena_release(&arena);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    mutex_init(&h->lock);
    return CODE_OK;
}

void holds_release(struct holds *h) {
    mutex_release(&h->lock);
}

/* The first place whose id is not below object_id. Lock is held. */
static size_t place_of(const struct holds *h, uint64_t object_id) {
    size_t i = 0;
    while (i < h->count && h->ids[i] < object_id)
        i++;
    return i;
}

/* Writes ids down, and only then believes them. Lock is held. */
static int store(struct holds *h, uint64_t *ids, size_t count, struct err *err) {
    HoldList list = HOLD_LIST__INIT;
    list.n_object_ids = count;
    list.object_ids = ids;
    int rc = note_put(h->db, NOTE_NAME, &list, err);
    if (!rc) {
        memcpy(h->ids, ids, count * sizeof *ids);
        h->count = count;
    }
    return rc;
}

int holds_add(struct holds *h, uint64_t object_id, struct err *err) {
    uint64_t ids[HOLDS_MAX + 1];
    int rc = CODE_OK;
    mutex_lock(&h->lock);
    size_t at = place_of(h, object_id);
    if (at == h->count || h->ids[at] != object_id) {
        memcpy(ids, h->ids, at * sizeof *ids);
        ids[at] = object_id;
        memcpy(ids + at + 1, h->ids + at, (h->count - at) * sizeof *ids);
        rc = h->count == HOLDS_MAX ? err_set(err, CODE_LIMIT, "no more than %d objects can be held", HOLDS_MAX)
                                   : store(h, ids, h->count + 1, err);
    }
    mutex_unlock(&h->lock);
    return rc;
}

int holds_remove(struct holds *h, uint64_t object_id, struct err *err) {
    uint64_t ids[HOLDS_MAX];
    size_t count = 0;
    mutex_lock(&h->lock);
    for (size_t i = 0; object_id && i < h->count; i++)
        if (h->ids[i] != object_id)
            ids[count++] = h->ids[i];
    int rc = count == h->count ? CODE_OK : store(h, ids, count, err);
    mutex_unlock(&h->lock);
    return rc;
}

bool holds_has(void *ctx, uint64_t object_id) {
    struct holds *h = ctx;
    mutex_lock(&h->lock);
    size_t at = place_of(h, object_id);
    bool held = at < h->count && h->ids[at] == object_id;
    mutex_unlock(&h->lock);
    return held;
}

size_t holds_count(struct holds *h) {
    mutex_lock(&h->lock);
    size_t count = h->count;
    mutex_unlock(&h->lock);
    return count;
}
