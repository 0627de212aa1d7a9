/* SPDX-License-Identifier: Apache-2.0 */
/* What a core says that it holds, and what it would give others. */
#include "tests/lib/test.h"

#include "chain/bft/core.h"

enum { N = VALIDATORS_MAX };

static uint64_t powers[N];
static struct bft *core;
static struct bft_update update;
static void *memory;

static struct hash value_of(char c) {
    struct hash h = {{0}};
    memset(h.b, c, c ? sizeof h.b : 0);
    return h;
}

static void start(uint16_t validators, bool due) {
    free(memory);
    memory = aligned_alloc(16, (bft_size(N) + 15) / 16 * 16);
    assert_non_null(memory);
    core = bft_init(memory, N);
    for (uint16_t v = 0; v < N; v++)
        powers[v] = 10;
    struct bft_event e = {.kind = BFT_EVENT_START,
                          .start = {.height = 5,
                                    .powers = powers,
                                    .validators = validators,
                                    .self = BFT_SELF_NONE,
                                    .heartbeat_ms = 1000,
                                    .due = due,
                                    .config = {.propose_ms = 100, .timeout_max_ms = 1000, .rebroadcast_ms = 100}}};
    bft_step(core, &e, &update);
}

static void vote(uint16_t validator, enum vote_type type, uint32_t round, char value) {
    struct bft_event e = {.kind = BFT_EVENT_VOTE,
                          .vote = {.height = 5,
                                   .round = round,
                                   .validator = validator,
                                   .type = (uint8_t)type,
                                   .value = value_of(value),
                                   .sig = {{(uint8_t)validator}}}};
    bft_step(core, &e, &update);
}

static void propose(uint32_t round) {
    struct bft_event e = {.kind = BFT_EVENT_PROPOSAL};
    e.proposal.proposal = (struct proposal){.height = 5,
                                            .round = round,
                                            .pol_round = POL_ROUND_NONE,
                                            .validator = bft_proposer(core, round),
                                            .value = value_of('A')};
    e.proposal.timely = true;
    bft_step(core, &e, &update);
}

static void bft_summarise__says_what_is_here(void **state) {
    (void)state;
    struct bft_summary s;
    start(10, false);
    assert_false(bft_summarise(core, &s)); /* idle */
    vote(9, VOTE_PREVOTE, 0, 'A');
    vote(0, VOTE_PRECOMMIT, 0, 0);
    propose(0);
    assert_true(bft_summarise(core, &s));
    assert_int_equal(s.height, 5);
    assert_int_equal(s.round, 0);
    assert_true(s.proposal);
    assert_int_equal(s.prevotes[0], 0);
    assert_int_equal(s.prevotes[1], 2);
    assert_int_equal(s.precommits[0], 1);
    start(10, true);
    assert_true(bft_summarise(core, &s)); /* a block is due */
}

static void bft_lacking__gives_what_is_not_there(void **state) {
    (void)state;
    struct bft_send sends[8];
    struct bft_summary theirs = {.height = 5};
    start(4, true);
    propose(0);
    vote(1, VOTE_PREVOTE, 0, 'A');
    vote(2, VOTE_PREVOTE, 0, 'A');
    vote(2, VOTE_PREVOTE, 0, 'B'); /* a liar's other one goes along */
    vote(3, VOTE_PRECOMMIT, 0, 0);
    assert_int_equal(bft_lacking(core, &theirs, sends, 8), 5);
    assert_int_equal(sends[0].kind, BFT_SEND_PROPOSAL);
    assert_int_equal(sends[1].vote.validator, 1);
    assert_int_equal(sends[1].vote.sig.b[0], 1);
    assert_int_equal(sends[2].vote.validator, 2);
    assert_int_equal(sends[3].vote.value.b[0], 'B');
    assert_int_equal(sends[4].vote.type, VOTE_PRECOMMIT);
    theirs.proposal = true;
    theirs.prevotes[0] = 1 << 2;
    assert_int_equal(bft_lacking(core, &theirs, sends, 8), 2);
    assert_int_equal(sends[0].vote.validator, 1);
    theirs.height = 4;
    assert_int_equal(bft_lacking(core, &theirs, sends, 8), 0);
    theirs.height = 5;
    theirs.round = 100; /* of which nothing is kept */
    assert_int_equal(bft_lacking(core, &theirs, sends, 8), 0);
    theirs.round = UINT32_MAX;
    assert_int_equal(bft_lacking(core, &theirs, sends, 8), 0);
}

