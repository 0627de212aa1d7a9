/* SPDX-License-Identifier: Apache-2.0 */
/* Which pages stay in memory between updates. */
#include "chain/store/tree_private.h"

enum { AGES = 64 }; /* in updates; older counts as 63 */

/* Over the pages, chunks may have holes; with so much more than the cap they are given back whole. */
#define SLACK (8 * MIB)

static size_t page_age(const struct tree *t, const struct page *p) {
    uint32_t age = (uint32_t)t->committed.version - p->used;
    return age < AGES ? (size_t)age : AGES - 1;
}

static struct page *child_of(struct page *p, unsigned i) {
    return page_kind(p, i) == SLOT_SUBTREE ? page_slot(p, i)->page : NULL;
}

/* Bytes by age, and by depth. */
static void count_bytes(const struct tree *t, struct page *p, size_t ages[AGES], size_t depths[PATH_MAX_N]) {
    size_t bytes = page_memory(p);
    ages[page_age(t, p)] += bytes;
    depths[p->n] += bytes;
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        if (child_of(p, i))
            count_bytes(t, child_of(p, i), ages, depths);
}

/* Drops the pages below p that are too old or too deep; what is below those is older and deeper still. slab: NULL below
 * the root page, where each slot has its own. */
static void drop(struct tree *t, struct slab *slab, struct page *p, size_t max_age, size_t max_depth) {
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        struct page *child = child_of(p, i);
        struct slab *its = slab ? slab : tree_slab(t, i);
        if (!child)
            continue;
        drop(t, its, child, max_age, max_depth);
        if (child->n <= max_depth && page_age(t, child) <= max_age)
            continue;
        page_slot(p, i)->page = NULL;
        page_free(its, child);
    }
}

/* Keeps what was used last, up to `room`; if the last update alone is too much, whole levels of it from the top. */
static void drop_to(struct tree *t, size_t room) {
    size_t kept = 0, age = 0, depth = 0, ages[AGES] = {0}, depths[PATH_MAX_N] = {0};
    count_bytes(t, t->root, ages, depths);
    while (age < AGES && kept + ages[age] <= room)
        kept += ages[age++];
    if (age > 0) {
        drop(t, NULL, t->root, age - 1, PATH_MAX_N);
        return;
    }
    drop(t, NULL, t->root, 0, PATH_MAX_N);
    memset(ages, 0, sizeof ages);
    memset(depths, 0, sizeof depths);
    count_bytes(t, t->root, ages, depths);
    while (depth < PATH_MAX_N && kept + depths[depth] <= room)
        kept += depths[depth++];
    drop(t, NULL, t->root, 0, depth ? depth - 1 : 0);
}

void tree_trim(struct tree *t) {
    size_t used = 0, held = 0;
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        used += tree_slab(t, i)->used;
        held += tree_slab(t, i)->held;
    }
    if (used > t->cache_bytes && t->root)
        drop_to(t, t->cache_bytes / 4 * 3);
    if (held > 2 * t->cache_bytes + SLACK)
        tree_forget(t);
}
