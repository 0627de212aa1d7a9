/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_TREE_PAGE_H
#define CAIRN_CHAIN_STORE_TREE_PAGE_H
/* One radix page of the state tree (tree.h tells its format): memory, bytes, hashes. Private to chain/store. */
#include "chain/base/fixed.h"
#include "chain/store/kv.h"
#include "chain/store/tree.h"

#define PAGE_SLOTS   16
#define PAGE_BITS    4
#define PATH_MAX_N   64 /* nibbles of a key hash */
#define PAGE_KEY_MAX (1 + 8 + 1 + 32)
#define PAGE_LEN_MAX (5 + PAGE_SLOTS * (66 + KEY_LEN_MAX))

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
    uint64_t version;  /* of the child page */
    struct page *page; /* the child page when it is in memory */
    struct leaf *leaf;
};

struct page {
    struct slot *up; /* the slot that it hangs on; NULL for a page read alone */
    uint64_t stored; /* the version that the database has of it; 0 none */
    uint64_t used;   /* the last update that passed through it: never less than a child's */
    bool dirty, gone;
    uint8_t n;        /* nibbles of path */
    uint8_t path[32]; /* zero-padded */
    struct slot slots[PAGE_SLOTS];
};

static inline unsigned nibble_at(const uint8_t *path, size_t i) {
    return i % 2 ? path[i / 2] & 15u : path[i / 2] >> 4;
}

/* An empty page at the first n nibbles of path; NULL when out of memory. */
struct page *page_new(const uint8_t *path, size_t n);
/* Frees it, its leaves and the pages below it. NULL allowed. */
void page_free(struct page *p);
struct leaf *leaf_new(const struct hash *key_hash, const struct hash *value_hash,
                      struct bytes key); /* NULL: no memory */

/* Leaves and children in it; ret_only: the last leaf slot seen. */
void page_count(const struct page *p, unsigned *ret_leaves, unsigned *ret_children, struct slot **ret_only);

/* The database key of the page at a path, without and with its 'p'. Answers the length. */
size_t page_key(uint64_t version, const uint8_t *path, size_t n, uint8_t ret[PAGE_KEY_MAX]);

void page_encode(const struct page *p, struct buf *ret);
/* Reads the page at (version, path). CODE_PRUNED when it is not there, CODE_CORRUPT. Its leaves are not hashed yet. */
int page_load(struct kv *kv, const struct kv_snap *snap, unsigned family, uint64_t version, const uint8_t *path,
              size_t n, struct page **ret, struct err *err);

/* The binary nodes of a page: level l (0..4) has 1 << l of them, at [1 << l]. Only pages whose slots are all hashed. */
struct page_nodes {
    enum slot_kind kind[2 * PAGE_SLOTS];
    struct hash hash[2 * PAGE_SLOTS];
};

/* Hashes of the leaves of n pages that have none yet. scratch as for pages_reduce. */
void pages_hash_leaves(struct page *const *pages, size_t n);
/* The nodes of n pages (at most PAGES_BATCH), hashed side by side. */
#define PAGES_BATCH 64
void pages_reduce(struct page *const *pages, size_t n, struct page_nodes *ret);

#endif
