/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads of objects: plain, ranged and degraded. What this SP holds whole is read from its piece store, verified group
 * by group against the piece index; where it holds only a column, or its own piece is damaged or lost, the segment
 * comes from the other positions through env. Every byte that the sink sees was verified.
 *
 * Threads: one struct downloader serves any number of threads. Segments that come from others take a whole segment of
 * memory each; at most `degraded_max` of them are open at a time. More wait, but not for ever: whoever takes such bytes
 * slowly must not keep all others from theirs.
 */
#ifndef CAIRN_SP_DOWNLOADER_DOWNLOADER_H
#define CAIRN_SP_DOWNLOADER_DOWNLOADER_H

#include "cairn/storage.h"
#include "chain/base/fixed.h"
#include "chain/os/thread.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/spdb.h"

/* Bytes that the sink gets at a time, at most. */
#define DOWNLOAD_CHUNK ((size_t)1 << 20)

struct downloader_env {
    void *ctx;
    /* A whole segment, verified, from positions that are not this SP's, into ret_segment (join_room bytes). May be
     * NULL: then nothing but what is here can be read. CODE_UNAVAILABLE, CODE_INTEGRITY. */
    int (*segment_from_others)(void *ctx, const ObjectInfo *object, uint64_t segment, uint8_t *ret_segment,
                               struct err *err);
    /* A piece that should be here is damaged or missing: have it rebuilt. May be NULL. Must not block for long. */
    void (*piece_bad)(void *ctx, const struct piece_key *key);
};

struct downloader {
    struct spdb *db;
    struct piecestore *store;
    struct downloader_env env;
    unsigned degraded_max;
    uint64_t wait_ms; /* how long a segment from others may wait for its turn */
    struct mutex lock;
    struct cond changed;
    unsigned degraded; /* open ones */
};

void downloader_init(struct downloader *downloader, struct spdb *db, struct piecestore *store,
                     const struct downloader_env *env, unsigned degraded_max);
void downloader_release(struct downloader *downloader);

/* Takes verified bytes in order; borrowed for the call. */
typedef int download_sink(void *ctx, struct bytes data, struct err *err);

/*
 * Reads [offset, offset + length) of a sealed object (or one whose upload is done here). CODE_RANGE when it lies
 * outside; CODE_UNAVAILABLE when too few positions can serve; CODE_BUSY when too many reads wait for others; what the
 * sink answers ends it. On an error, what the sink got is right and the rest is missing: the caller closes the
 * connection.
 */
int downloader_read(struct downloader *downloader, const ObjectInfo *object, uint64_t offset, uint64_t length,
                    download_sink *sink, void *ctx, struct err *err);

/* Could [offset, offset + length) be asked for? CODE_RANGE with the object's size. For answers that must be decided
 * first. */
int downloader_check_range(const ObjectInfo *object, uint64_t offset, uint64_t length, struct err *err);

#endif
