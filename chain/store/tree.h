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
 * Stored as radix pages of four levels: a page covers the keys that share its path of n nibbles and has 16 slots, each
 * empty, a leaf, or a child page; a child page always holds two keys or more, the root page may hold fewer. Pages are
 * overwritten in place; what an update (a version: one a height) changed in a page's slots is kept for a while as undo,
 * so that older roots stay provable. docs/decisions/0001-tree-pages-in-place.md says why
 * not a page of every version.
 *
 *     family tree   n u8 || path, ceil(n/2) bytes, zero-padded
 *         -> 1 u8 || leaves u16be || children u16be || slots in order
 *            leaf: key_hash 32 || value_hash 32 || key length u16be || key      child: hash 32
 *     family undo   by version, named as the page (undo.h)
 *         -> changed slots u16be || leaves u16be || children u16be || those slots as they were
 *
 * The pages used last stay in memory, about cache_bytes of them between updates. One thread updates; proofs read the
 * database through a snapshot and touch nothing of struct tree, so they run in any thread.
 */
#include "chain/base/fixed.h"
#include "chain/base/limits.h"
#include "chain/store/kv.h"

struct tree;

/* A root and the version that made it; later versions up to the next root changed nothing. */
struct tree_root {
    uint64_t version; /* 0: nothing was ever put */
    struct hash hash;
};

/* Where a tree lies. */
struct tree_place {
    struct kv *kv;
    unsigned family, undo;
};

#define TREE_NO_UNDO KV_FAMILIES_MAX /* as undo: nobody will ask for older roots */

#define TREE_CACHE_BYTES (256 * MIB) /* all pages of a million keys */

struct tree_change {
    struct bytes key; /* raw; kept in the leaf */
    struct hash key_hash;
    struct hash value_hash; /* meaningless unless present */
    bool present;           /* false: the key is removed; it need not be there */
};

struct pool;

/* The tree, which must be at root. Reads the root page only. pool: helps with large updates; NULL, or borrowed until
 * tree_free. *ret is owned by the caller. CODE_CORRUPT when the root page does not hash to root->hash. */
int tree_open(const struct tree_place *place, const struct tree_root *root, size_t cache_bytes, struct pool *pool,
              struct tree **ret, struct err *err);
void tree_free(struct tree *t); /* NULL allowed */

/*
 * Applies the changes, in any order, no key twice, as version (greater than every one before), and tells the root. They
 * are borrowed until tree_settle. The tree is then ahead of the database: tree_write puts the new pages and their undo
 * into a batch, and when that is written, or not, tree_settle(t, true) or (t, false) goes on or back. On an error of
 * tree_update the tree has already gone back.
 */
int tree_update(struct tree *t, uint64_t version, const struct tree_change *changes, size_t n, struct tree_root *ret,
                struct err *err);
int tree_write(struct tree *t, struct kv_batch *batch, struct err *err);
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

/* A tree to read: through snap (NULL: as it is), where `newest` is its newest root. */
struct tree_reader {
    struct tree_place place;
    const struct kv_snap *snap;
    struct tree_root newest;
};

/* The path of key_hash under root: the newest, or one whose undo is kept. CODE_CORRUPT when a page does not hash to
 * what its parent says. */
int tree_prove(const struct tree_reader *r, const struct tree_root *root, const struct hash *key_hash,
               struct tree_proof *ret, struct err *err);

/* What one page of four levels holds, for those who compare trees. */
struct tree_slot {
    enum { TREE_EMPTY, TREE_LEAF, TREE_SUBTREE } kind;
    struct hash hash;                 /* of a subtree */
    struct hash key_hash, value_hash; /* of a leaf */
    struct bytes key;
};
struct tree_page_view {
    struct hash hash; /* of the subtree that the page is the top of */
    struct tree_slot slot[16];
};

/* The page at the first n nibbles of path, n < 64, as the root of `version` has it, keys on arena. Not held against
 * what its parent says: compare ret->hash. A page that is not there is empty. */
int tree_read_page(const struct tree_reader *r, uint64_t version, const uint8_t *path, size_t n, struct arena *arena,
                   struct tree_page_view *ret, struct err *err);

/* Every leaf under root in key-hash order, from the first with a key hash >= *from on (NULL: all); fn answering other
 * than CODE_OK stops the walk with that. */
typedef int tree_leaf_fn(void *ctx, const struct hash *key_hash, const struct hash *value_hash, struct bytes key,
                         struct err *err);
int tree_walk(const struct tree_reader *r, const struct tree_root *root, const struct hash *from, tree_leaf_fn *fn,
              void *ctx, struct err *err);

#endif