static void bft_lacking__first_the_way_into_the_round(void **state) {
    (void)state;
    struct bft_send sends[8];
    struct bft_summary theirs = {.height = 5};
    start(4, true);
    for (uint16_t v = 0; v < 3; v++)
        vote(v, VOTE_PREVOTE, 2, 0); /* more than a third is there */
    struct bft_summary own;
    bft_summarise(core, &own);
    assert_int_equal(own.round, 2);
    assert_int_equal(bft_lacking(core, &theirs, sends, 8), 1);
    assert_int_equal(sends[0].kind, BFT_SEND_CERTIFICATE);
    assert_int_equal(sends[0].certificate->round, 2);
    theirs.round = 2;
    assert_int_equal(bft_lacking(core, &theirs, sends, 8), 3);
}

static void bft_lacking__no_more_than_asked_for(void **state) {
    (void)state;
    static struct bft_send sends[2 * N + 1];
    const struct bft_summary theirs = {.height = 5};
    start(N, true);
    propose(0);
    for (uint16_t v = 0; v < N / 2; v++) { /* no quorum */
        vote(v, VOTE_PREVOTE, 0, 'A');
        vote(v, VOTE_PRECOMMIT, 0, 0);
    }
    assert_int_equal(bft_lacking(core, &theirs, sends, 2 * N + 1), N + 1);
    assert_int_equal(bft_lacking(core, &theirs, sends, N + 1), N + 1);
    assert_int_equal(bft_lacking(core, &theirs, sends, N), N);
    assert_int_equal(bft_lacking(core, &theirs, sends, 1), 1);
    assert_int_equal(bft_lacking(core, &theirs, sends, 0), 0);
}

static void bft_lacks__what_others_hold(void **state) {
    (void)state;
    struct bft_summary theirs = {.height = 5};
    start(4, true);
    vote(1, VOTE_PREVOTE, 0, 'A');
    assert_false(bft_lacks(core, &theirs));
    theirs.prevotes[0] = 2;
    assert_false(bft_lacks(core, &theirs));
    theirs.prevotes[0] = 3;
    assert_true(bft_lacks(core, &theirs));
    theirs = (struct bft_summary){.height = 5, .proposal = true};
    assert_true(bft_lacks(core, &theirs));
    theirs = (struct bft_summary){.height = 5, .round = 1};
    assert_true(bft_lacks(core, &theirs));
    theirs = (struct bft_summary){.height = 6, .round = 1};
    assert_false(bft_lacks(core, &theirs));
}

/* Who judged a block invalid that the others decided still holds what decided it. */
static void bft_commit_of__of_a_value_that_is_refused_here(void **state) {
    (void)state;
    static struct certificate cert;
    struct hash a = value_of('A'), b = value_of('B');
    struct bft_event body = {.kind = BFT_EVENT_BODY, .body = {.value = a, .verdict = BFT_VERDICT_INVALID}};
    start(4, true);
    propose(0);
    bft_step(core, &body, &update);
    for (uint16_t v = 0; v < 3; v++) {
        assert_false(bft_commit_of(core, &a, &cert));
        vote(v, VOTE_PRECOMMIT, 0, 'A');
    }
    assert_int_not_equal(bft_phase(core), BFT_PHASE_DECIDED);
    assert_true(bft_commit_of(core, &a, &cert));
    assert_int_equal(cert.n, 3);
    assert_int_equal(cert.kind, CERTIFICATE_COMMIT);
    assert_true(hash_eq(&cert.value, &a));
    assert_false(bft_commit_of(core, &b, &cert));
}

TEST_MAIN(cmocka_unit_test(bft_summarise__says_what_is_here), cmocka_unit_test(bft_lacking__gives_what_is_not_there),
          cmocka_unit_test(bft_lacking__first_the_way_into_the_round),
          cmocka_unit_test(bft_lacking__no_more_than_asked_for), cmocka_unit_test(bft_lacks__what_others_hold),
          cmocka_unit_test(bft_commit_of__of_a_value_that_is_refused_here))
