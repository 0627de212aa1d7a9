/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update: changes, sorted by key hash, sink through the pages that they touch (structure first, no hashing), then
 * leaves and nodes are hashed for many pages side by side, deepest pages first, then the touched pages are put into the
 * batch.
 *
 * A page that was touched is `dirty` and listed by its depth; one that shrank to a single leaf is `gone`: its leaf
 * moved up.
 */
#include "chain/store/tree.h"

#include "chain/base/vec.h"
#include "chain/store/tree_page.h"
#include "chain/store/undo.h"

#include <assert.h>
#include <stdlib.h>

VEC_DEFINE(page_list, struct page *);

struct tree {
    struct tree_place place;
    struct tree_root committed;
    struct slot root; /* its page is NULL until needed */
    size_t cache_pages;
    size_t loaded[PATH_MAX_N]; /* pages in memory by depth */
    struct page_list dirty[PATH_MAX_N];
    struct page_list gone;
    struct buf before; /* old bytes of dirty pages */
    struct buf now;    /* the new ones of one */
    struct buf diff;
    uint64_t version; /* of the update under way */
    struct tree_root next;
    bool ahead; /* updated and not settled */
};

#define DIRTY_MAX  ((size_t)1 << 24) /* pages touched at one depth by one block */
#define BEFORE_MAX ((size_t)1 << 30)

static int no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no memory for the state tree");
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static void set_root(struct tree *t, const struct tree_root *root) {
    page_free(t->root.page);
    memset(t->loaded, 0, sizeof t->loaded);
    t->root = (struct slot){.kind = SLOT_SUBTREE, .hashed = true, .hash = root->hash};
}

static void forget_lists(struct tree *t) {
    for (size_t n = 0; n < PATH_MAX_N; n++)
        page_list_clear(&t->dirty[n]);
    page_list_clear(&t->gone);
    buf_clear(&t->before);
}

static void free_gone(struct tree *t) {
    for (size_t i = 0; i < t->gone.len; i++)
        page_free(t->gone.at[i]);
    page_list_clear(&t->gone);
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
    pages_hash_leaves(&p, 1);
    pages_reduce(&p, 1, &nodes);
    bool same = hash_eq(&nodes.hash[1], &t->committed.hash);
    page_free(p);
    return same ? CODE_OK : err_set(err, CODE_CORRUPT, "the root page of the state tree does not match its hash");
}

int tree_open(const struct tree_place *place, const struct tree_root *root, size_t cache_pages, struct tree **ret,
              struct err *err) {
    struct tree *t = (struct tree *)calloc(1, sizeof *t);
    if (!t)
        return no_memory(err);
    t->place = *place;
    t->committed = *root;
    t->cache_pages = cache_pages;
    for (size_t n = 0; n < PATH_MAX_N; n++)
        page_list_init(&t->dirty[n], DIRTY_MAX);
    page_list_init(&t->gone, DIRTY_MAX);
    buf_init(&t->before, BEFORE_MAX);
    buf_init(&t->now, PAGE_LEN_MAX);
    buf_init(&t->diff, PAGE_LEN_MAX + 6);
    set_root(t, root);
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
    free_gone(t);
    page_free(t->root.page);
    for (size_t n = 0; n < PATH_MAX_N; n++)
        page_list_release(&t->dirty[n]);
    page_list_release(&t->gone);
    buf_release(&t->before);
    buf_release(&t->now);
    buf_release(&t->diff);
    free(t);
}

/* --- structure -------------------------------------------------------------------------------------------------- */

static int slot_apply(struct tree *t, struct slot *s, const struct tree_change *c, size_t n_changes, size_t n,
                      struct err *err);

/* The page of a slot, read if need be. */
static int slot_page(struct tree *t, struct slot *s, const uint8_t *path, size_t n, struct err *err) {
    if (s->page)
        return CODE_OK;
    int rc = load(t, path, n, &s->page, err);
    if (rc)
        return rc;
    if (!s->page->stored && n > 0) {
        page_free(s->page);
        s->page = NULL;
        return err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is missing", n);
    }
    s->page->up = s;
    t->loaded[n]++;
    return CODE_OK;
}

/* A new page under s, which held nothing or one leaf; that goes into it. */
static int slot_split(struct tree *t, struct slot *s, const uint8_t *path, size_t n, struct err *err) {
    assert(n < PATH_MAX_N);
    struct page *p = page_new(path, n);
    if (!p)
        return no_memory(err);
    if (s->leaf)
        p->slots[nibble_at(s->leaf->hashes, n)] = *s;
    *s = (struct slot){.kind = SLOT_SUBTREE, .page = p};
    p->up = s;
    t->loaded[n]++;
    return CODE_OK;
}

static bool keeps_undo(const struct tree *t) {
    return t->place.undo != TREE_NO_UNDO;
}

