/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/list_tree.h"
#include "chain/crypto/hash_many.h"

#include <assert.h>

void list_tree_init(struct list_tree *tree, enum domain node) {
    tree->node = node;
    tree->count = 0;
}

/* A binary counter of perfect subtrees: a carry is a pair that becomes a node one level up. */
void list_tree_push(struct list_tree *tree, const struct hash *leaf) {
    struct hash carry = *leaf;
    unsigned level = 0;
    for (; tree->count >> level & 1; level++)
        carry = hash_pair(tree->node, &tree->peaks[level], &carry);
    tree->peaks[level] = carry;
    tree->count++;
}

struct hash list_tree_root(const struct list_tree *tree) {
    if (tree->count == 0)
        return list_tree_empty();
    unsigned level = 0;
    while ((tree->count >> level & 1) == 0)
        level++;
    struct hash root = tree->peaks[level];
    for (level++; level < LIST_PATH_MAX && tree->count >> level != 0; level++)
        if (tree->count >> level & 1)
            root = hash_pair(tree->node, &tree->peaks[level], &root);
    return root;
}

struct hash list_tree_leaf(struct bytes data) {
    return hash_of(DOMAIN_LEAF, data);
}

struct hash list_tree_empty(void) {
    return hash_of(DOMAIN_EMPTY, BYTES_NONE);
}

size_t list_tree_fold(enum domain node, struct hash *nodes, size_t count, unsigned levels) {
    for (; levels > 0 && count > 1; levels--) {
        size_t pairs = count / 2;
        hash_many_strided(node, nodes->b, 2 * sizeof *nodes, 2 * sizeof *nodes, pairs, nodes);
        if (count % 2 != 0)
            nodes[pairs] = nodes[count - 1];
        count = pairs + count % 2;
    }
    return count;
}

struct hash list_tree_root_of(enum domain node, struct hash *nodes, size_t count) {
    if (count == 0)
        return list_tree_empty();
    list_tree_fold(node, nodes, count, LIST_PATH_MAX);
    return nodes[0];
}

void list_tree_prove(enum domain node, struct hash *nodes, size_t count, size_t index,
                     struct hash ret_path[LIST_PATH_MAX], size_t *ret_len) {
    assert(index < count);
    size_t len = 0;
    for (; count > 1; index /= 2) {
        size_t sibling = index ^ 1;
        if (sibling < count)
            ret_path[len++] = nodes[sibling];
        count = list_tree_fold(node, nodes, count, 1);
    }
    *ret_len = len;
}

size_t list_tree_path_len(uint64_t index, uint64_t count) {
    assert(index < count);
    size_t len = 0;
    for (uint64_t last = count - 1; last > 0; last >>= 1, index >>= 1)
        len += (index & 1) || index < last;
    return len;
}

bool list_tree_climb(enum domain node, uint64_t index, uint64_t count, const struct hash *leaf, const struct hash *path,
                     size_t path_len, struct hash *ret_root) {
    if (index >= count || path_len != list_tree_path_len(index, count))
        return false;
    struct hash root = *leaf;
    for (uint64_t last = count - 1; last > 0; last >>= 1, index >>= 1) {
        if (index & 1)
            root = hash_pair(node, path++, &root);
        else if (index < last)
            root = hash_pair(node, &root, path++);
    }
    *ret_root = root;
    return true;
}

bool list_tree_verify(enum domain node, const struct hash *root, uint64_t index, uint64_t count,
                      const struct hash *leaf, const struct hash *path, size_t path_len) {
    struct hash climbed;
    return list_tree_climb(node, index, count, leaf, path, path_len, &climbed) && hash_eq(&climbed, root);
}
