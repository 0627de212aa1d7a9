/* SPDX-License-Identifier: Apache-2.0 */
/* Every lane engine that this machine has against libb2, on random inputs. */
#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/crypto/hash_many.h"
#include "tests/lib/test.h"

enum { INPUTS = 21, LEN_MAX = 5000 };

static void check_engine(enum lanes lanes, size_t len, size_t count, struct rng *rng) {
    static uint8_t data[INPUTS][LEN_MAX];
    const uint8_t *inputs[INPUTS] = {NULL};
    struct hash got[INPUTS + 1];
    memset(got, 0xee, sizeof got);
    for (size_t i = 0; i < count; i++) {
        rng_fill(rng, data[i], len);
        inputs[i] = data[i];
    }
    hash_many_on(lanes, DOMAIN_LEAF, inputs, len, count, got);
    for (size_t i = 0; i < count; i++) {
        struct hash want = hash_of(DOMAIN_LEAF, bytes_of(data[i], len));
        if (!hash_eq(&got[i], &want))
            fail_msg("%s: input %zu of %zu, %zu bytes", lanes_name(lanes), i, count, len);
    }
    for (size_t i = 0; i < sizeof got[count].b; i++)
        assert_int_equal(got[count].b[i], 0xee);
}

static void hash_many__engines_equal_libb2(void **state) {
    (void)state;
    static const size_t edges[] = {0, 1, 7, 8, 32, 63, 64, 65, 127, 128, 129, 255, 256, 257, 4095, 4096, 4097};
    struct rng rng;
    rng_init(&rng, 1);
    for (int lanes = 0; lanes < LANES_COUNT; lanes++) {
        if (!lanes_available((enum lanes)lanes)) {
            print_message("%s is not available here\n", lanes_name((enum lanes)lanes));
            continue;
        }
        for (size_t count = 0; count <= INPUTS; count++)
            for (size_t e = 0; e < sizeof edges / sizeof *edges; e++)
                check_engine((enum lanes)lanes, edges[e], count, &rng);
        for (int i = 0; i < 200; i++)
            check_engine((enum lanes)lanes, rng_below(&rng, LEN_MAX + 1), rng_below(&rng, INPUTS + 1), &rng);
    }
}

static void hash_many__takes_every_domain(void **state) {
    (void)state;
    uint8_t data[3] = {1, 2, 3};
    const uint8_t *inputs[8] = {data, data, data, data, data, data, data, data};
    for (int d = 0; d < DOMAIN_COUNT; d++) {
        struct hash got[8], want = hash_of((enum domain)d, bytes_of(data, sizeof data));
        hash_many((enum domain)d, inputs, sizeof data, 8, got);
        for (int i = 0; i < 8; i++)
            assert_true(hash_eq(&got[i], &want));
    }
}

static void hash_many_strided__folds_in_place(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 2);
    for (size_t pairs = 0; pairs < 70; pairs++) {
        struct hash nodes[140], want[70];
        rng_fill(&rng, nodes, sizeof nodes);
        for (size_t i = 0; i < pairs; i++)
            want[i] = hash_pair(DOMAIN_NODE, &nodes[2 * i], &nodes[2 * i + 1]);
        hash_many_strided(DOMAIN_NODE, nodes[0].b, 64, 64, pairs, nodes);
        assert_memory_equal(nodes, want, pairs * sizeof *want);
    }
}

static void leaf_hash_many__cuts_leaves(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, LEAF_LEN - 1, LEAF_LEN, LEAF_LEN + 1, 9 * LEAF_LEN, 20 * LEAF_LEN - 3};
    static uint8_t data[20 * LEAF_LEN];
    struct rng rng;
    rng_init(&rng, 3);
    rng_fill(&rng, data, sizeof data);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct hash leaves[20];
        size_t left = sizes[s];
        leaf_hash_many(data, sizes[s], leaves);
        for (size_t i = 0; i < leaf_count(sizes[s]); i++) {
            size_t len = left < LEAF_LEN ? left : LEAF_LEN;
            struct hash want = hash_of(DOMAIN_LEAF, bytes_of(data + i * LEAF_LEN, len));
            assert_true(hash_eq(&leaves[i], &want));
            left -= len;
        }
        assert_int_equal(left, 0);
    }
}

TEST_MAIN(cmocka_unit_test(hash_many__engines_equal_libb2), cmocka_unit_test(hash_many__takes_every_domain),
          cmocka_unit_test(hash_many_strided__folds_in_place), cmocka_unit_test(leaf_hash_many__cuts_leaves))
