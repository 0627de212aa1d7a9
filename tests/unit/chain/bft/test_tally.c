/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "chain/bft/tally.h"

static const uint64_t POWERS[4] = {10, 10, 10, 10};

struct fixture {
    struct tally tally;
    void *memory;
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->memory = aligned_alloc(16, tally_memory(4));
    assert_non_null(f->memory);
    tally_init(&f->tally, f->memory, 4);
    tally_reset(&f->tally, POWERS, 4, 40);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    free(f->memory);
    free(f);
    return 0;
}

static struct vote vote_of(uint16_t validator, char value) {
    struct vote vote = {.height = 1, .validator = validator, .type = VOTE_PREVOTE};
    if (value)
        memset(vote.value.b, value, sizeof vote.value.b);
    return vote;
}

static enum tally_result add(struct fixture *f, uint16_t validator, char value, bool certified) {
    struct vote vote = vote_of(validator, value);
    return tally_add(&f->tally, &vote, certified);
}

static void power__strict_thirds(void **state) {
    (void)state;
    assert_false(power_is_quorum(2, 3));
    assert_true(power_is_quorum(3, 3));
    assert_false(power_is_quorum(200, 300));
    assert_true(power_is_quorum(201, 300));
    assert_false(power_has_honest(100, 300));
    assert_true(power_has_honest(101, 300));
    assert_true(power_is_quorum(UINT64_MAX / 3, UINT64_MAX / 3));
}

static void tally_add__quorum_of_one_value(void **state) {
    struct fixture *f = *state;
    assert_int_equal(add(f, 0, 'A', false), TALLY_ADDED);
    assert_int_equal(add(f, 0, 'A', false), TALLY_KNOWN);
    assert_int_equal(add(f, 1, 'B', false), TALLY_ADDED);
    assert_int_equal(add(f, 2, 'A', false), TALLY_ADDED);
    assert_false(f->tally.quorum);
    assert_int_equal(f->tally.power, 30);
    assert_int_equal(add(f, 3, 'A', false), TALLY_ADDED);
    assert_true(f->tally.quorum);
    assert_int_equal(f->tally.quorum_value.b[0], 'A');
}

static void tally_add__nil_is_a_value(void **state) {
    struct fixture *f = *state;
    for (uint16_t v = 0; v < 3; v++)
        add(f, v, 0, false);
    assert_true(f->tally.quorum);
    assert_true(hash_is_zero(&f->tally.quorum_value));
}

static void tally_add__a_doubler_counts_for_both(void **state) {
    struct fixture *f = *state;
    struct hash a = vote_of(0, 'A').value, b = vote_of(0, 'B').value;
    add(f, 0, 'A', false);
    assert_int_equal(add(f, 0, 'B', false), TALLY_DOUBLED);
    assert_int_equal(add(f, 0, 'C', false), TALLY_KNOWN);
    assert_int_equal(f->tally.power, 10);
    assert_int_equal(tally_power(&f->tally, &a), 10);
    assert_int_equal(tally_power(&f->tally, &b), 10);
}

static void tally_add__a_certified_third_takes_the_second_place(void **state) {
    struct fixture *f = *state;
    struct certificate *cert = calloc(1, sizeof *cert);
    struct hash c = vote_of(0, 'C').value;
    assert_non_null(cert);
    add(f, 0, 'A', false);
    add(f, 0, 'B', false);
    for (uint16_t v = 0; v < 3; v++)
        add(f, v, 'C', true);
    assert_true(f->tally.quorum);
    assert_int_equal(f->tally.quorum_value.b[0], 'C');
    tally_collect(&f->tally, 7, 2, VOTE_PREVOTE, &c, cert);
    assert_int_equal(cert->n, 3);
    for (uint16_t v = 0; v < 3; v++) {
        assert_int_equal(cert->votes[v].validator, v);
        assert_int_equal(cert->votes[v].height, 7);
        assert_int_equal(cert->votes[v].value.b[0], 'C');
    }
    free(cert);
}

#define ALL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TEST_MAIN(cmocka_unit_test(power__strict_thirds), ALL(tally_add__quorum_of_one_value), ALL(tally_add__nil_is_a_value),
          ALL(tally_add__a_doubler_counts_for_both), ALL(tally_add__a_certified_third_takes_the_second_place))
