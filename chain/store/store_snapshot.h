/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_STORE_SNAPSHOT_H
#define CAIRN_CHAIN_STORE_STORE_SNAPSHOT_H
/*
 * Snapshots of a store (their bytes: snapshot.h): made in the background, read chunk by chunk for others, and taken in
 * by an empty store.
 *
 * Making: every store_options.snapshot_every heights the commit keeps a view; store_keep (store.h) makes the snapshot
 * from it step by step, then lets go of the oldest beyond snapshots_kept. A start throws away what was half made.
 *
 * Taking in: chunks in any order, each verified, each one atomic write; a stop at any point loses at most the chunks
 * since the last synced write. When all are there the store stands at the snapshot's height and goes on.
 *
 * Threads: reading from any; an import belongs to the writer's.
 */
#include "chain/store/snapshot.h"
#include "chain/store/store.h"

/* --- what this store can give ------------------------------------------------------------------------------------- */

struct snapshot_info {
    uint64_t height;
    struct hash root;
    struct hash id; /* of the manifest */
    uint32_t chunks;
    uint64_t len; /* of all chunks */
};

/* Up to max, newest first; *ret_n of them. */
int store_snapshots(struct store *s, size_t max, struct snapshot_info *ret, size_t *ret_n, struct err *err);
/* Bytes of the manifest, on arena. CODE_NOT_FOUND. */
int store_snapshot_manifest(struct store *s, uint64_t height, struct arena *arena, struct bytes *ret, struct err *err);
/* A chunk's bytes, on arena (SNAPSHOT_CHUNK_LEN_MAX at most). CODE_NOT_FOUND. Not verified: the taker does. */
int store_snapshot_chunk(struct store *s, uint64_t height, uint32_t index, struct arena *arena, struct bytes *ret,
                         struct err *err);

/* --- taking one in ------------------------------------------------------------------------------------------------ */

struct store_import;

/* Begins, or goes on with, the import of this snapshot into an empty store. What another manifest had begun is thrown
 * away. The manifest is copied; its root must be trusted by now (a header's app hash). *ret is owned by the caller; no
 * batch may be opened before store_import_close. CODE_CONFLICT: the store holds a chain already; and as
 * snapshot_manifest_decode. */
int store_import_begin(struct store *s, struct bytes manifest, struct store_import **ret, struct err *err);
/* What is being taken in; borrowed. */
const struct snapshot_manifest *store_import_manifest(const struct store_import *im);
bool store_import_has(const struct store_import *im, uint32_t index);
uint32_t store_import_count(const struct store_import *im); /* chunks that are in */
/* Verifies the chunk and takes it in; one that is in already is CODE_OK. As snapshot_chunk_verify: nothing of a wrong
 * chunk is written. CODE_IO...: the store is latched. */
int store_import_chunk(struct store_import *im, uint32_t index, struct bytes chunk, struct err *err);

/* What a store must have beside the state to go on: of the snapshot's height. Borrowed for the call. */
struct store_import_end {
    uint64_t time; /* the block's, ms */
    struct {
        enum store_record kind;
        struct bytes bytes;
    } records[4]; /* STORE_BLOCK at least, if the node wants to serve and start from it */
    size_t records_n;
};

/* After the last chunk: holds the root against the manifest's and makes the store stand at the height, in one synced
 * write. CODE_NOT_READY: chunks are missing; CODE_CORRUPT: what was written does not have the root. */
int store_import_finish(struct store_import *im, const struct store_import_end *end, struct err *err);
void store_import_close(struct store_import *im); /* NULL allowed; what came in stays for the next begin */

/* The manifest of the import that was begun and not finished, on arena. CODE_NOT_FOUND: none. */
int store_import_pending(struct store *s, struct arena *arena, struct bytes *ret, struct err *err);
/* Throws away what came in: an empty store again. CODE_CONFLICT when the store holds a chain. */
int store_import_drop(struct store *s, struct err *err);

/* --- a whole state from elsewhere: an export ------------------------------------------------------------------------
 */

struct store_load;

/* Into an empty store; what was half taken in before is dropped. *ret is owned by the caller. CODE_CONFLICT: the store
 * holds a chain. A crash before store_load_finish leaves a store that only takes another beginning. */
int store_load_begin(struct store *s, struct store_load **ret, struct err *err);
/* One pair, copied; in any order, each key once. Memory stays bounded. */
int store_load_pair(struct store_load *l, struct bytes key, struct bytes value, struct err *err);
/* The store stands at the height when this is CODE_OK. CODE_INTEGRITY: the pairs do not have the root. */
int store_load_finish(struct store_load *l, uint64_t height, const struct hash *root,
                      const struct store_import_end *end, struct err *err);
void store_load_close(struct store_load *l); /* NULL allowed */

#endif
