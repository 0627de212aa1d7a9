/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The primary's side of an upload: a payload streams in, is cut into segments, hashed, coded and stored, and its
 * columns are handed to replication while the rest still arrives.
 *
 *   gateway thread      part_open, part_write ..., part_finish       fills a segment in memory, hands it to a worker
 *   worker threads      hash and code, put into the piece store, write the roots down, hand the columns on
 *
 * A part is one request's body: it begins at a multiple of the segment size and may end anywhere; parts may come in any
 * order, in parallel and repeatedly. What counts is whole segments: a segment that is durable stays, one that was cut
 * off is sent again. When all are there, the content root is compared with the one that the owner signed; only then is
 * the object UPLOAD_OBJECT_DONE.
 *
 * Memory is bounded: each upload has at most UPLOAD_CUTS_MAX segments in memory, and all of them together stay under
 * memory_bytes; past that part_open waits and part_write blocks its sender.
 */
#ifndef CAIRN_SP_UPLOADER_UPLOADER_H
#define CAIRN_SP_UPLOADER_UPLOADER_H

#include "cairn/storage.h"
#include "chain/base/fixed.h"
#include "chain/coding/cut.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/spdb.h"

/* One is being filled while one is hashed and stored and one is on its way to the secondaries. */
#define UPLOAD_CUTS_MAX 3

/* What the uploader tells others. Any slot may be NULL. Called on worker threads; may block, which slows the upload
 * down. */
struct uploader_env {
    void *ctx;
    /* A segment is durable here; its pieces, by position, are in `cut` until this returns. */
    void (*segment_durable)(void *ctx, const ObjectInfo *object, uint64_t segment, const struct cut *cut);
    /* The object's upload ended: done (reason NULL) or in error. */
    void (*upload_ended)(void *ctx, uint64_t object_id, const char *reason);
};

struct uploader_config {
    struct spdb *db;
    struct piecestore *store;
    struct uploader_env env;
    size_t memory_bytes; /* for segments of all uploads together */
    unsigned threads;    /* workers; 0: one a CPU */
    uint64_t wait_ms;    /* how long part_open waits for memory before it answers CODE_BUSY */
};

struct uploader;
struct part;

/* Starts the workers. *ret_uploader is the caller's. CODE_NO_MEMORY. */
int uploader_new(const struct uploader_config *config, struct uploader **ret_uploader, struct err *err);
/* No part may be open. Waits for the workers. NULL is fine. */
void uploader_free(struct uploader *uploader);

/*
 * Begins, or goes on with, the upload of `object` (as the ledger has it: CREATED, this SP its primary): writes the
 * record. upload_id: 16 random bytes for a new upload. CODE_DONE_ALREADY when it is stored or sealed; CODE_CONFLICT
 * when a deeper stage is under way; CODE_INVALID_ARGUMENT for zero bytes or a bad profile; CODE_UNSUPPORTED for keyed
 * replicas.
 */
int uploader_begin(struct uploader *uploader, const ObjectInfo *object, const uint8_t upload_id[16], uint64_t now_ms,
                   struct err *err);

/*
 * Closes an upload whose segments are all durable but whose end was not written down (after a crash): for each record
 * in UPLOAD_OBJECT_DOING at start. Calls upload_ended if it closed one. CODE_OK also when bytes are still missing.
 */
int uploader_resume(struct uploader *uploader, const ObjectInfo *object, struct err *err);

/*
 * Opens a part of `length` bytes at `offset`. whole: the request is a whole upload, so length must be the payload's
 * size. CODE_INVALID_ARGUMENT (offset inside a segment, size mismatch), CODE_RANGE (past the end), CODE_BUSY (no memory
 * now), CODE_NOT_FOUND (not begun). On CODE_OK end it with part_finish or part_abort.
 */
int part_open(struct uploader *uploader, const ObjectInfo *object, uint64_t offset, uint64_t length, bool whole,
              struct part **ret_part, struct err *err);

/* Takes the next bytes; may block. CODE_TOO_LARGE past the announced length; or the error that ended a segment of this
 * part. */
int part_write(struct part *part, const void *data, size_t len, struct err *err);

/* What has arrived. */
struct upload_status {
    uint64_t segments, durable; /* segments in all; durable ones */
    uint64_t received_bytes;    /* in durable segments */
    bool complete;              /* all there, and the content root is the owner's */
};

/*
 * The body has ended: waits until every whole segment of the part is durable, and frees the part. CODE_INTEGRITY:
 * everything is here, but is not what the owner signed (the upload is then UPLOAD_OBJECT_ERROR and starts from
 * nothing). CODE_INVALID_ARGUMENT: a whole upload ended early. CODE_DISK_FULL, CODE_IO. ret_status (may be NULL) is
 * filled on CODE_OK.
 */
int part_finish(struct part *part, struct upload_status *ret_status, struct err *err);

/* The sender vanished: keeps the whole segments, drops the rest, frees the part. */
void part_abort(struct part *part);

/* What has arrived of an object; the bitmap of durable segments goes on the arena (ret_bitmap may be NULL). */
int uploader_status(struct uploader *uploader, const ObjectInfo *object, struct arena *arena,
                    struct upload_status *ret_status, struct bytes *ret_bitmap, struct err *err);

#endif
