/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/coding/piece.h"

#include <assert.h>
#include <string.h>

struct hash piece_hash(const uint8_t *data, size_t len, struct hash *scratch, struct hash *ret_groups) {
    size_t leaves = (size_t)leaf_count(len);
    leaf_hash_many(data, len, scratch);
    size_t groups = list_tree_fold(DOMAIN_NODE, scratch, leaves, PIECE_GROUP_LEVEL);
    assert(groups == piece_groups(len));
    if (ret_groups && groups > 0)
        memcpy(ret_groups, scratch, groups * sizeof *scratch);
    struct hash root = list_tree_root_of(DOMAIN_NODE, scratch, groups);
    return piece_root(len, &root);
}

struct hash piece_root_of_groups(uint64_t length, const struct hash *groups, struct hash *scratch) {
    size_t count = piece_groups(length);
    if (scratch != groups && count > 0)
        memcpy(scratch, groups, count * sizeof *scratch);
    struct hash root = list_tree_root_of(DOMAIN_NODE, scratch, count);
    return piece_root(length, &root);
}

struct hash piece_group_hash(struct bytes group, struct hash scratch[PIECE_GROUP_LEAVES]) {
    assert(group.len > 0 && group.len <= PIECE_GROUP_LEN);
    leaf_hash_many(group.data, group.len, scratch);
    return list_tree_root_of(DOMAIN_NODE, scratch, (size_t)leaf_count(group.len));
}

void piece_prove(uint64_t length, uint64_t index, struct bytes group, struct hash *groups,
                 struct hash ret_path[LIST_PATH_MAX], size_t *ret_len) {
    struct hash leaves[PIECE_GROUP_LEAVES];
    size_t inside = 0, above = 0;
    size_t which = (size_t)(index / PIECE_GROUP_LEAVES);
    assert(index < leaf_count(length));
    assert(group.len == PIECE_GROUP_LEN ||
           (which + 1 == piece_groups(length) && group.len == length % PIECE_GROUP_LEN));
    leaf_hash_many(group.data, group.len, leaves);
    list_tree_prove(DOMAIN_NODE, leaves, (size_t)leaf_count(group.len), (size_t)(index % PIECE_GROUP_LEAVES), ret_path,
                    &inside);
    struct hash upper[LIST_PATH_MAX];
    list_tree_prove(DOMAIN_NODE, groups, piece_groups(length), which, upper, &above);
    assert(inside + above == list_tree_path_len(index, leaf_count(length)));
    memcpy(ret_path + inside, upper, above * sizeof *upper);
    *ret_len = inside + above;
}
