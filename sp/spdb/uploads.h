/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects on their way in, at their primary: the workflow's state machine, who the secondaries are, and the roots of
 * every segment that is durable here.
 */
#ifndef CAIRN_SP_SPDB_UPLOADS_H
#define CAIRN_SP_SPDB_UPLOADS_H

#include "cairn/sp_db.h"
#include "chain/base/fixed.h"
#include "sp/spdb/spdb.h"

/* CODE_NOT_FOUND without a sentence when there is none. */
int upload_get(struct spdb *db, uint64_t object_id, struct arena *arena, UploadRecord **ret_upload, struct err *err);
int upload_put(struct spdb *db, const UploadRecord *upload, struct err *err);
void upload_put_in(struct spdb_batch *batch, const UploadRecord *upload);
int upload_del(struct spdb *db, uint64_t object_id, struct err *err);
/*
 * Reads a record, lets `change` alter it (new parts go on the arena or outlive the call), and writes it back, with no
 * other update in between: the only way to change a record that several threads work on. An error from change leaves it
 * as it was. CODE_NOT_FOUND.
 */
typedef int upload_change(void *ctx, UploadRecord *upload, struct arena *arena, struct err *err);
int upload_update(struct spdb *db, uint64_t object_id, upload_change *change, void *ctx, struct err *err);

/* msg is a const UploadRecord *. */
int upload_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err);

/* "UPLOAD_OBJECT_DOING". */
const char *upload_state_name(UploadState state);
bool upload_state_is_error(UploadState state);

/*
 * Moves an upload on: DOING -> DONE -> the next DOING; a DOING -> its ERROR; an ERROR -> its DOING again (a retry).
 * `reason` goes with an ERROR, else NULL; it is borrowed by the record. Staying where it is is fine. CODE_CONFLICT for
 * any other move.
 */
int upload_move(UploadRecord *upload, UploadState to, const char *reason, uint64_t now_ms, struct err *err);

/* Roots of one segment: of the whole and of what each position keeps. */
struct segment_roots {
    struct hash whole;
    size_t positions;
    struct hash piece[64];
};

int segment_get(struct spdb *db, uint64_t object_id, uint64_t version, uint64_t segment,
                struct segment_roots *ret_roots, struct err *err);
void segment_put_in(struct spdb_batch *batch, uint64_t object_id, uint64_t version, uint64_t segment,
                    const struct segment_roots *roots);
void segment_del_in(struct spdb_batch *batch, uint64_t object_id, uint64_t version, uint64_t segment);

/* Sets bit s of ret_bitmap (room for `segments` bits, cleared first) for each durable segment; ret_count counts them.
 */
int segment_bitmap(struct spdb *db, uint64_t object_id, uint64_t version, uint64_t segments, uint8_t *ret_bitmap,
                   uint64_t *ret_count, struct err *err);

/* Bits of such bitmaps: bit s is bit s % 8, counted from the lowest, of byte s / 8. */
static inline bool bitmap_has(const uint8_t *bitmap, uint64_t bit) {
    return bitmap[bit / 8] >> (bit % 8) & 1;
}
static inline void bitmap_set(uint8_t *bitmap, uint64_t bit) {
    bitmap[bit / 8] = (uint8_t)(bitmap[bit / 8] | 1u << (bit % 8));
}
static inline size_t bitmap_len(uint64_t bits) {
    return (size_t)((bits + 7) / 8);
}

#endif
