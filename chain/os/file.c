/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/file.h"
#include "chain/base/limits.h"
#include "chain/os/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, struct buf *ret, struct err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = CODE_OK;
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    for (;;) {
        size_t room = ret->cap - ret->len;
        size_t want = room < 64 * KIB ? room : 64 * KIB;
        uint8_t over[1];
        if (want && !buf_reserve(ret, want)) {
            rc = err_set(err, CODE_NO_MEMORY, "%s: no memory to read it", path);
            break;
        }
        ssize_t n = want ? read(fd, ret->data + ret->len, want) : read(fd, over, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = err_errno(err, errno, "%s", path);
        else if (n > 0 && !want)
            rc = err_set(err, CODE_TOO_LARGE, "%s: larger than %zu bytes", path, ret->cap);
        if (n <= 0 || rc)
            break;
        ret->len += (size_t)n;
    }
    (void)close(fd);
    return rc;
}

/* The directory part of path into ret ("." when there is none). */
static bool dir_of(const char *path, char *ret, size_t size) {
    const char *slash = strrchr(path, '/');
    size_t n = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (n >= size)
        return false;
    memcpy(ret, slash ? path : ".", n);
    ret[n] = 0;
    return true;
}

static int write_all(int fd, struct bytes data) {
    size_t done = 0;
    while (done < data.len) {
        ssize_t n = write(fd, data.data + done, data.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        done += (size_t)n;
    }
    return 0;
}

/* Writes and syncs tmp; errno or 0. */
static int write_synced(const char *tmp, struct bytes data, mode_t mode) {
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return errno;
    int e = write_all(fd, data);
    if (!e && fdatasync(fd))
        e = errno;
    if (close(fd) && !e)
        e = errno;
    return e;
}

static int write_then(const char *path, struct bytes data, mode_t mode, bool replace, struct err *err) {
    char tmp[PATH_LEN_MAX], dir[PATH_LEN_MAX];
    int n = snprintf(tmp, sizeof tmp, "%s.%016llx.tmp", path, (unsigned long long)random_u64());
    if (n < 0 || (size_t)n >= sizeof tmp || !dir_of(path, dir, sizeof dir))
        return err_set(err, CODE_INVALID_ARGUMENT, "path too long");
    int e = write_synced(tmp, data, mode);
    if (!e && (replace ? rename(tmp, path) : link(tmp, path)))
        e = errno;
    if (e || !replace)
        (void)unlink(tmp);
    if (e)
        return err_errno(err, e, "%s", path);
    return dir_sync(dir, err);
}

int file_write_atomic(const char *path, struct bytes data, mode_t mode, struct err *err) {
    return write_then(path, data, mode, true, err);
}

int file_write_new(const char *path, struct bytes data, mode_t mode, struct err *err) {
    return write_then(path, data, mode, false, err);
}

int file_pread(int fd, void *ret_data, size_t len, uint64_t offset, struct err *err) {
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, (uint8_t *)ret_data + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "read");
        if (n == 0)
            return err_set(err, CODE_IO, "the file ends at %llu, before %zu bytes at %llu",
                           (unsigned long long)(offset + done), len, (unsigned long long)offset);
        done += (size_t)n;
    }
    return CODE_OK;
}

int file_pwrite(int fd, const void *data, size_t len, uint64_t offset, struct err *err) {
    size_t done = 0;
    while (done < len) {
        ssize_t n = pwrite(fd, (const uint8_t *)data + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "write");
        done += (size_t)n;
    }
    return CODE_OK;
}

int file_sync(int fd, struct err *err) {
    return fdatasync(fd) ? err_errno(err, errno, "sync") : CODE_OK;
}

int file_preallocate(int fd, uint64_t len, struct err *err) {
    int e = posix_fallocate(fd, 0, (off_t)len);
    return e ? err_errno(err, e, "preallocate %llu bytes", (unsigned long long)len) : CODE_OK;
}

int dir_sync(const char *path, struct err *err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    int e = fsync(fd) ? errno : 0;
    (void)close(fd);
    return e ? err_errno(err, e, "sync %s", path) : CODE_OK;
}

int dir_make(const char *path, mode_t mode, struct err *err) {
    char part[PATH_LEN_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return err_set(err, CODE_INVALID_ARGUMENT, "'%.64s' is not a directory name", path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, mode) && errno != EEXIST)
            return err_errno(err, errno, "make %s", part);
    }
    struct stat st;
    if (stat(path, &st))
        return err_errno(err, errno, "%s", path);
    return S_ISDIR(st.st_mode) ? CODE_OK : err_set(err, CODE_ALREADY_EXISTS, "%s is there and not a directory", path);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
    (void)st, (void)flag, (void)ftw;
    return remove(path) && errno != ENOENT ? -1 : 0;
}

int dir_remove(const char *path, struct err *err) {
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
        return err_errno(err, errno, "remove %s", path);
    return CODE_OK;
}

static int keep(const struct dirent *e) {
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

int dir_each(const char *path, int (*visit)(void *ctx, const char *name, struct err *err), void *ctx, struct err *err) {
    struct dirent **names;
    int n = scandir(path, &names, keep, by_name), rc = CODE_OK;
    if (n < 0)
        return err_errno(err, errno, "%s", path);
    for (int i = 0; i < n; i++) {
        if (rc == CODE_OK)
            rc = visit(ctx, names[i]->d_name, err);
        free(names[i]);
    }
    free(names);
    return rc;
}

bool path_exists(const char *path) {
    return access(path, F_OK) == 0;
}

int path_join(const char *dir, const char *name, char *ret_path, size_t ret_size, struct err *err) {
    size_t n = strlen(dir), m = strlen(name), slash = n && dir[n - 1] != '/';
    if (n + slash + m >= ret_size)
        return err_set(err, CODE_INVALID_ARGUMENT, "path too long: %.64s...", dir);
    memcpy(ret_path, dir, n);
    if (slash)
        ret_path[n] = '/';
    memcpy(ret_path + n + slash, name, m + 1);
    return CODE_OK;
}

int lock_file(struct file_lock *l, const char *path, struct err *err) {
    char pid[32] = "";
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        int e = errno;
        ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
        (void)close(fd);
        if (e != EWOULDBLOCK)
            return err_errno(err, e, "lock %s", path);
        pid[n > 0 ? strcspn(pid, "\n") : 0] = 0;
        return err_set(err, CODE_LOCKED, "%s is held by process %s", path, pid[0] ? pid : "(unknown)");
    }
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n) {
        int e = errno;
        (void)close(fd);
        return err_errno(err, e, "write %s", path);
    }
    l->fd = fd;
    return CODE_OK;
}

void lock_release(struct file_lock *l) {
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
}
