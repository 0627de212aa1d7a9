/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the bytes of an object are bound to what the ledger holds, so that one 4 KiB leaf can be proven:
 *
 *   leaf hash   H(cairn.leaf, 4 KiB of a piece; the last leaf is short)
 *   piece root  H(cairn.piece, length u64be | list tree over the leaf hashes, nodes cairn.node)
 *   checksum    list tree whose leaves are the piece roots of one position in segment order, nodes cairn.pnode
 *
 * A proof of a leaf is therefore two list-tree paths: leaf to list root inside the piece, piece root to checksum.
 */
#ifndef CAIRN_CHAIN_CRYPTO_PIECE_TREE_H
#define CAIRN_CHAIN_CRYPTO_PIECE_TREE_H

#include "chain/crypto/hash_many.h"
#include "chain/crypto/list_tree.h"

enum {
    /* Piece files keep one hash per 16 leaves (level 4 of the list tree), so that a leaf's proof reads 64 KiB. */
    PIECE_GROUP_LEVEL = 4,
    PIECE_GROUP_LEAVES = 1 << PIECE_GROUP_LEVEL,
    /* A streaming hasher folds this many leaf hashes at once. */
    PIECE_BATCH_LEAVES = 64,
};

/* The root of a piece of `length` bytes from the root of the list tree over its leaves. */
struct hash piece_root(uint64_t length, const struct hash *list_root);

/* The root of a whole piece in memory. `leaves` is the caller's scratch of leaf_count(len) hashes; afterwards it is
 * destroyed. For the leaf hashes themselves use leaf_hash_many and list_tree_root_of. */
struct hash piece_root_of(const uint8_t *data, size_t len, struct hash *leaves);

/* The checksum over a position's piece roots in segment order; destroys them. Of none: list_tree_empty(). */
struct hash checksum_of(struct hash *piece_roots, size_t count);

/* A piece root from bytes that come in parts of any size. Plain data, needs no release. */
struct piece_hasher {
    uint64_t length;
    struct list_tree batches; /* over the roots of PIECE_BATCH_LEAVES leaves each */
    size_t pending;           /* leaf hashes that wait for their batch */
    struct hash leaves[PIECE_BATCH_LEAVES];
    struct hasher leaf; /* the leaf under construction, when length is not a multiple of LEAF_LEN */
};

void piece_hasher_init(struct piece_hasher *hasher);
void piece_hasher_add(struct piece_hasher *hasher, const void *data, size_t len);

/* The root of what was added. The hasher is spent: init it again before another use. */
struct hash piece_hasher_done(struct piece_hasher *hasher);

/* Bytes of leaf `index` of a piece of `length` bytes: LEAF_LEN, less for the last. Needs index < leaf_count(length). */
size_t piece_leaf_len(uint64_t length, uint64_t index);

/* Climbs from leaf `index`'s data to the root of its piece of `length` bytes. False when the data's length is not the
 * leaf's, or the path's not the index's. */
bool piece_climb(uint64_t length, uint64_t index, struct bytes leaf, const struct hash *path, size_t path_len,
                 struct hash *ret_root);

/* True when the path leads from the leaf's data to exactly `root`. */
bool piece_leaf_verify(const struct hash *root, uint64_t length, uint64_t index, struct bytes leaf,
                       const struct hash *path, size_t path_len);

/* True when piece `segment` of `segments` with root `piece` is under `checksum`. */
bool checksum_verify(const struct hash *checksum, uint64_t segment, uint64_t segments, const struct hash *piece,
                     const struct hash *path, size_t path_len);

/* H(cairn.content, size u64be | content root): an object's content id. */
struct hash content_id(uint64_t size, const struct hash *content_root);

#endif
