/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_DISK_H
#define CAIRN_CHAIN_OS_DISK_H
/*
 * A small disk: preallocated files that are read, overwritten in place and synced. Used by chain/wal and chain/signer.
 *
 * The node uses disk_os() over a directory; the simulator and the tests implement the same slots over memory, with torn
 * writes and failing syncs. Offsets are bytes from the start of the file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain/base/err.h"

/* One open file. An implementation puts this first in its own struct. */
struct disk_file {
    uint64_t size; /* bytes that can be read and written now; grows only by disk.resize */
};

struct disk {
    /* Opens `name` (no slashes). Created and filled with zeros up to `size` when `create`; an existing one is
     * extended to at least `size`. Creation is durable (file and directory synced) when it returns.
     * CODE_NOT_FOUND when it does not exist and `create` is false. */
    int (*open)(struct disk *d, const char *name, uint64_t size, bool create, struct disk_file **ret_file,
                struct err *err);
    /* Reads exactly `len` bytes at `off`; the range lies inside the file. May block. */
    int (*read)(struct disk *d, struct disk_file *f, uint64_t off, void *buf, size_t len, struct err *err);
    /* Overwrites `len` bytes at `off`; the range lies inside the file. Not durable before sync. */
    int (*write)(struct disk *d, struct disk_file *f, uint64_t off, const void *buf, size_t len, struct err *err);
    /* Makes all writes so far durable. After a failure the file must not be used any more: the caller stops. */
    int (*sync)(struct disk *d, struct disk_file *f, struct err *err);
    /* Extends the file with zeros to `size`, durably. */
    int (*resize)(struct disk *d, struct disk_file *f, uint64_t size, struct err *err);
    /* Closes; NULL is allowed. Nothing is synced by it. */
    void (*close)(struct disk *d, struct disk_file *f);
    /* Releases the disk itself (not its open files). */
    void (*free)(struct disk *d);
};

/* Makes a disk over the existing directory `dir` (copied). The caller owns *ret_disk and ends it by its `free`.
 * Files are made with mode 0600. */
int disk_os(const char *dir, struct disk **ret_disk, struct err *err);

#endif
