/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/certificate.h"
#include "tests/lib/test.h"

enum { SET = 9 };

static struct arena arena;
static struct seckey keys[SET]; /* in the order of the set */
static struct validator_set set;
static const struct hash tag = {{1}}, value = {{2}};

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 8 * MIB);
    set.n = 0;
    for (uint8_t i = 0; i < SET; i++) {
        uint8_t raw[32] = {1, i};
        struct seckey key;
        assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
        struct pubkey pub = seckey_pubkey(&key);
        assert_ok(validator_set_add(&set, &pub, 10, NULL), NULL);
    }
    for (uint8_t i = 0; i < SET; i++) {
        uint8_t raw[32] = {1, i};
        struct seckey key;
        assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
        struct pubkey pub = seckey_pubkey(&key);
        for (uint16_t j = 0; j < SET; j++)
            if (pubkey_eq(&pub, &set.at[j].key))
                keys[j] = key;
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct certificate commit_of(uint16_t first, uint16_t signers) {
    struct certificate cert = {.height = 5, .round = 2, .kind = CERTIFICATE_COMMIT, .value = value};
    for (uint16_t i = 0; i < signers; i++) {
        struct vote *vote = &cert.votes[cert.n++];
        *vote = (struct vote){
            .height = 5, .round = 2, .validator = (uint16_t)(first + i), .type = VOTE_PRECOMMIT, .value = value};
        struct hash digest = vote_digest(&tag, vote);
        vote->sig = seckey_sign(&keys[first + i], &digest);
    }
    return cert;
}

static void verify__needs_more_than_two_thirds(void **state) {
    (void)state;
    struct certificate cert = commit_of(0, 6);
    assert_code(certificate_verify(&cert, &tag, &set, NULL), CODE_UNTRUSTED);
    cert = commit_of(0, 7);
    assert_code(certificate_verify(&cert, &tag, &set, NULL), CODE_OK);
    assert_int_equal(certificate_power(&cert, &set), 70);
}

static void verify__checks_each_signature_and_the_chain(void **state) {
    (void)state;
    struct hash other = {{9}};
    struct certificate cert = commit_of(1, 8);
    assert_code(certificate_verify(&cert, &other, &set, NULL), CODE_BAD_SIGNATURE);
    for (uint16_t i = 0; i < cert.n; i++) {
        cert.votes[i].sig.b[40] ^= 1;
        assert_code(certificate_verify(&cert, &tag, &set, NULL), CODE_BAD_SIGNATURE);
        cert.votes[i].sig.b[40] ^= 1;
    }
    cert.votes[3].validator = cert.votes[2].validator;
    assert_code(certificate_verify(&cert, &tag, &set, NULL), CODE_MALFORMED);
    cert = commit_of(0, 8);
    cert.kind = CERTIFICATE_POLKA; /* precommits are no prevotes */
    assert_code(certificate_verify(&cert, &tag, &set, NULL), CODE_MALFORMED);
}

/* What has been verified is not verified again, but only that: the same votes of the same thing. */
static void verify_beside__skips_what_is_known(void **state) {
    (void)state;
    struct certificate known = commit_of(0, 8), cert = commit_of(1, 8), other;
    assert_code(certificate_verify_beside(&cert, &known, &tag, &set, NULL), CODE_OK);
    struct hash wrong_chain = {{9}}; /* no signature is good there: those that pass are not looked at */
    assert_code(certificate_verify_beside(&known, &known, &wrong_chain, &set, NULL), CODE_OK);
    assert_code(certificate_verify_beside(&cert, &known, &wrong_chain, &set, NULL), CODE_BAD_SIGNATURE);
    other = known;
    other.votes[3].sig.b[5] ^= 1;
    assert_code(certificate_verify_beside(&other, &known, &tag, &set, NULL), CODE_BAD_SIGNATURE);
    other = known;
    other.round++;
    for (uint16_t i = 0; i < other.n; i++)
        other.votes[i].round++;
    assert_code(certificate_verify_beside(&other, &known, &tag, &set, NULL), CODE_BAD_SIGNATURE);
    other = commit_of(0, 6);
    assert_code(certificate_verify_beside(&other, &known, &tag, &set, NULL), CODE_UNTRUSTED);
}

static void verify__takes_parsed_keys(void **state) {
    (void)state;
    struct verifier verifiers[SET];
    for (uint16_t i = 0; i < SET; i++)
        assert_ok(verifier_init(&verifiers[i], &set.at[i].key, NULL), NULL);
    struct certificate cert = commit_of(0, 9);
    assert_code(certificate_check_signatures(&cert, &tag, &set, verifiers, NULL), CODE_OK);
    cert.votes[8].sig = cert.votes[7].sig;
    assert_code(certificate_check_signatures(&cert, &tag, &set, verifiers, NULL), CODE_BAD_SIGNATURE);
}

/* Entering a round is justified by votes of different rounds, types and values. */
static void check_signatures__of_a_round_certificate(void **state) {
    (void)state;
    struct certificate cert = {.height = 5, .round = 3, .kind = CERTIFICATE_ROUND};
    for (uint16_t i = 0; i < 4; i++) {
        struct vote *vote = &cert.votes[cert.n++];
        *vote = (struct vote){.height = 5,
                              .round = 3u + i / 2u,
                              .validator = i,
                              .type = i % 2 ? VOTE_PREVOTE : VOTE_PRECOMMIT,
                              .value = {{(uint8_t)i}}};
        struct hash digest = vote_digest(&tag, vote);
        vote->sig = seckey_sign(&keys[i], &digest);
    }
    assert_code(certificate_check_signatures(&cert, &tag, &set, NULL, NULL), CODE_OK);
    assert_code(certificate_verify(&cert, &tag, &set, NULL), CODE_MALFORMED);
    cert.votes[1].round++;
    assert_code(certificate_check_signatures(&cert, &tag, &set, NULL, NULL), CODE_BAD_SIGNATURE);
}

static void pb__round_trip(void **state) {
    (void)state;
    struct err err;
    struct certificate cert = commit_of(2, 7), back;
    Certificate *pb;
    assert_ok(certificate_to_pb(&cert, SET, &arena, &pb, &err), &err);
    assert_int_equal(pb->signers.len, 2);
    assert_ok(certificate_from_pb(pb, SET, &back, &err), &err);
    struct hash a = certificate_hash(&cert), b = certificate_hash(&back);
    assert_true(hash_eq(&a, &b));
    assert_code(certificate_verify(&back, &tag, &set, NULL), CODE_OK);
}

static void from_pb__refuses_what_does_not_fit(void **state) {
    (void)state;
    struct certificate cert = commit_of(0, 7), back = {.n = 77};
    Certificate *pb;
    assert_ok(certificate_to_pb(&cert, SET, &arena, &pb, NULL), NULL);
    pb->n_signatures--;
    assert_code(certificate_from_pb(pb, SET, &back, NULL), CODE_MALFORMED);
    pb->n_signatures++;
    pb->signers.data[1] |= 0x80; /* validator 15 of 9 */
    assert_code(certificate_from_pb(pb, SET, &back, NULL), CODE_MALFORMED);
    pb->signers.data[1] &= 0x7f;
    pb->signers.data[1] |= 1; /* one signer more than signatures */
    assert_code(certificate_from_pb(pb, SET, &back, NULL), CODE_MALFORMED);
    pb->signers.data[1] = 0;
    assert_code(certificate_from_pb(pb, SET, &back, NULL), CODE_OK);
    back.n = 77;
    pb->signers.len = 1;
    assert_code(certificate_from_pb(pb, SET, &back, NULL), CODE_MALFORMED);
    pb->signers.len = 2;
    pb->type = 3;
    assert_code(certificate_from_pb(pb, SET, &back, NULL), CODE_MALFORMED);
    pb->type = 258; /* 2 in its low byte */
    assert_code(certificate_from_pb(pb, SET, &back, NULL), CODE_MALFORMED);
    assert_int_equal(back.n, 77);
}

static void overlap__counts_the_trusted_power(void **state) {
    (void)state;
    struct validator_set trusted = {.n = 0};
    struct pubkey stranger = set.at[0].key;
    uint8_t raw[32] = {7};
    struct seckey key;
    assert_int_equal(seckey_init(&key, raw, NULL), CODE_OK);
    stranger = seckey_pubkey(&key);
    assert_ok(validator_set_add(&trusted, &set.at[1].key, 5, NULL), NULL);
    assert_ok(validator_set_add(&trusted, &set.at[8].key, 6, NULL), NULL);
    assert_ok(validator_set_add(&trusted, &stranger, 100, NULL), NULL);
    struct certificate cert = commit_of(0, 7);
    assert_int_equal(certificate_overlap(&cert, &set, &trusted), 5);
    cert = commit_of(1, 8);
    assert_int_equal(certificate_overlap(&cert, &set, &trusted), 11);
}

static void hash__of_none_is_zero_and_binds_all(void **state) {
    (void)state;
    struct hash none = certificate_hash(NULL);
    assert_true(hash_is_zero(&none));
    struct certificate cert = commit_of(0, 7);
    struct hash before = certificate_hash(&cert);
    cert.votes[6].validator = 8;
    struct hash after = certificate_hash(&cert);
    assert_false(hash_eq(&before, &after));
}

static void vote_pb__round_trip(void **state) {
    (void)state;
    struct certificate cert = commit_of(3, 1);
    struct vote back;
    Vote *pb;
    assert_ok(vote_to_pb(&cert.votes[0], &arena, &pb, NULL), NULL);
    assert_ok(vote_from_pb(pb, &back, NULL), NULL);
    struct hash a = vote_digest(&tag, &back), b = vote_digest(&tag, &cert.votes[0]);
    assert_true(hash_eq(&a, &b) && back.validator == 3 && sig_eq(&back.sig, &cert.votes[0].sig));
    pb->type = VOTE_PROPOSAL;
    assert_code(vote_from_pb(pb, &back, NULL), CODE_MALFORMED);
    pb->type = VOTE_PREVOTE;
    pb->validator = 65536;
    assert_code(vote_from_pb(pb, &back, NULL), CODE_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify__needs_more_than_two_thirds),
        cmocka_unit_test(verify__checks_each_signature_and_the_chain),
        cmocka_unit_test(verify_beside__skips_what_is_known),
        cmocka_unit_test(verify__takes_parsed_keys),
        cmocka_unit_test(check_signatures__of_a_round_certificate),
        cmocka_unit_test(pb__round_trip),
        cmocka_unit_test(from_pb__refuses_what_does_not_fit),
        cmocka_unit_test(overlap__counts_the_trusted_power),
        cmocka_unit_test(hash__of_none_is_zero_and_binds_all),
        cmocka_unit_test(vote_pb__round_trip),
    };
    test_setup();
    return cmocka_run_group_tests(tests, setup, teardown);
}
