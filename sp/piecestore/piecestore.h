/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a provider's pieces lie: put, read, delete, list of immutable pieces, behind one small interface, so that local
 * files (piece_local.h) can give way to an S3 store or Ceph. A piece is put with its root and group hashes, which were
 * computed when its bytes were hashed on arrival; they come back with it, so that reads verify what they touch and no
 * more.
 *
 * Invariant: when piecestore_put answers CODE_OK the pieces are durable. A piece is never changed in place: putting a
 * key again replaces it whole or not at all.
 */
#ifndef CAIRN_SP_PIECESTORE_PIECESTORE_H
#define CAIRN_SP_PIECESTORE_PIECESTORE_H

#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/coding/piece.h"

/* The position under which a primary without a whole copy of its own keeps whole segments until they are replicated. */
#define POSITION_STAGE 0xffffu

struct piece_key {
    uint64_t object_id;
    uint64_t version;
    uint32_t position;
    uint64_t segment;
};

struct piece_meta {
    uint64_t length;
    struct hash root;
};

/* One piece to put. Borrowed until the call returns. */
struct piece_write {
    struct piece_key key;
    struct bytes data;         /* 1 byte at least; on a 4 KiB boundary it is written without a copy */
    struct hash root;          /* of data */
    const struct hash *groups; /* piece_groups(data.len) of them */
};

/* Tells a file from the one that was there before, or was changed since. */
struct piece_stamp {
    uint64_t inode, mtime_ns;
};

struct piecestore;

/* Every slot may block on the disk or the network, may be called from any thread, and returns a code with *err filled.
 */
struct piecestore_ops {
    /* All of them durable on return. On failure any of them may have been stored. CODE_DISK_FULL, CODE_IO. */
    int (*put)(struct piecestore *store, const struct piece_write *writes, size_t count, struct err *err);
    /* CODE_NOT_FOUND; CODE_CORRUPT when what is there is not this piece. */
    int (*head)(struct piecestore *store, const struct piece_key *key, struct piece_meta *ret_meta, struct err *err);
    /* Bytes [offset, offset + len) as they are stored, unverified. CODE_RANGE, and as head. */
    int (*read)(struct piecestore *store, const struct piece_key *key, uint64_t offset, size_t len, uint8_t *ret_data,
                struct err *err);
    /* Header and the piece_groups(length) group hashes as stored, unverified; room for PIECE_GROUPS_MAX. As head. */
    int (*groups)(struct piecestore *store, const struct piece_key *key, struct piece_meta *ret_meta,
                  struct hash *ret_groups, struct err *err);
    /* A file to send its bytes from, the caller's to close, and where in it they begin; only while it is the very file
     * that this process wrote or verified and nobody has touched it since: CODE_UNSUPPORTED otherwise, and where pieces
     * are no files (then the slot may be NULL). As head. */
    int (*file)(struct piecestore *store, const struct piece_key *key, int *ret_fd, uint64_t *ret_begin,
                struct piece_meta *ret_meta, struct err *err);
    /* Which file a piece is now, and later: that file was read whole and matched its root. Both NULL where pieces are
     * no files. */
    int (*stamp)(struct piecestore *store, const struct piece_key *key, struct piece_stamp *ret_stamp, struct err *err);
    void (*verified)(struct piecestore *store, const struct piece_key *key, const struct piece_stamp *stamp);
    /* The bytes of `from` are the piece `to` from now on, durable on return, without a copy where the store can; what
     * `from` is then is undefined: delete it. May be done again after a crash. CODE_NOT_FOUND. */
    int (*rename)(struct piecestore *store, const struct piece_key *from, const struct piece_key *to, struct err *err);
    /* A missing piece is fine. */
    int (*del)(struct piecestore *store, const struct piece_key *key, struct err *err);
    /* Every piece once, in no order; pieces put or deleted meanwhile may be missed. Not 0 from visit ends it. */
    int (*list)(struct piecestore *store, int (*visit)(void *ctx, const struct piece_key *key, struct err *err),
                void *ctx, struct err *err);
    /* Bytes that may still be stored, and in all. */
    int (*space)(struct piecestore *store, uint64_t *ret_free, uint64_t *ret_total, struct err *err);
    /* Closes and frees it; no call may be running. */
    void (*free)(struct piecestore *store);
};

struct piecestore {
    const struct piecestore_ops *ops;
};

/* The slots as functions; piecestore_free allows NULL. */
int piecestore_put(struct piecestore *store, const struct piece_write *writes, size_t count, struct err *err);
int piecestore_head(struct piecestore *store, const struct piece_key *key, struct piece_meta *ret_meta,
                    struct err *err);
int piecestore_read(struct piecestore *store, const struct piece_key *key, uint64_t offset, size_t len,
                    uint8_t *ret_data, struct err *err);
int piecestore_groups(struct piecestore *store, const struct piece_key *key, struct piece_meta *ret_meta,
                      struct hash *ret_groups, struct err *err);
/* CODE_UNSUPPORTED where pieces are no files, or this one is not known to be whole: read and verify it. */
int piecestore_file(struct piecestore *store, const struct piece_key *key, int *ret_fd, uint64_t *ret_begin,
                    struct piece_meta *ret_meta, struct err *err);
/* CODE_UNSUPPORTED where pieces are no files; piecestore_verified then does nothing. */
int piecestore_stamp(struct piecestore *store, const struct piece_key *key, struct piece_stamp *ret_stamp,
                     struct err *err);
void piecestore_verified(struct piecestore *store, const struct piece_key *key, const struct piece_stamp *stamp);
int piecestore_rename(struct piecestore *store, const struct piece_key *from, const struct piece_key *to,
                      struct err *err);
int piecestore_delete(struct piecestore *store, const struct piece_key *key, struct err *err);
int piecestore_list(struct piecestore *store, int (*visit)(void *ctx, const struct piece_key *key, struct err *err),
                    void *ctx, struct err *err);
int piecestore_space(struct piecestore *store, uint64_t *ret_free, uint64_t *ret_total, struct err *err);
void piecestore_free(struct piecestore *store);

#endif
