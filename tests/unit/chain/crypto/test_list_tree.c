/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/list_tree.h"
#include "tests/lib/test.h"

enum { LEAVES = 70 };

static void make_leaves(struct hash *leaves, size_t count) {
    for (size_t i = 0; i < count; i++)
        leaves[i] = list_tree_leaf(bytes_of(&i, sizeof i));
}

/* RFC 6962 §2.1, word for word: split at the largest power of two below n. */
static struct hash root_by_definition(const struct hash *leaves, size_t count) {
    if (count == 0)
        return hash_of(DOMAIN_EMPTY, BYTES_NONE);
    if (count == 1)
        return leaves[0];
    size_t split = 1;
    while (2 * split < count)
        split *= 2;
    struct hash left = root_by_definition(leaves, split), right = root_by_definition(leaves + split, count - split);
    return hash_pair(DOMAIN_NODE, &left, &right);
}

static void root__three_ways_agree(void **state) {
    (void)state;
    for (size_t count = 0; count <= LEAVES; count++) {
        struct hash leaves[LEAVES] = {{{0}}}, want;
        struct list_tree tree;
        make_leaves(leaves, count);
        want = root_by_definition(leaves, count);
        list_tree_init(&tree, DOMAIN_NODE);
        for (size_t i = 0; i < count; i++)
            list_tree_push(&tree, &leaves[i]);
        struct hash pushed = list_tree_root(&tree), folded = list_tree_root_of(DOMAIN_NODE, leaves, count);
        assert_true(hash_eq(&pushed, &want));
        assert_true(hash_eq(&folded, &want));
    }
}

static void prove__every_leaf_verifies_and_only_as_itself(void **state) {
    (void)state;
    for (size_t count = 1; count <= LEAVES; count++) {
        struct hash leaves[LEAVES], scratch[LEAVES], path[LIST_PATH_MAX];
        make_leaves(leaves, count);
        struct hash root = root_by_definition(leaves, count);
        for (size_t i = 0; i < count; i++) {
            size_t len;
            memcpy(scratch, leaves, sizeof leaves);
            list_tree_prove(DOMAIN_NODE, scratch, count, i, path, &len);
            assert_int_equal(len, list_tree_path_len(i, count));
            assert_true(list_tree_verify(DOMAIN_NODE, &root, i, count, &leaves[i], path, len));
            assert_false(list_tree_verify(DOMAIN_PNODE, &root, i, count, &leaves[i], path, len) && count > 1);
            assert_false(list_tree_verify(DOMAIN_NODE, &root, count, count, &leaves[i], path, len));
            assert_false(list_tree_verify(DOMAIN_NODE, &root, i, count, &leaves[i], path, len + 1));
            if (len > 0)
                assert_false(list_tree_verify(DOMAIN_NODE, &root, i, count, &leaves[i], path, len - 1));
            for (size_t j = 0; j < count; j++)
                if (j != i)
                    assert_false(list_tree_verify(DOMAIN_NODE, &root, j, count, &leaves[i], path, len));
            for (size_t p = 0; p < len; p++) {
                path[p].b[0] ^= 1;
                assert_false(list_tree_verify(DOMAIN_NODE, &root, i, count, &leaves[i], path, len));
                path[p].b[0] ^= 1;
            }
        }
    }
}

/* A proof can be put together: leaf to group of 16, group to root. */
static void prove__by_groups_is_the_same_path(void **state) {
    (void)state;
    enum { GROUP = 16 };
    for (size_t count = 1; count <= LEAVES; count++) {
        struct hash leaves[LEAVES], scratch[LEAVES], groups[LEAVES], path[LIST_PATH_MAX], want[LIST_PATH_MAX];
        make_leaves(leaves, count);
        for (size_t i = 0; i < count; i++) {
            size_t low, high, len, first = i / GROUP * GROUP;
            size_t members = count - first < GROUP ? count - first : GROUP;
            memcpy(scratch, leaves + first, members * sizeof *leaves);
            list_tree_prove(DOMAIN_NODE, scratch, members, i - first, path, &low);
            memcpy(groups, leaves, sizeof leaves);
            size_t group_count = list_tree_fold(DOMAIN_NODE, groups, count, 4);
            assert_int_equal(group_count, (count + GROUP - 1) / GROUP);
            list_tree_prove(DOMAIN_NODE, groups, group_count, i / GROUP, path + low, &high);
            memcpy(scratch, leaves, sizeof leaves);
            list_tree_prove(DOMAIN_NODE, scratch, count, i, want, &len);
            assert_int_equal(len, low + high);
            assert_memory_equal(path, want, len * sizeof *path);
        }
    }
}

static void path_len__of_huge_counts(void **state) {
    (void)state;
    assert_int_equal(list_tree_path_len(0, 1), 0);
    assert_int_equal(list_tree_path_len(0, UINT64_MAX), 64);
    assert_int_equal(list_tree_path_len(UINT64_MAX - 1, UINT64_MAX), 63);
    assert_int_equal(list_tree_path_len((uint64_t)1 << 63, ((uint64_t)1 << 63) + 1), 1);
}

TEST_MAIN(cmocka_unit_test(root__three_ways_agree), cmocka_unit_test(prove__every_leaf_verifies_and_only_as_itself),
          cmocka_unit_test(prove__by_groups_is_the_same_path), cmocka_unit_test(path_len__of_huge_counts))
