/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this provider holds: one record a position of an object, and the piece index with the root of every piece. The
 * index is what reads, the scrubber and challenge answers verify against; its roots are a position's checksum.
 */
#ifndef CAIRN_SP_SPDB_PIECES_H
#define CAIRN_SP_SPDB_PIECES_H

#include "cairn/sp_db.h"
#include "chain/base/fixed.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/spdb.h"

/* --- positions --- */

int held_get(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, struct arena *arena,
             HeldPosition **ret_held, struct err *err);
int held_put(struct spdb *db, const HeldPosition *held, struct err *err);
void held_put_in(struct spdb_batch *batch, const HeldPosition *held);
void held_del_in(struct spdb_batch *batch, uint64_t object_id, uint64_t version, uint32_t position);
/* Every position held of one object; object_id 0: of all. msg is a const HeldPosition *. */
int held_each(struct spdb *db, uint64_t object_id, spdb_visit *visit, void *ctx, struct err *err);
/* The first position held of an object and version; CODE_NOT_FOUND. */
int held_any(struct spdb *db, uint64_t object_id, uint64_t version, struct arena *arena, HeldPosition **ret_held,
             struct err *err);

/* --- pieces --- */

/* CODE_NOT_FOUND without a sentence: this piece is not here. */
int piece_root_get(struct spdb *db, const struct piece_key *key, struct hash *ret_root, struct err *err);
int piece_root_put(struct spdb *db, const struct piece_key *key, const struct hash *root, struct err *err);
void piece_root_put_in(struct spdb_batch *batch, const struct piece_key *key, const struct hash *root);
void piece_root_del_in(struct spdb_batch *batch, const struct piece_key *key);

/*
 * Roots of a position's pieces in segment order into ret_roots (room for `segments`); ret_bitmap (NULL, or
 * bitmap_len(segments) bytes) says which are there, ret_have counts them. Missing ones are zero.
 */
int piece_roots_read(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, uint64_t segments,
                     struct hash *ret_roots, uint8_t *ret_bitmap, uint64_t *ret_have, struct err *err);

/* The index from a key on: of one position (prefix true), or of everything. Not 0 from visit ends it. */
typedef int piece_visit(void *ctx, const struct piece_key *key, const struct hash *root, struct err *err);
int piece_each_of(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, piece_visit *visit,
                  void *ctx, struct err *err);
int piece_each(struct spdb *db, const struct piece_key *from, piece_visit *visit, void *ctx, struct err *err);

/* --- bytes to be removed --- */

/* One batch: the position is no longer held, and its bytes are to go. */
int gc_mark(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, const char *reason,
            uint64_t now_ms, struct err *err);
void gc_mark_in(struct spdb_batch *batch, uint64_t object_id, uint64_t version, uint32_t position, const char *reason,
                uint64_t now_ms);
/* Is what lay at this position still being removed? CODE_BUSY: nothing new may come there before it is gone. */
int gc_check(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, struct err *err);
int gc_unmark(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, struct err *err);
/* msg is a const GcRecord *. */
int gc_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err);

#endif
