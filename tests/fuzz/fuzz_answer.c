/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A right answer to a challenge, then damaged: the input is a list of edits {offset u16be, length u8, bytes} of its
 * encoding. Property: what still passes has exactly the leaves and paths of the right one.
 */
#include <assert.h>
#include <stdlib.h>

#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/layout.h"
#include "x/challenge/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SEGMENTS 3
#define LEAVES   3
#define SIZE     (2 * 64 * KIB + 5000)

static Profile profile;
static Challenge challenge;
static uint64_t asked[LEAVES] = {0, 7, 15};
static struct hash checksum;
static struct arena kept; /* the right answer */
static MsgAnswerChallenge *right;
static struct bytes right_bytes;

static void require(bool holds) {
    if (!holds)
        abort();
}

static ProtobufCBinaryData keep(const void *data, size_t len) {
    return (ProtobufCBinaryData){len, arena_dup(&kept, data, len)};
}

static ProtobufCBinaryData *keep_path(const struct hash *path, size_t n) {
    ProtobufCBinaryData *out = arena_array(&kept, n, sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = keep(path[i].b, sizeof path[i].b);
    return out;
}

static LeafProof *prove(const uint8_t *piece, size_t piece_len, uint64_t index) {
    struct hash leaves[16], path[LIST_PATH_MAX];
    LeafProof *p = ARENA_NEW(&kept, LeafProof);
    leaf_proof__init(p);
    leaf_hash_many(piece, piece_len, leaves);
    list_tree_prove(DOMAIN_NODE, leaves, leaf_count(piece_len), index, path, &p->n_path);
    p->index = index;
    p->data = keep(piece + index * LEAF_LEN, piece_leaf_len(piece_len, index));
    p->path = keep_path(path, p->n_path);
    return p;
}

static void make_right(void) {
    static uint8_t payload[SIZE];
    struct hash roots[SEGMENTS], scratch[16], path[LIST_PATH_MAX];
    for (size_t i = 0; i < SIZE; i++)
        payload[i] = (uint8_t)(i * 7 + (i >> 10));
    for (size_t s = 0; s < SEGMENTS; s++)
        roots[s] = piece_root_of(payload + s * 64 * KIB, layout_segment_len(&profile, SIZE, s), scratch);
    right = ARENA_NEW(&kept, MsgAnswerChallenge);
    msg_answer_challenge__init(right);
    right->challenge_id = 1;
    right->leaves = arena_array(&kept, LEAVES, sizeof *right->leaves);
    for (; right->n_leaves < LEAVES; right->n_leaves++)
        right->leaves[right->n_leaves] = prove(payload + 64 * KIB, 64 * KIB, asked[right->n_leaves]);
    list_tree_prove(DOMAIN_PNODE, roots, SEGMENTS, 1, path, &right->n_piece_path);
    right->piece_path = keep_path(path, right->n_piece_path);
    for (size_t s = 0; s < SEGMENTS; s++)
        roots[s] = piece_root_of(payload + s * 64 * KIB, layout_segment_len(&profile, SIZE, s), scratch);
    checksum = checksum_of(roots, SEGMENTS);
    require(pb_encode(right, &kept, &right_bytes, NULL) == CODE_OK);
}

static void setup(void) {
    arena_init(&kept, 16 * MIB);
    require(profile_parse("replica:1", 64 * KIB, &profile, NULL) == CODE_OK);
    make_right();
    challenge__init(&challenge);
    challenge.checksum = keep(checksum.b, sizeof checksum.b);
    challenge.payload_size = SIZE;
    challenge.profile = &profile;
    challenge.segment = 1;
    challenge.leaves = asked;
    challenge.n_leaves = LEAVES;
    require(answer_verify(&challenge, right, NULL) == CODE_OK);
}

/* Returns the new length. */
static size_t edit(uint8_t *to, size_t to_len, const uint8_t *data, size_t len) {
    while (len >= 3) {
        size_t at = load_be16(data) % to_len, n = size_min(size_min(data[2], len - 3), to_len - at);
        if (n == 0)
            to_len = size_min(to_len, at + 1); /* no bytes: cut here */
        else
            memcpy(to + at, data + 3, n);
        data += 3 + n;
        len -= 3 + n;
    }
    return to_len;
}

static bool same_path(const ProtobufCBinaryData *a, size_t a_n, const ProtobufCBinaryData *b, size_t b_n) {
    for (size_t i = 0; a_n == b_n && i < a_n; i++)
        if (!bytes_eq(pb_bytes(a[i]), pb_bytes(b[i])))
            return false;
    return a_n == b_n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena;
    MsgAnswerChallenge *m;
    struct err err = {0};
    if (!right)
        setup();
    uint8_t *bytes = malloc(right_bytes.len);
    require(bytes != NULL);
    memcpy(bytes, right_bytes.data, right_bytes.len);
    size_t n = edit(bytes, right_bytes.len, data, len);
    arena_init(&arena, 16 * MIB);
    if (pb_decode(&msg_answer_challenge__descriptor, bytes_of(bytes, n), &arena, &m, NULL) == CODE_OK &&
        answer_verify(&challenge, m, &err) == CODE_OK) {
        require(m->n_leaves == LEAVES);
        require(same_path(m->piece_path, m->n_piece_path, right->piece_path, right->n_piece_path));
        for (size_t i = 0; i < LEAVES; i++) {
            require(bytes_eq(pb_bytes(m->leaves[i]->data), pb_bytes(right->leaves[i]->data)));
            require(
                same_path(m->leaves[i]->path, m->leaves[i]->n_path, right->leaves[i]->path, right->leaves[i]->n_path));
        }
    }
    arena_release(&arena);
    free(bytes);
    return 0;
}
