/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list tree: a Merkle tree over a list, of RFC 6962's shape (split at the largest power of two below n).
 *
 *   root of nothing   H(cairn.empty, "")
 *   root of one       its leaf hash
 *   root of more      H(node domain, root of the left part | root of the right part)
 *
 * Seen level by level it is simple: neighbours pair up, an odd last one moves up as it is; node j of level l is the
 * root of leaves [j * 2^l, (j + 1) * 2^l). So a proof can be put together from parts (leaf to group, group to root).
 *
 * The node domain is DOMAIN_NODE, except for checksums, whose leaves are piece roots and whose nodes are DOMAIN_PNODE.
 * Whoever signs a root also binds the count: index and count decide a path's length and sides, no other path verifies.
 */
#ifndef CAIRN_CHAIN_CRYPTO_LIST_TREE_H
#define CAIRN_CHAIN_CRYPTO_LIST_TREE_H

#include "chain/crypto/hash.h"

#include <stdbool.h>

/* No path is longer: counts are u64. */
enum { LIST_PATH_MAX = 64 };

/* A root under construction in O(log n) memory. Plain data, needs no release. */
struct list_tree {
    enum domain node;
    uint64_t count;
    struct hash peaks[LIST_PATH_MAX]; /* peaks[l] is set when bit l of count is */
};

void list_tree_init(struct list_tree *tree, enum domain node);

/* Appends a leaf by its hash. */
void list_tree_push(struct list_tree *tree, const struct hash *leaf);

/* The root of what was pushed so far; the tree can go on growing. */
struct hash list_tree_root(const struct list_tree *tree);

/* H(cairn.leaf, data). */
struct hash list_tree_leaf(struct bytes data);

/* H(cairn.empty, ""): the root of a list of nothing. */
struct hash list_tree_empty(void);

/* Folds `levels` levels up, in place, in SIMD lanes: nodes[0..count) become the returned number of nodes. Stops at one.
 */
size_t list_tree_fold(enum domain node, struct hash *nodes, size_t count, unsigned levels);

/* The root over leaf hashes, which it destroys (they are the scratch space). */
struct hash list_tree_root_of(enum domain node, struct hash *nodes, size_t count);

/* The path of leaf `index`, nearest sibling first: list_tree_path_len(index, count) hashes. Destroys nodes.
 * Needs index < count. */
void list_tree_prove(enum domain node, struct hash *nodes, size_t count, size_t index,
                     struct hash ret_path[LIST_PATH_MAX], size_t *ret_len);

/* How long the path of leaf `index` of `count` is. Needs index < count. */
size_t list_tree_path_len(uint64_t index, uint64_t count);

/* Climbs from leaf `index` of `count` to the root by `path`. False when index, count and length do not fit together. */
bool list_tree_climb(enum domain node, uint64_t index, uint64_t count, const struct hash *leaf, const struct hash *path,
                     size_t path_len, struct hash *ret_root);

/* True when the path leads from the leaf to exactly `root`. */
bool list_tree_verify(enum domain node, const struct hash *root, uint64_t index, uint64_t count,
                      const struct hash *leaf, const struct hash *path, size_t path_len);

#endif
