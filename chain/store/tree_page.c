/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/tree_page.h"

#include <assert.h>
#include <stdlib.h>

#define PAGE_FORMAT 1

static_assert(sizeof(struct page) <= PAGE_HEAD, "node 1 lies behind it");
static_assert(sizeof(union slot) == 8 && sizeof(struct hash) == 32, "as the header tells");

/* --- memory ----------------------------------------------------------------------------------------------------- */

static size_t page_len(const struct page *p) {
    return p->wide ? (size_t)PAGE_WIDE : PAGE_HEAD + p->room * (sizeof(union slot) + sizeof(struct hash));
}

static size_t leaf_len(const struct leaf *l) {
    return sizeof *l + l->key_len;
}

struct page *page_new(struct slab *slab, size_t n, unsigned room) {
    assert(n <= PATH_MAX_N);
    struct page head = {.n = (uint8_t)n, .room = (uint8_t)room, .wide = n == 0 || room > NARROW_MAX};
    struct page *p = (struct page *)slab_alloc(slab, page_len(&head));
    if (!p)
        return NULL;
    memset(p, 0, page_len(&head));
    *p = head;
    return p;
}

void page_free(struct slab *slab, struct page *p) {
    if (!p)
        return;
    for (unsigned i = 0; i < PAGE_SLOTS; i++) {
        if (page_kind(p, i) == SLOT_LEAF)
            leaf_free(slab, page_slot(p, i)->leaf);
        else if (page_kind(p, i) == SLOT_SUBTREE)
            page_free(slab, page_slot(p, i)->page);
    }
    slab_free(slab, p, page_len(p));
}

struct leaf *leaf_new(struct slab *slab, const struct hash *key_hash, const struct hash *value_hash, struct bytes key) {
    assert(key.len <= KEY_LEN_MAX);
    struct leaf *l = (struct leaf *)slab_alloc(slab, sizeof *l + key.len);
    if (!l)
        return NULL;
    memcpy(l->hashes, key_hash->b, 32);
    memcpy(l->hashes + 32, value_hash->b, 32);
    l->key_len = (uint16_t)key.len;
    if (key.len)
        memcpy(l->key, key.data, key.len);
    return l;
}

void leaf_free(struct slab *slab, struct leaf *l) {
    slab_free(slab, l, leaf_len(l));
}

size_t page_memory(struct page *p) {
    size_t sum = slab_room(page_len(p));
    for (unsigned todo = p->leaves; todo; todo &= todo - 1)
        sum += slab_room(leaf_len(page_slot(p, (unsigned)__builtin_ctz(todo))->leaf));
    return sum;
}

/* The same page with room for one slot more. */
static struct page *page_grown(struct slab *slab, struct page *p) {
    struct page *q = page_new(slab, p->n, p->room < 2 ? 2 : p->room + 1u);
    if (!q)
        return NULL;
    q->used = p->used;
    q->leaves = p->leaves;
    q->children = p->children;
    q->hashed = p->hashed;
    q->changed = p->changed;
    q->stored = p->stored;
    for (unsigned todo = page_mask(p); todo; todo &= todo - 1) {
        unsigned i = (unsigned)__builtin_ctz(todo);
        *page_slot(q, i) = *page_slot(p, i);
        *page_hash(q, i) = *page_hash(p, i);
    }
    slab_free(slab, p, page_len(p));
    return q;
}

static void set_bit(uint16_t *mask, unsigned i, bool on) {
    *mask = (uint16_t)((*mask & ~(1u << i)) | (unsigned)on << i);
}

/* Opens or closes the gap of slot i in a narrow page. */
static void narrow_move(struct page *p, unsigned i, bool opens) {
    unsigned at = page_rank(p, i), from = at + !opens, behind = slots_count(page_mask(p)) - from;
    union slot *slots = (union slot *)(void *)((uint8_t *)p + PAGE_HEAD);
    struct hash *hashes = (struct hash *)(void *)(slots + p->room);
    memmove(slots + at + opens, slots + from, behind * sizeof *slots);
    memmove(hashes + at + opens, hashes + from, behind * sizeof *hashes);
}

