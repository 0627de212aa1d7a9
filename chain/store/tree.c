/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update: the changes are parted by the first nibble of their key hash, and each of the up to 16 subtrees is worked
 * on by itself, by several threads when there are many: sorted, they sink stride by stride through the pages that they
 * touch (structure first, no hashing), then leaves and nodes are hashed for many pages side by side, deepest pages
 * first, while the cache still has them. What comes out does not depend on which thread did what. tree_write then puts
 * the touched pages, and what they were, into a batch.
 *
 * A page that was touched is dirty and listed by its depth, with its old slots as far as they changed; one that shrank
 * to a single leaf is `gone`: its leaf moved up.
 */
#include "chain/store/tree.h"

#include "chain/base/vec.h"
#include "chain/store/pool.h"
#include "chain/store/tree_page.h"
#include "chain/store/undo.h"

#include <assert.h>
#include <stdlib.h>

struct saved { /* a slot as it was */
    struct saved *next;
    unsigned slot;
    struct bytes bytes;
};

struct dirty {
    struct page *page;
    uint8_t path[32];                 /* begins with the page's */
    uint16_t saved, leaves, children; /* slots in `list`, and which were what */
    struct saved *list;
};

VEC_DEFINE(dirty_list, struct dirty *);

enum { WORKS = PAGE_SLOTS + 1, ROOT_WORK = PAGE_SLOTS, SERIAL_MAX = 128, WARM_MIN = 16 };

/* Changes that are worked on, memory asked for to hashes, before the next ones: so many, or all of a slot of a page of
 * STRIDE_DEPTH nibbles. Few enough that what they touch stays in a core's cache. */
enum { STRIDE_DEPTH = 1, STRIDE = 64 };

/* A subtree of the root page, or (the last) the root page itself: what one thread works on. */
struct work {
    struct tree *tree;
    struct held held; /* the root page's slot */
    const struct tree_change **changes;
    size_t n_changes;
    struct arena arena; /* dirty and saved */
    struct dirty_list dirty[PATH_MAX_N];
    size_t hashed[PATH_MAX_N];        /* of dirty, from the front */
    struct page_hasher *own, *hasher; /* hasher: own, or the root work's */
    long long bytes;                  /* of pages that came into memory, less those that went */
    int rc;
    struct err err;
};

struct tree {
    struct tree_place place;
    struct tree_root committed;
    struct held root; /* always SUBTREE; its page is NULL until needed */
    size_t cache_bytes;
    size_t bytes; /* of pages in memory, about */
    struct pool *pool;
    struct work works[WORKS];
    struct buf now; /* bytes of one page */
    struct buf diff;
    uint64_t version; /* of the update under way */
    struct tree_root next;
    bool ahead; /* updated and not settled */
};

#define DIRTY_MAX   ((size_t)1 << 24) /* pages touched at one depth by one block */
#define WORK_MEMORY (1 * GIB)         /* a sixteenth of a block's changes, in old slots */

static int no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no memory for the state tree");
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static void set_root(struct tree *t, const struct tree_root *root) {
    held_free(&t->root);
    t->bytes = 0;
    t->root = (struct held){.kind = SLOT_SUBTREE, .slot = {.hash = root->hash}};
}

/* Forgets what the update noted; pages that are gone are freed. */
static void works_clear(struct tree *t) {
    for (unsigned w = 0; w < WORKS; w++) {
        struct work *k = &t->works[w];
        for (size_t n = 0; n < PATH_MAX_N; n++) {
            for (size_t i = 0; i < k->dirty[n].len; i++)
                if (k->dirty[n].at[i]->page->gone)
                    page_free(k->dirty[n].at[i]->page);
            dirty_list_clear(&k->dirty[n]);
            k->hashed[n] = 0;
        }
        arena_reset(&k->arena);
        k->bytes = 0;
    }
}