static int page_touch(struct tree *t, struct page *p, struct err *err) {
    if (p->dirty)
        return CODE_OK;
    if (!page_list_push(&t->dirty[p->n], p))
        return no_memory(err);
    p->before = t->before.len;
    if (p->stored && keeps_undo(t))
        page_encode(p, &t->before);
    p->before_len = t->before.len - p->before;
    p->dirty = true;
    p->up->hashed = false;
    return buf_check(&t->before, err);
}

static int page_apply(struct tree *t, struct page *p, const struct tree_change *c, size_t n_changes, struct err *err) {
    int rc = page_touch(t, p, err);
    p->used = t->version;
    for (size_t i = 0, j; i < n_changes && rc == CODE_OK; i = j) {
        unsigned nibble = nibble_at(c[i].key_hash.b, p->n);
        for (j = i + 1; j < n_changes && nibble_at(c[j].key_hash.b, p->n) == nibble; j++)
            continue;
        rc = slot_apply(t, &p->slots[nibble], c + i, j - i, p->n + 1u, err);
    }
    return rc;
}

/* A page that holds one key or none gives it to its slot. The root page stays. */
static int page_collapse(struct tree *t, struct page *p, struct err *err) {
    unsigned leaves, children;
    struct slot *only;
    page_count(p, &leaves, &children, &only);
    if (p->n == 0 || children > 0 || leaves > 1)
        return CODE_OK;
    struct slot *up = p->up;
    if (!page_list_push(&t->gone, p))
        return no_memory(err);
    if (leaves) {
        *up = *only;
        *only = (struct slot){.kind = SLOT_EMPTY};
    } else {
        *up = (struct slot){.kind = SLOT_EMPTY};
    }
    p->gone = true;
    t->loaded[p->n]--;
    return CODE_OK;
}

/* Changes for a slot that stays without a page: it ends with the one key of `last`, its own leaf, or nothing. */
static int slot_set(struct slot *s, const struct tree_change *last, bool keeps, struct err *err) {
    if (keeps)
        return CODE_OK;
    struct leaf *leaf = last ? leaf_new(&last->key_hash, &last->value_hash, last->key) : NULL;
    if (last && !leaf)
        return no_memory(err);
    free(s->leaf);
    *s = (struct slot){.kind = leaf ? SLOT_LEAF : SLOT_EMPTY, .leaf = leaf};
    return CODE_OK;
}

/* c[n_changes], at least one, all below the slot, whose path has n nibbles. */
static int slot_apply(struct tree *t, struct slot *s, const struct tree_change *c, size_t n_changes, size_t n,
                      struct err *err) {
    if (s->kind != SLOT_SUBTREE) {
        const struct tree_change *last = NULL;
        size_t count = 0;
        bool touched = false;
        for (size_t i = 0; i < n_changes; i++) {
            touched |= s->leaf && !memcmp(s->leaf->hashes, c[i].key_hash.b, 32);
            count += c[i].present;
            last = c[i].present ? &c[i] : last;
        }
        bool keeps = !s->leaf ? false : !touched;
        if (count + keeps <= 1)
            return slot_set(s, last, keeps, err);
        int rc = slot_split(t, s, c[0].key_hash.b, n, err);
        if (rc)
            return rc;
    }
    int rc = slot_page(t, s, c[0].key_hash.b, n, err);
    struct page *p = s->page;
    if (rc == CODE_OK)
        rc = page_apply(t, p, c, n_changes, err);
    return rc ? rc : page_collapse(t, p, err);
}

/* --- hashes and bytes ------------------------------------------------------------------------------------------- */

static void hash_depth(const struct page_list *list) {
    struct page_nodes nodes[PAGES_BATCH];
    struct page *batch[PAGES_BATCH];
    for (size_t i = 0; i < list->len;) {
        size_t n = 0;
        for (; i < list->len && n < PAGES_BATCH; i++)
            if (!list->at[i]->gone)
                batch[n++] = list->at[i];
        pages_hash_leaves(batch, n);
        pages_reduce(batch, n, nodes);
        for (size_t k = 0; k < n; k++) {
            assert(batch[k]->n == 0 || nodes[k].kind[1] == SLOT_SUBTREE);
            batch[k]->up->hash = nodes[k].hash[1];
            batch[k]->up->hashed = true;
        }
    }
}

/* What turns the page at key, which is t->now now, back into what it was. */
static void put_undo(struct tree *t, const struct page *p, struct bytes key, struct undo_writer *undo) {
    struct page_image before = {0}, now = {0};
    bool good = p->before_len == 0 || page_parse(bytes_of(t->before.data + p->before, p->before_len), &before);
    good &= p->gone || page_parse(buf_bytes(&t->now), &now);
    assert(good);
    page_diff(&before, &now, &t->diff);
    undo_add(undo, key, buf_bytes(&t->diff));
}

