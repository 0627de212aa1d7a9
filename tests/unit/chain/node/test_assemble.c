/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/node/assemble.h"

static struct assemble a;

static int setup(void **state) {
    (void)state;
    assemble_init(&a);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    assemble_release(&a);
    return 0;
}

static struct hash hash_no(uint32_t no) {
    struct hash h = {{0}};
    store_be32(h.b + 28, no); /* alike but for the end, as a liar would choose them */
    return h;
}

static struct hash value_no(uint32_t no) {
    struct rng rng;
    struct hash h;
    rng_init(&rng, no);
    for (size_t i = 0; i < sizeof h.b; i++)
        h.b[i] = (uint8_t)rng_range(&rng, 0, 255);
    return h;
}

static struct hash hashes[BLOCK_TXS_MAX + 1];

static struct assembly *begin_n(uint8_t value, uint64_t height, uint32_t round, size_t n) {
    for (size_t i = 0; i < n; i++)
        hashes[i] = hash_no((uint32_t)i);
    struct assemble_proposal p = {.height = height,
                                  .round = round,
                                  .value = value_no(value),
                                  .from = 7,
                                  .header = bytes_str("header"),
                                  .certificate = bytes_str("certificate"),
                                  .hashes = hashes,
                                  .n = n};
    struct assembly *x = NULL;
    return assemble_begin(&a, &p, &x, NULL) == CODE_OK ? x : NULL;
}

static enum assemble_taken take(struct assembly *x, uint32_t no, const char *wire) {
    struct hash h = hash_no(no);
    return assemble_take(x, &h, bytes_str(wire));
}

static void take__until_whole(void **state) {
    (void)state;
    struct assembly *x = begin_n(1, 5, 0, 3);
    assert_non_null(x);
    assert_false(assemble_whole(x));
    assert_int_equal(take(x, 9, "foreign"), ASSEMBLE_FOREIGN);
    assert_int_equal(take(x, 1, "one"), ASSEMBLE_TAKEN);
    assert_int_equal(take(x, 1, "one"), ASSEMBLE_KNOWN);
    struct hash missing[3];
    uint32_t places[3];
    assert_int_equal(assemble_missing(x, 3, missing, places), 2);
    assert_int_equal(places[0], 0);
    assert_int_equal(places[1], 2);
    assert_memory_equal(&missing[1], &hashes[2], sizeof *missing);
    assert_int_equal(assemble_missing(x, 1, missing, NULL), 1);
    assert_int_equal(take(x, 2, "two"), ASSEMBLE_TAKEN);
    assert_int_equal(take(x, 0, "zero"), ASSEMBLE_TAKEN);
    assert_true(assemble_whole(x));
    assert_true(bytes_eq(x->bodies[2], bytes_str("two")));
    assert_true(bytes_eq(x->header, bytes_str("header")));
    assert_int_equal(assemble_missing(x, 3, missing, NULL), 0);
}

static void begin__of_none_is_whole(void **state) {
    (void)state;
    assert_true(assemble_whole(begin_n(1, 5, 0, 0)));
}

static void take__fills_every_place_of_a_hash(void **state) {
    (void)state;
    hashes[0] = hashes[1] = hash_no(4);
    struct assemble_proposal p = {.height = 1, .value = value_no(1), .hashes = hashes, .n = 2};
    struct assembly *x;
    assert_code(assemble_begin(&a, &p, &x, NULL), CODE_OK);
    assert_int_equal(take(x, 4, "four"), ASSEMBLE_TAKEN);
    assert_true(assemble_whole(x));
    assert_int_equal(x->bytes, 8);
}

static void begin__hashes_at_the_cap(void **state) {
    (void)state;
    struct assembly *x = begin_n(1, 5, 0, BLOCK_TXS_MAX);
    assert_non_null(x);
    for (uint32_t i = 0; i < BLOCK_TXS_MAX; i++)
        assert_int_equal(take(x, i, "w"), ASSEMBLE_TAKEN);
    assert_true(assemble_whole(x));
    assert_null(begin_n(2, 5, 0, BLOCK_TXS_MAX + 1));
}

