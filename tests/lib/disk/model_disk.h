/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_DISK_MODEL_DISK_H
#define CAIRN_TESTS_LIB_DISK_MODEL_DISK_H
/*
 * A disk in memory (chain/os/disk.h) that does what disks do to a process that dies, for the simulator and for the
 * tests that sweep every crash point of chain/wal and chain/signer.
 *
 * Of every file it keeps what a read gives (the page cache) and what a power cut leaves at least (the platter). A write
 * changes the first; a sync carries what was written to the second. When only the process dies, the cache stays, no
 * more durable than before. At a power cut the treatment says which sectors of the unsynced writes arrive.
 *
 * A failed sync is as Linux has it: nobody knows what arrived, and the cache takes the pages for clean, so that a later
 * sync succeeds without writing them. Only what is written again can become durable.
 */
#include "chain/base/rng.h"
#include "chain/os/disk.h"

/* What a process does to a disk that can be interrupted or fail. Before and after each of them is a crash point. */
enum disk_call { DISK_CREATE, DISK_RESIZE, DISK_WRITE, DISK_SYNC, DISK_CALLS };

/* "create", "resize", "write", "sync". */
const char *disk_call_name(enum disk_call call);

struct model_disk_hooks {
    void *ctx;
    /* True: the process dies here; nothing that it does to the disk from now on happens, every call fails. NULL: never.
     */
    bool (*dies)(void *ctx, enum disk_call call, bool after, const char *file);
    /* CODE_OK, or how this call fails (CODE_DISK_FULL, CODE_IO). A failed write may have happened in part. NULL: never.
     */
    int (*fails)(void *ctx, enum disk_call call, const char *file);
};

/* `hooks` is copied, its ctx borrowed. Ends the program when there is no memory. The caller frees it by its `free`. */
struct disk *model_disk_new(const struct model_disk_hooks *hooks);

/* Which sectors of 512 bytes of an unsynced write survive a power cut. */
enum tail {
    TAIL_LOST,    /* none */
    TAIL_KEPT,    /* all */
    TAIL_FIRST,   /* all but the last: torn at the end */
    TAIL_LAST,    /* all but the first: written out of order */
    TAIL_SECTORS, /* some, drawn */
    TAIL_BYTES,   /* some, and the last of them torn within */
    TAIL_FLIPPED, /* all, one bit of them wrong */
    TAILS,
};
const char *tail_name(enum tail tail);

/* A new process: what the last one wrote is in the cache still. */
void model_disk_restart(struct disk *d);

/* The power goes, and a new process starts: decides what arrived of every unsynced write, and forgets the rest. */
void model_disk_power_cut(struct disk *d, enum tail tail, struct rng *r);

#endif