bool page_put(struct slab *slab, struct page **page, unsigned i, enum slot_kind kind, union slot s) {
    struct page *p = *page;
    bool had = page_kind(p, i) != SLOT_EMPTY, has = kind != SLOT_EMPTY;
    if (has && !had && !p->wide && slots_count(page_mask(p)) == p->room) {
        p = page_grown(slab, p);
        if (!p)
            return false;
        *page = p;
    }
    if (has != had && !p->wide)
        narrow_move(p, i, has);
    set_bit(&p->leaves, i, kind == SLOT_LEAF);
    set_bit(&p->children, i, kind == SLOT_SUBTREE);
    set_bit(&p->hashed, i, false);
    set_bit(&p->changed, i, true);
    if (has)
        *page_slot(p, i) = s;
    if (p->wide && !has)
        *page_hash(p, i) = (struct hash){{0}};
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

void leaf_encode(const struct leaf *l, const uint8_t value_hash[32], struct buf *ret) {
    buf_put(ret, l->hashes, 32);
    buf_put(ret, value_hash, 32);
    buf_put_be16(ret, l->key_len);
    buf_put(ret, l->key, l->key_len);
}

void page_encode(struct page *p, struct buf *ret) {
    buf_put_u8(ret, PAGE_FORMAT);
    buf_put_be16(ret, p->leaves);
    buf_put_be16(ret, p->children);
    for (unsigned todo = page_mask(p); todo; todo &= todo - 1) {
        unsigned i = (unsigned)__builtin_ctz(todo);
        if (page_kind(p, i) == SLOT_SUBTREE)
            buf_put(ret, page_hash(p, i)->b, 32);
        else
            leaf_encode(page_slot(p, i)->leaf, page_slot(p, i)->leaf->hashes + 32, ret);
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

bool page_patch(struct bytes diff, struct page_image *image) {
    return diff.len >= 6 && parse_slots(bytes_of(diff.data + 6, diff.len - 6), load_be16(diff.data),
                                        load_be16(diff.data + 2), load_be16(diff.data + 4), image);
}

static int damaged(size_t n, struct err *err) {
    return err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu is damaged", n);
}

static int build_no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no memory for a page of the state tree");
}

/* Whether the leaf's key hash goes by the page, whose path it must share, into slot i. */
static bool leaf_fits(struct bytes in, const uint8_t *path, size_t n, unsigned i) {
    for (size_t k = 0; k < n; k++)
        if (nibble_at(in.data, k) != nibble_at(path, k))
            return false;
    return in.len - 66 <= KEY_LEN_MAX && nibble_at(in.data, n) == i;
}

/* Into slot i, which the page has room for. */
static int build_slot(struct slab *slab, struct page *p, unsigned i, const struct page_image *image,
                      const uint8_t *path, struct err *err) {
    struct bytes in = image->slots[i];
    struct hash key_hash, value_hash;
    union slot s = {.page = NULL};
    if (image->children >> i & 1) {
        if (p->n + 1 >= PATH_MAX_N)
            return damaged(p->n, err);
        (void)page_put(slab, &p, i, SLOT_SUBTREE, s);
        memcpy(page_hash(p, i)->b, in.data, 32);
    } else if (image->leaves >> i & 1) {
        if (!leaf_fits(in, path, p->n, i))
            return damaged(p->n, err);
        memcpy(key_hash.b, in.data, 32);
        memcpy(value_hash.b, in.data + 32, 32);
        s.leaf = leaf_new(slab, &key_hash, &value_hash, bytes_of(in.data + 66, in.len - 66));
        if (!s.leaf)
            return build_no_memory(err);
        (void)page_put(slab, &p, i, SLOT_LEAF, s);
    }
    return CODE_OK;
}

int page_build(struct slab *slab, const struct page_image *image, const uint8_t *path, size_t n, struct page **ret,
               struct err *err) {
    struct page *p = page_new(slab, n, slots_count((unsigned)(image->leaves | image->children)));
    if (!p)
        return build_no_memory(err);
    int rc = CODE_OK;
    for (unsigned i = 0; i < PAGE_SLOTS && rc == CODE_OK; i++)
        rc = build_slot(slab, p, i, image, path, err);
    if (rc)
        page_free(slab, p);
    else
        *ret = p;
    return rc;
}