/* The page at a path as the database has it; one that is not there is empty. */
static int load(const struct tree *t, const uint8_t *path, size_t n, struct page **ret, struct err *err) {
    uint8_t name[PAGE_NAME_MAX];
    size_t len = page_name(path, n, name);
    struct page_image image = {0};
    struct kv_value v;
    int rc = kv_get(t->place.kv, NULL, t->place.family, bytes_of(name, len), &v, err);
    if (rc == CODE_NOT_FOUND)
        return page_build(&image, path, n, ret, err);
    if (rc)
        return rc;
    if (page_parse(v.bytes, &image))
        rc = page_build(&image, path, n, ret, err);
    else
        rc = err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is damaged", n);
    kv_value_release(&v);
    if (rc == CODE_OK)
        (*ret)->stored = true;
    return rc;
}

static int check_root(struct tree *t, struct err *err) {
    static const uint8_t top[1];
    struct page *p;
    struct page_nodes nodes;
    if (t->committed.version == 0)
        return CODE_OK; /* nothing was put; pages of a snapshot that is half taken in may lie there */
    int rc = load(t, top, 0, &p, err);
    if (rc)
        return rc;
    page_hash_all(p, &nodes);
    bool same = hash_eq(&nodes.hash[1], &t->committed.hash);
    page_free(p);
    return same ? CODE_OK : err_set(err, CODE_CORRUPT, "the root page of the state tree does not match its hash");
}

static void works_init(struct tree *t) {
    for (unsigned w = 0; w < WORKS; w++) {
        struct work *k = &t->works[w];
        k->tree = t;
        arena_init(&k->arena, WORK_MEMORY);
        for (size_t n = 0; n < PATH_MAX_N; n++)
            dirty_list_init(&k->dirty[n], DIRTY_MAX);
    }
}

/* Scratch to hash with: one for all, or, for a pool, each its own. */
static int give_hashers(struct tree *t, bool each, struct err *err) {
    struct work *top = &t->works[ROOT_WORK];
    bool good = true;
    for (unsigned w = WORKS; w-- > 0;) {
        struct work *k = &t->works[w];
        if (!k->own && (each || k == top))
            k->own = page_hasher_new();
        k->hasher = each ? k->own : top->own;
        good &= k->hasher != NULL;
    }
    return good ? CODE_OK : no_memory(err);
}

int tree_open(const struct tree_place *place, const struct tree_root *root, size_t cache_bytes, struct pool *pool,
              struct tree **ret, struct err *err) {
    struct tree *t = (struct tree *)calloc(1, sizeof *t);
    if (!t)
        return no_memory(err);
    t->place = *place;
    t->committed = *root;
    t->cache_bytes = cache_bytes;
    t->pool = pool;
    buf_init(&t->now, PAGE_LEN_MAX);
    buf_init(&t->diff, PAGE_LEN_MAX + 6);
    set_root(t, root);
    works_init(t);
    int rc = check_root(t, err);
    if (rc) {
        tree_free(t);
        return rc;
    }
    *ret = t;
    return CODE_OK;
}

void tree_free(struct tree *t) {
    if (!t)
        return;
    works_clear(t);
    held_free(&t->root);
    for (unsigned w = 0; w < WORKS; w++) {
        for (size_t n = 0; n < PATH_MAX_N; n++)
            dirty_list_release(&t->works[w].dirty[n]);
        arena_release(&t->works[w].arena);
        page_hasher_free(t->works[w].own);
    }
    buf_release(&t->now);
    buf_release(&t->diff);
    free(t);
}

/* --- hashes ----------------------------------------------------------------------------------------------------- */

/* The touched pages of one depth that were not hashed yet; their tops go to where they hang. */
static void hash_depth(struct work *w, size_t depth) {
    const struct dirty_list *list = &w->dirty[depth];
    struct page *batch[PAGES_BATCH];
    struct hash tops[PAGES_BATCH];
    for (size_t i = w->hashed[depth]; i < list->len;) {
        size_t n = 0;
        for (; i < list->len && n < PAGES_BATCH; i++)
            if (!list->at[i]->page->gone)
                batch[n++] = list->at[i]->page;
        pages_rehash(w->hasher, batch, n, tops);
        for (size_t k = 0; k < n; k++) {
            struct slot *s = batch[k]->n > 1 ? page_slot(batch[k]->parent, batch[k]->at) : &w->held.slot;
            s->hash = tops[k];
        }
    }
    w->hashed[depth] = list->len;
}

