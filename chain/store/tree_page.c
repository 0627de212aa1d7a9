/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/tree_page.h"

#include "chain/crypto/hash_many.h"

#include <assert.h>
#include <stdlib.h>

#define PAGE_FORMAT 1

/* --- memory ----------------------------------------------------------------------------------------------------- */

struct page *page_new(size_t n) {
    assert(n <= PATH_MAX_N);
    struct page *p = (struct page *)calloc(1, sizeof *p);
    if (p)
        p->n = (uint8_t)n;
    return p;
}

void page_free(struct page *p) {
    if (!p)
        return;
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        struct held h = page_get(p, i);
        held_free(&h);
    }
    free(p->slots);
    free(p->nodes);
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

#define BLOCK 16 /* what malloc adds, about */

size_t page_memory(const struct page *p) {
    size_t sum = sizeof *p + p->room * sizeof *p->slots + 2 * BLOCK;
    sum += p->nodes ? PAGE_SLOTS * sizeof *p->nodes + BLOCK : 0;
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        if (page_kind(p, i) == SLOT_LEAF)
            sum += sizeof(struct leaf) + page_slot(p, i)->leaf->key_len + BLOCK;
    return sum;
}

void held_free(struct held *h) {
    if (h->kind == SLOT_LEAF)
        free(h->slot.leaf);
    else if (h->kind == SLOT_SUBTREE)
        page_free(h->slot.page);
    *h = (struct held){.kind = SLOT_EMPTY};
}

struct held page_get(const struct page *p, unsigned i) {
    struct held h = {.kind = page_kind(p, i)};
    if (h.kind != SLOT_EMPTY)
        h.slot = *page_slot(p, i);
    h.hashed = p->hashed >> i & 1;
    return h;
}

/* Room for one slot more. */
static bool make_room(struct page *p) {
    if (page_slots(p) < p->room)
        return true;
    unsigned more = p->room < 4 ? p->room + 2u : p->room + 4u;
    more = more < PAGE_SLOTS ? more : PAGE_SLOTS;
    struct slot *slots = (struct slot *)realloc(p->slots, more * sizeof *slots);
    if (!slots)
        return false;
    p->slots = slots;
    p->room = (uint8_t)more;
    return true;
}

static void set_bit(uint16_t *mask, unsigned i, bool on) {
    *mask = (uint16_t)((*mask & ~(1u << i)) | (unsigned)on << i);
}

