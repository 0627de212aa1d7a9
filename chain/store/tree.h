/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_TREE_H
#define CAIRN_CHAIN_STORE_TREE_H
/*
 * The state tree: a binary Merkle tree over key hashes, most significant bit first (ledger.md §1). Used by chain/store
 * only; others see roots and proofs.
 *
 *     root(S, d) = 32 zero bytes                                   S empty
 *                  H(cairn.sleaf, key_hash || value_hash)          S one key, at whatever depth it is alone
 *                  H(cairn.snode, root(S0, d+1) || root(S1, d+1))  otherwise; S0, S1: bit d of the key hash is 0, 1
 *     key_hash = H(cairn.state, key), value_hash = H(cairn.value, value)
 *
 * Invariant: the root is a function of the set of (key, value) alone.
 *
 * Stored as versioned radix pages of four levels: a page covers the keys that share its path of n nibbles and has 16
 * slots, each empty, a leaf, or a child page; a child page always holds two keys or more. A page that changes at height
 * v is written anew under version v, and the page it replaces is listed as stale since v; its versions stay readable
 * until pruned, so old roots stay provable. Versions come first in the page key: pages written together lie together.
 *
 *     'p' || version u64be || n u8 || path, ceil(n/2) bytes, zero-padded
 *         -> 1 u8 || leaves u16be || children u16be || slots in order
 *            leaf: key_hash 32 || value_hash 32 || key length u16be || key      child: version u64be || hash 32
 *     's' || version u64be -> page keys that are stale since that version, each without its 'p', one behind the other
 *
 * The pages used last stay in memory, at most cache_pages of them between updates. One thread updates; proofs read the
 * database through a snapshot and touch nothing of struct tree, so they run in any thread.
 */
#include "chain/base/fixed.h"
#include "chain/base/limits.h"
#include "chain/store/kv.h"

struct tree;

/* Where a root is stored: the version of its root page; 0 for the empty tree. */
struct tree_root {
    uint64_t version;
    struct hash hash;
};

#define TREE_CACHE_PAGES 16384 /* about 32 MiB when full */

struct tree_change {
    struct bytes key; /* raw; kept in the leaf */
    struct hash key_hash;
    struct hash value_hash; /* meaningless unless present */
    bool present;           /* false: the key is removed; it need not be there */
};

/* A tree at a root, its pages in one family of kv. Reads the root page only. *ret is owned by the caller. CODE_CORRUPT
 * when the root page is not there or does not hash to root->hash. */
int tree_open(struct kv *kv, unsigned family, const struct tree_root *root, size_t cache_pages, struct tree **ret,
              struct err *err);
void tree_free(struct tree *t); /* NULL allowed */

/*
 * Applies the changes, sorted by key_hash with no key twice, as version (greater than every one before); puts the new
 * pages and the stale list into batch. The tree is then ahead of the database until the batch is written: call
 * tree_settle(t, true) after that, or tree_settle(t, false) to go back. On an error the tree has already gone back.
 */
int tree_update(struct tree *t, uint64_t version, const struct tree_change *changes, size_t n, struct kv_batch *batch,
                struct tree_root *ret, struct err *err);
void tree_settle(struct tree *t, bool written);

/* What a proof says; siblings from the root down to depth-1. The verifier, in chain/types/proof.h, folds from the end
 * of the path up: hash = bit(key_hash, d) ? node(sibling[d], hash) : node(hash, sibling[d]). */
struct tree_proof {
    size_t depth;                          /* of the leaf or empty slot where the key's path ends: 0..256 */
    struct hash siblings[PROOF_DEPTH_MAX]; /* all zero: empty */
    bool present;
    bool other;             /* absent, because the leaf there is another key's: */
    struct hash leaf_key;   /* its key hash (the key's own, when present) */
    struct hash leaf_value; /* its value hash */
};

/* The path of key_hash under root. CODE_PRUNED when a page of it is no more; CODE_CORRUPT when a page does not hash to
 * what its parent says. */
int tree_prove(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct tree_root *root,
               const struct hash *key_hash, struct tree_proof *ret, struct err *err);

/* Puts into batch the removal of the pages that are stale since `since` or before: whole versions, oldest first, from
 * *next on, until more than max_pages are taken. Moves *next. Roots of versions below *next may be unreadable
 * afterwards. */
int tree_prune(struct kv *kv, unsigned family, uint64_t since, size_t max_pages, uint64_t *next, struct kv_batch *batch,
               struct err *err);

/* Every leaf under root in key-hash order; fn answering other than CODE_OK stops the walk with that. */
typedef int tree_leaf_fn(void *ctx, const struct hash *key_hash, const struct hash *value_hash, struct bytes key,
                         struct err *err);
int tree_walk(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct tree_root *root,
              tree_leaf_fn *fn, void *ctx, struct err *err);

#endif
