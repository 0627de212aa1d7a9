/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_TREE_PAGE_H
#define CAIRN_CHAIN_STORE_TREE_PAGE_H
/* One radix page of the state tree (tree.h tells its format): memory, bytes, hashes. Private to chain/store. */
#include "chain/base/fixed.h"
#include "chain/store/kv.h"
#include "chain/store/tree.h"

#define PAGE_SLOTS    16
#define PATH_MAX_N    64 /* nibbles of a key hash */
#define PAGE_NAME_MAX (1 + 32)
#define PAGE_LEN_MAX  (5 + PAGE_SLOTS * (66 + KEY_LEN_MAX))

/* --- in memory -------------------------------------------------------------------------------------------------- */

struct leaf {
    uint8_t hashes[64]; /* key hash, value hash: what the leaf's hash covers */
    uint16_t key_len;
    uint8_t key[];
};

/* SUBTREE: a child page in a slot; two keys or more in a node of the binary tree. */
enum slot_kind { SLOT_EMPTY, SLOT_LEAF, SLOT_SUBTREE };

struct slot {
    struct hash hash; /* of the subtree, once it is known */
    union {
        struct page *page; /* SUBTREE: the child when it is in memory */
        struct leaf *leaf; /* LEAF */
    };
};

struct dirty; /* what an update notes of a page: tree.c */

struct page {
    struct page *parent;       /* NULL: the root, or a page read alone */
    struct slot *slots;        /* those that are not empty, in order */
    struct hash *nodes;        /* [PAGE_SLOTS]: hashes of inner nodes as in page_nodes, kept; NULL in small pages */
    struct dirty *dirty;       /* the update under way touched it */
    uint32_t used;             /* the last update that passed through it, modulo 2^32: never less than a child's */
    uint16_t leaves, children; /* a bit for each slot */
    uint16_t hashed;           /* leaves whose hash is known */
    uint16_t changed;          /* slots since the nodes were hashed */
    uint8_t n;                 /* nibbles of path */
    uint8_t at;                /* its slot in the parent */
    uint8_t room;              /* of slots */
    bool stored;               /* the database has it */
    bool gone;                 /* its last leaf moved up */
    bool nodes_good;
};

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

static inline unsigned page_slots(const struct page *p) {
    return slots_count((unsigned)(p->leaves | p->children));
}

/* A slot that is not empty. */
static inline struct slot *page_slot(const struct page *p, unsigned i) {
    return p->slots + slots_count((unsigned)(p->leaves | p->children) & ((1u << i) - 1));
}

/* An empty page of n nibbles; NULL when out of memory. */
struct page *page_new(size_t n);
/* Frees it, its leaves and the pages below it. NULL allowed. */
void page_free(struct page *p);
struct leaf *leaf_new(const struct hash *key_hash, const struct hash *value_hash,
                      struct bytes key); /* NULL: no memory */
/* Bytes that it takes in memory, with its leaves, without its children. */
size_t page_memory(const struct page *p);

/* A slot's content in hand: the page's slot is empty meanwhile, as far as ownership goes. */
struct held {
    enum slot_kind kind;
    bool hashed; /* a leaf's */
    struct slot slot;
};
void held_free(struct held *h);
/* Takes what slot i holds out of it; the slot stays as it is until page_put. */
struct held page_get(const struct page *p, unsigned i);
/* Sets slot i, which was taken, or empty, to h; notes the change. False, and h freed, when out of memory. */
bool page_put(struct page *p, unsigned i, struct held *h);

/* --- as bytes --------------------------------------------------------------------------------------------------- */

/* The name of the page at a path, n first, so that names sort by depth, then path. Answers the length. */
size_t page_name(const uint8_t *path, size_t n, uint8_t ret[PAGE_NAME_MAX]);

void page_encode(const struct page *p, struct buf *ret);
/* What page_encode writes for slot i: nothing for an empty one. */
void slot_encode(const struct page *p, unsigned i, struct buf *ret);

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
int page_build(const struct page_image *image, const uint8_t *path, size_t n, struct page **ret, struct err *err);

/* --- hashes ----------------------------------------------------------------------------------------------------- */

/* The binary nodes of a page: level l (0..4) has 1 << l of them, from [1 << l] on; the last are its slots. */
struct page_nodes {
    enum slot_kind kind[2 * PAGE_SLOTS];
    struct hash hash[2 * PAGE_SLOTS];
};

/* All nodes of one page, leaves hashed if need be. */
void page_hash_all(struct page *p, struct page_nodes *ret);

#define PAGES_BATCH 64

struct page_hasher;                        /* scratch */
struct page_hasher *page_hasher_new(void); /* NULL: no memory */
void page_hasher_free(struct page_hasher *h);
/* The top nodes of n pages, at most PAGES_BATCH, side by side: only what changed since they were hashed last. What a
 * top is (EMPTY: 32 zero bytes, LEAF or SUBTREE) follows from the page. */
void pages_rehash(struct page_hasher *h, struct page *const *pages, size_t n, struct hash *ret_tops);

#endif
