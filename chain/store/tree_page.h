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
    enum slot_kind kind;
    bool hashed;       /* hash is right */
    struct hash hash;  /* of the subtree */
    struct page *page; /* the child page when it is in memory */
    struct leaf *leaf;
};

struct page {
    struct slot *up; /* the slot that it hangs on; NULL for a page read alone */
    uint64_t used;   /* the last update that passed through it: never less than a child's */
    size_t before;   /* dirty and stored: where its old bytes begin in the update's memory */
    size_t before_len;
    bool stored; /* the database has it */
    bool dirty, gone;
    uint8_t n;        /* nibbles of path */
    uint8_t path[32]; /* zero-padded */
    struct slot slots[PAGE_SLOTS];
};

static inline unsigned nibble_at(const uint8_t *path, size_t i) {
    return i % 2 ? path[i / 2] & 15u : (unsigned)path[i / 2] >> 4;
}

/* An empty page at the first n nibbles of path; NULL when out of memory. */
struct page *page_new(const uint8_t *path, size_t n);
/* Frees it, its leaves and the pages below it. NULL allowed. */
void page_free(struct page *p);
struct leaf *leaf_new(const struct hash *key_hash, const struct hash *value_hash,
                      struct bytes key); /* NULL: no memory */

/* Leaves and children in it; ret_only: the last leaf slot seen. */
void page_count(const struct page *p, unsigned *ret_leaves, unsigned *ret_children, struct slot **ret_only);

/* --- as bytes --------------------------------------------------------------------------------------------------- */

/* The name of the page at a path, n first, so that names sort by depth, then path. Answers the length. */
size_t page_name(const uint8_t *path, size_t n, uint8_t ret[PAGE_NAME_MAX]);

void page_encode(const struct page *p, struct buf *ret);

/* Where the slots of an encoded page lie; a page that is not there has no slots. */
struct page_image {
    uint16_t leaves, children; /* a bit for each slot */
    struct bytes slots[PAGE_SLOTS];
};

/* False when the bytes are no page. */
bool page_parse(struct bytes in, struct page_image *ret);
/* What turns `now` back into `before`: slots that differ u16be || leaves u16be || children u16be || those slots of
 * before. */
void page_diff(const struct page_image *before, const struct page_image *now, struct buf *ret);
bool page_patch(struct bytes diff, struct page_image *image);
/* CODE_CORRUPT when a leaf does not belong to its slot. Leaves are not hashed yet. */
int page_build(const struct page_image *image, const uint8_t *path, size_t n, struct page **ret, struct err *err);

/* --- hashes ----------------------------------------------------------------------------------------------------- */

/* The binary nodes of a page: level l (0..4) has 1 << l of them, from [1 << l] on. */
struct page_nodes {
    enum slot_kind kind[2 * PAGE_SLOTS];
    struct hash hash[2 * PAGE_SLOTS];
};

#define PAGES_BATCH 64

/* Hashes of the leaves of n pages that have none yet. */
void pages_hash_leaves(struct page *const *pages, size_t n);
/* The nodes of n pages, at most PAGES_BATCH, whose slots are all hashed, side by side. */
void pages_reduce(struct page *const *pages, size_t n, struct page_nodes *ret);

#endif