/* Those at `depth` and below. */
static void hash_depths_from(struct work *w, size_t depth) {
    for (size_t n = PATH_MAX_N; n-- > depth;)
        hash_depth(w, n);
}

/* --- memory ahead of its use ---------------------------------------------------------------------------------- */

struct visit { /* changes [from, to) below a page */
    const struct page *page;
    uint32_t from, to;
};

static void prefetch(const void *p, size_t len) {
    uintptr_t from = (uintptr_t)p & ~(uintptr_t)63;
    for (; from < (uintptr_t)p + len; from += 64)
        __builtin_prefetch((const void *)from, 1);
}

/* Changes below one slot of a page: from `from` on, all of its nibble. */
static uint32_t same_slot(const struct tree_change *const *c, uint32_t from, uint32_t to, size_t n) {
    unsigned nibble = nibble_at(c[from]->key_hash.b, n);
    uint32_t i = from + 1;
    while (i < to && nibble_at(c[i]->key_hash.b, n) == nibble)
        i++;
    return i;
}

/* The slots that change, those beside them, and the nodes above with theirs. */
static void ask_page(const struct tree_change *const *c, const struct visit *v) {
    const struct page *p = v->page;
    for (uint32_t i = v->from; i < v->to; i = same_slot(c, i, v->to, p->n)) {
        unsigned nibble = nibble_at(c[i]->key_hash.b, p->n);
        if (p->room)
            prefetch(page_slot(p, nibble & ~1u), 2 * sizeof(struct slot));
        for (unsigned k = (nibble + PAGE_SLOTS) / 2 & ~1u; k && p->nodes; k = k / 2 & ~1u)
            prefetch(&p->nodes[k], 2 * sizeof *p->nodes);
    }
}

/* What lies below a page for its changes: child pages into next, leaves into the cache. */
static size_t look_below(const struct tree_change *const *c, const struct visit *v, struct visit *next) {
    size_t n = 0;
    for (uint32_t i = v->from, j; i < v->to; i = j) {
        unsigned nibble = nibble_at(c[i]->key_hash.b, v->page->n);
        j = same_slot(c, i, v->to, v->page->n);
        enum slot_kind kind = page_kind(v->page, nibble);
        if (kind == SLOT_EMPTY)
            continue;
        const struct slot *s = page_slot(v->page, nibble);
        if (kind == SLOT_LEAF)
            prefetch(s->leaf, sizeof *s->leaf + 24);
        else if (s->page)
            next[n++] = (struct visit){s->page, i, j};
    }
    return n;
}

/*
 * Goes down the pages that the changes will touch, level by level, and asks for the memory of a whole level before it
 * looks at any of it: the waits for memory, which are most of the time in a large tree, then overlap. Changes nothing.
 */
static void warm(const struct page *top, const struct tree_change *const *c, size_t n_changes) {
    struct visit *mine = (struct visit *)malloc(2 * n_changes * sizeof *mine), *now = mine, *next = mine + n_changes;
    size_t n = mine ? 1 : 0;
    if (n)
        now[0] = (struct visit){top, 0, (uint32_t)n_changes};
    while (n) {
        size_t below = 0;
        for (size_t i = 0; i < n; i++)
            prefetch(now[i].page, sizeof *now[i].page);
        for (size_t i = 0; i < n; i++)
            ask_page(c, &now[i]);
        for (size_t i = 0; i < n; i++)
            below += look_below(c, &now[i], next + below);
        struct visit *done = now;
        now = next;
        next = done;
        n = below;
    }
    free(mine);
}

/* --- structure -------------------------------------------------------------------------------------------------- */

static int slot_apply(struct work *w, struct held *h, const struct tree_change *const *c, size_t n_changes, size_t n,
                      struct err *err);

/* The page in hand, n nibbles deep, read if need be. */
static int held_page(struct work *w, struct held *h, const uint8_t *path, size_t n, struct err *err) {
    if (h->slot.page)
        return CODE_OK;
    int rc = load(w->tree, path, n, &h->slot.page, err);
    if (rc)
        return rc;
    if (!h->slot.page->stored && n > 0) {
        held_free(h);
        h->kind = SLOT_SUBTREE;
        return err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is missing", n);
    }
    w->bytes += (long long)page_memory(h->slot.page);
    return CODE_OK;
}

