/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage collection: bytes go after the ledger says that they may. Deletion runs against the order of storing: first
 * the records (nothing is served any more) together with a note of what is to go, then the bytes, then the note. So a
 * crash at any point leaves either something served whole, or a note that the next run finishes.
 *
 * gc_object follows the ledger's deletions; gc_run finishes what was left, drops what was never sealed in time, and
 * compares both ways: files against the piece index, the index against positions, positions against the ledger.
 *
 * Threads: any; runs do not overlap.
 */
#ifndef CAIRN_SP_GC_GC_H
#define CAIRN_SP_GC_GC_H

#include "chain/base/map.h"
#include "chain/os/thread.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/spdb.h"

/* What the ledger says of a position of an object and version. */
enum gc_verdict {
    GC_KEEP, /* it exists, or nobody can tell now */
    GC_WAIT, /* deleted, but not final yet, or a challenge is open */
    GC_DELETE,
};

struct gc_env {
    void *ctx;
    uint64_t (*real_ms)(void *ctx);
    /* May block. Errors are taken as GC_KEEP. */
    enum gc_verdict (*may_delete)(void *ctx, uint64_t object_id, uint64_t version, uint32_t position);
};

/* Counts since start, and of the last comparison. */
struct gc_stats {
    uint64_t positions_deleted, pieces_deleted, bytes_deleted;
    uint64_t waiting;          /* positions that may not go yet */
    uint64_t unsealed_expired; /* positions that were never sealed */
    uint64_t orphans;          /* files without a record, removed */
    uint64_t missing;          /* records without a file, left to the scrubber */
    uint64_t runs, last_run_ms;
};

struct gc {
    struct spdb *db;
    struct piecestore *store;
    struct gc_env env;
    struct mutex lock;    /* stats */
    struct mutex running; /* one run at a time */
    struct gc_stats stats;
    struct map suspects; /* files without a record that the last full run saw: one more, and they go */
};

void gc_init(struct gc *gc, struct spdb *db, struct piecestore *store, const struct gc_env *env);
void gc_release(struct gc *gc);

/*
 * Removes every position that is held of an object and version, its upload, its roots, its bytes. Idempotent.
 * CODE_AGAIN when the ledger does not allow it yet: try again later. `force` (an upload that ended, a position taken
 * over): without asking the ledger.
 */
int gc_object(struct gc *gc, uint64_t object_id, uint64_t version, const char *reason, bool force, struct err *err);

/* One periodic run; full: also compare both ways (reads every name in the store). */
int gc_run(struct gc *gc, bool full, struct err *err);

void gc_get_stats(struct gc *gc, struct gc_stats *ret_stats);

#endif
