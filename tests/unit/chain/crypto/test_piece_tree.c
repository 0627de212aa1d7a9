/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/crypto/piece_tree.h"
#include "tests/lib/test.h"

enum { LEAVES = 150 };

static uint8_t data[LEAVES * LEAF_LEN];

static int fill(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 4);
    rng_fill(&rng, data, sizeof data);
    return 0;
}

static struct hash root_by_definition(size_t len) {
    struct list_tree tree;
    list_tree_init(&tree, DOMAIN_NODE);
    for (size_t at = 0; at < len; at += LEAF_LEN) {
        struct hash leaf = list_tree_leaf(bytes_of(data + at, len - at < LEAF_LEN ? len - at : LEAF_LEN));
        list_tree_push(&tree, &leaf);
    }
    struct hash root = list_tree_root(&tree);
    return piece_root(len, &root);
}

static const size_t sizes[] = {0,
                               1,
                               LEAF_LEN - 1,
                               LEAF_LEN,
                               LEAF_LEN + 1,
                               63 * LEAF_LEN + 5,
                               64 * LEAF_LEN - 1,
                               64 * LEAF_LEN,
                               64 * LEAF_LEN + 1,
                               65 * LEAF_LEN,
                               128 * LEAF_LEN,
                               LEAVES *LEAF_LEN};

static void piece_hasher__equals_the_definition_however_cut(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct hash want = root_by_definition(sizes[s]), leaves[LEAVES];
        struct hash whole = piece_root_of(data, sizes[s], leaves);
        assert_true(hash_eq(&whole, &want));
        static const size_t steps[] = {1000, LEAF_LEN, 3 * LEAF_LEN, 100 * LEAF_LEN, 0};
        for (size_t t = 0; t < sizeof steps / sizeof *steps; t++) {
            struct piece_hasher hasher;
            piece_hasher_init(&hasher);
            for (size_t at = 0; at < sizes[s];) {
                size_t step = steps[t] != 0 ? steps[t] : 1 + (size_t)rng_below(&rng, 20000);
                step = step < sizes[s] - at ? step : sizes[s] - at;
                piece_hasher_add(&hasher, data + at, step);
                at += step;
            }
            struct hash got = piece_hasher_done(&hasher);
            assert_true(hash_eq(&got, &want));
        }
    }
}

static void piece_root__binds_the_length(void **state) {
    (void)state;
    struct hash leaf = list_tree_leaf(bytes_of(data, 10));
    struct hash a = piece_root(10, &leaf), b = piece_root(11, &leaf);
    assert_false(hash_eq(&a, &b));
}

static void leaf_verify__every_leaf_and_no_other_data(void **state) {
    (void)state;
    for (size_t s = 1; s < sizeof sizes / sizeof *sizes; s++) {
        size_t count = (size_t)leaf_count(sizes[s]);
        struct hash root = root_by_definition(sizes[s]);
        for (size_t i = 0; i < count; i += 1 + count / 7) {
            struct hash leaves[LEAVES], path[LIST_PATH_MAX];
            size_t len;
            struct bytes leaf = bytes_of(data + i * LEAF_LEN, piece_leaf_len(sizes[s], i));
            leaf_hash_many(data, sizes[s], leaves);
            list_tree_prove(DOMAIN_NODE, leaves, count, i, path, &len);
            assert_true(piece_leaf_verify(&root, sizes[s], i, leaf, path, len));
            assert_false(piece_leaf_verify(&root, sizes[s] + 1, i, leaf, path, len));
            assert_false(piece_leaf_verify(&root, sizes[s], count, leaf, path, len));
            leaf.len--;
            assert_false(piece_leaf_verify(&root, sizes[s], i, leaf, path, len));
        }
    }
}

/* What a challenge is answered with: leaf, path in the piece, path over the pieces. */
static void greenfield_11_3_11__a_leaf_proves_to_the_checksum(void **state) {
    (void)state;
    enum { PIECES = 5 };
    const size_t piece_len = 30 * LEAF_LEN;
    struct hash roots[PIECES], scratch[PIECES], leaves[LEAVES], path[LIST_PATH_MAX], up[LIST_PATH_MAX], climbed;
    for (size_t p = 0; p < PIECES; p++)
        roots[p] = piece_root_of(data + p * piece_len, piece_len, leaves);
    memcpy(scratch, roots, sizeof roots);
    struct hash checksum = checksum_of(scratch, PIECES);
    size_t len, up_len;
    leaf_hash_many(data + 3 * piece_len, piece_len, leaves);
    list_tree_prove(DOMAIN_NODE, leaves, 30, 17, path, &len);
    memcpy(scratch, roots, sizeof roots);
    list_tree_prove(DOMAIN_PNODE, scratch, PIECES, 3, up, &up_len);
    struct bytes leaf = bytes_of(data + 3 * piece_len + 17 * LEAF_LEN, LEAF_LEN);
    assert_true(piece_climb(piece_len, 17, leaf, path, len, &climbed));
    assert_true(checksum_verify(&checksum, 3, PIECES, &climbed, up, up_len));
    assert_false(checksum_verify(&checksum, 2, PIECES, &climbed, up, up_len));
    assert_false(checksum_verify(&checksum, 3, PIECES - 1, &climbed, up, up_len));
}

static void checksum__of_one_piece_is_its_root_and_of_none_the_empty_one(void **state) {
    (void)state;
    struct hash root = root_by_definition(10), one = root, empty = list_tree_empty();
    struct hash checksum = checksum_of(&one, 1), none = checksum_of(NULL, 0);
    assert_true(hash_eq(&checksum, &root));
    assert_true(hash_eq(&none, &empty));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(piece_hasher__equals_the_definition_however_cut),
        cmocka_unit_test(piece_root__binds_the_length),
        cmocka_unit_test(leaf_verify__every_leaf_and_no_other_data),
        cmocka_unit_test(greenfield_11_3_11__a_leaf_proves_to_the_checksum),
        cmocka_unit_test(checksum__of_one_piece_is_its_root_and_of_none_the_empty_one),
    };
    test_setup();
    return cmocka_run_group_tests(tests, fill, NULL);
}
