/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/piecestore/checked.h"

#include <assert.h>
#include <stdlib.h>

#include "chain/base/code.h"
#include "chain/base/num.h"

static int damaged(const struct piece_key *key, const char *why, struct err *err) {
    return err_set(err, CODE_CORRUPT, "the piece of object %llu, position %u, segment %llu is damaged: %s",
                   (unsigned long long)key->object_id, key->position, (unsigned long long)key->segment, why);
}

int checked_read(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                 struct hash *scratch, uint8_t *ret_data, struct err *err) {
    struct piece_meta meta;
    struct piece_stamp stamp;
    int rc = piecestore_head(store, key, &meta, err);
    if (rc)
        return rc;
    if (meta.length != length)
        return damaged(key, "another length", err);
    bool stamped = piecestore_stamp(store, key, &stamp, NULL) == CODE_OK;
    rc = piecestore_read(store, key, 0, (size_t)length, ret_data, err);
    if (rc)
        return rc;
    struct hash have = piece_hash(ret_data, (size_t)length, scratch, NULL);
    if (!hash_eq(&have, root))
        return damaged(key, "its bytes do not match its root", err);
    if (stamped)
        piecestore_verified(store, key, &stamp);
    return CODE_OK;
}

/* All group hashes, which must lead to `root`. ret_groups: room for PIECE_GROUPS_MAX. */
static int read_groups(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                       struct hash *ret_groups, struct err *err) {
    struct piece_meta meta;
    int rc = piecestore_groups(store, key, &meta, ret_groups, err);
    if (rc)
        return rc;
    if (meta.length != length)
        return damaged(key, "another length", err);
    struct hash *scratch = malloc(piece_groups(length) * sizeof *scratch);
    if (!scratch)
        return err_set(err, CODE_NO_MEMORY, "no memory to read a piece");
    struct hash have = piece_root_of_groups(length, ret_groups, scratch);
    free(scratch);
    return hash_eq(&have, root) ? CODE_OK : damaged(key, "its trailer does not match its root", err);
}

/* Bytes of group `g`. */
static size_t group_len(uint64_t length, uint64_t g) {
    return (size_t)u64_min(PIECE_GROUP_LEN, length - g * PIECE_GROUP_LEN);
}

size_t checked_range_room(size_t len) {
    return len + 2 * PIECE_GROUP_LEN;
}

static int verify_groups(const struct piece_key *key, uint64_t length, uint64_t first, uint64_t end,
                         const uint8_t *data, const struct hash *groups, struct err *err) {
    struct hash leaves[PIECE_GROUP_LEAVES];
    for (uint64_t g = first; g < end; g++) {
        struct bytes group = bytes_of(data + (g - first) * PIECE_GROUP_LEN, group_len(length, g));
        struct hash have = piece_group_hash(group, leaves);
        if (!hash_eq(&have, &groups[g]))
            return damaged(key, "its bytes do not match their hashes", err);
    }
    return CODE_OK;
}

int checked_range(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                  uint64_t offset, size_t len, uint8_t *ret_room, struct bytes *ret_bytes, struct err *err) {
    if (offset > length || len > length - offset)
        return err_set(err, CODE_RANGE, "the piece has %llu bytes; asked for %zu from %llu", (unsigned long long)length,
                       len, (unsigned long long)offset);
    if (len == 0) {
        *ret_bytes = bytes_of(ret_room, 0);
        return CODE_OK;
    }
    struct hash *groups = malloc(PIECE_GROUPS_MAX * sizeof *groups);
    if (!groups)
        return err_set(err, CODE_NO_MEMORY, "no memory to read a piece");
    uint64_t first = offset / PIECE_GROUP_LEN, end = u64_div_up(offset + len, PIECE_GROUP_LEN);
    uint64_t from = first * PIECE_GROUP_LEN, until = u64_min(end * PIECE_GROUP_LEN, length);
    assert(until - from <= checked_range_room(len));
    int rc = read_groups(store, key, root, length, groups, err);
    if (!rc)
        rc = piecestore_read(store, key, from, (size_t)(until - from), ret_room, err);
    if (!rc)
        rc = verify_groups(key, length, first, end, ret_room, groups, err);
    free(groups);
    if (!rc)
        *ret_bytes = bytes_of(ret_room + (offset - from), len);
    return rc;
}

static int prove(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                 uint64_t index, struct hash *groups, uint8_t *room, struct leaf_proof *ret_proof, struct err *err) {
    uint64_t g = index / PIECE_GROUP_LEAVES;
    size_t len = group_len(length, g);
    int rc = read_groups(store, key, root, length, groups, err);
    if (!rc)
        rc = piecestore_read(store, key, g * PIECE_GROUP_LEN, len, room, err);
    if (rc)
        return rc;
    ret_proof->index = index;
    ret_proof->leaf_len = piece_leaf_len(length, index);
    memcpy(ret_proof->leaf, room + index % PIECE_GROUP_LEAVES * LEAF_LEN, ret_proof->leaf_len);
    piece_prove(length, index, bytes_of(room, len), groups, ret_proof->path, &ret_proof->path_len);
    struct bytes leaf = bytes_of(ret_proof->leaf, ret_proof->leaf_len);
    if (!piece_leaf_verify(root, length, index, leaf, ret_proof->path, ret_proof->path_len))
        return damaged(key, "a leaf does not lead to its root", err);
    return CODE_OK;
}

int checked_prove(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                  uint64_t index, struct leaf_proof *ret_proof, struct err *err) {
    assert(index < leaf_count(length));
    struct hash *groups = malloc(PIECE_GROUPS_MAX * sizeof *groups);
    uint8_t *room = malloc(PIECE_GROUP_LEN);
    int rc = groups && room ? prove(store, key, root, length, index, groups, room, ret_proof, err)
                            : err_set(err, CODE_NO_MEMORY, "no memory to prove a leaf");
    free(groups);
    free(room);
    return rc;
}
