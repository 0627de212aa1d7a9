/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/piece_tree.h"

#include <assert.h>

struct hash piece_root(uint64_t length, const struct hash *list_root) {
    struct hasher hasher;
    hasher_init(&hasher, DOMAIN_PIECE);
    hasher_add_u64(&hasher, length);
    hasher_add(&hasher, list_root->b, sizeof list_root->b);
    return hasher_done(&hasher);
}

struct hash piece_root_of(const uint8_t *data, size_t len, struct hash *leaves) {
    leaf_hash_many(data, len, leaves);
    struct hash list_root = list_tree_root_of(DOMAIN_NODE, leaves, (size_t)leaf_count(len));
    return piece_root(len, &list_root);
}

struct hash checksum_of(struct hash *piece_roots, size_t count) {
    return list_tree_root_of(DOMAIN_PNODE, piece_roots, count);
}

void piece_hasher_init(struct piece_hasher *hasher) {
    hasher->length = 0;
    hasher->pending = 0;
    list_tree_init(&hasher->batches, DOMAIN_NODE);
}

/* Called when `pending` grew: a full batch becomes one node. */
static void flush_batch(struct piece_hasher *hasher) {
    assert(hasher->pending <= PIECE_BATCH_LEAVES);
    if (hasher->pending < PIECE_BATCH_LEAVES)
        return;
    struct hash root = list_tree_root_of(DOMAIN_NODE, hasher->leaves, hasher->pending);
    list_tree_push(&hasher->batches, &root);
    hasher->pending = 0;
}

/* Adds to the leaf under construction; returns how much of data it took. */
static size_t add_to_leaf(struct piece_hasher *hasher, const uint8_t *data, size_t len) {
    size_t filled = (size_t)(hasher->length % LEAF_LEN);
    size_t take = LEAF_LEN - filled < len ? LEAF_LEN - filled : len;
    if (filled == 0)
        hasher_init(&hasher->leaf, DOMAIN_LEAF);
    hasher_add(&hasher->leaf, data, take);
    if (filled + take == LEAF_LEN) {
        hasher->leaves[hasher->pending++] = hasher_done(&hasher->leaf);
        flush_batch(hasher);
    }
    return take;
}

/* Adds whole leaves in SIMD lanes, as many as fit the batch; returns how much of data it took. */
static size_t add_whole_leaves(struct piece_hasher *hasher, const uint8_t *data, size_t len) {
    size_t room = (size_t)(PIECE_BATCH_LEAVES - hasher->pending);
    size_t leaves = len / LEAF_LEN < room ? len / LEAF_LEN : room;
    leaf_hash_many(data, leaves * LEAF_LEN, hasher->leaves + hasher->pending);
    hasher->pending += leaves;
    flush_batch(hasher);
    return leaves * LEAF_LEN;
}

void piece_hasher_add(struct piece_hasher *hasher, const void *data, size_t len) {
    const uint8_t *at = data;
    while (len > 0) {
        bool aligned = hasher->length % LEAF_LEN == 0;
        size_t took = aligned && len >= LEAF_LEN ? add_whole_leaves(hasher, at, len) : add_to_leaf(hasher, at, len);
        hasher->length += took;
        at += took;
        len -= took;
    }
}

struct hash piece_hasher_done(struct piece_hasher *hasher) {
    if (hasher->length % LEAF_LEN != 0)
        hasher->leaves[hasher->pending++] = hasher_done(&hasher->leaf);
    if (hasher->pending > 0) {
        struct hash last = list_tree_root_of(DOMAIN_NODE, hasher->leaves, hasher->pending);
        list_tree_push(&hasher->batches,
                       &last); /* shorter than the others, and by the tree's shape just the last node */
    }
    struct hash list_root = list_tree_root(&hasher->batches);
    return piece_root(hasher->length, &list_root);
}

size_t piece_leaf_len(uint64_t length, uint64_t index) {
    assert(index < leaf_count(length));
    uint64_t rest = length - index * LEAF_LEN;
    return rest < LEAF_LEN ? (size_t)rest : LEAF_LEN;
}

bool piece_climb(uint64_t length, uint64_t index, struct bytes leaf, const struct hash *path, size_t path_len,
                 struct hash *ret_root) {
    if (index >= leaf_count(length) || leaf.len != piece_leaf_len(length, index))
        return false;
    struct hash leaf_hash = list_tree_leaf(leaf), list_root;
    if (!list_tree_climb(DOMAIN_NODE, index, leaf_count(length), &leaf_hash, path, path_len, &list_root))
        return false;
    *ret_root = piece_root(length, &list_root);
    return true;
}

bool piece_leaf_verify(const struct hash *root, uint64_t length, uint64_t index, struct bytes leaf,
                       const struct hash *path, size_t path_len) {
    struct hash climbed;
    return piece_climb(length, index, leaf, path, path_len, &climbed) && hash_eq(&climbed, root);
}

bool checksum_verify(const struct hash *checksum, uint64_t segment, uint64_t segments, const struct hash *piece,
                     const struct hash *path, size_t path_len) {
    return list_tree_verify(DOMAIN_PNODE, checksum, segment, segments, piece, path, path_len);
}

struct hash content_id(uint64_t size, const struct hash *content_root) {
    struct hasher hasher;
    hasher_init(&hasher, DOMAIN_CONTENT);
    hasher_add_u64(&hasher, size);
    hasher_add(&hasher, content_root->b, sizeof content_root->b);
    return hasher_done(&hasher);
}
