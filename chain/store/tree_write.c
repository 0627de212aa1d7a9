/* SPDX-License-Identifier: Apache-2.0 */
/* What an update changed, into a batch: pages, and their slots as they were. */
#include "chain/store/tree_private.h"
#include "chain/store/undo.h"

#include <assert.h>

/* What the slots were: a page that is new had none. */
static void put_undo(struct tree *t, const struct dirty *d, struct bytes key, struct undo_writer *undo) {
    const struct page *p = d->page;
    const struct saved *old[PAGE_SLOTS] = {NULL};
    if (p->gone && !p->stored)
        return;
    for (const struct saved *s = d->list; s; s = s->next)
        old[s->slot] = s;
    buf_clear(&t->diff);
    buf_put_be16(&t->diff, p->stored ? d->saved : (uint16_t)(p->leaves | p->children));
    buf_put_be16(&t->diff, d->leaves);
    buf_put_be16(&t->diff, d->children);
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        if (old[i] && old[i]->leaf)
            leaf_encode(old[i]->leaf, old[i]->hash.b, &t->diff);
        else if (old[i])
            buf_put(&t->diff, old[i]->hash.b, 32);
    }
    undo_add(undo, key, buf_bytes(&t->diff));
}

/* The page, or its removal, and what it was. */
static int put_page(struct tree *t, const struct dirty *d, struct kv_batch *batch, struct undo_writer *undo,
                    struct err *err) {
    uint8_t name[PAGE_NAME_MAX];
    struct page *p = d->page;
    struct bytes key = bytes_of(name, page_name(d->path, p->n, name));
    if (!p->gone) {
        buf_clear(&t->now);
        page_encode(p, &t->now);
        kv_batch_put(batch, t->place.family, key, buf_bytes(&t->now));
    } else if (p->stored) {
        kv_batch_del(batch, t->place.family, key);
    }
    if (t->place.undo != TREE_NO_UNDO)
        put_undo(t, d, key, undo);
    int rc = buf_check(&t->now, err);
    return rc ? rc : buf_check(&t->diff, err);
}

int tree_write(struct tree *t, struct kv_batch *batch, struct err *err) {
    struct undo_writer undo;
    int rc = CODE_OK;
    assert(t->ahead);
    undo_begin(&undo, batch, t->place.undo, UNDO_TREE, t->version);
    for (size_t n = 0; n < PATH_MAX_N; n++) /* names ascend: by depth, then by path */
        for (unsigned w = 0; w < WORKS; w++)
            for (size_t i = 0; i < t->works[w].dirty[n].len && rc == CODE_OK; i++)
                rc = put_page(t, t->works[w].dirty[n].at[i], batch, &undo, err);
    int ended = undo_end(&undo, rc ? NULL : err);
    return rc ? rc : ended;
}
