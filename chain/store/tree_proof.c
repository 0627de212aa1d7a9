/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a stored tree, now or as it was: proofs and walks. Every page is held against the hash that its parent gives
 * for it. */
#include "chain/store/tree_page.h"
#include "chain/store/undo.h"

#include <assert.h>
#include <stdlib.h>

#define PAGE_MEMORY (32 * MIB) /* a page and its undo over all heights that are kept */

struct reading {
    const struct tree_reader *tree;
    struct undo_reader undo;
    uint64_t version; /* of the root that is read */
};

/* Puts back what later versions changed in the page's slots. */
static int patch_back(struct reading *r, struct bytes name, struct arena *arena, struct page_image *image,
                      struct err *err) {
    for (uint64_t v = r->tree->newest.version; v > r->version; v--) {
        struct bytes diff;
        int rc = undo_find(&r->undo, v, name, arena, &diff, err);
        if (rc == CODE_NOT_FOUND)
            continue;
        if (rc)
            return rc;
        if (!page_patch(diff, image))
            return err_set(err, CODE_CORRUPT, "the undo of a page of the state tree is damaged");
    }
    return CODE_OK;
}

/* The page at a path as the version left it; one that was not there is empty. */
static int page_at(struct reading *r, const uint8_t *path, size_t n, struct arena *arena, struct page **ret,
                   struct err *err) {
    const struct tree_place *place = &r->tree->place;
    uint8_t room[PAGE_NAME_MAX];
    struct bytes name = bytes_of(room, page_name(path, n, room)), now = BYTES_NONE;
    struct page_image image = {0};
    int rc = kv_get_dup(place->kv, r->tree->snap, place->family, name, arena, &now, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    if (rc == CODE_OK && !page_parse(now, &image))
        return err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is damaged", n);
    rc = patch_back(r, name, arena, &image, err);
    return rc ? rc : page_build(NULL, &image, path, n, ret, err);
}

/* The page with its nodes; *ret is the caller's. */
static int read_page(struct reading *r, const struct hash *want, const uint8_t *path, size_t n, struct page **ret,
                     struct page_nodes *ret_nodes, struct err *err) {
    struct arena arena;
    struct page *p;
    arena_init(&arena, PAGE_MEMORY);
    int rc = page_at(r, path, n, &arena, &p, err);
    arena_release(&arena);
    if (rc)
        return rc;
    page_hash_all(p, ret_nodes);
    if (!hash_eq(&ret_nodes->hash[1], want)) {
        page_free(NULL, p);
        return err_set(err, CODE_CORRUPT, "a page of the state tree (version %llu, depth %zu) does not match its hash",
                       (unsigned long long)r->version, n);
    }
    *ret = p;
    return CODE_OK;
}

static int reading_open(struct reading *r, const struct tree_reader *tree, const struct tree_root *root,
                        struct err *err) {
    r->tree = tree;
    r->version = root->version;
    return undo_open(&r->undo, tree->place.kv, tree->snap, tree->place.undo, UNDO_TREE, err);
}

/* A failed read of undo shows as a page that does not match: its own error is the better one. */
static int reading_close(struct reading *r, int rc, struct err *err) {
    struct err failure = {0};
    int closed = undo_close(&r->undo, &failure);
    if (closed && err)
        *err = failure;
    return closed ? closed : rc;
}

/* --- proofs ----------------------------------------------------------------------------------------------------- */

static unsigned key_bit(const struct hash *key_hash, size_t i) {
    return (unsigned)key_hash->b[i / 8] >> (7 - i % 8) & 1u;
}

static void set_leaf(struct tree_proof *ret, const struct leaf *leaf, const struct hash *key_hash) {
    memcpy(ret->leaf_key.b, leaf->hashes, 32);
    memcpy(ret->leaf_value.b, leaf->hashes + 32, 32);
    ret->present = hash_eq(&ret->leaf_key, key_hash);
    ret->other = !ret->present;
}

/* The one leaf below node i. */
static const struct leaf *only_leaf(struct page *p, unsigned i) {
    unsigned from = i, to = i + 1;
    while (from < PAGE_SLOTS) {
        from *= 2;
        to *= 2;
    }
    for (; from < to; from++)
        if (page_kind(p, from - PAGE_SLOTS) == SLOT_LEAF)
            return page_slot(p, from - PAGE_SLOTS)->leaf;
    return NULL;
}

/* Goes down one page. The hash of the child to go on with, or NULL when the path ends here. */
static const struct hash *descend(struct page *p, const struct page_nodes *nodes, const struct hash *key_hash,
                                  struct tree_proof *ret) {
    unsigned i = 1;
    while (nodes->kind[i] == SLOT_SUBTREE && i < PAGE_SLOTS) {
        i = 2 * i + key_bit(key_hash, ret->depth);
        assert(ret->depth < PROOF_DEPTH_MAX);
        ret->siblings[ret->depth++] = nodes->hash[i ^ 1];
    }
    if (nodes->kind[i] == SLOT_SUBTREE)
        return page_hash(p, i - PAGE_SLOTS);
    if (nodes->kind[i] == SLOT_LEAF)
        set_leaf(ret, only_leaf(p, i), key_hash);
    return NULL;
}

static int prove(struct reading *r, const struct hash *root, const struct hash *key_hash, struct tree_proof *ret,
                 struct err *err) {
    struct hash want = *root;
    bool more = !hash_is_zero(&want);
    for (size_t n = 0; more; n++) {
        struct page *p;
        struct page_nodes nodes;
        int rc = read_page(r, &want, key_hash->b, n, &p, &nodes, err);
        if (rc)
            return rc;
        const struct hash *child = descend(p, &nodes, key_hash, ret);
        more = child != NULL;
        want = child ? *child : want;
        page_free(NULL, p);
    }
    return CODE_OK;
}

int tree_prove(const struct tree_reader *tree, const struct tree_root *root, const struct hash *key_hash,
               struct tree_proof *ret, struct err *err) {
    struct reading r;
    memset(ret, 0, sizeof *ret);
    int rc = reading_open(&r, tree, root, err);
    return rc ? rc : reading_close(&r, prove(&r, &root->hash, key_hash, ret, err), err);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static int view_slot(struct page *p, unsigned i, struct arena *arena, struct tree_slot *ret, struct err *err) {
    *ret = (struct tree_slot){.kind = TREE_EMPTY};
    if (page_kind(p, i) == SLOT_EMPTY)
        return CODE_OK;
    if (page_kind(p, i) == SLOT_SUBTREE) {
        ret->kind = TREE_SUBTREE;
        ret->hash = *page_hash(p, i);
        return CODE_OK;
    }
    const struct leaf *leaf = page_slot(p, i)->leaf;
    ret->kind = TREE_LEAF;
    memcpy(ret->key_hash.b, leaf->hashes, 32);
    memcpy(ret->value_hash.b, leaf->hashes + 32, 32);
    return arena_dup_bytes(arena, bytes_of(leaf->key, leaf->key_len), &ret->key)
               ? CODE_OK
               : err_set(err, CODE_NO_MEMORY, "no memory for a page of the state tree");
}

int tree_read_page(const struct tree_reader *tree, uint64_t version, const uint8_t *path, size_t n, struct arena *arena,
                   struct tree_page_view *ret, struct err *err) {
    struct reading r;
    struct arena scratch;
    struct tree_root at = {.version = version};
    struct page_nodes nodes;
    struct page *p = NULL;
    assert(n < PATH_MAX_N);
    int rc = reading_open(&r, tree, &at, err);
    if (rc)
        return rc;
    arena_init(&scratch, PAGE_MEMORY);
    rc = reading_close(&r, page_at(&r, path, n, &scratch, &p, err), err);
    arena_release(&scratch);
    if (rc == CODE_OK) {
        page_hash_all(p, &nodes);
        ret->hash = nodes.kind[1] == SLOT_EMPTY ? (struct hash){{0}} : nodes.hash[1];
    }
    for (unsigned i = 0; i < PAGE_SLOTS && rc == CODE_OK; i++)
        rc = view_slot(p, i, arena, &ret->slot[i], err);
    page_free(NULL, p);
    return rc;
}

/* --- walks ------------------------------------------------------------------------------------------------------ */

struct walk {
    struct reading r;
    struct hash from;
    tree_leaf_fn *fn;
    void *ctx;
};

static int walk_leaf(const struct walk *w, const struct leaf *leaf, struct err *err) {
    struct hash key_hash, value_hash;
    memcpy(key_hash.b, leaf->hashes, 32);
    memcpy(value_hash.b, leaf->hashes + 32, 32);
    if (hash_cmp(&key_hash, &w->from) < 0)
        return CODE_OK;
    return w->fn(w->ctx, &key_hash, &value_hash, bytes_of(leaf->key, leaf->key_len), err);
}

/* border: the path so far is that of w->from, so that slots before its nibble are out. */
static int walk_page(struct walk *w, const struct hash *want, uint8_t *path, size_t n, bool border, struct err *err) {
    struct page *p;
    struct page_nodes nodes;
    int rc = read_page(&w->r, want, path, n, &p, &nodes, err);
    if (rc)
        return rc;
    unsigned first = border ? nibble_at(w->from.b, n) : 0;
    for (unsigned i = first; i < PAGE_SLOTS && rc == CODE_OK; i++) {
        enum slot_kind kind = page_kind(p, i);
        uint8_t before = path[n / 2];
        path[n / 2] = (uint8_t)(n % 2 ? (before & 0xf0u) | i : i << 4);
        if (kind == SLOT_LEAF)
            rc = walk_leaf(w, page_slot(p, i)->leaf, err);
        else if (kind == SLOT_SUBTREE)
            rc = walk_page(w, page_hash(p, i), path, n + 1, border && i == first, err);
        path[n / 2] = before;
    }
    page_free(NULL, p);
    return rc;
}

int tree_walk(const struct tree_reader *tree, const struct tree_root *root, const struct hash *from, tree_leaf_fn *fn,
              void *ctx, struct err *err) {
    struct walk w = {.from = from ? *from : (struct hash){{0}}, .fn = fn, .ctx = ctx};
    uint8_t path[33] = {0};
    if (hash_is_zero(&root->hash))
        return CODE_OK;
    int rc = reading_open(&w.r, tree, root, err);
    return rc ? rc : reading_close(&w.r, walk_page(&w, &root->hash, path, 0, true, err), err);
}
