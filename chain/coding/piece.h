/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece with its hashes: the root that the ledger's checksums are built from, and one hash per group of 16 leaves,
 * which a piece file keeps in its trailer. With the groups, the proof of a leaf reads that leaf's 64 KiB and not the
 * whole piece.
 */
#ifndef CAIRN_CHAIN_CODING_PIECE_H
#define CAIRN_CHAIN_CODING_PIECE_H

#include "chain/base/bytes.h"
#include "chain/crypto/piece_tree.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a group of leaves. */
#define PIECE_GROUP_LEN ((size_t)PIECE_GROUP_LEAVES * LEAF_LEN)
/* Groups of the largest piece: a whole segment. */
#define PIECE_GROUPS_MAX (SEGMENT_LEN_MAX / PIECE_GROUP_LEN)

/* Groups of a piece of `length` bytes. */
static inline size_t piece_groups(uint64_t length) {
    return (size_t)(length / PIECE_GROUP_LEN + (length % PIECE_GROUP_LEN != 0));
}

/*
 * Hashes a piece in SIMD lanes: its root, and its piece_groups(len) group hashes unless ret_groups is NULL. `scratch`
 * is the caller's room for leaf_count(len) hashes.
 */
struct hash piece_hash(const uint8_t *data, size_t len, struct hash *scratch, struct hash *ret_groups);

/* The root that group hashes lead to. `scratch` is room for `piece_groups(length)` hashes and may be `groups` itself.
 */
struct hash piece_root_of_groups(uint64_t length, const struct hash *groups, struct hash *scratch);

/*
 * The hash of group `index` from its bytes (all of the group's leaves; the last group may be short). `scratch`: room
 * for PIECE_GROUP_LEAVES hashes.
 */
struct hash piece_group_hash(struct bytes group, struct hash scratch[PIECE_GROUP_LEAVES]);

/*
 * The path from leaf `index` to the root of its piece's list tree, nearest sibling first, from the bytes of the leaf's
 * group and all group hashes. `groups` is destroyed. Needs index < leaf_count(length) and the whole group in `group`.
 */
void piece_prove(uint64_t length, uint64_t index, struct bytes group, struct hash *groups,
                 struct hash ret_path[LIST_PATH_MAX], size_t *ret_len);

#endif
