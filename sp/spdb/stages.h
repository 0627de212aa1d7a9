/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stages: positions of objects that their clients are about to store in one step. The ledger knows nothing of them yet,
 * so they are held (pieces.h) under an id of their own, made of what the ledger's event of the seal will name, in place
 * of the object's: the highest bit is set, which no object's id has. A stage becomes the object's position in one
 * batch, or goes when its time is over.
 */
#ifndef CAIRN_SP_SPDB_STAGES_H
#define CAIRN_SP_SPDB_STAGES_H

#include "cairn/sp_db.h"
#include "chain/base/fixed.h"
#include "sp/spdb/spdb.h"

static inline bool stage_is(uint64_t object_id) {
    return object_id >> 63;
}

/* The id that a stage of this bucket, upload and name has. */
uint64_t stage_id(uint64_t bucket_id, struct bytes upload_id, const char *object_name);

/* What may be staged here; 0 is no limit. */
struct stage_limits {
    uint64_t account_count, account_bytes; /* positions and bytes, of one creator */
    uint64_t count;                        /* positions of all */
};

/* What is staged for a creator, and of all. Bytes are those of whole positions, as if they were here already. */
struct stage_usage {
    uint64_t account_count, account_bytes, count;
};
int stage_usage(struct spdb *db, struct bytes creator, struct stage_usage *ret, struct err *err);

/* Is there room for `bytes` more? CODE_LIMIT with what is taken. */
int stage_check(const struct stage_usage *usage, uint64_t bytes, const struct stage_limits *limits, struct err *err);

/* Makes the record of a stage where there is none, within the limits; keeps the later end where there is one.
 * CODE_CONFLICT: there is one of other content; CODE_LIMIT; CODE_BUSY: gc_check. */
int stage_open(struct spdb *db, const HeldPosition *fresh, const struct stage_limits *limits, struct err *err);

/* Writes down what is promised of a stage, or, CODE_NOT_FOUND, it has gone meanwhile. */
int stage_promise(struct spdb *db, const HeldPosition *held, struct err *err);

/* One batch: the stage `held` is position held->position of this object and version from now on, sealed, with these
 * roots (`segments` of them); a note says that the stage's own names of the bytes are to go. */
int stage_adopt(struct spdb *db, const HeldPosition *held, uint64_t object_id, uint64_t version,
                const struct hash *roots, uint64_t segments, uint64_t now_ms, struct err *err);

/* Every stage; msg is a const HeldPosition *. */
int stage_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err);

#endif
