/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_KV_H
#define CAIRN_CHAIN_STORE_KV_H
/*
 * An ordered key-value database with column families, behind one small interface. Two back ends: RocksDB
 * (kv_open_rocks) for programs, memory (kv_open_mem) for the simulator and tests. Users: chain/store itself, and anyone
 * who keeps an embedded database.
 *
 * A family is named by its index in the list given at open. Keys are ordered by memcmp, a prefix first.
 *
 * Invariant: after the first write that fails, nothing more is ever written through this handle: the database is
 * *latched* and every later write answers that first error. (RocksDB would resume by itself seconds after a full disk;
 * a ledger must not.)
 *
 * Threads: everything of struct kv from any thread; writes of several threads are applied one whole batch after
 * another. An iterator, value or batch belongs to one thread at a time; a snapshot may be shared.
 */
#include "chain/base/arena.h"
#include "chain/base/bytes.h"
#include "chain/base/err.h"

struct kv;
struct kv_snap;
struct kv_batch;
struct kv_iter;

#define KV_FAMILIES_MAX 16

/* --- open and close --------------------------------------------------------------------------------------------- */

struct kv_rocks_options {
    size_t cache_bytes;        /* blocks, indexes and filters of tables; 0 = 16 MiB */
    size_t write_buffer_bytes; /* of one family; 0 = 4 MiB; all together never over 6 of them */
    uint32_t plain;            /* bit i: family i holds hashes and the like: not worth compressing */
    uint32_t large;            /* bit i: family i holds values of megabytes: written once, beside the tables */
    bool must_exist;           /* do not create: CODE_NOT_FOUND when there is none */
};

/*
 * Opens, or creates, the database in dir (its parent must exist). families[n]: names, always in the same order; missing
 * ones are created. options may be NULL. *ret is owned by the caller (kv_close). CODE_LOCKED another process has it
 * open; CODE_CORRUPT damaged; CODE_DISK_FULL, CODE_IO.
 */
int kv_open_rocks(const char *dir, const char *const *families, unsigned n, const struct kv_rocks_options *options,
                  struct kv **ret, struct err *err);

/* An empty database in memory with n families. */
int kv_open_mem(unsigned n, struct kv **ret, struct err *err);

/* Closes; every snapshot, iterator and value must have been given back before. NULL is allowed. */
void kv_close(struct kv *kv);

/* The error that latched the database, or CODE_OK. Any thread. */
int kv_failed(const struct kv *kv, struct err *err);

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* A value, borrowed from the back end until kv_value_release. */
struct kv_value {
    struct bytes bytes;
    void *pin; /* private */
    struct kv *kv;
};

/* CODE_NOT_FOUND (with no sentence: it is an answer, not a failure) when there is no such key. snap NULL: what is
 * newest. */
int kv_get(struct kv *kv, const struct kv_snap *snap, unsigned family, struct bytes key, struct kv_value *ret,
           struct err *err);
void kv_value_release(struct kv_value *v);

/* The same, copied to arena. */
int kv_get_dup(struct kv *kv, const struct kv_snap *snap, unsigned family, struct bytes key, struct arena *arena,
               struct bytes *ret, struct err *err);

/* A view of the database as it is now; cheap. Give back with kv_snap_free (NULL allowed). */
int kv_snap_new(struct kv *kv, struct kv_snap **ret, struct err *err);
void kv_snap_free(struct kv *kv, struct kv_snap *snap);

/* Keys k with from <= k < to; a bound of length 0 is open. Copied at kv_iter_open. */
struct kv_range {
    struct bytes from, to;
    bool reverse; /* from the largest down */
};

/* snap NULL: the database as it is at this call. *ret is owned by the caller until kv_iter_close. */
int kv_iter_open(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct kv_range *range,
                 struct kv_iter **ret, struct err *err);
/* The next pair; false at the end or on an error, which kv_iter_close tells. Borrowed until the next call. */
bool kv_iter_next(struct kv_iter *it, struct bytes *ret_key, struct bytes *ret_value);
/* The largest pair with a key <= key within the range, wherever the iterator was; only on reverse ones, which go on
 * from there. Cheaper than a new iterator for each of many look-ups. */
bool kv_iter_seek(struct kv_iter *it, struct bytes key, struct bytes *ret_key, struct bytes *ret_value);
/* Frees it; CODE_OK if the iteration ended well. NULL allowed. */
int kv_iter_close(struct kv_iter *it, struct err *err);

/* The smallest key above every key that starts with prefix, written to room (>= prefix.len bytes); length 0 when there
 * is none. */
struct bytes kv_prefix_end(struct bytes prefix, uint8_t *room);

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* Puts and deletions that happen all or not at all, in the order given. NULL when out of memory. Copies what it is
 * given. */
struct kv_batch *kv_batch_new(struct kv *kv);
void kv_batch_free(struct kv_batch *b); /* NULL allowed */
void kv_batch_clear(struct kv_batch *b);
void kv_batch_put(struct kv_batch *b, unsigned family, struct bytes key, struct bytes value);
void kv_batch_del(struct kv_batch *b, unsigned family, struct bytes key);
/* Every key k with from <= k < to, however many: one cheap entry. Reads of the family get dearer with each: use it
 * rarely. */
void kv_batch_del_range(struct kv_batch *b, unsigned family, struct bytes from, struct bytes to);
size_t kv_batch_count(const struct kv_batch *b);
size_t kv_batch_len(const struct kv_batch *b); /* bytes of keys and values */

/* Applies the batch; with sync it is durable when this returns. The batch stays the caller's. An error latches the
 * database. */
int kv_write(struct kv *kv, struct kv_batch *b, bool sync, struct err *err);

/* Disk space of what was deleted in from <= k < to (an empty bound is open) comes back now, not when the database gets
 * round to it. Takes its time, and disk bandwidth, in proportion to what lies there: for background work, after large
 * ranges. */
int kv_reclaim(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err);
/* Files that hold nothing but keys of from <= k < to go at once, and no power cut brings them back. The range must
 * have been deleted, with a synced write after that, and no snapshot or iterator may still want it. Cheap. */
int kv_drop_files(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err);
/* Bytes of its files on disk, by looking at each; 0 in memory. */
uint64_t kv_disk_bytes(struct kv *kv);
/* Whether its own threads merge or write files now, or are about to: then more lies on disk than is kept. */
bool kv_busy(struct kv *kv);

/* --- memory back end: failures on purpose ----------------------------------------------------------------------- */

/* The n-th write from now (1 = the next) fails with code and latches, nothing of it applied. 0: never. */
void kv_mem_fail_write(struct kv *kv, uint64_t n, int code);
/* What a power cut leaves: everything since the last synced write is gone; the latch is opened, as after a new start.
 * No snapshot or iterator may be out. */
void kv_mem_crash(struct kv *kv);
/* Writes so far, failed ones included. */
uint64_t kv_mem_writes(const struct kv *kv);

#endif
