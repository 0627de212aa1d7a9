/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of what this SP holds: leaves with their paths for challenge answers and verified range reads, and a
 * position's piece roots for the whole-piece challenge.
 */
#ifndef CAIRN_SP_DOWNLOADER_PROVE_H
#define CAIRN_SP_DOWNLOADER_PROVE_H

#include "cairn/challenge.h"
#include "cairn/sp_wire.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/spdb.h"

/* Leaves of one piece with the path of the piece. Everything lies on the arena. */
struct leaf_answer {
    LeafProof **leaves; /* in the order asked */
    size_t n_leaves;
    ProtobufCBinaryData *piece_path; /* hashes from the piece's root up to the position's checksum */
    size_t n_piece_path;
};

/*
 * Proves leaves `indexes[0..count)` of the piece that this SP holds at a position: what MsgAnswerChallenge carries.
 * payload_size and profile are the object's. Verified before it is returned. CODE_NOT_FOUND (not held, or the piece is
 * lost), CODE_CORRUPT (damaged), CODE_INVALID_ARGUMENT (a leaf or segment that does not exist), CODE_NO_MEMORY.
 */
int prove_leaves(struct spdb *db, struct piecestore *store, const struct piece_key *key, const Profile *profile,
                 uint64_t payload_size, const uint64_t *indexes, size_t count, struct arena *arena,
                 struct leaf_answer *ret_answer, struct err *err);

/* All piece roots of a held position, on the arena: what goes before a piece on the challenge route. CODE_NOT_FOUND. */
int prove_roots(struct spdb *db, const struct piece_key *key, const Profile *profile, uint64_t payload_size,
                struct arena *arena, PieceProof **ret_proof, struct err *err);

#endif
