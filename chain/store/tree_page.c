/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/tree_page.h"

#include "chain/crypto/hash_many.h"

#include <assert.h>
#include <stdlib.h>

#define PAGE_FORMAT 1

/* --- memory ----------------------------------------------------------------------------------------------------- */

struct page *page_new(const uint8_t *path, size_t n) {
    assert(n <= PATH_MAX_N);
    struct page *p = (struct page *)calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->n = (uint8_t)n;
    memcpy(p->path, path, (n + 1) / 2);
    if (n % 2)
        p->path[n / 2] &= 0xf0;
    return p;
}

void page_free(struct page *p) {
    if (!p)
        return;
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        page_free(p->slots[i].page);
        free(p->slots[i].leaf);
    }
    free(p);
}

struct leaf *leaf_new(const struct hash *key_hash, const struct hash *value_hash, struct bytes key) {
    assert(key.len <= KEY_LEN_MAX);
    struct leaf *l = (struct leaf *)malloc(sizeof *l + key.len);
    if (!l)
        return NULL;
    memcpy(l->hashes, key_hash->b, 32);
    memcpy(l->hashes + 32, value_hash->b, 32);
    l->key_len = (uint16_t)key.len;
    if (key.len)
        memcpy(l->key, key.data, key.len);
    return l;
}

void page_count(const struct page *p, unsigned *ret_leaves, unsigned *ret_children, struct slot **ret_only) {
    unsigned leaves = 0, children = 0;
    struct slot *only = NULL;
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        const struct slot *s = &p->slots[i];
        leaves += s->kind == SLOT_LEAF;
        children += s->kind == SLOT_SUBTREE;
        if (s->kind == SLOT_LEAF)
            only = (struct slot *)(uintptr_t)s;
    }
    *ret_leaves = leaves;
    *ret_children = children;
    *ret_only = only;
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

size_t page_name(const uint8_t *path, size_t n, uint8_t ret[PAGE_NAME_MAX]) {
    ret[0] = (uint8_t)n;
    memcpy(ret + 1, path, (n + 1) / 2);
    if (n % 2)
        ret[1 + n / 2] &= 0xf0;
    return 1 + (n + 1) / 2;
}

void page_encode(const struct page *p, struct buf *ret) {
    uint16_t leaves = 0, children = 0;
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        leaves = (uint16_t)(leaves | (unsigned)(p->slots[i].kind == SLOT_LEAF) << i);
        children = (uint16_t)(children | (unsigned)(p->slots[i].kind == SLOT_SUBTREE) << i);
    }
    buf_put_u8(ret, PAGE_FORMAT);
    buf_put_be16(ret, leaves);
    buf_put_be16(ret, children);
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        const struct slot *s = &p->slots[i];
        if (s->kind == SLOT_LEAF) {
            buf_put(ret, s->leaf->hashes, 64);
            buf_put_be16(ret, s->leaf->key_len);
            buf_put(ret, s->leaf->key, s->leaf->key_len);
        } else if (s->kind == SLOT_SUBTREE) {
            assert(s->hashed);
            buf_put(ret, s->hash.b, 32);
        }
    }
}

/* Cuts the slots of a mask off `in`, which must then be used up; others of *image stay. */
static bool parse_slots(struct bytes in, unsigned mask, unsigned leaves, unsigned children, struct page_image *image) {
    if ((leaves & children) || ((leaves | children) & ~mask))
        return false;
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        if (!(mask >> i & 1))
            continue;
        size_t len = children >> i & 1 ? 32 : 0;
        if (leaves >> i & 1)
            len = in.len < 66 ? SIZE_MAX : 66 + (size_t)load_be16(in.data + 64);
        if (len > in.len)
            return false;
        image->slots[i] = bytes_of(in.data, len);
        in = bytes_of(in.data + len, in.len - len);
    }
    image->leaves = (uint16_t)((image->leaves & ~mask) | leaves);
    image->children = (uint16_t)((image->children & ~mask) | children);
    return in.len == 0;
}

bool page_parse(struct bytes in, struct page_image *ret) {
    *ret = (struct page_image){0};
    if (in.len < 5 || in.data[0] != PAGE_FORMAT)
        return false;
    return parse_slots(bytes_of(in.data + 5, in.len - 5), 0xffff, load_be16(in.data + 1), load_be16(in.data + 3), ret);
}

void page_diff(const struct page_image *before, const struct page_image *now, struct buf *ret) {
    unsigned mask = (unsigned)((before->leaves ^ now->leaves) | (before->children ^ now->children));
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        mask |= (unsigned)!bytes_eq(before->slots[i], now->slots[i]) << i;
    buf_put_be16(ret, (uint16_t)mask);
    buf_put_be16(ret, (uint16_t)(before->leaves & mask));
    buf_put_be16(ret, (uint16_t)(before->children & mask));
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        if (mask >> i & 1)
            buf_put_bytes(ret, before->slots[i]);
}

bool page_patch(struct bytes diff, struct page_image *image) {
    return diff.len >= 6 && parse_slots(bytes_of(diff.data + 6, diff.len - 6), load_be16(diff.data),
                                        load_be16(diff.data + 2), load_be16(diff.data + 4), image);
}

