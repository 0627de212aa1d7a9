/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verified reads: what leaves the store is compared with the root that the provider's database (and, by its checksum,
 * the ledger) holds. A damaged piece answers CODE_CORRUPT, a lost one CODE_NOT_FOUND; both mean: rebuild it.
 */
#ifndef CAIRN_SP_PIECESTORE_CHECKED_H
#define CAIRN_SP_PIECESTORE_CHECKED_H

#include "sp/piecestore/piecestore.h"

/* The whole piece of `length` bytes into ret_data. `scratch`: room for leaf_count(length) hashes. */
int checked_read(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                 struct hash *scratch, uint8_t *ret_data, struct err *err);

/*
 * Bytes [offset, offset + len), reading and verifying only the groups of 64 KiB that they touch. Room for the widened
 * range is ret_room (at least checked_range_room(len) bytes); *ret_bytes points into it.
 */
size_t checked_range_room(size_t len);
int checked_range(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                  uint64_t offset, size_t len, uint8_t *ret_room, struct bytes *ret_bytes, struct err *err);

/* A leaf with its path to the root of the piece's list tree. */
struct leaf_proof {
    uint64_t index;
    size_t leaf_len, path_len;
    uint8_t leaf[LEAF_LEN];
    struct hash path[LIST_PATH_MAX];
};

/* Proves leaf `index` (< leaf_count(length)) from 64 KiB and the trailer; verified against `root` before it is
 * returned. */
int checked_prove(struct piecestore *store, const struct piece_key *key, const struct hash *root, uint64_t length,
                  uint64_t index, struct leaf_proof *ret_proof, struct err *err);

#endif
