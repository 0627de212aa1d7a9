/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read quota: what a bucket may still be read in a month, and the record of what was read. Counters live in memory and
 * are written down after `lag_bytes` of reads or when quota_flush is called, so that a crash forgets at most so much; a
 * read is refused before its first byte.
 *
 * Order of use: the charged quota that the owner pays for, the SP's free bytes a month, the free bytes that a bucket
 * gets once.
 *
 * Threads: any.
 */
#ifndef CAIRN_SP_DOWNLOADER_QUOTA_H
#define CAIRN_SP_DOWNLOADER_QUOTA_H

#include "cairn/sp_db.h"
#include "cairn/sp_wire.h"
#include "chain/base/arena.h"
#include "chain/base/map.h"
#include "chain/os/thread.h"
#include "sp/spdb/spdb.h"

/* What a bucket may use, in bytes: a month, a month, ever. */
struct quota_limits {
    uint64_t charged;
    uint64_t free;
    uint64_t once;
};

/* How a read was charged, to be given back for what was not sent. */
struct quota_taken {
    uint64_t bucket_id;
    uint64_t month;
    uint64_t charged, free, once;
};

struct quota {
    struct spdb *db;
    uint64_t lag_bytes;
    struct mutex lock;
    struct map buckets; /* bucket id -> struct quota_entry */
    struct arena reads; /* records not written yet */
    struct quota_read *newest;
    size_t pending_reads;
    uint64_t pending_bytes;
};

void quota_init(struct quota *quota, struct spdb *db, uint64_t lag_bytes);
/* Writes what is pending, then frees. */
void quota_release(struct quota *quota);

/* Takes `bytes` for a bucket at wall-clock `now_ms`. CODE_QUOTA with what is left and until when. */
int quota_take(struct quota *quota, uint64_t bucket_id, const struct quota_limits *limits, uint64_t bytes,
               uint64_t now_ms, struct quota_taken *ret_taken, struct err *err);

/* Gives back what was taken but not sent: the last charged kind first. */
void quota_give_back(struct quota *quota, const struct quota_taken *taken, uint64_t bytes);

/* What a bucket has used and may use. */
int quota_get(struct quota *quota, uint64_t bucket_id, const struct quota_limits *limits, uint64_t now_ms,
              QuotaBody *ret_body, struct err *err);

/* Notes one read; written down with the counters. Strings and bytes are copied. */
int quota_note_read(struct quota *quota, uint64_t bucket_id, const ReadRecord *record, struct err *err);

/* Writes everything down. */
int quota_flush(struct quota *quota, struct err *err);

#endif
