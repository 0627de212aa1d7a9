/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/coding/piece.h"

#include "chain/base/rng.h"
#include "tests/lib/test.h"

#define LEAVES_MAX 100

static uint8_t data[LEAVES_MAX * LEAF_LEN];
static struct hash scratch[LEAVES_MAX], groups[LEAVES_MAX], spare[LEAVES_MAX];

static const size_t lengths[] = {1,
                                 100,
                                 LEAF_LEN - 1,
                                 LEAF_LEN,
                                 LEAF_LEN + 1,
                                 15 * LEAF_LEN,
                                 PIECE_GROUP_LEN - 1,
                                 PIECE_GROUP_LEN,
                                 PIECE_GROUP_LEN + 1,
                                 2 * PIECE_GROUP_LEN + 5 * LEAF_LEN + 7,
                                 5 * PIECE_GROUP_LEN,
                                 sizeof data};
#define LENGTHS (sizeof lengths / sizeof lengths[0])

static void fill(void) {
    struct rng rng;
    rng_init(&rng, 3);
    rng_fill(&rng, data, sizeof data);
}

static void piece_hash__is_the_piece_root(void **state) {
    (void)state;
    fill();
    for (size_t i = 0; i < LENGTHS; i++) {
        size_t len = lengths[i];
        struct hash root = piece_hash(data, len, scratch, groups);
        struct hash want = piece_root_of(data, len, scratch);
        assert_true(hash_eq(&root, &want));
        for (size_t g = 0; g < piece_groups(len); g++) {
            size_t at = g * PIECE_GROUP_LEN, n = len - at < PIECE_GROUP_LEN ? len - at : PIECE_GROUP_LEN;
            struct hash leaves[PIECE_GROUP_LEAVES], group = piece_group_hash(bytes_of(data + at, n), leaves);
            assert_true(hash_eq(&group, &groups[g]));
        }
        want = piece_root_of_groups(len, groups, spare);
        assert_true(hash_eq(&root, &want));
    }
    struct hash root = piece_hash(data, 0, scratch, groups), want = piece_root_of(data, 0, scratch);
    assert_true(hash_eq(&root, &want));
}

static void piece_prove__every_leaf(void **state) {
    (void)state;
    fill();
    for (size_t i = 0; i < LENGTHS; i++) {
        size_t len = lengths[i];
        struct hash root = piece_hash(data, len, scratch, groups);
        for (size_t leaf = 0; leaf < leaf_count(len); leaf++) {
            size_t at = leaf / PIECE_GROUP_LEAVES * PIECE_GROUP_LEN;
            size_t n = len - at < PIECE_GROUP_LEN ? len - at : PIECE_GROUP_LEN;
            struct hash path[LIST_PATH_MAX];
            size_t path_len;
            memcpy(spare, groups, sizeof spare);
            piece_prove(len, leaf, bytes_of(data + at, n), spare, path, &path_len);
            struct bytes bytes = bytes_of(data + leaf * LEAF_LEN, piece_leaf_len(len, leaf));
            assert_true(piece_leaf_verify(&root, len, leaf, bytes, path, path_len));
            assert_false(piece_leaf_verify(&root, len + 1, leaf, bytes, path, path_len));
        }
    }
}

TEST_MAIN(cmocka_unit_test(piece_hash__is_the_piece_root), cmocka_unit_test(piece_prove__every_leaf))
