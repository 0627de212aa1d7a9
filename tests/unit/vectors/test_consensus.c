/* SPDX-License-Identifier: Apache-2.0 */
/* tests/vectors/consensus.json. */
#include "chain/bft/proposer.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/net/hello.h"
#include "chain/types/certificate.h"
#include "chain/types/evidence.h"
#include "chain/types/header.h"
#include "chain/types/reveal.h"
#include "chain/types/signed.h"
#include "tests/unit/vectors/vectors.h"

static void header_and_txs_root(void **state) {
    (void)state;
    json_t *all = vectors_load("consensus"), *at = vectors_get(all, "header"), *roots = vectors_get(all, "txs_root");
    struct hash tag = vectors_hash(all, "chain_tag"), wires[3];
    struct err err;
    Header *message;
    struct bytes bytes;
    struct header header;
    assert_ok(json_to_pb(&header__descriptor, vectors_get(at, "value"), &vectors_arena, &message, &err), &err);
    assert_ok(pb_encode(message, &vectors_arena, &bytes, &err), &err);
    vectors_same(bytes, vectors_hex(at, "bytes"), "header");
    assert_ok(header_parse(bytes, &tag, &vectors_arena, &header, &err), &err);
    vectors_same_hash(header.id, at, "id");
    for (size_t i = 0; i < 3; i++)
        assert_true(hash_from(vectors_unhex(json_string_value(json_array_get(vectors_get(roots, "wire_hashes"), i))),
                              &wires[i]));
    vectors_same_hash(header_txs_root(wires, 3), roots, "root");
    json_decref(all);
}

static struct validator_set load_set(const json_t *all) {
    struct validator_set set = {.n = 0};
    json_t *at;
    size_t i;
    json_array_foreach(vectors_get(all, "validators"), i, at) {
        struct pubkey key;
        assert_true(pubkey_from(vectors_hex(at, "pubkey"), &key));
        assert_ok(validator_set_add(&set, &key, vectors_u64(at, "power"), NULL), NULL);
        assert_true(pubkey_eq(&set.at[set.n - 1].key, &key)); /* they are given in order */
    }
    return set;
}

static void votes_and_certificate(void **state) {
    (void)state;
    json_t *all = vectors_load("consensus"), *at = vectors_get(all, "vote");
    struct hash tag = vectors_hash(all, "chain_tag");
    struct validator_set set = load_set(all);
    vectors_same_hash(validator_set_hash(&set), all, "validators_hash");

    struct vote vote = {.type = VOTE_PRECOMMIT, .height = 2, .round = 1, .value = vectors_hash(at, "value_id")};
    uint8_t layout[VOTE_BYTES], wide[PROPOSAL_BYTES];
    vote_bytes(&vote, layout);
    vectors_same(bytes_of(layout, sizeof layout), vectors_hex(at, "layout"), "vote layout");
    vectors_same_hash(vote_digest(&tag, &vote), at, "digest");

    struct proposal proposal = {.height = 2, .round = 1, .pol_round = POL_ROUND_NONE, .value = vote.value};
    at = vectors_get(all, "proposal");
    proposal_bytes(&proposal, wide);
    vectors_same(bytes_of(wide, sizeof wide), vectors_hex(at, "layout"), "proposal layout");
    vectors_same_hash(proposal_digest(&tag, &proposal), at, "digest");

    struct err err;
    Certificate *pb;
    static struct certificate cert;
    at = vectors_get(all, "certificate");
    json_t *value = json_deep_copy(at);
    json_object_del(value, "hash");
    assert_ok(json_to_pb(&certificate__descriptor, value, &vectors_arena, &pb, &err), &err);
    json_decref(value);
    assert_ok(certificate_from_pb(pb, set.n, &cert, &err), &err);
    assert_code(certificate_check_signatures(&cert, &tag, &set, NULL, NULL), CODE_OK);
    vectors_same_hash(certificate_hash(&cert), at, "hash");
    json_decref(all);
}

