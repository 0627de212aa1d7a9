/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_TREE_PAGE_H
#define CAIRN_CHAIN_STORE_TREE_PAGE_H
/*
 * One radix page of the state tree (tree.h tells its format): memory, bytes, hashes. Private to chain/store.
 *
 * A page is one piece of memory. A narrow one, of up to NARROW_MAX slots, has those that are not empty side by side:
 *
 *     struct page, 32 bytes | slots 8 each | hashes 32 each
 *
 * A wide one keeps the hash of every node of its binary tree, numbered from 1 (the top) so that 2i and 2i+1 are below
 * i, slots from 16 on; struct page lies where node 0 would. The two that a hash is of are 64 bytes in one cache line:
 *
 *     struct page, 32 bytes | nodes 1..31, 32 each | slots 0..15, 8 each
 */
#include "chain/base/fixed.h"
#include "chain/store/kv.h"
#include "chain/store/slab.h"
#include "chain/store/tree.h"

#define PAGE_SLOTS    16
#define PATH_MAX_N    64 /* nibbles of a key hash */
#define PAGE_NAME_MAX (1 + 32)
#define PAGE_LEN_MAX  (5 + PAGE_SLOTS * (66 + KEY_LEN_MAX))
#define NARROW_MAX    4 /* slots: hashing more anew each time would cost more than the memory that they save */

/* --- in memory -------------------------------------------------------------------------------------------------- */

struct leaf {
    uint8_t hashes[64]; /* key hash, value hash: what the leaf's hash covers */
    uint16_t key_len;
    uint8_t key[];
};

/* SUBTREE: a child page in a slot; two keys or more in a node of the binary tree. */
enum slot_kind { SLOT_EMPTY, SLOT_LEAF, SLOT_SUBTREE };

union slot {
    struct page *page; /* SUBTREE: the child when it is in memory, else NULL */
    struct leaf *leaf; /* LEAF */
};

struct page {
    uint32_t used;             /* the last update that passed through it, modulo 2^32: never less than a child's */
    uint16_t leaves, children; /* a bit for each slot */
    uint16_t hashed;           /* leaves whose hash is known */
    uint16_t changed;          /* slots since the nodes were hashed */
    uint8_t n;                 /* nibbles of path */
    uint8_t room;              /* of a narrow page: slots */
    bool wide;
    bool stored; /* the database has it */
    bool gone;   /* its last leaf moved up */
    bool nodes_good;
};

enum { PAGE_HEAD = 32, PAGE_WIDE = 32 * 2 * PAGE_SLOTS + 8 * PAGE_SLOTS };

static inline unsigned nibble_at(const uint8_t *path, size_t i) {
    return i % 2 ? path[i / 2] & 15u : (unsigned)path[i / 2] >> 4;
}

static inline enum slot_kind page_kind(const struct page *p, unsigned i) {
    return p->leaves >> i & 1 ? SLOT_LEAF : p->children >> i & 1 ? SLOT_SUBTREE : SLOT_EMPTY;
}

/* Bits that are set in a mask of slots; without the instruction, gcc calls a function. */
static inline unsigned slots_count(unsigned mask) {
    mask -= mask >> 1 & 0x5555u;
    mask = (mask & 0x3333u) + (mask >> 2 & 0x3333u);
    mask = (mask + (mask >> 4)) & 0x0f0fu;
    return (mask + (mask >> 8)) & 0x1fu;
}

static inline unsigned page_mask(const struct page *p) {
    return (unsigned)(p->leaves | p->children);
}

/* Where slot i lies in a narrow page. */
static inline unsigned page_rank(const struct page *p, unsigned i) {
    return slots_count(page_mask(p) & ((1u << i) - 1));
}

/* A wide page's nodes; [0] is not one. */
static inline struct hash *page_nodes_of(struct page *p) {
    return (struct hash *)(void *)p;
}

