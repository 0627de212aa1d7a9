/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/answer.h"

#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/layout.h"

/* The hashes of a repeated bytes field. */
static bool path_of(const ProtobufCBinaryData *fields, size_t count, struct hash ret[LIST_PATH_MAX]) {
    if (count > LIST_PATH_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!hash_from(pb_bytes(fields[i]), &ret[i]))
            return false;
    return true;
}

/* From one leaf to its piece's root. */
static int climb(const Challenge *c, const LeafProof *leaf, uint64_t want, uint64_t piece_len, struct hash *ret_root,
                 struct err *err) {
    struct hash path[LIST_PATH_MAX];
    if (leaf->index != want)
        return err_set(err, CODE_CHALLENGE_LEAVES, "where leaf %llu was asked for, the answer has leaf %llu",
                       (unsigned long long)want, (unsigned long long)leaf->index);
    if (want >= layout_leaves(c->profile, c->payload_size, c->segment, c->position))
        return err_set(err, CODE_INTERNAL, "the challenge asks for a leaf that the piece does not have");
    if (leaf->data.len != piece_leaf_len(piece_len, want))
        return err_set(err, CODE_CHALLENGE_LEAF, "leaf %llu has %zu bytes, not %zu", (unsigned long long)want,
                       piece_leaf_len(piece_len, want), leaf->data.len);
    if (!path_of(leaf->path, leaf->n_path, path) ||
        !piece_climb(piece_len, want, pb_bytes(leaf->data), path, leaf->n_path, ret_root))
        return err_set(err, CODE_CHALLENGE_PATH, "the path of leaf %llu has not the length that its place asks for",
                       (unsigned long long)want);
    return CODE_OK;
}

int answer_verify(const Challenge *c, const MsgAnswerChallenge *answer, struct err *err) {
    uint64_t piece_len = layout_piece_len(c->profile, c->payload_size, c->segment, c->position);
    struct hash root, first = {{0}}, checksum, path[LIST_PATH_MAX];
    if (answer->n_leaves != c->n_leaves || c->n_leaves == 0)
        return err_set(err, CODE_CHALLENGE_LEAVES, "the answer has %zu leaves; %zu were asked for", answer->n_leaves,
                       c->n_leaves);
    for (size_t i = 0; i < c->n_leaves; i++) {
        int rc = climb(c, answer->leaves[i], c->leaves[i], piece_len, &root, err);
        if (rc)
            return rc;
        if (i == 0)
            first = root;
        if (!hash_eq(&root, &first))
            return err_set(err, CODE_CHALLENGE_PATH, "leaves %llu and %llu do not lead to the same piece",
                           (unsigned long long)c->leaves[0], (unsigned long long)c->leaves[i]);
    }
    if (!hash_from(pb_bytes(c->checksum), &checksum) || !path_of(answer->piece_path, answer->n_piece_path, path) ||
        !checksum_verify(&checksum, c->segment, layout_segments(c->profile, c->payload_size), &first, path,
                         answer->n_piece_path))
        return err_set(err, CODE_CHALLENGE_PATH, "the piece does not lead to the checksum that was sealed");
    return CODE_OK;
}
