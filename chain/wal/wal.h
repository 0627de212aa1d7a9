/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_WAL_WAL_H
#define CAIRN_CHAIN_WAL_WAL_H
/*
 * The durability log: what a validator must still know after a crash in the middle of a height.
 *
 * One file a height; two preallocated files take turns (height modulo 2), because a height's log is needed only until
 * its block is committed to the store. The driver appends inputs, bodies and its own signed records; wal_sync makes all
 * of them durable in one write and one sync (group commit). Nothing may leave the node before the sync that covers it.
 *
 * A record, little-endian, at a multiple of 8 bytes:
 *     crc32c u32  over all that follows, payload included
 *     len    u32  payload bytes
 *     height u64  the height of the log: records of an older height in a reused file do not count
 *     seq    u32  0, 1, 2 ... within the height
 *     synced u32  how many records were durable when this one was written
 *     kind   u8   meaning is the driver's;  7 zero bytes
 *     payload, zero bytes up to a multiple of 8
 *
 * Reading stops at the first record that does not check. If a later record states that the bad one was already durable,
 * the disk lost what it had promised: wal_open fails with CODE_CORRUPT and names `cairnd wal-mend`. Otherwise it is the
 * torn tail of a write that nobody has relied on: it is dropped and counted.
 *
 * A ledger may be lost and the log kept. Then heights come again whose blocks were committed before: the head of one of
 * the files is a record of a later height. What an overwritten file still holds is no damage then; it is wiped before
 * the log of the height begins in it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/base/limits.h"
#include "chain/os/disk.h"

enum {
    WAL_RECORD_HEADER = 32,
    WAL_FILE_INITIAL = 4 << 20, /* holds an ordinary height, so that files seldom grow */
};

struct wal;

/* Opens the log over `disk` (borrowed, outlives the log). No height is open yet. The caller owns *ret_wal. */
int wal_new(struct disk *disk, struct wal **ret_wal, struct err *err);

/* Closes the files without syncing what was appended since the last sync. NULL is allowed. */
void wal_free(struct wal *w);

/* Opens the log of `height` for reading back and appending; an earlier height's log is closed. Calls
 * `each(arg, kind, payload)` for every intact record in order; payload is borrowed for the call; a non-OK return ends
 * the reading and is returned. CODE_CORRUPT as the head comment says (the message names the command that mends it). */
int wal_open(struct wal *w, uint64_t height, int (*each)(void *arg, uint8_t kind, struct bytes payload), void *arg,
             struct err *err);

/* Does the head of one of the files tell of a later height? Its log was begun when the block of `height` had been
 * committed: the ledger was lost since. Codes as for wal_open. */
int wal_is_past(struct wal *w, uint64_t height, bool *ret_past, struct err *err);

/* Opens the log of `height` empty: whatever an earlier run left for that height in the file is forgotten. For tests
 * and for a node whose block at `height` arrives by sync. */
int wal_reset(struct wal *w, uint64_t height, struct err *err);

/* Adds a record behind the ones before it; copied; not yet written. CODE_TOO_LARGE when over WAL_RECORD_MAX or when the
 * file would exceed WAL_FILE_MAX. */
int wal_append(struct wal *w, uint8_t kind, struct bytes payload, struct err *err);

/* Writes and syncs everything appended. A failure is final: every later call fails with the same code, and the process
 * has to stop, because what the kernel still holds is unknown. Without anything appended it does nothing. */
int wal_sync(struct wal *w, struct err *err);

/* How many records of the open height are durable; after wal_open: how many there were. */
uint32_t wal_synced(const struct wal *w);

struct wal_stats {
    uint64_t records, bytes, syncs; /* since wal_new */
    uint64_t torn;                  /* torn tails dropped at wal_open */
};
struct wal_stats wal_stats(const struct wal *w);

/* Cuts the log of `height` behind the last intact record, durably, and says what was lost: records that a peer or a
 * vote may have relied on. For `cairnd wal-mend` only. Outputs: kept records and damaged bytes found behind them. */
int wal_mend(struct disk *disk, uint64_t height, uint32_t *ret_kept, uint64_t *ret_lost_bytes, struct err *err);

#endif
