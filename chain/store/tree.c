/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree's life, and the update: the changes are parted by the first nibble of their key hash, and each of the up to
 * 16 subtrees is worked on by itself (tree_work.c), by several threads when there are many. What comes out does not
 * depend on which thread did what. tree_write then puts the touched pages, and what they were, into a batch.
 */
#include "chain/store/tree.h"

#include "chain/store/pool.h"
#include "chain/store/tree_private.h"

#include <assert.h>
#include <stdlib.h>

enum { SERIAL_MAX = 128 }; /* changes that one thread does sooner than others wake up */

#define DIRTY_MAX   ((size_t)1 << 24) /* pages touched at one depth by one block */
#define WORK_MEMORY (1 * GIB)         /* a sixteenth of a block's changes, in old slots */

static int no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no memory for the state tree");
}

/* --- life ------------------------------------------------------------------------------------------------------- */

void tree_forget(struct tree *t) {
    for (unsigned i = 0; t->root && i < PAGE_SLOTS; i++) {
        if (page_kind(t->root, i) == SLOT_LEAF)
            leaf_free(tree_slab(t, i), page_slot(t->root, i)->leaf);
        else if (page_kind(t->root, i) == SLOT_SUBTREE)
            page_free(tree_slab(t, i), page_slot(t->root, i)->page);
    }
    if (t->root)
        t->root->leaves = t->root->children = 0;
    page_free(NULL, t->root);
    t->root = NULL;
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        slab_release(tree_slab(t, i));
}

int tree_load(const struct tree *t, struct slab *slab, const uint8_t *path, size_t n, struct page **ret,
              struct err *err) {
    uint8_t name[PAGE_NAME_MAX];
    size_t len = page_name(path, n, name);
    struct page_image image = {0};
    struct kv_value v;
    int rc = kv_get(t->place.kv, NULL, t->place.family, bytes_of(name, len), &v, err);
    if (rc == CODE_NOT_FOUND)
        return page_build(slab, &image, path, n, ret, err);
    if (rc)
        return rc;
    if (page_parse(v.bytes, &image))
        rc = page_build(slab, &image, path, n, ret, err);
    else
        rc = err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is damaged", n);
    kv_value_release(&v);
    if (rc == CODE_OK)
        (*ret)->stored = true;
    return rc;
}

/* The root page; its leaves go into the slabs of their slots. */
static int load_root(struct tree *t, struct err *err) {
    static const uint8_t top[32];
    struct page *p;
    int rc = t->root ? CODE_OK : tree_load(t, NULL, top, 0, &p, err);
    if (rc || t->root)
        return rc;
    t->root = p;
    for (unsigned todo = p->leaves; todo; todo &= todo - 1) {
        unsigned i = (unsigned)__builtin_ctz(todo);
        struct leaf *old = page_slot(p, i)->leaf;
        struct hash key_hash, value_hash;
        memcpy(key_hash.b, old->hashes, 32);
        memcpy(value_hash.b, old->hashes + 32, 32);
        struct leaf *l = leaf_new(tree_slab(t, i), &key_hash, &value_hash, bytes_of(old->key, old->key_len));
        leaf_free(NULL, old);
        (void)page_put(NULL, &t->root, i, l ? SLOT_LEAF : SLOT_EMPTY, (union slot){.leaf = l});
        rc = l ? rc : no_memory(err);
    }
    return rc;
}

static int check_root(struct tree *t, struct err *err) {
    static const uint8_t top[32];
    struct page *p;
    struct page_nodes nodes;
    if (t->committed.version == 0)
        return CODE_OK; /* nothing was put; pages of a snapshot that is half taken in may lie there */
    int rc = tree_load(t, NULL, top, 0, &p, err);
    if (rc)
        return rc;
    page_hash_all(p, &nodes);
    bool same = hash_eq(&nodes.hash[1], &t->committed.hash);
    page_free(NULL, p);
    return same ? CODE_OK : err_set(err, CODE_CORRUPT, "the root page of the state tree does not match its hash");
}

