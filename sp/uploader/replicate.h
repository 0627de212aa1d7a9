/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes at the primary to receipts from every position: the stages ALLOC_SECONDARY, REPLICATE_OBJECT and
 * SIGN_OBJECT of the workflow, over what spdb holds. Each call goes on from what is durable, so that a task can run it
 * again after any crash.
 *
 * Columns leave while segments arrive: the uploader calls replicate_segment for each durable segment; what could not be
 * sent then (no secondaries yet, one that failed) is cut again from the stored segment by replicate_run. A secondary
 * that fails is replaced alone: the others' pieces and receipts stand.
 */
#ifndef CAIRN_SP_UPLOADER_REPLICATE_H
#define CAIRN_SP_UPLOADER_REPLICATE_H

#include "cairn/sp_db.h"
#include "chain/coding/cut.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/uploads.h"

/* One piece on its way; rc and err are the answer. */
struct piece_send {
    const SecondaryPick *pick;
    struct bytes data;
    struct hash root;
    int rc;
    struct err err;
};

/* What replication needs of others. Every slot may block (bounded by its own timeouts) and be called from any thread.
 */
struct replicate_env {
    void *ctx;
    uint64_t (*real_ms)(void *ctx);
    /*
     * Finds an SP for each of `count` positions, none of those in `avoid` and no SP twice; ret_picks[0..count) lie on
     * the arena, with position, sp_id, approval and price. CODE_UNAVAILABLE when there are too few, with how many.
     */
    int (*find)(void *ctx, const UploadRecord *upload, const uint32_t *positions, size_t count, const uint32_t *avoid,
                size_t avoids, struct arena *arena, SecondaryPick **ret_picks, struct err *err);
    /* Sends pieces of one segment to their SPs, at the same time; fills rc and err of each. */
    void (*send)(void *ctx, const UploadRecord *upload, uint64_t segment, struct piece_send *sends, size_t count);
    /* The receipt of a secondary that has all pieces; its signature verified. *ret_receipt lies on the arena. */
    int (*receipt)(void *ctx, const UploadRecord *upload, const SecondaryPick *pick, struct arena *arena,
                   SignedReceipt **ret_receipt, struct err *err);
};

struct replicator {
    struct spdb *db;
    struct piecestore *store;
    struct replicate_env env;
    uint32_t sp_id;      /* this SP: never a secondary of its own objects */
    unsigned rounds_max; /* how often failed secondaries are replaced in one run */
};

/*
 * Makes sure that every position but 0 has an SP: called when an upload begins (so that columns can leave early) and by
 * replicate_run. CODE_UNAVAILABLE.
 */
int replicate_alloc(struct replicator *replicator, uint64_t object_id, struct err *err);

/* Sends the pieces of a segment that was just stored, to the secondaries known so far; failures are only noted. */
void replicate_segment(struct replicator *replicator, const ObjectInfo *object, uint64_t segment,
                       const struct cut *cut);

/*
 * Runs an upload at UPLOAD_OBJECT_DONE or later up to SIGN_OBJECT_DONE: secondaries, all pieces, all receipts. The
 * states and the reason of an error are written down. CODE_UNAVAILABLE and others: run it again later. CODE_CORRUPT:
 * the stored segment is damaged here.
 */
int replicate_run(struct replicator *replicator, uint64_t object_id, struct err *err);

/*
 * The bitmap segment x position of an object on its way, bit segment * positions + position, on the arena.
 */
int replicate_bitmap(const UploadRecord *upload, const uint8_t *durable, struct arena *arena, struct bytes *ret_bitmap,
                     struct err *err);

#endif
