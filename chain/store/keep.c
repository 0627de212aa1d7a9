/* SPDX-License-Identifier: Apache-2.0 */
/* Background work of a store, one small step a call. */
#include "chain/store/store_private.h"

static struct store_view *take_due(struct store *s) {
    pthread_mutex_lock(&s->lock);
    struct store_view *v = s->due;
    s->due = NULL;
    pthread_mutex_unlock(&s->lock);
    return v;
}

static int keep_snapshots(struct store *s, size_t budget, bool *ret_more, struct err *err) {
    int rc = s->cleared ? CODE_OK : snapshot_clear_half_made(s, err);
    s->cleared |= rc == CODE_OK;
    struct store_view *due = rc == CODE_OK && !s->maker ? take_due(s) : NULL;
    if (due)
        rc = snapshot_maker_new(s, due, &s->maker, err);
    if (rc || !s->maker)
        return rc;
    bool done = false;
    rc = snapshot_maker_step(s->maker, budget, &done, err);
    if (rc || done) {
        snapshot_maker_free(s->maker);
        s->maker = NULL;
    }
    *ret_more = !rc && !done;
    return rc;
}

int store_keep(struct store *s, size_t budget, bool *ret_more, struct err *err) {
    *ret_more = false;
    int rc = store_failed(s, err);
    return rc ? rc : keep_snapshots(s, budget, ret_more, err);
}