/* A slot; of a narrow page, one that is not empty. */
static inline union slot *page_slot(struct page *p, unsigned i) {
    uint8_t *b = (uint8_t *)p;
    return (union slot *)(void *)(p->wide ? b + sizeof(struct hash) * 2 * PAGE_SLOTS + 8 * i
                                          : b + PAGE_HEAD + 8 * page_rank(p, i));
}

/* Its hash: a leaf's when p->hashed says so, a child's once it is known. */
static inline struct hash *page_hash(struct page *p, unsigned i) {
    uint8_t *b = (uint8_t *)p;
    return (struct hash *)(void *)(p->wide ? b + sizeof(struct hash) * (PAGE_SLOTS + i)
                                           : b + PAGE_HEAD + 8u * p->room + sizeof(struct hash) * page_rank(p, i));
}

/* Pages and leaves lie in a slab (slab.h; NULL: in none), which each call is given again. */

/* An empty page of n nibbles with room for so many slots; NULL when out of memory. The root page is wide. */
struct page *page_new(struct slab *slab, size_t n, unsigned room);
/* Frees it, its leaves and the pages below it. NULL allowed. */
void page_free(struct slab *slab, struct page *p);
struct leaf *leaf_new(struct slab *slab, const struct hash *key_hash, const struct hash *value_hash,
                      struct bytes key); /* NULL: no memory */
void leaf_free(struct slab *slab, struct leaf *l);
/* Bytes that it takes in memory, with its leaves, without its children. */
size_t page_memory(struct page *p);

/* Sets slot i; what it held is the caller's. Its hash is not known then. A page that has no room for it becomes another
 * one: *p. False when out of memory; nothing has changed then. */
bool page_put(struct slab *slab, struct page **p, unsigned i, enum slot_kind kind, union slot s);

/* --- as bytes --------------------------------------------------------------------------------------------------- */

/* The name of the page at a path, n first, so that names sort by depth, then path. Answers the length. */
size_t page_name(const uint8_t *path, size_t n, uint8_t ret[PAGE_NAME_MAX]);

void page_encode(struct page *p, struct buf *ret);
/* What page_encode writes for a leaf with this value hash. */
void leaf_encode(const struct leaf *l, const uint8_t value_hash[32], struct buf *ret);

/* Where the slots of an encoded page lie; a page that is not there has no slots. */
struct page_image {
    uint16_t leaves, children; /* a bit for each slot */
    struct bytes slots[PAGE_SLOTS];
};

/* False when the bytes are no page. */
bool page_parse(struct bytes in, struct page_image *ret);
/* What turns a page back into what it was: slots that changed u16be || leaves u16be || children u16be || those slots as
 * they were. False when the diff is damaged. */
bool page_patch(struct bytes diff, struct page_image *image);
/* CODE_CORRUPT when a leaf does not belong to its slot. Leaves are not hashed yet. */
int page_build(struct slab *slab, const struct page_image *image, const uint8_t *path, size_t n, struct page **ret,
               struct err *err);

/* --- hashes (tree_hash.c) ----------------------------------------------------------------------------------------- */

/* The binary nodes of a page: level l (0..4) has 1 << l of them, from [1 << l] on; the last are its slots. */
struct page_nodes {
    enum slot_kind kind[2 * PAGE_SLOTS];
    struct hash hash[2 * PAGE_SLOTS];
};

/* All nodes of one page. */
void page_hash_all(struct page *p, struct page_nodes *ret);

#define PAGES_BATCH 128

struct page_hasher;                        /* scratch */
struct page_hasher *page_hasher_new(void); /* NULL: no memory */
void page_hasher_free(struct page_hasher *h);
/* The top nodes of n pages, at most PAGES_BATCH, side by side: only what changed since they were hashed last. What a
 * top is (EMPTY: 32 zero bytes, LEAF or SUBTREE) follows from the page. Borrowed until the next call. */
void pages_rehash(struct page_hasher *h, struct page *const *pages, size_t n, const struct hash *ret_tops[]);

#endif
