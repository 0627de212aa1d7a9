/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/disk.h"

#include "chain/os/crash.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct disk_os {
    struct disk base;
    int dir_fd;
};

struct disk_os_file {
    struct disk_file base;
    int fd;
    char name[32]; /* cut; for crash_fails_sync */
};

static int write_at(int fd, uint64_t off, const uint8_t *buf, size_t len, struct err *err) {
    while (len > 0) {
        ssize_t n = pwrite(fd, buf, len, (off_t)off);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "cannot write");
        buf += n;
        len -= (size_t)n;
        off += (uint64_t)n;
    }
    return CODE_OK;
}

/* Real zeros rather than fallocate: an overwrite of written blocks needs no change of metadata at each sync. */
static int fill_zeros(int fd, uint64_t from, uint64_t to, struct err *err) {
    static const uint8_t zeros[65536];
    while (from < to) {
        size_t n = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        int rc = write_at(fd, from, zeros, n, err);
        if (rc != CODE_OK)
            return rc;
        from += n;
    }
    return fsync(fd) == 0 ? CODE_OK : err_errno(err, errno, "cannot sync");
}

static int os_resize(struct disk *d, struct disk_file *f, uint64_t size, struct err *err) {
    (void)d;
    struct disk_os_file *of = (struct disk_os_file *)f;
    if (size <= f->size)
        return CODE_OK;
    int rc = fill_zeros(of->fd, f->size, size, err);
    if (rc == CODE_OK)
        f->size = size;
    return rc;
}

static int os_open(struct disk *d, const char *name, uint64_t size, bool create, struct disk_file **ret_file,
                   struct err *err) {
    struct disk_os *od = (struct disk_os *)d;
    assert(strchr(name, '/') == NULL);
    int fd = openat(od->dir_fd, name, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (fd < 0 && errno == ENOENT)
        return err_set(err, CODE_NOT_FOUND, "%s does not exist", name);
    if (fd < 0)
        return err_errno(err, errno, "cannot open %s", name);
    struct disk_os_file *f = calloc(1, sizeof *f);
    if (f == NULL) {
        close(fd);
        return err_set(err, CODE_NO_MEMORY, "no memory to open %s", name);
    }
    f->fd = fd;
    snprintf(f->name, sizeof f->name, "%s", name);
    struct stat st;
    int rc = fstat(fd, &st) == 0 ? CODE_OK : err_errno(err, errno, "cannot open %s", name);
    if (rc == CODE_OK)
        f->base.size = (uint64_t)st.st_size;
    if (rc == CODE_OK)
        rc = os_resize(d, &f->base, size, err);
    if (rc == CODE_OK && create && fsync(od->dir_fd) != 0)
        rc = err_errno(err, errno, "cannot sync the directory");
    if (rc != CODE_OK) {
        close(fd);
        free(f);
        return rc;
    }
    *ret_file = &f->base;
    return CODE_OK;
}

static int os_read(struct disk *d, struct disk_file *f, uint64_t off, void *buf, size_t len, struct err *err) {
    (void)d;
    uint8_t *p = buf;
    assert(off <= f->size && len <= f->size - off);
    while (len > 0) {
        ssize_t n = pread(((struct disk_os_file *)f)->fd, p, len, (off_t)off);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "cannot read");
        if (n == 0)
            return err_set(err, CODE_IO, "the file became shorter while it was read");
        p += n;
        len -= (size_t)n;
        off += (uint64_t)n;
    }
    return CODE_OK;
}

static int os_write(struct disk *d, struct disk_file *f, uint64_t off, const void *buf, size_t len, struct err *err) {
    (void)d;
    assert(off <= f->size && len <= f->size - off);
    return write_at(((struct disk_os_file *)f)->fd, off, buf, len, err);
}

static int os_sync(struct disk *d, struct disk_file *f, struct err *err) {
    (void)d;
    const struct disk_os_file *of = (const struct disk_os_file *)f;
    if (crash_fails_sync(of->name))
        return err_errno(err, EIO, "cannot sync");
    return fdatasync(of->fd) == 0 ? CODE_OK : err_errno(err, errno, "cannot sync");
}

static void os_close(struct disk *d, struct disk_file *f) {
    (void)d;
    if (f == NULL)
        return;
    close(((struct disk_os_file *)f)->fd);
    free(f);
}

static void os_free(struct disk *d) {
    if (d == NULL)
        return;
    close(((struct disk_os *)d)->dir_fd);
    free(d);
}

int disk_os(const char *dir, struct disk **ret_disk, struct err *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "cannot open the directory %s", dir);
    struct disk_os *d = calloc(1, sizeof *d);
    if (d == NULL) {
        close(fd);
        return err_set(err, CODE_NO_MEMORY, "no memory for a disk");
    }
    d->dir_fd = fd;
    d->base = (struct disk){
        .open = os_open,
        .read = os_read,
        .write = os_write,
        .sync = os_sync,
        .resize = os_resize,
        .close = os_close,
        .free = os_free,
    };
    *ret_disk = &d->base;
    return CODE_OK;
}