/* A new page of n nibbles where nothing or one leaf was; that goes into it. */
static int held_split(struct work *w, struct held *h, size_t n, struct err *err) {
    assert(n < PATH_MAX_N);
    struct page *p = page_new(n);
    if (!p)
        return no_memory(err);
    struct held leaf = *h;
    *h = (struct held){.kind = SLOT_SUBTREE, .slot = {.page = p}};
    if (leaf.kind == SLOT_LEAF && !page_put(p, nibble_at(leaf.slot.leaf->hashes, n), &leaf))
        return no_memory(err);
    w->bytes += (long long)page_memory(p);
    return CODE_OK;
}

static int page_touch(struct work *w, struct page *p, const uint8_t *path, struct err *err) {
    if (p->dirty)
        return CODE_OK;
    struct dirty *d = ARENA_NEW(&w->arena, struct dirty);
    if (!d || !dirty_list_push(&w->dirty[p->n], d))
        return no_memory(err);
    d->page = p;
    memcpy(d->path, path, (p->n + 1u) / 2);
    p->dirty = d;
    return CODE_OK;
}

/* Keeps slot i of a touched page as it is, unless that was done. */
static int save_slot(struct work *w, const struct page *p, unsigned i, struct err *err) {
    struct dirty *d = p->dirty;
    if (d->saved >> i & 1 || !p->stored || w->tree->place.undo == TREE_NO_UNDO)
        return CODE_OK;
    enum slot_kind kind = page_kind(p, i);
    d->saved = (uint16_t)(d->saved | 1u << i);
    if (kind == SLOT_EMPTY)
        return CODE_OK;
    struct slot *s = page_slot(p, i);
    size_t len = kind == SLOT_LEAF ? 66u + s->leaf->key_len : 32u;
    struct saved *keep = (struct saved *)arena_alloc(&w->arena, sizeof *keep + len);
    if (!keep)
        return no_memory(err);
    uint8_t *bytes = (uint8_t *)(keep + 1);
    if (kind == SLOT_LEAF) {
        memcpy(bytes, s->leaf->hashes, 64);
        store_be16(bytes + 64, s->leaf->key_len);
        memcpy(bytes + 66, s->leaf->key, s->leaf->key_len);
        d->leaves = (uint16_t)(d->leaves | 1u << i);
    } else {
        memcpy(bytes, s->hash.b, 32);
        d->children = (uint16_t)(d->children | 1u << i);
    }
    *keep = (struct saved){.next = d->list, .slot = i, .bytes = bytes_of(bytes, len)};
    d->list = keep;
    return CODE_OK;
}

/* Where a stride that begins with change i ends: STRIDE changes or more, whole slots. */
static size_t stride_end(const struct tree_change *const *c, size_t i, size_t n_changes) {
    size_t j = i + STRIDE < n_changes ? i + STRIDE : n_changes;
    while (j < n_changes && nibble_at(c[j]->key_hash.b, STRIDE_DEPTH) == nibble_at(c[j - 1]->key_hash.b, STRIDE_DEPTH))
        j++;
    return j;
}

static int page_apply(struct work *w, struct page *p, const struct tree_change *const *c, size_t n_changes,
                      struct err *err) {
    int rc = page_touch(w, p, c[0]->key_hash.b, err);
    p->used = (uint32_t)w->tree->version;
    for (size_t i = 0, j, end = 0; i < n_changes && rc == CODE_OK; i = j) {
        unsigned nibble = nibble_at(c[i]->key_hash.b, p->n);
        for (j = i + 1; j < n_changes && nibble_at(c[j]->key_hash.b, p->n) == nibble; j++)
            continue;
        if (p->n == STRIDE_DEPTH && i == end) {
            end = stride_end(c, i, n_changes);
            if (end - i >= WARM_MIN)
                warm(p, c + i, end - i);
        }
        rc = save_slot(w, p, nibble, err);
        if (rc)
            return rc;
        struct held h = page_get(p, nibble);
        rc = slot_apply(w, &h, c + i, j - i, p->n + 1u, err);
        if (!page_put(p, nibble, &h) && rc == CODE_OK)
            rc = no_memory(err);
        if (p->n == STRIDE_DEPTH && j == end && rc == CODE_OK)
            hash_depths_from(w, STRIDE_DEPTH +
                                    2); /* nothing more comes below; the few pages above are hashed all at once */
    }
    return rc;
}

