/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/answer.h"
#include "chain/types/layout.h"
#include "tests/lib/test.h"

/* A payload of two and a half segments at a position with columns, and everything an answer needs. */
enum { SEGMENTS = 3, ASKED = 3, LEAVES_MAX = 32, SEGMENT = 128 * 1024 };
static const uint64_t size = 2 * SEGMENT + SEGMENT / 2 + 1;

static uint8_t pieces[SEGMENTS][SEGMENT];
static uint64_t piece_len[SEGMENTS];
static struct hash roots[SEGMENTS], checksum;
static Profile profile;

static Challenge challenge;
static uint64_t asked[ASKED];
static MsgAnswerChallenge answer;
static LeafProof leaves[ASKED], *leaf_list[ASKED];
static struct hash paths[ASKED][LIST_PATH_MAX], up[LIST_PATH_MAX];
static ProtobufCBinaryData path_data[ASKED][LIST_PATH_MAX], up_data[LIST_PATH_MAX];

static void make(uint64_t segment, uint32_t position) {
    struct rng rng;
    struct hash scratch[LEAVES_MAX];
    rng_init(&rng, 6);
    assert_int_equal(profile_parse("ec:2+1", SEGMENT, &profile, NULL), CODE_OK);
    for (uint64_t s = 0; s < SEGMENTS; s++) {
        piece_len[s] = layout_piece_len(&profile, size, s, position);
        rng_fill(&rng, pieces[s], (size_t)piece_len[s]);
        roots[s] = piece_root_of(pieces[s], (size_t)piece_len[s], scratch);
    }
    struct hash copy[SEGMENTS];
    memcpy(copy, roots, sizeof roots);
    checksum = checksum_of(copy, SEGMENTS);

    uint64_t count = leaf_count(piece_len[segment]);
    asked[0] = 0;
    asked[1] = count / 2;
    asked[2] = count - 1; /* the short one */
    challenge = (Challenge)CHALLENGE__INIT;
    challenge.checksum = pb_data(hash_bytes(&checksum));
    challenge.payload_size = size;
    challenge.profile = &profile;
    challenge.segment = segment;
    challenge.position = position;
    challenge.n_leaves = ASKED;
    challenge.leaves = asked;

    answer = (MsgAnswerChallenge)MSG_ANSWER_CHALLENGE__INIT;
    for (size_t i = 0; i < ASKED; i++) {
        leaves[i] = (LeafProof)LEAF_PROOF__INIT;
        leaves[i].index = asked[i];
        leaves[i].data =
            pb_data(bytes_of(pieces[segment] + asked[i] * LEAF_LEN, piece_leaf_len(piece_len[segment], asked[i])));
        leaf_hash_many(pieces[segment], (size_t)piece_len[segment], scratch);
        list_tree_prove(DOMAIN_NODE, scratch, (size_t)count, (size_t)asked[i], paths[i], &leaves[i].n_path);
        for (size_t j = 0; j < leaves[i].n_path; j++)
            path_data[i][j] = pb_data(hash_bytes(&paths[i][j]));
        leaves[i].path = path_data[i];
        leaf_list[i] = &leaves[i];
    }
    answer.n_leaves = ASKED;
    answer.leaves = leaf_list;
    memcpy(copy, roots, sizeof roots);
    list_tree_prove(DOMAIN_PNODE, copy, SEGMENTS, (size_t)segment, up, &answer.n_piece_path);
    for (size_t j = 0; j < answer.n_piece_path; j++)
        up_data[j] = pb_data(hash_bytes(&up[j]));
    answer.piece_path = up_data;
}

static void verify__every_segment(void **state) {
    (void)state;
    struct err err;
    for (uint64_t segment = 0; segment < SEGMENTS; segment++) {
        make(segment, 1);
        assert_ok(answer_verify(&challenge, &answer, &err), &err);
    }
}

static void verify__refuses_leaves_that_were_not_asked_for(void **state) {
    (void)state;
    make(1, 0);
    answer.n_leaves--;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
    answer.n_leaves = 0;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
    make(1, 0);
    leaf_list[0] = &leaves[1];
    leaf_list[1] = &leaves[0];
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
    make(1, 0);
    leaves[2].index--;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
    make(1, 0);
    asked[1]++; /* the challenge asks for the neighbour */
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
}

static void verify__refuses_wrong_bytes_and_paths(void **state) {
    (void)state;
    make(1, 0);
    pieces[1][5] ^= 1;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_PROOF);
    make(1, 0);
    leaves[0].data.len--;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
    make(1, 0);
    paths[2][0].b[0] ^= 1;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_PROOF);
    make(1, 0);
    leaves[1].n_path--;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
    make(1, 0);
    up[0].b[0] ^= 1;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_PROOF);
    make(1, 0);
    answer.n_piece_path--;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
    make(1, 0);
    up_data[0].len = 31;
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_MALFORMED);
    make(1, 0);
    challenge.segment = 0; /* right bytes, of another segment */
    assert_code(answer_verify(&challenge, &answer, NULL), CODE_PROOF);
}

TEST_MAIN(cmocka_unit_test(verify__every_segment), cmocka_unit_test(verify__refuses_leaves_that_were_not_asked_for),
          cmocka_unit_test(verify__refuses_wrong_bytes_and_paths))
