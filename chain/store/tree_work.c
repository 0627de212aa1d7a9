/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work on one subtree. Its changes, sorted, sink level by level through the pages that they touch, up to STRIDE of
 * them together: what a whole level will read is asked for before any of it is looked at, so that the waits for memory,
 * which are most of the time in a large tree, overlap. Structure first, no hashing; then leaves and nodes are hashed
 * for many pages side by side, deepest pages first, while the cache still has them.
 *
 * A page that shrank to one leaf or none is noticed on the way up: it is `gone` and its leaf hangs where it hung.
 */
#include "chain/store/tree_private.h"

#include <assert.h>
#include <stdlib.h>

/* Few enough that what they touch stays in a core's cache, enough to fill the lanes of the hasher. */
enum { STRIDE = 256 };

enum { NOTES = 4096, NOTES_AHEAD = 512 }; /* memory for notes that is cleared at once; asked for so much ahead */

struct group { /* changes [from, to) below slot `slot` of a touched page */
    struct dirty *d;
    uint32_t from, to;
    unsigned slot;
};

static int no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no memory for the state tree");
}

/* --- notes -------------------------------------------------------------------------------------------------------- */

/* Memory for a note, until work_clear. */
static inline void *note(struct work *w, size_t len) {
    if (w->notes_left < len) {
        w->notes = (uint8_t *)arena_alloc(&w->arena, NOTES);
        if (!w->notes)
            return NULL;
        w->notes_left = NOTES;
    }
    void *p = w->notes;
    __builtin_prefetch(w->notes + NOTES_AHEAD, 1);
    w->notes += len;
    w->notes_left -= len;
    return p;
}

struct dirty *work_touch(struct work *w, struct page *p, struct dirty *parent, unsigned at, const uint8_t *path) {
    struct dirty *d = (struct dirty *)note(w, sizeof *d);
    if (!d || !dirty_list_push(&w->dirty[p->n], d))
        return NULL;
    d->page = p;
    d->parent = parent;
    d->at = (uint8_t)at;
    d->path = path;
    p->used = (uint32_t)w->tree->version;
    return d;
}

int work_save(struct work *w, struct dirty *d, unsigned i, struct err *err) {
    struct page *p = d->page;
    if (d->saved >> i & 1 || !p->stored || w->tree->place.undo == TREE_NO_UNDO)
        return CODE_OK;
    enum slot_kind kind = page_kind(p, i);
    d->saved = (uint16_t)(d->saved | 1u << i);
    if (kind == SLOT_EMPTY)
        return CODE_OK;
    struct saved *s = (struct saved *)note(w, sizeof *s);
    if (!s)
        return no_memory(err);
    s->slot = i;
    if (kind == SLOT_LEAF) {
        s->leaf = page_slot(p, i)->leaf;
        memcpy(s->hash.b, s->leaf->hashes + 32, 32);
        d->leaves = (uint16_t)(d->leaves | 1u << i);
    } else {
        s->hash = *page_hash(p, i);
        d->children = (uint16_t)(d->children | 1u << i);
    }
    s->next = d->list;
    d->list = s;
    return CODE_OK;
}

void work_clear(struct work *w) {
    for (size_t n = 0; n < PATH_MAX_N; n++) {
        for (size_t i = 0; i < w->dirty[n].len; i++)
            if (w->dirty[n].at[i]->page->gone)
                page_free(&w->slab, w->dirty[n].at[i]->page);
        dirty_list_clear(&w->dirty[n]);
        w->hashed[n] = 0;
    }
    for (struct retired *r = w->retired; r; r = r->next)
        leaf_free(&w->slab, r->leaf);
    w->retired = NULL;
    w->notes_left = 0;
    arena_reset(&w->arena);
}

/* Sets a slot of a touched page, which may become another one by that. */
static int put(struct work *w, struct dirty *d, unsigned i, enum slot_kind kind, union slot s, struct err *err) {
    struct page *before = d->page;
    if (!page_put(&w->slab, &d->page, i, kind, s))
        return no_memory(err);
    if (d->page != before)
        page_slot(d->parent->page, d->at)->page = d->page;
    return CODE_OK;
}

/* --- memory ahead of its use -------------------------------------------------------------------------------------- */

/* gcc takes a function that only prefetches for one without effect and drops calls of it, unless it is inlined early.
 */
#define ALWAYS inline __attribute__((always_inline))

static ALWAYS void ask(const void *p) {
    __builtin_prefetch(p, 1, 2);
}

static ALWAYS void ask_change(const struct tree_change *c) {
    ask(&c->key_hash);
    ask(&c->value_hash.b[31]);
}