bool page_put(struct page *p, unsigned i, struct held *h) {
    bool had = page_kind(p, i) != SLOT_EMPTY, has = h->kind != SLOT_EMPTY;
    if (has && !had && !make_room(p)) {
        held_free(h);
        return false;
    }
    struct slot *s = page_slot(p, i);
    size_t behind = page_slots(p) - (size_t)(s - p->slots) - had;
    if (has != had && behind)
        memmove(s + has, s + had, behind * sizeof *s);
    set_bit(&p->leaves, i, h->kind == SLOT_LEAF);
    set_bit(&p->children, i, h->kind == SLOT_SUBTREE);
    set_bit(&p->hashed, i, h->kind == SLOT_LEAF && h->hashed);
    set_bit(&p->changed, i, true);
    if (has)
        *s = h->slot;
    if (h->kind == SLOT_SUBTREE && h->slot.page) {
        h->slot.page->parent = p;
        h->slot.page->at = (uint8_t)i;
    }
    return true;
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

size_t page_name(const uint8_t *path, size_t n, uint8_t ret[PAGE_NAME_MAX]) {
    ret[0] = (uint8_t)n;
    memcpy(ret + 1, path, (n + 1) / 2);
    if (n % 2)
        ret[1 + n / 2] &= 0xf0;
    return 1 + (n + 1) / 2;
}

void slot_encode(const struct page *p, unsigned i, struct buf *ret) {
    if (page_kind(p, i) == SLOT_EMPTY)
        return;
    const struct slot *s = page_slot(p, i);
    if (page_kind(p, i) == SLOT_SUBTREE) {
        buf_put(ret, s->hash.b, 32);
        return;
    }
    buf_put(ret, s->leaf->hashes, 64);
    buf_put_be16(ret, s->leaf->key_len);
    buf_put(ret, s->leaf->key, s->leaf->key_len);
}

void page_encode(const struct page *p, struct buf *ret) {
    buf_put_u8(ret, PAGE_FORMAT);
    buf_put_be16(ret, p->leaves);
    buf_put_be16(ret, p->children);
    for (unsigned i = 0; i < PAGE_SLOTS; i++)
        slot_encode(p, i, ret);
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

bool page_patch(struct bytes diff, struct page_image *image) {
    return diff.len >= 6 && parse_slots(bytes_of(diff.data + 6, diff.len - 6), load_be16(diff.data),
                                        load_be16(diff.data + 2), load_be16(diff.data + 4), image);
}

static int damaged(size_t n, struct err *err) {
    return err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is damaged", n);
}

static int build_leaf(struct bytes in, struct held *ret, struct err *err) {
    struct hash key_hash, value_hash;
    memcpy(key_hash.b, in.data, 32);
    memcpy(value_hash.b, in.data + 32, 32);
    ret->slot.leaf = leaf_new(&key_hash, &value_hash, bytes_of(in.data + 66, in.len - 66));
    ret->kind = SLOT_LEAF;
    return ret->slot.leaf ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a leaf of the state tree");
}

/* Whether the leaf's key hash goes by the page, whose path it must share, into slot i. */
static bool leaf_fits(struct bytes in, const uint8_t *path, size_t n, unsigned i) {
    for (size_t k = 0; k < n; k++)
        if (nibble_at(in.data, k) != nibble_at(path, k))
            return false;
    return in.len - 66 <= KEY_LEN_MAX && nibble_at(in.data, n) == i;
}

static int build_slot(struct page *p, unsigned i, const struct page_image *image, const uint8_t *path,
                      struct err *err) {
    struct bytes in = image->slots[i];
    struct held h = {.kind = SLOT_EMPTY};
    if (image->leaves >> i & 1) {
        if (!leaf_fits(in, path, p->n, i))
            return damaged(p->n, err);
        int rc = build_leaf(in, &h, err);
        if (rc)
            return rc;
    } else if (image->children >> i & 1) {
        if (p->n + 1 >= PATH_MAX_N)
            return damaged(p->n, err);
        h.kind = SLOT_SUBTREE;
        memcpy(h.slot.hash.b, in.data, 32);
    } else {
        return CODE_OK;
    }
    return page_put(p, i, &h) ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a page of the state tree");
}

int page_build(const struct page_image *image, const uint8_t *path, size_t n, struct page **ret, struct err *err) {
    struct page *p = page_new(n);
    unsigned count = slots_count((unsigned)(image->leaves | image->children));
    if (p && count) {
        p->slots = (struct slot *)malloc(count * sizeof *p->slots);
        p->room = p->slots ? (uint8_t)count : 0;
    }
    if (!p || (count && !p->slots)) {
        page_free(p);
        return err_set(err, CODE_NO_MEMORY, "no memory for a page of the state tree");
    }
    int rc = CODE_OK;
    for (unsigned i = 0; i < PAGE_SLOTS && rc == CODE_OK; i++)
        rc = build_slot(p, i, image, path, err);
    if (rc)
        page_free(p);
    else
        *ret = p;
    return rc;
}

/* --- hashes ----------------------------------------------------------------------------------------------------- */

#define JOBS       512
#define KEEP_NODES 5 /* slots from which on a page keeps its nodes: below, there is little to save */

struct page_hasher { /* hashes of 64 bytes each, and where the results go */
    enum domain domain;
    size_t n;
    const uint8_t *in[JOBS];
    struct hash *out[JOBS], results[JOBS];
    uint8_t pairs[JOBS][64];                    /* inputs that had to be put together */
    struct hash small[PAGES_BATCH][PAGE_SLOTS]; /* nodes of pages that keep none */
};

struct page_hasher *page_hasher_new(void) {
    struct page_hasher *h = (struct page_hasher *)malloc(sizeof *h);
    if (h)
        h->n = 0;
    return h;
}

void page_hasher_free(struct page_hasher *h) {
    free(h);
}

static void jobs_run(struct page_hasher *h) {
    hash_many(h->domain, h->in, 64, h->n, h->results);
    for (size_t i = 0; i < h->n; i++)
        *h->out[i] = h->results[i];
    h->n = 0;
}

static void hash_leaves(struct page_hasher *h, struct page *const *pages, size_t n) {
    h->domain = DOMAIN_SLEAF;
    for (size_t k = 0; k < n; k++) {
        struct page *p = pages[k];
        for (unsigned todo = (unsigned)(p->leaves & ~p->hashed); todo; todo &= todo - 1) {
            struct slot *s = page_slot(p, (unsigned)__builtin_ctz(todo));
            if (h->n == JOBS)
                jobs_run(h);
            h->in[h->n] = s->leaf->hashes;
            h->out[h->n++] = &s->hash;
        }
        p->hashed = p->leaves;
    }
    jobs_run(h);
}

/* The slots below each node. */
static const uint16_t below[2 * PAGE_SLOTS] = {
    0,      0xffff, 0x00ff, 0xff00, 0x000f,  0x00f0,  0x0f00,  0xf000,  0x0003,  0x000c,  0x0030,
    0x00c0, 0x0300, 0x0c00, 0x3000, 0xc000,  1 << 0,  1 << 1,  1 << 2,  1 << 3,  1 << 4,  1 << 5,
    1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15,
};

static enum slot_kind node_kind(const struct page *p, unsigned i) {
    unsigned mask = below[i], leaves = p->leaves & mask;
    if (p->children & mask || (leaves & (leaves - 1)))
        return SLOT_SUBTREE;
    return leaves ? SLOT_LEAF : SLOT_EMPTY;
}

/* Of node i, when those below it are done; nodes: where the page's inner ones are. */
static const struct hash *node_hash(const struct page *p, const struct hash *nodes, unsigned i) {
    static const struct hash nothing;
    enum slot_kind kind = node_kind(p, i);
    if (kind == SLOT_EMPTY)
        return &nothing;
    if (kind == SLOT_SUBTREE && i < PAGE_SLOTS)
        return &nodes[i];
    return &page_slot(p, (unsigned)__builtin_ctz((unsigned)(p->leaves | p->children) & below[i]))->hash;
}

static void add_node(struct page_hasher *h, const struct page *p, struct hash *nodes, unsigned i) {
    if (h->n == JOBS)
        jobs_run(h);
    const struct hash *left = node_hash(p, nodes, 2 * i), *right = node_hash(p, nodes, 2 * i + 1);
    h->in[h->n] = left->b;
    if (right != left + 1) { /* else they lie as the hash wants them */
        h->in[h->n] = h->pairs[h->n];
        memcpy(h->pairs[h->n], left->b, 32);
        memcpy(h->pairs[h->n] + 32, right->b, 32);
    }
    h->out[h->n++] = &nodes[i];
}

void pages_rehash(struct page_hasher *h, struct page *const *pages, size_t n, struct hash *ret_tops) {
    struct hash *nodes[PAGES_BATCH] = {NULL};
    assert(n <= PAGES_BATCH);
    hash_leaves(h, pages, n);
    for (size_t k = 0; k < n; k++) {
        struct page *p = pages[k];
        if (!p->nodes && page_slots(p) >= KEEP_NODES)
            p->nodes = (struct hash *)malloc(PAGE_SLOTS * sizeof *p->nodes); /* without, it is only slower */
        nodes[k] = p->nodes ? p->nodes : h->small[k];
        if (!p->nodes_good || !p->nodes)
            p->changed = 0xffff;
    }
    h->domain = DOMAIN_SNODE;
    for (unsigned first = PAGE_SLOTS / 2; first >= 1; first /= 2) { /* a level's inputs are done before it begins */
        for (size_t k = 0; k < n; k++)
            for (unsigned i = first; i < 2 * first; i++)
                if (pages[k]->changed & below[i] && node_kind(pages[k], i) == SLOT_SUBTREE)
                    add_node(h, pages[k], nodes[k], i);
        jobs_run(h);
    }
    for (size_t k = 0; k < n; k++) {
        pages[k]->changed = 0;
        pages[k]->nodes_good = pages[k]->nodes != NULL;
        ret_tops[k] = *node_hash(pages[k], nodes[k], 1);
    }
}

void page_hash_all(struct page *p, struct page_nodes *ret) {
    for (unsigned i = 2 * PAGE_SLOTS - 1; i >= 1; i--) {
        ret->kind[i] = node_kind(p, i);
        if (i >= PAGE_SLOTS && ret->kind[i] == SLOT_LEAF) {
            struct slot *s = page_slot(p, i - PAGE_SLOTS);
            s->hash = hash_of(DOMAIN_SLEAF, bytes_of(s->leaf->hashes, 64));
        }
        if (i < PAGE_SLOTS && ret->kind[i] == SLOT_SUBTREE)
            ret->hash[i] = hash_pair(DOMAIN_SNODE, &ret->hash[2 * i], &ret->hash[2 * i + 1]);
        else
            ret->hash[i] = *node_hash(p, ret->hash, i);
    }
    p->hashed = p->leaves;
}