static int damaged(size_t n, struct err *err) {
    return err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is damaged", n);
}

static int build_leaf(struct slot *s, struct bytes in, struct err *err) {
    struct hash key_hash, value_hash;
    memcpy(key_hash.b, in.data, 32);
    memcpy(value_hash.b, in.data + 32, 32);
    s->leaf = leaf_new(&key_hash, &value_hash, bytes_of(in.data + 66, in.len - 66));
    s->kind = SLOT_LEAF;
    return s->leaf ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a leaf of the state tree");
}

static int build_slot(struct page *p, unsigned i, const struct page_image *image, struct err *err) {
    struct bytes in = image->slots[i];
    struct slot *s = &p->slots[i];
    if (image->leaves >> i & 1) {
        if (in.len - 66 > KEY_LEN_MAX || nibble_at(in.data, p->n) != i)
            return damaged(p->n, err);
        return build_leaf(s, in, err);
    }
    if (image->children >> i & 1) {
        if (p->n + 1 >= PATH_MAX_N)
            return damaged(p->n, err);
        *s = (struct slot){.kind = SLOT_SUBTREE, .hashed = true};
        memcpy(s->hash.b, in.data, 32);
    }
    return CODE_OK;
}

int page_build(const struct page_image *image, const uint8_t *path, size_t n, struct page **ret, struct err *err) {
    struct page *p = page_new(path, n);
    if (!p)
        return err_set(err, CODE_NO_MEMORY, "no memory for a page of the state tree");
    int rc = CODE_OK;
    for (unsigned i = 0; i < PAGE_SLOTS && rc == CODE_OK; i++)
        rc = build_slot(p, i, image, err);
    if (rc)
        page_free(p);
    else
        *ret = p;
    return rc;
}

/* --- hashes ----------------------------------------------------------------------------------------------------- */

struct jobs { /* hashes of 64 bytes each, and where the results go */
    enum domain domain;
    size_t n;
    const uint8_t *in[PAGES_BATCH * PAGE_SLOTS];
    struct hash *out[PAGES_BATCH * PAGE_SLOTS];
};

static void jobs_run(struct jobs *j) {
    static _Thread_local struct hash results[PAGES_BATCH * PAGE_SLOTS];
    hash_many(j->domain, j->in, 64, j->n, results);
    for (size_t i = 0; i < j->n; i++)
        *j->out[i] = results[i];
    j->n = 0;
}

static void jobs_add(struct jobs *j, const uint8_t *in, struct hash *out) {
    if (j->n == PAGES_BATCH * PAGE_SLOTS)
        jobs_run(j);
    j->in[j->n] = in;
    j->out[j->n++] = out;
}

void pages_hash_leaves(struct page *const *pages, size_t n) {
    struct jobs j = {.domain = DOMAIN_SLEAF};
    for (size_t p = 0; p < n; p++) {
        for (unsigned i = 0; i < PAGE_SLOTS; i++) {
            struct slot *s = &pages[p]->slots[i];
            if (s->kind == SLOT_LEAF && !s->hashed) {
                jobs_add(&j, s->leaf->hashes, &s->hash);
                s->hashed = true;
            }
        }
    }
    jobs_run(&j);
}

/* Node i of a page from 2i and 2i + 1: adds a job where a hash is needed. */
static void reduce_node(struct page_nodes *t, unsigned i, struct jobs *j) {
    enum slot_kind left = t->kind[2 * i], right = t->kind[2 * i + 1];
    if (left == SLOT_EMPTY && right != SLOT_SUBTREE) {
        t->kind[i] = right;
        t->hash[i] = t->hash[2 * i + 1];
    } else if (right == SLOT_EMPTY && left == SLOT_LEAF) {
        t->kind[i] = left;
        t->hash[i] = t->hash[2 * i];
    } else {
        t->kind[i] = SLOT_SUBTREE;
        jobs_add(j, t->hash[2 * i].b, &t->hash[i]);
    }
}

void pages_reduce(struct page *const *pages, size_t n, struct page_nodes *ret) {
    assert(n <= PAGES_BATCH);
    struct jobs j = {.domain = DOMAIN_SNODE};
    for (size_t p = 0; p < n; p++) {
        for (unsigned i = 0; i < PAGE_SLOTS; i++) {
            const struct slot *s = &pages[p]->slots[i];
            assert(s->kind == SLOT_EMPTY || s->hashed);
            ret[p].kind[PAGE_SLOTS + i] = s->kind;
            ret[p].hash[PAGE_SLOTS + i] = s->kind == SLOT_EMPTY ? (struct hash){{0}} : s->hash;
        }
    }
    for (unsigned first = PAGE_SLOTS / 2; first >= 1; first /= 2) { /* a level's inputs are done before it begins */
        for (size_t p = 0; p < n; p++)
            for (unsigned i = first; i < 2 * first; i++)
                reduce_node(&ret[p], i, &j);
        jobs_run(&j);
    }
}
