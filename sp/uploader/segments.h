/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to the durable state of an upload: storing one segment, closing the whole, starting over. No threads
 * here.
 */
#ifndef CAIRN_SP_UPLOADER_SEGMENTS_H
#define CAIRN_SP_UPLOADER_SEGMENTS_H

#include "cairn/storage.h"
#include "chain/coding/cut.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/uploads.h"

/* The position whose pieces at the primary hold whole segments: 0, or POSITION_STAGE where no position of the primary
 * does. */
uint32_t segments_source(const Profile *profile);

/* Stores what the primary keeps of a segment that was cut, then its roots: durable on CODE_OK. */
int segments_store(struct spdb *db, struct piecestore *store, const ObjectInfo *object, uint64_t segment,
                   const struct cut *cut, struct err *err);

/*
 * All segments are durable: compares the content root and writes the primary's position down. CODE_INTEGRITY when the
 * content is not what the owner signed.
 */
int segments_close(struct spdb *db, const ObjectInfo *object, const uint8_t *upload_id, size_t upload_id_len,
                   struct err *err);

/* Forgets every segment of an upload and removes its bytes, so that it can start over. */
int segments_forget(struct spdb *db, struct piecestore *store, const ObjectInfo *object, struct err *err);

/* Removes the staged whole segments of an object that is sealed; the primary's own position stays. */
int segments_unstage(struct spdb *db, struct piecestore *store, const ObjectInfo *object, struct err *err);

#endif