/* A page that holds one key or none gives it to whoever holds it. */
static int held_collapse(struct work *w, struct held *h, struct err *err) {
    struct page *p = h->slot.page;
    if (p->children || (p->leaves & (p->leaves - 1)))
        return CODE_OK;
    struct held only = {.kind = SLOT_EMPTY}, nothing = {.kind = SLOT_EMPTY};
    if (p->leaves) {
        unsigned i = (unsigned)__builtin_ctz(p->leaves);
        int rc = save_slot(w, p, i, err);
        if (rc)
            return rc;
        only = page_get(p, i);
        (void)page_put(p, i, &nothing); /* takes no room */
    }
    w->bytes -= (long long)page_memory(p);
    p->gone = true;
    *h = only;
    return CODE_OK;
}

/* Changes where no page is and none will be: it ends with the one key of `last`, its own leaf, or nothing. */
static int held_set(struct held *h, const struct tree_change *last, bool keeps, struct err *err) {
    if (keeps)
        return CODE_OK;
    struct leaf *leaf = last ? leaf_new(&last->key_hash, &last->value_hash, last->key) : NULL;
    if (last && !leaf)
        return no_memory(err);
    held_free(h);
    *h = (struct held){.kind = leaf ? SLOT_LEAF : SLOT_EMPTY, .slot = {.leaf = leaf}};
    return CODE_OK;
}

/* The common case: one key, which is there and gets another value. False when it is not that. */
static bool held_replace(struct held *h, const struct tree_change *c) {
    if (h->kind != SLOT_LEAF || !c->present || memcmp(h->slot.leaf->hashes, c->key_hash.b, 32) != 0)
        return false;
    memcpy(h->slot.leaf->hashes + 32, c->value_hash.b, 32);
    h->hashed = false;
    return true;
}

/* c[n_changes], at least one, all below what is held, whose path has n nibbles. */
static int slot_apply(struct work *w, struct held *h, const struct tree_change *const *c, size_t n_changes, size_t n,
                      struct err *err) {
    if (n_changes == 1 && held_replace(h, c[0]))
        return CODE_OK;
    if (h->kind != SLOT_SUBTREE) {
        const struct tree_change *last = NULL;
        size_t count = 0;
        bool touched = false;
        for (size_t i = 0; i < n_changes; i++) {
            touched |= h->kind == SLOT_LEAF && !memcmp(h->slot.leaf->hashes, c[i]->key_hash.b, 32);
            count += c[i]->present;
            last = c[i]->present ? c[i] : last;
        }
        bool keeps = h->kind == SLOT_LEAF && !touched;
        if (count + keeps <= 1)
            return held_set(h, last, keeps, err);
        int rc = held_split(w, h, n, err);
        if (rc)
            return rc;
    }
    int rc = held_page(w, h, c[0]->key_hash.b, n, err);
    if (rc == CODE_OK)
        rc = page_apply(w, h->slot.page, c, n_changes, err);
    return rc ? rc : held_collapse(w, h, err);
}

/* --- a subtree ------------------------------------------------------------------------------------------------- */

static int by_key_hash(const void *a, const void *b) {
    return hash_cmp(&(*(const struct tree_change *const *)a)->key_hash,
                    &(*(const struct tree_change *const *)b)->key_hash);
}

static void run_work(void *ctx, unsigned i) {
    struct work *w = ((struct work **)ctx)[i];
    qsort(w->changes, w->n_changes, sizeof *w->changes, by_key_hash);
    for (size_t k = 1; k < w->n_changes; k++)
        assert(hash_cmp(&w->changes[k - 1]->key_hash, &w->changes[k]->key_hash) < 0);
    w->rc = slot_apply(w, &w->held, w->changes, w->n_changes, 1, &w->err);
    if (w->rc == CODE_OK)
        hash_depths_from(w, 1);
}

