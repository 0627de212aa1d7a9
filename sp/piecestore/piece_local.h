/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces as local files: DIR/ab/cd/OBJECT-VERSION-POSITION-SEGMENT.piece, all numbers in hexadecimal. The two levels of
 * folders come from a hash of object, version and position, so that the pieces which one position keeps of an object
 * lie in one folder and a group of them needs one directory sync.
 *
 * A put writes NAME.tmp-N beside the piece, syncs it, and renames it; then the folder is synced once for the group.
 * What a crash leaves behind are .tmp- files, which piece_local_sweep removes.
 */
#ifndef CAIRN_SP_PIECESTORE_PIECE_LOCAL_H
#define CAIRN_SP_PIECESTORE_PIECE_LOCAL_H

#include "sp/piecestore/piecestore.h"

/* Opens DIR, made if missing. *ret_store is the caller's (piecestore_free). CODE_IO, CODE_NO_MEMORY. */
int piece_local_open(const char *dir, struct piecestore **ret_store, struct err *err);

/* The path of a piece in a local store at `dir`. CODE_INVALID_ARGUMENT when it does not fit. */
int piece_local_path(const char *dir, const struct piece_key *key, char *ret_path, size_t ret_size, struct err *err);

/* Removes unfinished files that were last written more than `age_ms` ago; ret_removed counts them. Call from one
 * thread. */
int piece_local_sweep(struct piecestore *store, uint64_t age_ms, uint64_t *ret_removed, struct err *err);

#endif
