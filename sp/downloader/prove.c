/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/downloader/prove.h"

#include <inttypes.h>

#include "chain/base/code.h"
#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/layout.h"
#include "sp/piecestore/checked.h"
#include "sp/spdb/pieces.h"

static int no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no memory to prove a piece");
}

/* All roots of the position in segment order, on the arena. */
static int read_roots(struct spdb *db, const struct piece_key *key, const Profile *profile, uint64_t payload_size,
                      struct arena *arena, struct hash **ret_roots, uint64_t *ret_segments, struct err *err) {
    int rc = profile_check(profile, err);
    if (rc)
        return rc;
    uint64_t segments = payload_size <= PAYLOAD_LEN_MAX ? layout_segments(profile, payload_size) : 0, have;
    if (key->segment >= segments || key->position >= profile_positions(profile))
        return err_set(err, CODE_INVALID_ARGUMENT, "the object has no segment %" PRIu64 " at position %u", key->segment,
                       key->position);
    struct hash *roots = arena_array(arena, (size_t)segments, sizeof *roots);
    if (!roots)
        return no_memory(err);
    rc = piece_roots_read(db, key->object_id, key->version, key->position, segments, roots, NULL, &have, err);
    if (!rc && have != segments)
        rc = err_set(err, CODE_NOT_FOUND, "this provider holds %" PRIu64 " of %" PRIu64 " pieces of that position",
                     have, segments);
    if (rc)
        return rc;
    *ret_roots = roots;
    *ret_segments = segments;
    return CODE_OK;
}

/* Hashes as a list of bytes fields; the hashes stay where they are. */
static ProtobufCBinaryData *hash_list(const struct hash *hashes, size_t count, struct arena *arena) {
    ProtobufCBinaryData *list = arena_array(arena, count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        list[i] = pb_data(hash_bytes(&hashes[i]));
    return list;
}

static int add_leaf(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                    uint64_t index, struct arena *arena, LeafProof **ret_leaf, struct err *err) {
    LeafProof *leaf = ARENA_NEW(arena, LeafProof);
    struct leaf_proof *proof = ARENA_NEW(arena, struct leaf_proof);
    if (!leaf || !proof)
        return no_memory(err);
    int rc = checked_prove(store, key, root, length, index, proof, err);
    if (rc)
        return rc;
    leaf_proof__init(leaf);
    leaf->index = index;
    leaf->data = pb_data(bytes_of(proof->leaf, proof->leaf_len));
    leaf->n_path = proof->path_len;
    leaf->path = hash_list(proof->path, proof->path_len, arena);
    if (!leaf->path)
        return no_memory(err);
    *ret_leaf = leaf;
    return CODE_OK;
}

static int add_leaves(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                      const uint64_t *indexes, size_t count, struct arena *arena, struct leaf_answer *answer,
                      struct err *err) {
    answer->leaves = arena_array(arena, count + 1, sizeof *answer->leaves);
    if (!answer->leaves)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        if (indexes[i] >= leaf_count(length))
            return err_set(err, CODE_INVALID_ARGUMENT, "the piece has %" PRIu64 " leaves, no number %" PRIu64,
                           leaf_count(length), indexes[i]);
        int rc = add_leaf(store, key, root, length, indexes[i], arena, &answer->leaves[i], err);
        if (rc)
            return rc;
    }
    answer->n_leaves = count;
    return CODE_OK;
}

int prove_leaves(struct spdb *db, struct piecestore *store, const struct piece_key *key, const Profile *profile,
                 uint64_t payload_size, const uint64_t *indexes, size_t count, struct arena *arena,
                 struct leaf_answer *ret_answer, struct err *err) {
    struct leaf_answer answer = {.n_leaves = 0};
    struct hash *roots, *path = arena_array(arena, LIST_PATH_MAX, sizeof *path);
    uint64_t segments;
    int rc = path ? read_roots(db, key, profile, payload_size, arena, &roots, &segments, err) : no_memory(err);
    if (rc)
        return rc;
    uint64_t length = layout_piece_len(profile, payload_size, key->segment, key->position);
    rc = add_leaves(store, key, &roots[key->segment], length, indexes, count, arena, &answer, err);
    if (rc)
        return rc;
    list_tree_prove(DOMAIN_PNODE, roots, (size_t)segments, (size_t)key->segment, path, &answer.n_piece_path);
    answer.piece_path = hash_list(path, answer.n_piece_path, arena);
    if (!answer.piece_path)
        return no_memory(err);
    *ret_answer = answer;
    return CODE_OK;
}

int prove_roots(struct spdb *db, const struct piece_key *key, const Profile *profile, uint64_t payload_size,
                struct arena *arena, PieceProof **ret_proof, struct err *err) {
    struct hash *roots;
    uint64_t segments;
    PieceProof *proof = ARENA_NEW(arena, PieceProof);
    int rc = proof ? read_roots(db, key, profile, payload_size, arena, &roots, &segments, err) : no_memory(err);
    if (rc)
        return rc;
    piece_proof__init(proof);
    proof->object_id = key->object_id;
    proof->version = key->version;
    proof->position = key->position;
    proof->segment = key->segment;
    proof->n_piece_roots = (size_t)segments;
    proof->piece_roots = hash_list(roots, (size_t)segments, arena);
    if (!proof->piece_roots)
        return no_memory(err);
    *ret_proof = proof;
    return CODE_OK;
}