/* --- the update --------------------------------------------------------------------------------------------------- */

/* Pointers to the changes, parted by first nibble into the works. NULL: no memory. */
static const struct tree_change **part(struct tree *t, const struct tree_change *changes, size_t n) {
    const struct tree_change **order = (const struct tree_change **)malloc(n * sizeof *order);
    size_t at = 0;
    if (!order)
        return NULL;
    for (unsigned w = 0; w < PAGE_SLOTS; w++)
        t->works[w].n_changes = 0;
    for (size_t i = 0; i < n; i++)
        t->works[nibble_at(changes[i].key_hash.b, 0)].n_changes++;
    for (unsigned w = 0; w < PAGE_SLOTS; w++) {
        t->works[w].changes = order + at;
        at += t->works[w].n_changes;
        t->works[w].n_changes = 0;
    }
    for (size_t i = 0; i < n; i++) {
        struct work *w = &t->works[nibble_at(changes[i].key_hash.b, 0)];
        w->changes[w->n_changes++] = &changes[i];
    }
    return order;
}

/* Each slot of the root page with changes is taken out, worked on, and put back. */
static int run_works(struct tree *t, struct page *root, size_t n, struct err *err) {
    struct work *list[PAGE_SLOTS], *top = &t->works[ROOT_WORK];
    unsigned count = 0;
    struct pool *pool = n > SERIAL_MAX ? t->pool : NULL;
    int rc = give_hashers(t, pool != NULL, err);
    for (unsigned i = 0; i < PAGE_SLOTS && rc == CODE_OK; i++) {
        if (t->works[i].n_changes == 0)
            continue;
        rc = save_slot(top, root, i, err);
        t->works[i].held = page_get(root, i);
        list[count++] = &t->works[i];
    }
    if (rc == CODE_OK)
        pool_run(pool, count, run_work, list);
    for (unsigned i = 0; i < count && rc == CODE_OK; i++) {
        struct work *w = list[i];
        bool put = page_put(root, (unsigned)(w - t->works), &w->held);
        if (w->rc && err)
            *err = w->err;
        rc = w->rc ? w->rc : put ? CODE_OK : no_memory(err);
        if (rc) /* the rest goes back as it is, to be freed with the tree */
            for (i++; i < count; i++)
                (void)page_put(root, (unsigned)(list[i] - t->works), &list[i]->held);
    }
    return rc;
}

static int update(struct tree *t, const struct tree_change *changes, size_t n, struct err *err) {
    static const uint8_t top[32];
    struct work *w = &t->works[ROOT_WORK];
    int rc = held_page(w, &t->root, top, 0, err);
    if (rc == CODE_OK)
        rc = page_touch(w, t->root.slot.page, top, err);
    const struct tree_change **order = rc ? NULL : part(t, changes, n);
    if (rc == CODE_OK && !order)
        rc = no_memory(err);
    if (rc == CODE_OK)
        rc = run_works(t, t->root.slot.page, n, err);
    free(order);
    if (rc == CODE_OK) {
        t->root.slot.page->used = (uint32_t)t->version;
        pages_rehash(w->hasher, &t->root.slot.page, 1, &t->root.slot.hash);
    }
    return rc;
}