/* What a page's own first look needs: all of a narrow page, or a wide one's upper nodes. */
static ALWAYS void ask_page(const struct page *p) {
    const uint8_t *b = (const uint8_t *)p;
    ask(b);
    ask(b + 64);
    ask(b + 128);
}

/* The slot and the nodes beside and above it. */
static ALWAYS void ask_slot(struct page *p, unsigned i) {
    const struct hash *nodes = page_nodes_of(p);
    if (!p->wide)
        return;
    ask(page_slot(p, i));
    ask(&nodes[PAGE_SLOTS + i]);
    ask(&nodes[(PAGE_SLOTS + i) / 2]);
    ask(&nodes[(PAGE_SLOTS + i) / 4]);
}

/* What hangs in the slot. */
static ALWAYS void ask_below(struct page *p, unsigned i) {
    enum slot_kind kind = page_kind(p, i);
    if (kind == SLOT_SUBTREE) {
        const struct page *child = page_slot(p, i)->page;
        if (child)
            ask_page(child);
    } else if (kind == SLOT_LEAF) {
        const struct leaf *l = page_slot(p, i)->leaf;
        ask(l->hashes);
        ask(l->hashes + 63);
    }
}

/* --- one slot ----------------------------------------------------------------------------------------------------- */

static int retire(struct work *w, struct leaf *leaf, struct err *err) {
    struct retired *r = (struct retired *)note(w, sizeof *r);
    if (!r)
        return no_memory(err);
    *r = (struct retired){w->retired, leaf};
    w->retired = r;
    return CODE_OK;
}

