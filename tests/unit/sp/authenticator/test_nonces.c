/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/rng.h"
#include "sp/authenticator/nonces.h"
#include "tests/lib/test.h"

#include <time.h>

static void nonce_of(uint64_t n, uint8_t ret[16]) {
    struct rng rng;
    rng_init(&rng, n);
    rng_fill(&rng, ret, 16);
}

static void nonce_set_add__once(void **state) {
    struct nonce_set *set = nonce_set_new(4);
    uint8_t nonce[16];
    (void)state;
    nonce_of(1, nonce);
    assert_int_equal(nonce_set_add(set, nonce, 100, 0, NULL), CODE_OK);
    assert_int_equal(nonce_set_add(set, nonce, 100, 99, NULL), CODE_DONE_ALREADY);
    nonce_set_free(set);
}

static void nonce_set_add__again_after_it_expired(void **state) {
    struct nonce_set *set = nonce_set_new(4);
    uint8_t nonce[16];
    (void)state;
    nonce_of(1, nonce);
    assert_int_equal(nonce_set_add(set, nonce, 100, 0, NULL), CODE_OK);
    assert_int_equal(nonce_set_add(set, nonce, 200, 100, NULL), CODE_OK);
    assert_int_equal(nonce_set_add(set, nonce, 300, 199, NULL), CODE_DONE_ALREADY);
    nonce_set_free(set);
}

static void nonce_set_add__at_its_cap(void **state) {
    enum { MAX = 100 };
    struct nonce_set *set = nonce_set_new(MAX);
    uint8_t nonce[16];
    (void)state;
    for (uint64_t i = 0; i < MAX; i++) {
        nonce_of(i, nonce);
        assert_int_equal(nonce_set_add(set, nonce, i < MAX / 2 ? 50 : 1000, 0, NULL), CODE_OK);
    }
    nonce_of(MAX, nonce);
    assert_int_equal(nonce_set_add(set, nonce, 1000, 49, NULL), CODE_BUSY);
    assert_int_equal(nonce_set_add(set, nonce, 1000, 50, NULL), CODE_OK); /* half of them have expired */
    for (uint64_t i = MAX / 2; i < MAX; i++) {                            /* the others are still known */
        nonce_of(i, nonce);
        assert_int_equal(nonce_set_add(set, nonce, 1000, 50, NULL), CODE_DONE_ALREADY);
    }
    nonce_set_free(set);
}

/* Whoever fills the set must not make every refusal cost a pass over it. */
static void nonce_set_add__full_is_cheap(void **state) {
    enum { MAX = 1 << 16, REFUSED = 20000 };
    struct nonce_set *set = nonce_set_new(MAX);
    uint8_t nonce[16];
    (void)state;
    for (uint64_t i = 0; i < MAX; i++) {
        nonce_of(i, nonce);
        assert_int_equal(nonce_set_add(set, nonce, 1000 + i, 0, NULL), CODE_OK);
    }
    nonce_of(MAX, nonce);
    clock_t begin = clock();
    for (uint64_t i = 0; i < REFUSED; i++)
        assert_int_equal(nonce_set_add(set, nonce, 5000, 500, NULL), CODE_BUSY);
    assert_true(clock() - begin < 2 * CLOCKS_PER_SEC); /* a pass takes half a millisecond and more */
    assert_int_equal(nonce_set_add(set, nonce, 5000, 1000, NULL), CODE_OK); /* the first has expired */
    nonce_set_free(set);
}

TEST_MAIN(cmocka_unit_test(nonce_set_add__once), cmocka_unit_test(nonce_set_add__again_after_it_expired),
          cmocka_unit_test(nonce_set_add__at_its_cap), cmocka_unit_test(nonce_set_add__full_is_cheap))
