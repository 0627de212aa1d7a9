/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's own database: RocksDB records of the messages in proto/cairn/sp_db.proto. This file opens it and moves
 * messages in and out; the files beside it say, entity by entity, what the records mean.
 *
 * Order on disk: bytes durable in the piece store, then the record, then the answer; deletion the other way round. So a
 * record never promises bytes that are not there, and bytes without a record are garbage that gc finds.
 *
 * Threads: everything here may be called from any thread.
 */
#ifndef CAIRN_SP_SPDB_SPDB_H
#define CAIRN_SP_SPDB_SPDB_H

#include <protobuf-c/protobuf-c.h>

#include "chain/base/arena.h"
#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/os/thread.h"
#include "chain/store/kv.h"

/* Families: what their keys are (numbers big-endian) and what their values. Order is part of the format; append only.
 */
enum spdb_family {
    SPDB_UPLOAD,   /* object u64 -> UploadRecord */
    SPDB_SEGMENT,  /* object u64 | version u64 | segment u64 -> SegmentRoots */
    SPDB_HELD,     /* object u64 | version u64 | position u32 -> HeldPosition */
    SPDB_PIECE,    /* object u64 | version u64 | position u32 | segment u64 -> root 32 */
    SPDB_TASK,     /* task id u64 -> Task */
    SPDB_QUOTA,    /* bucket u64 | month u64 -> QuotaCounter */
    SPDB_READ,     /* bucket u64 | time ms u64 | number u64 -> ReadRecord */
    SPDB_CURSOR,   /* name -> Cursor */
    SPDB_APPROVAL, /* spec hash 32 -> ApprovalRecord */
    SPDB_GC,       /* object u64 | version u64 | position u32 -> GcRecord */
    SPDB_META,     /* name -> a message by name */
    SPDB_FAMILIES
};

enum { SPDB_PIECE_LOCKS = 16 };

struct spdb {
    struct kv *kv;
    struct mutex writing;  /* one writer at a time, as the store wants it */
    struct mutex updating; /* records that are read, changed and written back */
    /* Pieces that are compared with what is known of them and then written, by spread; all of them: what a position
     * has is promised. Taken before `updating`. */
    struct mutex pieces[SPDB_PIECE_LOCKS];
    struct mutex counting; /* the numbers below */
    uint64_t next_task;    /* 0: not looked up yet */
    uint64_t next_read;
    uint64_t writes; /* commits so far */
    struct cond written;
};

/* Opens or creates the database in `dir` (parent must exist). CODE_LOCKED: another process has it open. */
int spdb_open(struct spdb *db, const char *dir, size_t cache_bytes, struct err *err);
/* An empty one in memory, for tests. */
int spdb_open_mem(struct spdb *db, struct err *err);
void spdb_close(struct spdb *db);

/* Keys are built in place: put the parts in order. */
struct spdb_key {
    size_t len;
    uint8_t data[64];
};
void spdb_key_u64(struct spdb_key *key, uint64_t value);
void spdb_key_u32(struct spdb_key *key, uint32_t value);
void spdb_key_bytes(struct spdb_key *key, struct bytes value); /* cut at the room */
static inline struct bytes spdb_key_of(const struct spdb_key *key) {
    return bytes_of(key->data, key->len);
}

/* The message under a key, on the arena; ret_msg as in pb_decode. CODE_NOT_FOUND without a sentence; CODE_CORRUPT. */
int spdb_get(struct spdb *db, enum spdb_family family, struct bytes key, const ProtobufCMessageDescriptor *desc,
             struct arena *arena, void *ret_msg, struct err *err);

/* One durable write. CODE_DISK_FULL, CODE_IO (the database then refuses every later write). */
int spdb_put(struct spdb *db, enum spdb_family family, struct bytes key, const void *msg, struct err *err);
int spdb_del(struct spdb *db, enum spdb_family family, struct bytes key, struct err *err);

/*
 * Every record whose key begins with `prefix` (empty: all), in order of keys from `from` on (BYTES_NONE: from the
 * first). `msg` is borrowed until visit returns, decoded as `desc` (NULL: raw, msg is a const struct bytes *). Not 0
 * from visit ends it and is returned. Records written meanwhile are not seen; visit may write.
 */
typedef int spdb_visit(void *ctx, struct bytes key, const void *msg, struct err *err);
int spdb_each(struct spdb *db, enum spdb_family family, struct bytes prefix, struct bytes from,
              const ProtobufCMessageDescriptor *desc, spdb_visit *visit, void *ctx, struct err *err);

/* Several writes that happen together. Puts that fail (memory) are kept and told by spdb_commit. */
struct spdb_batch {
    struct spdb *db;
    struct kv_batch *writes;
    int failed;
};
int spdb_begin(struct spdb *db, struct spdb_batch *batch, struct err *err);
void spdb_batch_put(struct spdb_batch *batch, enum spdb_family family, struct bytes key, const void *msg);
void spdb_batch_put_raw(struct spdb_batch *batch, enum spdb_family family, struct bytes key, struct bytes value);
void spdb_batch_del(struct spdb_batch *batch, enum spdb_family family, struct bytes key);
/* Writes it durably and ends the batch, also on failure. */
int spdb_commit(struct spdb_batch *batch, struct err *err);
/* Ends a batch without writing it; after spdb_commit it does nothing. */
void spdb_abandon(struct spdb_batch *batch);

/* --- waiting for a record to change --- */

/* A number that grows with every write. */
uint64_t spdb_writes(struct spdb *db);
/* Waits until it is not `seen` any more, or until the deadline (clock_mono_ns). Look at the record, then call this with
 * the number from before that look. */
void spdb_wait_write(struct spdb *db, uint64_t seen, uint64_t deadline_ns);

#endif
