/* SPDX-License-Identifier: Apache-2.0 */
/* Background work of a store, one small step a call. */
#include "chain/store/store_private.h"

static struct store_view *take_due(struct store *s) {
    mutex_lock(&s->lock);
    struct store_view *v = s->due;
    s->due = NULL;
    mutex_unlock(&s->lock);
    return v;
}

static int clear_half_made(struct store *s, struct err *err) {
    int rc = s->keep.cleared ? CODE_OK : snapshot_clear_half_made(s, err);
    s->keep.cleared |= rc == CODE_OK;
    return rc;
}

static int keep_snapshots(struct store *s, size_t budget, bool *ret_more, struct err *err) {
    struct keep *k = &s->keep;
    int rc = clear_half_made(s, err);
    struct store_view *due = rc == CODE_OK && !k->maker ? take_due(s) : NULL;
    if (due)
        rc = snapshot_maker_new(s, due, &k->maker, err);
    if (rc == CODE_OK && due)
        rc = snapshot_look(s, err);
    if (rc || !k->maker)
        return rc;
    bool done = false;
    rc = snapshot_maker_step(k->maker, budget, &done, err);
    if (rc || done) {
        snapshot_maker_free(k->maker);
        k->maker = NULL;
        k->cleared = !rc; /* what it left half made goes before the next */
    }
    *ret_more |= !rc && !done;
    return rc || !done ? rc : snapshot_look(s, err);
}

int store_keep(struct store *s, size_t budget, bool *ret_more, struct err *err) {
    *ret_more = false;
    int rc = store_failed(s, err);
    if (rc == CODE_OK)
        rc = prune_step(s, budget, ret_more, err);
    return rc ? rc : keep_snapshots(s, budget, ret_more, err);
}