/* The slot ends with the one key of `last`, or with none. */
static int set_one(struct work *w, struct dirty *d, unsigned i, const struct tree_change *last, struct err *err) {
    struct leaf *before = page_kind(d->page, i) == SLOT_LEAF ? page_slot(d->page, i)->leaf : NULL;
    union slot s = {.leaf = NULL};
    if (last)
        s.leaf = leaf_new(&w->slab, &last->key_hash, &last->value_hash, last->key);
    if (last && !s.leaf)
        return no_memory(err);
    int rc = before ? retire(w, before, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = put(w, d, i, last ? SLOT_LEAF : SLOT_EMPTY, s, err);
    if (rc) {
        if (before && w->retired && w->retired->leaf == before)
            w->retired = w->retired->next;
        if (s.leaf)
            leaf_free(&w->slab, s.leaf);
    }
    return rc;
}

/* A new page where nothing or one leaf was; that goes into it. */
static int split(struct work *w, struct dirty *d, unsigned i, struct err *err) {
    size_t n = d->page->n + 1u;
    assert(n < PATH_MAX_N);
    union slot s = {.page = page_new(&w->slab, n, 2)};
    if (!s.page)
        return no_memory(err);
    struct leaf *leaf = page_kind(d->page, i) == SLOT_LEAF ? page_slot(d->page, i)->leaf : NULL;
    int rc = put(w, d, i, SLOT_SUBTREE, s, err);
    if (rc) {
        page_free(&w->slab, s.page);
        return rc;
    }
    if (leaf) /* it has room */
        (void)page_put(&w->slab, &s.page, nibble_at(leaf->hashes, n), SLOT_LEAF, (union slot){.leaf = leaf});
    page_slot(d->page, i)->page = s.page;
    return CODE_OK;
}

/* Where no page is: what ends with one key or none is done; else a page comes there, for what is below. */
static int set_slot(struct work *w, const struct group *g, struct err *err) {
    struct page *p = g->d->page;
    const struct leaf *leaf = page_kind(p, g->slot) == SLOT_LEAF ? page_slot(p, g->slot)->leaf : NULL;
    const struct tree_change *last = NULL;
    size_t count = 0;
    bool touched = false;
    for (uint32_t k = g->from; k < g->to; k++) {
        const struct tree_change *c = w->refs[k].change;
        touched |= leaf && !memcmp(leaf->hashes, c->key_hash.b, 32);
        count += c->present;
        last = c->present ? c : last;
    }
    bool keeps = leaf && !touched;
    if (count + keeps > 1)
        return split(w, g->d, g->slot, err);
    return keeps ? CODE_OK : set_one(w, g->d, g->slot, last, err);
}

/* The page in the slot, read if need be. */
static int need_page(struct work *w, const struct group *g, struct page **ret, struct err *err) {
    union slot *s = page_slot(g->d->page, g->slot);
    if (!s->page) {
        const uint8_t *path = w->refs[g->from].change->key_hash.b;
        size_t n = g->d->page->n + 1u;
        struct page *p;
        int rc = tree_load(w->tree, &w->slab, path, n, &p, err);
        if (rc)
            return rc;
        if (!p->stored && n > 0) {
            page_free(&w->slab, p);
            return err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is missing", n);
        }
        s->page = p;
    }
    *ret = s->page;
    return CODE_OK;
}

/* Applies a group to its slot. *ret: the page that it goes on in, touched now, or NULL. */
static int apply(struct work *w, const struct group *g, struct dirty **ret, struct err *err) {
    struct page *p = g->d->page;
    const struct tree_change *c = w->refs[g->from].change;
    int rc = work_save(w, g->d, g->slot, err);
    *ret = NULL;
    if (rc)
        return rc;
    if (page_kind(p, g->slot) == SLOT_LEAF && g->to - g->from == 1 && c->present) {
        struct leaf *leaf = page_slot(p, g->slot)->leaf;
        if (!memcmp(leaf->hashes, c->key_hash.b, 32)) { /* the common case: a key gets another value */
            memcpy(leaf->hashes + 32, c->value_hash.b, 32);
            p->hashed = (uint16_t)(p->hashed & ~(1u << g->slot));
            p->changed = (uint16_t)(p->changed | 1u << g->slot);
            return CODE_OK;
        }
    }
    if (page_kind(p, g->slot) != SLOT_SUBTREE) {
        rc = set_slot(w, g, err);
        if (rc || page_kind(g->d->page, g->slot) != SLOT_SUBTREE)
            return rc;
    }
    struct page *child = NULL;
    rc = need_page(w, g, &child, err);
    if (rc)
        return rc;
    g->d->page->changed = (uint16_t)(g->d->page->changed | 1u << g->slot);
    *ret = work_touch(w, child, g->d, g->slot, c->key_hash.b);
    return *ret ? CODE_OK : no_memory(err);
}

/* --- up: hashes --------------------------------------------------------------------------------------------------- */

/* A page with one key or none gives it to the slot where it hangs. False: it has more. */
static bool collapse(struct work *w, struct dirty *d, int *rc, struct err *err) {
    struct page *p = d->page;
    if (p->children || (p->leaves & (p->leaves - 1)))
        return false;
    union slot s = {.leaf = NULL};
    if (p->leaves) {
        unsigned i = (unsigned)__builtin_ctz(p->leaves);
        *rc = work_save(w, d, i, err);
        if (*rc)
            return true;
        s = *page_slot(p, i);
        (void)page_put(&w->slab, &d->page, i, SLOT_EMPTY, s); /* takes no room */
    }
    p->gone = true;
    *rc = put(w, d->parent, d->at, s.leaf ? SLOT_LEAF : SLOT_EMPTY, s, err); /* takes no more room than the page did */
    return true;
}

/* The touched pages of one depth that were not hashed yet; their tops go to where they hang. */
static int hash_depth(struct work *w, size_t depth, struct err *err) {
    const struct dirty_list *list = &w->dirty[depth];
    struct page *pages[PAGES_BATCH];
    struct dirty *batch[PAGES_BATCH];
    const struct hash *tops[PAGES_BATCH];
    int rc = CODE_OK;
    for (size_t i = w->hashed[depth]; i < list->len && rc == CODE_OK;) {
        size_t n = 0;
        for (; i < list->len && n < PAGES_BATCH && rc == CODE_OK; i++) {
            batch[n] = list->at[i];
            pages[n] = list->at[i]->page;
            n += !collapse(w, list->at[i], &rc, err);
        }
        pages_rehash(w->hasher, pages, n, tops);
        for (size_t k = 0; k < n; k++)
            *page_hash(batch[k]->parent->page, batch[k]->at) = *tops[k];
    }
    w->hashed[depth] = list->len;
    return rc;
}

/* Those at `depth` and below. */
static int hash_depths(struct work *w, size_t depth, struct err *err) {
    int rc = CODE_OK;
    for (size_t n = PATH_MAX_N; n-- > depth && rc == CODE_OK;)
        rc = hash_depth(w, n, err);
    return rc;
}

/* --- down: structure ---------------------------------------------------------------------------------------------- */

/* The group of changes at [from, ...) of a page n nibbles deep. */
static uint32_t group_end(const struct work *w, size_t n, uint32_t from, uint32_t to) {
    unsigned nibble = ref_nibble(&w->refs[from], n);
    uint32_t i = from + 1;
    while (i < to && ref_nibble(&w->refs[i], n) == nibble)
        i++;
    return i;
}

/* Parts changes [from, to) below a page into groups; what they will look at is asked for. */
static size_t part(const struct work *w, struct dirty *d, uint32_t from, uint32_t to, struct group *ret) {
    size_t count = 0, n = d->page->n;
    for (uint32_t i = from, j; i < to; i = j) {
        j = group_end(w, n, i, to);
        ret[count] = (struct group){d, i, j, ref_nibble(&w->refs[i], n)};
        ask_slot(d->page, ret[count++].slot);
    }
    return count;
}

/* Changes [from, to), at most STRIDE, below a touched page, all the way down. */
static int sink(struct work *w, struct dirty *d, uint32_t from, uint32_t to, struct err *err) {
    struct group rooms[2][STRIDE], *now = rooms[0], *next = rooms[1];
    struct dirty *below[STRIDE];
    int rc = CODE_OK;
    for (uint32_t i = from; i < to; i++)
        ask_change(w->refs[i].change);
    size_t count = part(w, d, from, to, now);
    while (count && rc == CODE_OK) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            ask_below(now[i].d->page, now[i].slot);
        for (size_t i = 0; i < count && rc == CODE_OK; i++)
            rc = apply(w, &now[i], &below[i], err);
        for (size_t i = 0; i < count && rc == CODE_OK; i++)
            if (below[i])
                n += part(w, below[i], now[i].from, now[i].to, next + n); /* each has a change or more of its own */
        struct group *done = now;
        now = next;
        next = done;
        count = n;
    }
    return rc;
}

