/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_FILE_H
#define CAIRN_CHAIN_OS_FILE_H
/* Files: whole reads and atomic writes, directories, locks, preallocation. Errors name the path. */
#include "chain/base/bytes.h"

#include <sys/types.h>

/* The whole file into *ret (initialised with its cap by the caller; appended to). CODE_TOO_LARGE over the cap. */
int file_read(const char *path, struct buf *ret, struct err *err);
/* Durable replacement: temp file in the same directory, fdatasync, rename, fsync of the directory. mode as for open
 * (0600 for keys). On failure the old file is as it was and no temp file stays. */
int file_write_atomic(const char *path, struct bytes data, mode_t mode, struct err *err);
/* Like it, but CODE_ALREADY_EXISTS if the path exists. */
int file_write_new(const char *path, struct bytes data, mode_t mode, struct err *err);

/* All of len at offset; CODE_IO when the file ends before. Retries on EINTR and short transfers. */
int file_pread(int fd, void *ret_data, size_t len, uint64_t offset, struct err *err);
int file_pwrite(int fd, const void *data, size_t len, uint64_t offset, struct err *err);
int file_sync(int fd, struct err *err); /* fdatasync */
/* Zeroed room of len bytes from the start, so that later appends need not change metadata. */
int file_preallocate(int fd, uint64_t len, struct err *err);

int dir_sync(const char *path, struct err *err);
/* mkdir -p; existing directories are fine. */
int dir_make(const char *path, mode_t mode, struct err *err);
/* Removes a directory and all below it, not following links; a missing one is fine. */
int dir_remove(const char *path, struct err *err);
/* Calls visit for each entry but "." and ".."; a non-zero answer ends it and is returned. Names in byte order. */
int dir_each(const char *path, int (*visit)(void *ctx, const char *name, struct err *err), void *ctx, struct err *err);

bool path_exists(const char *path);
/* Joins with one '/'; CODE_INVALID_ARGUMENT when it does not fit ret_size. */
int path_join(const char *dir, const char *name, char *ret_path, size_t ret_size, struct err *err);

/* An exclusive lock of a lock file for the life of the process, with its pid inside. CODE_LOCKED names the holder. */
struct file_lock {
    int fd; /* -1: none */
};
int lock_file(struct file_lock *l, const char *path, struct err *err);
void lock_release(struct file_lock *l);

#endif