static void evidence(void **state) {
    (void)state;
    json_t *all = vectors_load("consensus"), *at;
    struct hash tag = vectors_hash(all, "chain_tag"), other = {{1}};
    struct validator_set set = load_set(all);
    size_t i;
    json_array_foreach(vectors_get(all, "evidence"), i, at) {
        struct err err;
        Evidence *pb;
        struct evidence e;
        assert_ok(json_to_pb(&evidence__descriptor, vectors_get(at, "value"), &vectors_arena, &pb, &err), &err);
        assert_ok(evidence_from_pb(pb, &e, &err), &err);
        assert_ok(evidence_verify(&e, &tag, &set, &err), &err);
        assert_code(evidence_verify(&e, &other, &set, NULL), CODE_EVIDENCE_SIGNATURE);
        vectors_same_hash(evidence_id(&e, &set.at[e.validator].addr), at, "id");
    }
    assert_int_equal(i, 2);
    json_decref(all);
}

static void possession(void **state) {
    (void)state;
    json_t *all = vectors_load("consensus"), *at = vectors_get(all, "possession");
    struct hash tag = vectors_hash(all, "chain_tag");
    struct addr operator;
    struct pubkey key;
    struct sig sig;
    assert_ok(addr_from_text(vectors_text(at, "operator"), &operator, NULL), NULL);
    struct hash digest = signed_possession(&operator, & tag);
    vectors_same_hash(digest, at, "digest");
    assert_true(pubkey_from(vectors_hex(at, "pubkey"), &key) && sig_from(vectors_hex(at, "signature"), &sig));
    assert_true(key_verify(&key, &digest, &sig));
    json_decref(all);
}

static void sp_key(void **state) {
    (void)state;
    json_t *all = vectors_load("consensus"), *at = vectors_get(all, "sp_key");
    struct hash tag = vectors_hash(all, "chain_tag");
    struct addr operator;
    assert_ok(addr_from_text(vectors_text(at, "operator"), &operator, NULL), NULL);
    vectors_same_hash(signed_sp_key(&operator,(enum sp_key_use) vectors_u64(at, "use"), &tag), at, "digest");
    json_decref(all);
}

static void hello(void **state) {
    (void)state;
    json_t *all = vectors_load("consensus"), *at = vectors_get(all, "hello");
    struct hash tag = vectors_hash(all, "chain_tag"), transcript = vectors_hash(at, "transcript");
    vectors_same_hash(hello_proof_digest(&tag, &transcript, (uint8_t)vectors_u64(at, "direction")), at, "digest");
    json_decref(all);
}

static void reveal_and_seed(void **state) {
    (void)state;
    json_t *all = vectors_load("consensus"), *at = vectors_get(all, "reveal");
    struct hash secret = vectors_hash(at, "secret"), reveal = vectors_hash(at, "first_reveal");
    struct hash tip = vectors_hash(at, "tip"), seed = vectors_hash(at, "seed_before");
    uint64_t steps = vectors_u64(at, "steps");
    struct hash first = reveal_secret_of(&secret, vectors_u64(at, "number"));
    vectors_same_hash(first, at, "first");
    vectors_same_hash(reveal_value(&first, steps), at, "tip");
    vectors_same_hash(reveal_value(&first, steps - 1), at, "first_reveal");
    assert_true(reveal_fits(&tip, &reveal));
    vectors_same_hash(seed_next(&seed, &reveal), at, "seed_after");
    json_decref(all);
}

static void proposers(void **state) {
    (void)state;
    json_t *all = vectors_load("consensus"), *at, *sub;
    size_t i, j;
    json_array_foreach(vectors_get(all, "proposers"), i, at) {
        uint64_t powers[8];
        uint16_t n = 0;
        json_array_foreach(vectors_get(at, "powers"), j, sub) powers[n++] = strtoull(json_string_value(sub), NULL, 10);
        json_array_foreach(vectors_get(at, "proposers"), j, sub)
            assert_int_equal(proposer_draw(vectors_u64(at, "height"), (uint32_t)j, powers, n), json_integer_value(sub));
    }
    json_decref(all);
}

TEST_MAIN(cmocka_unit_test(header_and_txs_root), cmocka_unit_test(votes_and_certificate), cmocka_unit_test(evidence),
          cmocka_unit_test(possession), cmocka_unit_test(sp_key), cmocka_unit_test(hello),
          cmocka_unit_test(reveal_and_seed), cmocka_unit_test(proposers))
