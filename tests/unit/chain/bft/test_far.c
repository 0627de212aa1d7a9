/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds that are not kept: what a liar can make a core log, and that honest ones far ahead are reached all the same.
 */
#include "tests/lib/test.h"

#include "chain/bft/core.h"
#include "chain/bft/store.h"

enum { N = 4, HEIGHT = 5, FIRST_FAR = BFT_ROUNDS_KEPT /* seen from round 0 */ };

static uint64_t powers[N] = {10, 10, 10, 10};
static struct bft *core;
static struct bft_update update;
static void *memory;

static struct hash value_of(char c) {
    struct hash h = {{0}};
    memset(h.b, c, sizeof h.b);
    return h;
}

static int setup(void **state) {
    (void)state;
    memory = aligned_alloc(16, (bft_size(N) + 15) / 16 * 16);
    assert_non_null(memory);
    core = bft_init(memory, N);
    struct bft_event e = {
        .kind = BFT_EVENT_START,
        .start = {
            .height = HEIGHT,
            .powers = powers,
            .validators = N,
            .self = BFT_SELF_NONE,
            .due = true,
            .config = {.propose_ms = 1, .prevote_ms = 1, .precommit_ms = 1, .timeout_max_ms = 1, .rebroadcast_ms = 1}}};
    bft_step(core, &e, &update);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static bool logs(const struct bft_event *e) {
    bft_step(core, e, &update);
    for (uint32_t i = 0; i < update.n; i++)
        if (update.outputs[i].kind == BFT_OUT_LOG)
            return true;
    return false;
}

static struct vote vote_of(uint16_t validator, enum vote_type type, uint32_t round, const struct hash *value) {
    return (struct vote){
        .height = HEIGHT, .round = round, .validator = validator, .type = (uint8_t)type, .value = *value};
}

static bool votes(uint16_t validator, uint32_t round) {
    static const struct hash nil;
    struct bft_event e = {.kind = BFT_EVENT_VOTE, .vote = vote_of(validator, VOTE_PREVOTE, round, &nil)};
    return logs(&e);
}

static struct bft_view view(void) {
    struct bft_view v;
    bft_view(core, &v);
    return v;
}

/* How many of `n` votes, each of a later round than the one before, are logged. */
static uint32_t logged(uint16_t validator, uint32_t from, uint32_t n) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        count += votes(validator, from + i);
    return count;
}

static void far_votes__of_a_liar_end(void **state) {
    (void)state;
    assert_int_equal(logged(3, FIRST_FAR, BFT_FAR_MAX), BFT_FAR_MAX);
    assert_false(votes(3, FIRST_FAR + BFT_FAR_MAX));
    assert_int_equal(logged(3, FIRST_FAR + BFT_FAR_MAX, 100000), 0);
    assert_false(votes(3, BFT_ROUND_MAX - 1));
    assert_int_equal(view().round, 0);
    assert_true(votes(3, FIRST_FAR - 1));     /* of a kept round, which is bounded by itself */
    assert_true(votes(2, BFT_ROUND_MAX - 1)); /* another's are its own */
}

/* In a certificate they count like one by one. */
static void far_votes__in_certificates_end(void **state) {
    (void)state;
    static const struct hash nil;
    struct bft_event e = {.kind = BFT_EVENT_CERTIFICATE};
    struct certificate cert = {.kind = CERTIFICATE_ROUND, .height = HEIGHT, .round = 0, .n = 2};
    uint32_t count = 0;
    e.certificate = &cert;
    votes(0, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        cert.votes[0] = vote_of(0, VOTE_PREVOTE, 0, &nil);
        cert.votes[1] = vote_of(3, VOTE_PREVOTE, FIRST_FAR + i, &nil);
        count += logs(&e);
    }
    assert_int_equal(count, BFT_FAR_MAX);
    assert_int_equal(view().round, 0);
}

/* Two honest ones are far ahead, and one of them was heard all the way: the core follows, step by step. */
static void far_votes__lead_to_who_is_ahead(void **state) {
    (void)state;
    enum { THERE = 5000 };
    logged(2, FIRST_FAR, THERE - FIRST_FAR); /* all but the first were passed over */
    assert_true(votes(3, THERE));
    assert_int_equal(view().round, FIRST_FAR + BFT_FAR_MAX - 1);
    assert_true(votes(2, THERE)); /* it says so again */
    assert_int_equal(view().round, THERE);
}

static void far_votes__some_more_with_every_round(void **state) {
    (void)state;
    assert_int_equal(logged(3, 1000, 200), BFT_FAR_MAX);
    votes(0, 1);
    votes(1, 1); /* with the liar more than a third is there */
    assert_int_equal(view().round, 1);
    assert_int_equal(logged(3, 2000, 200), BFT_FAR_AGAIN);
    votes(0, 200);
    votes(1, 200);
    assert_int_equal(view().round, 200);
    assert_int_equal(logged(3, 3000, 200), BFT_FAR_AGAIN);
}

static bool certifies(uint32_t round, char value) {
    struct hash id = value_of(value);
    struct certificate cert = {.kind = CERTIFICATE_POLKA, .height = HEIGHT, .round = round, .value = id, .n = 3};
    struct bft_event e = {.kind = BFT_EVENT_CERTIFICATE, .certificate = &cert};
    for (uint16_t v = 0; v < 3; v++)
        cert.votes[v] = vote_of(v, VOTE_PREVOTE, round, &id);
    return logs(&e);
}

/* Polkas of rounds that are over by far, sent in turn by whoever holds both. */
static void far_certificates__in_turn_end(void **state) {
    (void)state;
    uint32_t count = 0;
    for (uint16_t v = 0; v < 3; v++)
        votes(v, 100);
    assert_int_equal(view().round, 100);
    for (uint32_t i = 0; i < 1000; i++) {
        count += certifies(7, 'A');
        count += certifies(8, 'B');
    }
    assert_in_range(count, BFT_FAR_MAX, 2 * BFT_FAR_MAX + 2);
    struct hash b = value_of('B'), c = value_of('C');
    assert_true(store_has_polka(core, 8, &b)); /* the later one stays */
    assert_true(certifies(9, 'C'));            /* and one that is later yet is always taken */
    assert_true(store_has_polka(core, 9, &c));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_MAIN(T(far_votes__of_a_liar_end), T(far_votes__in_certificates_end), T(far_votes__lead_to_who_is_ahead),
          T(far_votes__some_more_with_every_round), T(far_certificates__in_turn_end))
