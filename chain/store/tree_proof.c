/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a stored tree: proofs, walks, pruning. Every page read here is held against the hash that its parent gives
 * for it. */
#include "chain/store/tree_page.h"

#include <assert.h>
#include <stdlib.h>

struct reader {
    struct kv *kv;
    const struct kv_snap *snap;
    unsigned family;
};

/* The page with its nodes; *ret is the caller's. */
static int read_page(const struct reader *r, uint64_t version, const struct hash *want, const uint8_t *path, size_t n,
                     struct page **ret, struct page_nodes *ret_nodes, struct err *err) {
    struct page *p;
    int rc = page_load(r->kv, r->snap, r->family, version, path, n, &p, err);
    if (rc)
        return rc;
    pages_hash_leaves(&p, 1);
    pages_reduce(&p, 1, ret_nodes);
    if (!hash_eq(&ret_nodes->hash[1], want)) {
        page_free(p);
        return err_set(err, CODE_CORRUPT, "a page of the state tree (version %llu, depth %zu) does not match its hash",
                       (unsigned long long)version, n);
    }
    *ret = p;
    return CODE_OK;
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
static const struct leaf *only_leaf(const struct page *p, unsigned i) {
    unsigned from = i, to = i + 1;
    while (from < PAGE_SLOTS) {
        from *= 2;
        to *= 2;
    }
    for (; from < to; from++)
        if (p->slots[from - PAGE_SLOTS].kind == SLOT_LEAF)
            return p->slots[from - PAGE_SLOTS].leaf;
    return NULL;
}

/* Goes down one page. The child slot to go on with, or NULL when the path ends here. */
static const struct slot *descend(const struct page *p, const struct page_nodes *nodes, const struct hash *key_hash,
                                  struct tree_proof *ret) {
    unsigned i = 1;
    while (nodes->kind[i] == SLOT_SUBTREE && i < PAGE_SLOTS) {
        i = 2 * i + key_bit(key_hash, ret->depth);
        assert(ret->depth < PROOF_DEPTH_MAX);
        ret->siblings[ret->depth++] = nodes->hash[i ^ 1];
    }
    if (nodes->kind[i] == SLOT_SUBTREE)
        return &p->slots[i - PAGE_SLOTS];
    if (nodes->kind[i] == SLOT_LEAF)
        set_leaf(ret, only_leaf(p, i), key_hash);
    return NULL;
}

int tree_prove(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct tree_root *root,
               const struct hash *key_hash, struct tree_proof *ret, struct err *err) {
    struct reader r = {kv, snap, family};
    struct hash want = root->hash;
    uint64_t version = root->version;
    memset(ret, 0, sizeof *ret);
    for (size_t n = 0; version; n++) {
        struct page *p;
        struct page_nodes nodes;
        int rc = read_page(&r, version, &want, key_hash->b, n, &p, &nodes, err);
        if (rc)
            return rc;
        const struct slot *s = descend(p, &nodes, key_hash, ret);
        version = s ? s->version : 0;
        want = s ? s->hash : want;
        page_free(p);
    }
    return CODE_OK;
}

/* --- walks ------------------------------------------------------------------------------------------------------ */

struct walk {
    struct reader r;
    tree_leaf_fn *fn;
    void *ctx;
};

static int walk_leaf(const struct walk *w, const struct leaf *leaf, struct err *err) {
    struct hash key_hash, value_hash;
    memcpy(key_hash.b, leaf->hashes, 32);
    memcpy(value_hash.b, leaf->hashes + 32, 32);
    return w->fn(w->ctx, &key_hash, &value_hash, bytes_of(leaf->key, leaf->key_len), err);
}

static int walk_page(const struct walk *w, uint64_t version, const struct hash *want, uint8_t *path, size_t n,
                     struct err *err) {
    struct page *p;
    struct page_nodes nodes;
    int rc = read_page(&w->r, version, want, path, n, &p, &nodes, err);
    if (rc)
        return rc;
    for (unsigned i = 0; i < PAGE_SLOTS && rc == CODE_OK; i++) {
        const struct slot *s = &p->slots[i];
        uint8_t before = path[n / 2];
        path[n / 2] = (uint8_t)(n % 2 ? (before & 0xf0u) | i : i << 4);
        if (s->kind == SLOT_LEAF)
            rc = walk_leaf(w, s->leaf, err);
        else if (s->kind == SLOT_SUBTREE)
            rc = walk_page(w, s->version, &s->hash, path, n + 1, err);
        path[n / 2] = before;
    }
    page_free(p);
    return rc;
}

int tree_walk(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct tree_root *root,
              tree_leaf_fn *fn, void *ctx, struct err *err) {
    struct walk w = {{kv, snap, family}, fn, ctx};
    uint8_t path[33] = {0};
    return root->version ? walk_page(&w, root->version, &root->hash, path, 0, err) : CODE_OK;
}

/* --- pruning ---------------------------------------------------------------------------------------------------- */

/* Adds the removal of every page in a stale list; false when the list is damaged. */
static bool drop_listed(struct kv_batch *batch, unsigned family, struct bytes list, size_t *count) {
    uint8_t key[PAGE_KEY_MAX] = {'p'};
    while (list.len) {
        if (list.len < 9 || list.data[8] > PATH_MAX_N)
            return false;
        size_t len = 9 + (list.data[8] + 1u) / 2;
        if (len > list.len)
            return false;
        memcpy(key + 1, list.data, len);
        kv_batch_del(batch, family, bytes_of(key, len + 1));
        list = bytes_of(list.data + len, list.len - len);
        (*count)++;
    }
    return true;
}

int tree_prune(struct kv *kv, unsigned family, uint64_t since, size_t max_pages, uint64_t *next, struct kv_batch *batch,
               struct err *err) {
    if (*next > since)
        return CODE_OK;
    uint8_t from[9] = {'s'}, to[9] = {'s'};
    store_be64(from + 1, *next);
    store_be64(to + 1, since + 1);
    struct kv_range range = {bytes_of(from, sizeof from), bytes_of(to, sizeof to), false};
    struct kv_iter *it;
    int rc = kv_iter_open(kv, NULL, family, &range, &it, err);
    if (rc)
        return rc;
    struct bytes key, list;
    size_t count = 0;
    uint64_t reached = since + 1;
    while (kv_iter_next(it, &key, &list)) {
        if (count > max_pages) {
            reached = load_be64(key.data + 1);
            break;
        }
        if (!drop_listed(batch, family, list, &count)) {
            (void)kv_iter_close(it, NULL);
            return err_set(err, CODE_CORRUPT, "the list of stale pages of the state tree is damaged");
        }
        kv_batch_del(batch, family, key);
    }
    rc = kv_iter_close(it, err);
    if (rc == CODE_OK)
        *next = reached;
    return rc;
}