static void take__bytes_at_the_cap(void **state) {
    (void)state;
    static uint8_t big[BLOCK_LEN_MAX];
    struct assembly *x = begin_n(1, 5, 0, 3);
    struct hash h = hash_no(0);
    assert_int_equal(assemble_take(x, &h, bytes_of(big, sizeof big - 1)), ASSEMBLE_TAKEN);
    assert_int_equal(take(x, 1, "ab"), ASSEMBLE_FULL);
    assert_int_equal(take(x, 1, "a"), ASSEMBLE_TAKEN);
    assert_int_equal(take(x, 2, "a"), ASSEMBLE_FULL);
    assert_int_equal(x->missing, 1);
}

static void begin__places_at_the_cap(void **state) {
    (void)state;
    for (uint8_t i = 0; i < ASSEMBLE_PENDING_MAX; i++)
        assert_non_null(begin_n((uint8_t)(i + 1), 5, i, 1));
    assert_non_null(begin_n(100, 5, 0, 1)); /* for the one of the furthest round */
    struct hash furthest = value_no(ASSEMBLE_PENDING_MAX), near = value_no(1);
    assert_null(assemble_find(&a, &furthest));
    assert_non_null(assemble_find(&a, &near));
    for (size_t i = 0; i < ASSEMBLE_PENDING_MAX; i++)
        assemble_want(&a.at[i], 0);
    assert_null(begin_n(101, 5, 0, 1)); /* not for one that somebody waits for */
    assemble_clear(&a, 4);
    assert_non_null(assemble_find(&a, &near));
    assemble_clear(&a, 5);
    assert_null(assemble_find(&a, &near));
}

static void due__again_and_later_each_time(void **state) {
    (void)state;
    struct assembly *x = begin_n(1, 5, 0, 2);
    assert_null(assemble_due(&a, 1000)); /* nobody waits for it */
    assert_int_equal(assemble_deadline(&a), UINT64_MAX);
    assemble_want(x, 1000);
    assert_int_equal(assemble_deadline(&a), 1000);
    uint64_t now = 1000, wait = ASSEMBLE_ASK_MS;
    for (uint32_t i = 1; i < 12; i++) {
        assert_ptr_equal(assemble_due(&a, now), x);
        assert_int_equal(x->asked, i);
        assert_null(assemble_due(&a, now));
        assert_int_equal(assemble_deadline(&a), now + wait);
        assert_null(assemble_due(&a, now + wait - 1));
        now += wait;
        wait = wait * 2 < ASSEMBLE_ASK_MS_MAX ? wait * 2 : ASSEMBLE_ASK_MS_MAX;
    }
    assert_int_equal(take(x, 0, "zero"), ASSEMBLE_TAKEN); /* somebody helps: not in vain any more */
    assert_ptr_equal(assemble_due(&a, now), x);
    assert_int_equal(x->asked, 1);
    assert_int_equal(take(x, 1, "one"), ASSEMBLE_TAKEN);
    assert_int_equal(assemble_deadline(&a), UINT64_MAX);
}

TEST_MAIN(cmocka_unit_test_setup_teardown(take__until_whole, setup, teardown),
          cmocka_unit_test_setup_teardown(begin__of_none_is_whole, setup, teardown),
          cmocka_unit_test_setup_teardown(take__fills_every_place_of_a_hash, setup, teardown),
          cmocka_unit_test_setup_teardown(begin__hashes_at_the_cap, setup, teardown),
          cmocka_unit_test_setup_teardown(take__bytes_at_the_cap, setup, teardown),
          cmocka_unit_test_setup_teardown(begin__places_at_the_cap, setup, teardown),
          cmocka_unit_test_setup_teardown(due__again_and_later_each_time, setup, teardown))