/* The page, or its removal, and what it was. */
static int put_page(struct tree *t, struct page *p, struct kv_batch *batch, struct undo_writer *undo, struct err *err) {
    uint8_t name[PAGE_NAME_MAX];
    struct bytes key = bytes_of(name, page_name(p->path, p->n, name));
    buf_clear(&t->now);
    buf_clear(&t->diff);
    if (!p->gone) {
        page_encode(p, &t->now);
        kv_batch_put(batch, t->place.family, key, buf_bytes(&t->now));
    } else if (p->stored) {
        kv_batch_del(batch, t->place.family, key);
    }
    if (keeps_undo(t))
        put_undo(t, p, key, undo);
    p->stored = true;
    p->dirty = false;
    int rc = buf_check(&t->now, err);
    return rc ? rc : buf_check(&t->diff, err);
}

static int finish(struct tree *t, struct kv_batch *batch, struct err *err) {
    struct undo_writer undo;
    int rc = CODE_OK;
    for (size_t n = PATH_MAX_N; n-- > 0;)
        hash_depth(&t->dirty[n]);
    undo_begin(&undo, batch, t->place.undo, UNDO_TREE, t->version);
    for (size_t n = 0; n < PATH_MAX_N; n++)
        for (size_t i = 0; i < t->dirty[n].len && rc == CODE_OK; i++)
            rc = put_page(t, t->dirty[n].at[i], batch, &undo, err);
    int ended = undo_end(&undo, rc ? NULL : err);
    free_gone(t);
    return rc ? rc : ended;
}

static int update(struct tree *t, const struct tree_change *changes, size_t n, struct kv_batch *batch,
                  struct err *err) {
    static const uint8_t top[1];
    int rc = slot_page(t, &t->root, top, 0, err);
    if (rc == CODE_OK)
        rc = page_apply(t, t->root.page, changes, n, err);
    return rc ? rc : finish(t, batch, err);
}

int tree_update(struct tree *t, uint64_t version, const struct tree_change *changes, size_t n, struct kv_batch *batch,
                struct tree_root *ret, struct err *err) {
    assert(!t->ahead && version > t->committed.version);
    for (size_t i = 1; i < n; i++)
        assert(hash_cmp(&changes[i - 1].key_hash, &changes[i].key_hash) < 0);
    t->next = t->committed;
    t->ahead = true;
    if (n > 0) {
        t->version = version;
        int rc = update(t, changes, n, batch, err);
        if (rc) {
            tree_settle(t, false);
            return rc;
        }
        t->next = (struct tree_root){version, t->root.hash};
    }
    *ret = t->next;
    return CODE_OK;
}

/* --- memory between updates ------------------------------------------------------------------------------------- */

enum { AGES = 64 }; /* in updates; older counts as 63 */

static size_t page_age(const struct tree *t, const struct page *p) {
    uint64_t age = t->committed.version - p->used;
    return age < AGES ? (size_t)age : AGES - 1;
}

static void count_ages(const struct tree *t, const struct page *p, size_t counts[AGES]) {
    counts[page_age(t, p)]++;
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        if (p->slots[i].page)
            count_ages(t, p->slots[i].page, counts);
}

/* Drops the pages below p that are too old or too deep; what is below those is older and deeper still. */
static void drop(struct tree *t, struct page *p, size_t max_age, size_t max_depth) {
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        struct page *child = p->slots[i].page;
        if (!child)
            continue;
        drop(t, child, max_age, max_depth);
        if (child->n <= max_depth && page_age(t, child) <= max_age)
            continue;
        t->loaded[child->n]--;
        p->slots[i].page = NULL;
        page_free(child);
    }
}

/* Over the cap: keeps what was used last, down to three quarters of it; if the last update alone is too much, whole
 * levels of it from the top. */
static void trim(struct tree *t) {
    size_t all = 0, kept = 0, age = 0, depth = 0, counts[AGES] = {0}, room = t->cache_pages / 4 * 3;
    for (size_t n = 0; n < PATH_MAX_N; n++)
        all += t->loaded[n];
    if (all <= t->cache_pages || !t->root.page)
        return;
    count_ages(t, t->root.page, counts);
    while (age < AGES && kept + counts[age] <= room)
        kept += counts[age++];
    if (age > 0) {
        drop(t, t->root.page, age - 1, PATH_MAX_N);
        return;
    }
    drop(t, t->root.page, 0, PATH_MAX_N);
    while (depth < PATH_MAX_N && kept + t->loaded[depth] <= room)
        kept += t->loaded[depth++];
    drop(t, t->root.page, 0, depth ? depth - 1 : 0);
}

void tree_settle(struct tree *t, bool written) {
    if (!t->ahead)
        return;
    t->ahead = false;
    if (written) {
        t->committed = t->next;
        forget_lists(t);
        trim(t);
        return;
    }
    free_gone(t);
    forget_lists(t);
    set_root(t, &t->committed);
}
