/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/answer.h"
#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/layout.h"

/* A path of message fields as hashes. */
static bool take_path(const ProtobufCBinaryData *in, size_t count, struct hash path[LIST_PATH_MAX]) {
    if (count > LIST_PATH_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!hash_from(pb_bytes(in[i]), &path[i]))
            return false;
    return true;
}

/* Climbs from one leaf to its piece's root. */
static int climb_leaf(const LeafProof *leaf, uint64_t index, uint64_t piece_len, struct hash *ret_piece,
                      struct err *err) {
    struct hash path[LIST_PATH_MAX];
    if (leaf->index != index)
        return err_set(err, CODE_MALFORMED, "the answer has leaf %llu where leaf %llu was asked for",
                       (unsigned long long)leaf->index, (unsigned long long)index);
    if (leaf->data.len != piece_leaf_len(piece_len, index) || !take_path(leaf->path, leaf->n_path, path) ||
        !piece_climb(piece_len, index, pb_bytes(leaf->data), path, leaf->n_path, ret_piece))
        return err_set(err, CODE_MALFORMED, "leaf %llu of the answer, or its path, has the wrong length",
                       (unsigned long long)index);
    return CODE_OK;
}

int answer_verify(const Challenge *challenge, const MsgAnswerChallenge *answer, struct err *err) {
    const Profile *profile = challenge->profile;
    uint64_t segments = layout_segments(profile, challenge->payload_size);
    uint64_t piece_len = layout_piece_len(profile, challenge->payload_size, challenge->segment, challenge->position);
    if (answer->n_leaves != challenge->n_leaves || answer->n_leaves == 0)
        return err_set(err, CODE_MALFORMED, "the answer has %zu leaves, the challenge asks for %zu", answer->n_leaves,
                       challenge->n_leaves);
    struct hash piece = {{0}}, checksum, path[LIST_PATH_MAX];
    for (size_t i = 0; i < answer->n_leaves; i++) {
        struct hash climbed;
        int rc = climb_leaf(answer->leaves[i], challenge->leaves[i], piece_len, &climbed, err);
        if (rc != CODE_OK)
            return rc;
        if (i > 0 && !hash_eq(&climbed, &piece))
            return err_set(err, CODE_PROOF, "leaf %llu of the answer leads to another piece than the first",
                           (unsigned long long)challenge->leaves[i]);
        piece = climbed;
    }
    if (!take_path(answer->piece_path, answer->n_piece_path, path) ||
        !list_tree_climb(DOMAIN_PNODE, challenge->segment, segments, &piece, path, answer->n_piece_path, &checksum))
        return err_set(err, CODE_MALFORMED, "the answer's path over the pieces has the wrong length");
    if (!bytes_eq(pb_bytes(challenge->checksum), hash_bytes(&checksum)))
        return err_set(err, CODE_PROOF, "the answer does not lead to the checksum of position %u", challenge->position);
    return CODE_OK;
}