int tree_update(struct tree *t, uint64_t version, const struct tree_change *changes, size_t n, struct tree_root *ret,
                struct err *err) {
    assert(!t->ahead && version > t->committed.version);
    t->next = t->committed;
    t->ahead = true;
    if (n > 0) {
        t->version = version;
        int rc = update(t, changes, n, err);
        if (rc) {
            tree_settle(t, false);
            return rc;
        }
        t->next = (struct tree_root){version, t->root.slot.hash};
    }
    *ret = t->next;
    return CODE_OK;
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

/* What the slots were: a page that is new had none. */
static void put_undo(struct tree *t, const struct dirty *d, struct bytes key, struct undo_writer *undo) {
    const struct page *p = d->page;
    struct bytes old[PAGE_SLOTS] = {BYTES_NONE};
    if (p->gone && !p->stored)
        return;
    for (const struct saved *s = d->list; s; s = s->next)
        old[s->slot] = s->bytes;
    buf_clear(&t->diff);
    buf_put_be16(&t->diff, p->stored ? d->saved : (uint16_t)(p->leaves | p->children));
    buf_put_be16(&t->diff, d->leaves);
    buf_put_be16(&t->diff, d->children);
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        buf_put_bytes(&t->diff, old[i]);
    undo_add(undo, key, buf_bytes(&t->diff));
}

/* The page, or its removal, and what it was. */
static int put_page(struct tree *t, const struct dirty *d, struct kv_batch *batch, struct undo_writer *undo,
                    struct err *err) {
    uint8_t name[PAGE_NAME_MAX];
    const struct page *p = d->page;
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

/* --- memory between updates ------------------------------------------------------------------------------------- */

enum { AGES = 64 }; /* in updates; older counts as 63 */

static size_t page_age(const struct tree *t, const struct page *p) {
    uint32_t age = (uint32_t)t->committed.version - p->used;
    return age < AGES ? (size_t)age : AGES - 1;
}

static struct page *child_of(const struct page *p, unsigned i) {
    return page_kind(p, i) == SLOT_SUBTREE ? page_slot(p, i)->page : NULL;
}

/* Bytes by age, and by depth. */
static void count_bytes(const struct tree *t, const struct page *p, size_t ages[AGES], size_t depths[PATH_MAX_N]) {
    size_t bytes = page_memory(p);
    ages[page_age(t, p)] += bytes;
    depths[p->n] += bytes;
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        if (child_of(p, i))
            count_bytes(t, child_of(p, i), ages, depths);
}

/* Drops the pages below p that are too old or too deep; what is below those is older and deeper still. */
static void drop(struct tree *t, struct page *p, size_t max_age, size_t max_depth) {
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        struct page *child = child_of(p, i);
        if (!child)
            continue;
        drop(t, child, max_age, max_depth);
        if (child->n <= max_depth && page_age(t, child) <= max_age)
            continue;
        size_t bytes = page_memory(child);
        t->bytes -= bytes < t->bytes ? bytes : t->bytes;
        page_slot(p, i)->page = NULL;
        page_free(child);
    }
}

/* Over the cap: keeps what was used last, down to three quarters of it; if the last update alone is too much, whole
 * levels of it from the top. */
static void trim(struct tree *t) {
    size_t kept = 0, age = 0, depth = 0, ages[AGES] = {0}, depths[PATH_MAX_N] = {0}, room = t->cache_bytes / 4 * 3;
    struct page *root = t->root.slot.page;
    if (t->bytes <= t->cache_bytes || !root)
        return;
    count_bytes(t, root, ages, depths);
    t->bytes = 0;
    for (size_t i = 0; i < AGES; i++)
        t->bytes += ages[i];
    while (age < AGES && kept + ages[age] <= room)
        kept += ages[age++];
    if (age > 0) {
        drop(t, root, age - 1, PATH_MAX_N);
        return;
    }
    drop(t, root, 0, PATH_MAX_N);
    memset(ages, 0, sizeof ages);
    memset(depths, 0, sizeof depths);
    count_bytes(t, root, ages, depths);
    while (depth < PATH_MAX_N && kept + depths[depth] <= room)
        kept += depths[depth++];
    drop(t, root, 0, depth ? depth - 1 : 0);
}

static void settle_written(struct tree *t) {
    long long bytes = (long long)t->bytes;
    t->committed = t->next;
    for (unsigned w = 0; w < WORKS; w++) {
        bytes += t->works[w].bytes;
        for (size_t n = 0; n < PATH_MAX_N; n++) {
            for (size_t i = 0; i < t->works[w].dirty[n].len; i++) {
                t->works[w].dirty[n].at[i]->page->dirty = NULL;
                t->works[w].dirty[n].at[i]->page->stored = true;
            }
        }
    }
    t->bytes = bytes > 0 ? (size_t)bytes : 0;
    works_clear(t);
    trim(t);
}

void tree_settle(struct tree *t, bool written) {
    if (!t->ahead)
        return;
    t->ahead = false;
    if (written) {
        settle_written(t);
        return;
    }
    works_clear(t);
    set_root(t, &t->committed);
}