static void works_clear(struct tree *t) {
    for (unsigned w = 0; w < WORKS; w++)
        work_clear(&t->works[w]);
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
    tree_forget(t);
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

/* --- the update --------------------------------------------------------------------------------------------------- */

/* The changes, parted by first nibble into the works, and as much room to sort them. NULL: no memory. */
static struct tree_ref *part(struct tree *t, const struct tree_change *changes, size_t n) {
    struct tree_ref *refs = (struct tree_ref *)malloc(2 * n * sizeof *refs), *room = refs + n;
    size_t at = 0;
    if (!refs)
        return NULL;
    for (unsigned w = 0; w < PAGE_SLOTS; w++)
        t->works[w].n_refs = 0;
    for (size_t i = 0; i < n; i++) { /* each change is looked at once: another core's cache has half of them */
        room[i] = (struct tree_ref){load_be64(changes[i].key_hash.b), &changes[i]};
        t->works[room[i].head >> 60].n_refs++;
    }
    for (unsigned w = 0; w < PAGE_SLOTS; w++) {
        t->works[w].refs = refs + at;
        t->works[w].sorted = room + at;
        at += t->works[w].n_refs;
        t->works[w].n_refs = 0;
    }
    for (size_t i = 0; i < n; i++) {
        struct work *w = &t->works[room[i].head >> 60];
        w->refs[w->n_refs++] = room[i];
    }
    return refs;
}

static void run_work(void *ctx, unsigned i) {
    work_run(((struct work **)ctx)[i]);
}

/* A slot, from one page of 0 nibbles to another; those are wide. */
static void hand_over(struct page *from, struct page *to, unsigned i) {
    union slot s = *page_slot(from, i);
    struct hash hash = *page_hash(from, i);
    bool hashed = from->hashed >> i & 1;
    (void)page_put(NULL, &to, i, page_kind(from, i), s);
    *page_hash(to, i) = hash;
    to->hashed = (uint16_t)(to->hashed | (unsigned)hashed << i);
}

/* Each slot of the root page with changes is taken in hand, worked on, and put back. */
static int run_works(struct tree *t, struct dirty *root, size_t n, struct err *err) {
    struct work *list[PAGE_SLOTS], *top = &t->works[ROOT_WORK];
    unsigned count = 0;
    struct pool *pool = n > SERIAL_MAX ? t->pool : NULL;
    int rc = give_hashers(t, pool != NULL, err);
    for (unsigned i = 0; i < PAGE_SLOTS && rc == CODE_OK; i++) {
        struct work *w = &t->works[i];
        if (w->n_refs == 0)
            continue;
        rc = work_save(top, root, i, err);
        memset(&w->hand, 0, sizeof w->hand);
        w->hand.page.wide = true;
        w->top = (struct dirty){.page = &w->hand.page};
        hand_over(root->page, &w->hand.page, i);
        list[count++] = w;
    }
    if (rc)
        return rc;
    pool_run(pool, count, run_work, list);
    for (unsigned k = 0; k < count; k++) { /* also of those that failed: to be freed with the tree */
        struct work *w = list[k];
        hand_over(&w->hand.page, root->page, (unsigned)(w - t->works));
        if (w->rc && !rc) {
            rc = w->rc;
            if (err)
                *err = w->err;
        }
    }
    return rc;
}

static int update(struct tree *t, const struct tree_change *changes, size_t n, struct err *err) {
    static const uint8_t top[32];
    struct work *w = &t->works[ROOT_WORK];
    int rc = load_root(t, err);
    if (rc)
        return rc;
    struct dirty *root = work_touch(w, t->root, NULL, 0, top);
    struct tree_ref *refs = root ? part(t, changes, n) : NULL;
    if (!refs)
        return no_memory(err);
    rc = run_works(t, root, n, err);
    free(refs);
    if (rc == CODE_OK) {
        const struct hash *hash;
        pages_rehash(w->hasher, &t->root, 1, &hash);
        t->next = (struct tree_root){t->version, *hash};
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
    }
    *ret = t->next;
    return CODE_OK;
}

static void settle_written(struct tree *t) {
    t->committed = t->next;
    for (unsigned w = 0; w < WORKS; w++)
        for (size_t n = 0; n < PATH_MAX_N; n++)
            for (size_t i = 0; i < t->works[w].dirty[n].len; i++)
                t->works[w].dirty[n].at[i]->page->stored = true;
    works_clear(t);
    tree_trim(t);
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
    tree_forget(t);
}
