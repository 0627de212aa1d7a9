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

size_t page_key(uint64_t version, const uint8_t *path, size_t n, uint8_t ret[PAGE_KEY_MAX]) {
    ret[0] = 'p';
    store_be64(ret + 1, version);
    ret[9] = (uint8_t)n;
    memcpy(ret + 10, path, (n + 1) / 2);
    if (n % 2)
        ret[10 + n / 2] &= 0xf0;
    return 10 + (n + 1) / 2;
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
            assert(s->hashed && s->version);
            buf_put_be64(ret, s->version);
            buf_put(ret, s->hash.b, 32);
        }
    }
}

/* Answers the bytes used, 0 when they are not a leaf of this slot. */
static size_t decode_leaf(struct slot *s, struct bytes in, const struct page *p, unsigned i) {
    if (in.len < 66)
        return 0;
    size_t key_len = load_be16(in.data + 64);
    if (key_len > KEY_LEN_MAX || key_len > in.len - 66 || nibble_at(in.data, p->n) != i)
        return 0;
    struct hash key_hash, value_hash;
    memcpy(key_hash.b, in.data, 32);
    memcpy(value_hash.b, in.data + 32, 32);
    s->leaf = leaf_new(&key_hash, &value_hash, bytes_of(in.data + 66, key_len));
    s->kind = SLOT_LEAF;
    return s->leaf ? 66 + key_len : 0;
}

static size_t decode_child(struct slot *s, struct bytes in, const struct page *p) {
    if (in.len < 40 || p->n + 1 >= PATH_MAX_N)
        return 0;
    s->kind = SLOT_SUBTREE;
    s->version = load_be64(in.data);
    memcpy(s->hash.b, in.data + 8, 32);
    s->hashed = true;
    return s->version ? 40 : 0;
}

static bool page_decode(struct page *p, struct bytes in) {
    if (in.len < 5 || in.data[0] != PAGE_FORMAT)
        return false;
    unsigned leaves = load_be16(in.data + 1), children = load_be16(in.data + 3);
    if (leaves & children)
        return false;
    struct bytes rest = bytes_of(in.data + 5, in.len - 5);
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        size_t used = 0;
        if (leaves >> i & 1)
            used = decode_leaf(&p->slots[i], rest, p, i);
        else if (children >> i & 1)
            used = decode_child(&p->slots[i], rest, p);
        else
            continue;
        if (!used)
            return false;
        rest = bytes_of(rest.data + used, rest.len - used);
    }
    return rest.len == 0;
}

int page_load(struct kv *kv, const struct kv_snap *snap, unsigned family, uint64_t version, const uint8_t *path,
              size_t n, struct page **ret, struct err *err) {
    uint8_t key[PAGE_KEY_MAX];
    size_t key_len = page_key(version, path, n, key);
    struct kv_value v;
    int rc = kv_get(kv, snap, family, bytes_of(key, key_len), &v, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_PRUNED, "the state tree of version %llu is not kept any more",
                       (unsigned long long)version);
    if (rc)
        return rc;
    struct page *p = page_new(path, n);
    if (!p) {
        rc = err_set(err, CODE_NO_MEMORY, "no memory for a page of the state tree");
    } else if (!page_decode(p, v.bytes)) {
        page_free(p);
        rc = err_set(err, CODE_CORRUPT, "a page of the state tree (version %llu, depth %zu) is damaged",
                     (unsigned long long)version, n);
    } else {
        p->stored = version;
        *ret = p;
    }
    kv_value_release(&v);
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