/* Changes [from, to) below a touched page, which is not hashed here. */
static int descend(struct work *w, struct dirty *d, uint32_t from, uint32_t to, struct err *err) {
    size_t n = d->page->n;
    int rc = CODE_OK;
    for (uint32_t i = from, j; i < to && rc == CODE_OK; i = j) {
        j = i;
        for (uint32_t k = i; k < to;) { /* whole slots, as many as fit */
            k = group_end(w, n, k, to);
            if (k - i > STRIDE)
                break;
            j = k;
        }
        if (j > i) {
            rc = sink(w, d, i, j, err);
        } else { /* one slot with more: a stride of its own at least */
            j = group_end(w, n, i, to);
            struct group g = {d, i, j, ref_nibble(&w->refs[i], n)};
            struct dirty *below = NULL;
            rc = apply(w, &g, &below, err);
            if (rc == CODE_OK && below)
                rc = descend(w, below, i, j, err);
        }
        if (rc == CODE_OK)
            rc = hash_depths(w, n + 1, err);
    }
    return rc;
}

/* --- order -------------------------------------------------------------------------------------------------------- */

static int by_key_hash(const void *a, const void *b) {
    const struct tree_ref *x = (const struct tree_ref *)a, *y = (const struct tree_ref *)b;
    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    return hash_cmp(&x->change->key_hash, &y->change->key_hash);
}

enum { BUCKETS = 256, INSERT_MAX = 32 };

/* refs[n], few and nearly in order. */
static void insert_sort(struct tree_ref *refs, size_t n) {
    for (size_t i = 1; i < n; i++) {
        struct tree_ref r = refs[i];
        size_t k = i;
        for (; k > 0 && by_key_hash(&r, &refs[k - 1]) < 0; k--)
            refs[k] = refs[k - 1];
        refs[k] = r;
    }
}

/* By the 8 bits behind the first nibble, which is the same for all, then each bucket by itself. */
static void sort(struct work *w) {
    uint32_t end[BUCKETS] = {0};
    for (size_t i = 0; i < w->n_refs; i++)
        end[w->refs[i].head >> 52 & (BUCKETS - 1)]++;
    for (size_t b = 1; b < BUCKETS; b++)
        end[b] += end[b - 1];
    for (size_t i = w->n_refs; i-- > 0;)
        w->sorted[--end[w->refs[i].head >> 52 & (BUCKETS - 1)]] = w->refs[i];
    for (size_t b = 0; b < BUCKETS; b++) { /* end: where it begins, now */
        struct tree_ref *first = w->sorted + end[b];
        size_t n = (b + 1 < BUCKETS ? end[b + 1] : w->n_refs) - end[b];
        if (n <= INSERT_MAX)
            insert_sort(first, n);
        else
            qsort(first, n, sizeof *first, by_key_hash);
    }
    w->refs = w->sorted;
}

void work_run(struct work *w) {
    sort(w);
    for (size_t k = 1; k < w->n_refs; k++)
        assert(by_key_hash(&w->refs[k - 1], &w->refs[k]) < 0);
    w->rc = descend(w, &w->top, 0, (uint32_t)w->n_refs, &w->err);
}
