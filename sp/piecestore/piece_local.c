/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/piecestore/piece_local.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "chain/base/code.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/thread.h"
#include "sp/piecestore/piece_file.h"

/* From here on a piece is written around the page cache (LIMITS.md §4: twice the speed). */
#define DIRECT_MIN (256 * KIB)

#define SUFFIX     ".piece"
#define TMP_SUFFIX ".tmp-"

/* Files known to be whole, each in the place that its key's hash gives it: a later one may push it out. */
#define WHOLE_MAX 16384

struct whole {
    struct piece_key key;
    struct piece_stamp stamp;
};

struct local {
    struct piecestore base;
    char dir[PATH_LEN_MAX / 2];
    atomic_uint_fast64_t next_tmp;
    struct mutex lock; /* whole */
    struct whole *whole;
};

static struct local *local_of(struct piecestore *store) {
    return (struct local *)store;
}

/* --- names --- */

/* splitmix64's finish: part of the format, never to be changed. */
static uint64_t mix(uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static unsigned folder_of(const struct piece_key *key) {
    return (unsigned)(mix(mix(mix(key->object_id) ^ key->version) ^ key->position) >> 48);
}

/* DIR/ab/cd */
static int folder_path(const char *dir, const struct piece_key *key, char *ret_path, size_t ret_size, struct err *err) {
    unsigned folder = folder_of(key);
    int n = snprintf(ret_path, ret_size, "%s/%02x/%02x", dir, folder >> 8, folder & 0xff);
    if (n < 0 || (size_t)n >= ret_size)
        return err_set(err, CODE_INVALID_ARGUMENT, "the path of the piece folder %s is too long", dir);
    return CODE_OK;
}

int piece_local_path(const char *dir, const struct piece_key *key, char *ret_path, size_t ret_size, struct err *err) {
    int rc = folder_path(dir, key, ret_path, ret_size, err);
    if (rc)
        return rc;
    size_t used = strlen(ret_path);
    int n = snprintf(ret_path + used, ret_size - used, "/%" PRIx64 "-%" PRIx64 "-%" PRIx32 "-%" PRIx64 SUFFIX,
                     key->object_id, key->version, key->position, key->segment);
    if (n < 0 || (size_t)n >= ret_size - used)
        return err_set(err, CODE_INVALID_ARGUMENT, "the path of the piece folder %s is too long", dir);
    return CODE_OK;
}

static bool take_hex(const char **at, char end, uint64_t *ret_value) {
    char *stop;
    if (**at == '-' || **at == '+' || **at == ' ')
        return false;
    errno = 0;
    *ret_value = strtoull(*at, &stop, 16);
    if (errno || stop == *at || *stop != end)
        return false;
    *at = stop + 1;
    return true;
}

/* The key that a file's name stands for; false for other files. */
static bool key_of_name(const char *name, struct piece_key *ret_key) {
    uint64_t position;
    const char *at = name;
    if (!take_hex(&at, '-', &ret_key->object_id) || !take_hex(&at, '-', &ret_key->version) ||
        !take_hex(&at, '-', &position) || !take_hex(&at, '.', &ret_key->segment) || position > UINT32_MAX)
        return false;
    ret_key->position = (uint32_t)position;
    return strcmp(at - 1, SUFFIX) == 0;
}

static bool key_eq(const struct piece_key *a, const struct piece_key *b) {
    return a->object_id == b->object_id && a->version == b->version && a->position == b->position &&
           a->segment == b->segment;
}

/* --- files known to be whole: written or verified by this process, and not touched since --- */

static struct piece_stamp stamp_of(const struct stat *st) {
    return (struct piece_stamp){(uint64_t)st->st_ino,
                                (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec};
}

static struct whole *whole_place(struct local *local, const struct piece_key *key) {
    uint64_t hash = mix(mix(key->object_id ^ key->version << 32) + key->segment * 64 + key->position);
    return &local->whole[hash % WHOLE_MAX];
}

static void local_verified(struct piecestore *store, const struct piece_key *key, const struct piece_stamp *stamp) {
    struct local *local = local_of(store);
    mutex_lock(&local->lock);
    *whole_place(local, key) = (struct whole){*key, *stamp};
    mutex_unlock(&local->lock);
}

static bool is_whole(struct local *local, const struct piece_key *key, const struct piece_stamp *stamp) {
    mutex_lock(&local->lock);
    const struct whole *w = whole_place(local, key);
    bool is = key_eq(&w->key, key) && w->stamp.inode == stamp->inode && w->stamp.mtime_ns == stamp->mtime_ns;
    mutex_unlock(&local->lock);
    return is;
}

/* --- writing --- */

/* mkdir with the new entry made durable; fine if it is there. */
static int make_dir(const char *path, const char *parent, struct err *err) {
    if (mkdir(path, 0700) == 0)
        return dir_sync(parent, err);
    return errno == EEXIST ? CODE_OK : err_errno(err, errno, "%s", path);
}

static int make_folder(const char *dir, const struct piece_key *key, const char *folder, struct err *err) {
    char upper[PATH_LEN_MAX];
    if (path_exists(folder))
        return CODE_OK;
    snprintf(upper, sizeof upper, "%s/%02x", dir, folder_of(key) >> 8);
    int rc = make_dir(upper, dir, err);
    return rc ? rc : make_dir(folder, upper, err);
}

static bool aligned(struct bytes data) {
    return data.len >= DIRECT_MIN && data.len % PIECE_FILE_PAGE == 0 && (uintptr_t)data.data % PIECE_FILE_PAGE == 0;
}

/* O_DIRECT where it pays and the file system has it. */
static int open_new(const char *path, bool direct, int *ret_fd, struct err *err) {
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = open(path, flags | (direct ? O_DIRECT : 0), 0600);
    if (fd < 0 && direct && errno == EINVAL)
        fd = open(path, flags, 0600);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    *ret_fd = fd;
    return CODE_OK;
}

/* Header, data, padding and trailer in one go; all parts but a short last page of data begin and end on pages. */
static int write_parts(int fd, const struct piece_write *w, uint8_t *page, uint8_t *trailer, struct err *err) {
    static const uint8_t zeros[PIECE_FILE_PAGE];
    struct piece_meta meta = {w->data.len, w->root};
    uint64_t trailer_at = piece_file_trailer_at(w->data.len);
    size_t trailer_len = piece_file_trailer_len(w->data.len);
    size_t pad = (size_t)(trailer_at - PIECE_FILE_PAGE - w->data.len);
    assert(trailer_len <= PIECE_TRAILER_MAX);
    piece_file_put_header(&w->key, &meta, page);
    memset(trailer, 0, trailer_len);
    memcpy(trailer, w->groups, piece_groups(w->data.len) * sizeof *w->groups);
    int rc = file_pwrite(fd, page, PIECE_FILE_PAGE, 0, err);
    if (!rc)
        rc = file_pwrite(fd, w->data.data, w->data.len, PIECE_FILE_PAGE, err);
    if (!rc && pad > 0)
        rc = file_pwrite(fd, zeros, pad, PIECE_FILE_PAGE + w->data.len, err);
    if (!rc)
        rc = file_pwrite(fd, trailer, trailer_len, trailer_at, err);
    return rc ? rc : file_sync(fd, err);
}

static int write_file(const char *path, const struct piece_write *w, struct stat *ret_st, struct err *err) {
    int fd = -1;
    uint8_t *room = aligned_alloc(PIECE_FILE_PAGE, PIECE_FILE_PAGE + PIECE_TRAILER_MAX);
    if (!room)
        return err_set(err, CODE_NO_MEMORY, "no memory to write a piece");
    int rc = open_new(path, aligned(w->data), &fd, err);
    if (!rc) {
        rc = write_parts(fd, w, room, room + PIECE_FILE_PAGE, err);
        if (!rc && fstat(fd, ret_st) != 0)
            rc = err_errno(err, errno, "%s", path);
        if (close(fd) != 0 && !rc)
            rc = err_errno(err, errno, "%s", path);
        if (rc)
            unlink(path);
    }
    free(room);
    return rc;
}

static int put_one(struct local *local, const struct piece_write *w, const char *folder, struct err *err) {
    char path[PATH_LEN_MAX], tmp[PATH_LEN_MAX];
    int rc = make_folder(local->dir, &w->key, folder, err);
    if (!rc)
        rc = piece_local_path(local->dir, &w->key, path, sizeof path - 32, err);
    if (rc)
        return rc;
    uint64_t number = atomic_fetch_add(&local->next_tmp, 1);
    int n = snprintf(tmp, sizeof tmp, "%s" TMP_SUFFIX "%" PRIx64, path, number);
    if (n < 0 || (size_t)n >= sizeof tmp)
        return err_set(err, CODE_INVALID_ARGUMENT, "the path %s is too long", path);
    struct stat st;
    rc = write_file(tmp, w, &st, err);
    if (!rc && rename(tmp, path) != 0) {
        rc = err_errno(err, errno, "%s", path);
        unlink(tmp);
    }
    if (rc)
        return rc;
    struct piece_stamp stamp = stamp_of(&st);
    local_verified(&local->base, &w->key, &stamp);
    return CODE_OK;
}

static int local_put(struct piecestore *store, const struct piece_write *writes, size_t count, struct err *err) {
    struct local *local = local_of(store);
    char folder[PATH_LEN_MAX];
    int rc = CODE_OK;
    for (size_t i = 0; i < count && !rc; i++) {
        rc = folder_path(local->dir, &writes[i].key, folder, sizeof folder, err);
        if (!rc)
            rc = put_one(local, &writes[i], folder, err);
    }
    for (size_t i = 0; i < count && !rc; i++) {
        bool last_of_folder = i + 1 == count || folder_of(&writes[i].key) != folder_of(&writes[i + 1].key);
        if (!last_of_folder)
            continue;
        rc = folder_path(local->dir, &writes[i].key, folder, sizeof folder, err);
        if (!rc)
            rc = dir_sync(folder, err);
    }
    return rc;
}

/* --- reading --- */

/* Opens a piece's file and checks its header against the key and the file's size. */
static int open_piece(struct local *local, const struct piece_key *key, int *ret_fd, struct piece_meta *ret_meta,
                      struct err *err) {
    char path[PATH_LEN_MAX];
    uint8_t page[PIECE_FILE_PAGE];
    struct piece_key found;
    struct piece_meta meta;
    struct stat st;
    int rc = piece_local_path(local->dir, key, path, sizeof path, err);
    if (rc)
        return rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    if (fstat(fd, &st) != 0)
        rc = err_errno(err, errno, "%s", path);
    else if (st.st_size < (off_t)PIECE_FILE_PAGE)
        rc = err_set(err, CODE_CORRUPT, "the piece file has only %lld bytes", (long long)st.st_size);
    if (!rc)
        rc = file_pread(fd, page, sizeof page, 0, err);
    if (!rc)
        rc = piece_file_get_header(page, &found, &meta, err);
    if (!rc && (!key_eq(key, &found) || (uint64_t)st.st_size != piece_file_size(meta.length)))
        rc = err_set(err, CODE_CORRUPT, "its header or its size are not those of this piece");
    if (rc) {
        close(fd);
        return err_wrap(err, rc, "%s", path);
    }
    *ret_fd = fd;
    *ret_meta = meta;
    return CODE_OK;
}

static int local_head(struct piecestore *store, const struct piece_key *key, struct piece_meta *ret_meta,
                      struct err *err) {
    int fd;
    int rc = open_piece(local_of(store), key, &fd, ret_meta, err);
    if (!rc)
        close(fd);
    return rc;
}

static int stamp_fd(int fd, struct piece_stamp *ret_stamp, struct err *err) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_errno(err, errno, "a piece file");
    *ret_stamp = stamp_of(&st);
    return CODE_OK;
}

static int local_stamp(struct piecestore *store, const struct piece_key *key, struct piece_stamp *ret_stamp,
                       struct err *err) {
    struct piece_meta meta;
    int fd;
    int rc = open_piece(local_of(store), key, &fd, &meta, err);
    if (rc)
        return rc;
    rc = stamp_fd(fd, ret_stamp, err);
    close(fd);
    return rc;
}

static int local_file(struct piecestore *store, const struct piece_key *key, int *ret_fd, uint64_t *ret_begin,
                      struct piece_meta *ret_meta, struct err *err) {
    struct piece_stamp stamp;
    struct piece_meta meta;
    int fd;
    int rc = open_piece(local_of(store), key, &fd, &meta, err);
    if (rc)
        return rc;
    rc = stamp_fd(fd, &stamp, err);
    if (!rc && !is_whole(local_of(store), key, &stamp))
        rc = err_set(err, CODE_UNSUPPORTED, "the piece must be verified before it is sent");
    if (rc) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    *ret_begin = PIECE_FILE_PAGE;
    *ret_meta = meta;
    return CODE_OK;
}

static int local_read(struct piecestore *store, const struct piece_key *key, uint64_t offset, size_t len,
                      uint8_t *ret_data, struct err *err) {
    int fd;
    struct piece_meta meta;
    int rc = open_piece(local_of(store), key, &fd, &meta, err);
    if (rc)
        return rc;
    if (offset > meta.length || len > meta.length - offset)
        rc = err_set(err, CODE_RANGE, "the piece has %" PRIu64 " bytes; asked for %zu from %" PRIu64, meta.length, len,
                     offset);
    else if (len > 0)
        rc = file_pread(fd, ret_data, len, PIECE_FILE_PAGE + offset, err);
    close(fd);
    return rc;
}

static int local_groups(struct piecestore *store, const struct piece_key *key, struct piece_meta *ret_meta,
                        struct hash *ret_groups, struct err *err) {
    int fd;
    struct piece_meta meta;
    int rc = open_piece(local_of(store), key, &fd, &meta, err);
    if (rc)
        return rc;
    rc = file_pread(fd, ret_groups, piece_groups(meta.length) * sizeof *ret_groups, piece_file_trailer_at(meta.length),
                    err);
    close(fd);
    if (!rc)
        *ret_meta = meta;
    return rc;
}

/* --- another name --- */

/* The header of the file at `path` names `to` from now on; it named `from`, or `to` already. */
static int rename_header(const char *path, const struct piece_key *from, const struct piece_key *to, struct err *err) {
    uint8_t page[PIECE_FILE_PAGE];
    struct piece_key found;
    struct piece_meta meta;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    int rc = file_pread(fd, page, sizeof page, 0, err);
    if (!rc)
        rc = piece_file_get_header(page, &found, &meta, err);
    if (!rc && !key_eq(&found, from) && !key_eq(&found, to))
        rc = err_set(err, CODE_CORRUPT, "its header is not the one of this piece");
    if (!rc && !key_eq(&found, to)) {
        piece_file_put_header(to, &meta, page);
        rc = file_pwrite(fd, page, sizeof page, 0, err);
    }
    if (!rc)
        rc = file_sync(fd, err);
    close(fd);
    return rc ? err_wrap(err, rc, "%s", path) : CODE_OK;
}

/* A second link to the same file, whose header then is rewritten. A crash leaves what doing it again puts right: the
 * first name stays until it is deleted. */
static int local_rename(struct piecestore *store, const struct piece_key *from, const struct piece_key *to,
                        struct err *err) {
    struct local *local = local_of(store);
    char old[PATH_LEN_MAX], path[PATH_LEN_MAX], folder[PATH_LEN_MAX];
    struct piece_meta meta;
    int rc = piece_local_path(local->dir, from, old, sizeof old, err);
    if (!rc)
        rc = piece_local_path(local->dir, to, path, sizeof path, err);
    if (!rc)
        rc = folder_path(local->dir, to, folder, sizeof folder, err);
    if (!rc)
        rc = make_folder(local->dir, to, folder, err);
    if (rc)
        return rc;
    if (local_head(store, to, &meta, NULL) != CODE_OK) {
        if (unlink(path) != 0 && errno != ENOENT)
            return err_errno(err, errno, "%s", path);
        if (link(old, path) != 0)
            return err_errno(err, errno, "%s", old);
        rc = rename_header(path, from, to, err);
    }
    return rc ? rc : dir_sync(folder, err);
}

/* --- deleting, listing --- */

static int local_del(struct piecestore *store, const struct piece_key *key, struct err *err) {
    char path[PATH_LEN_MAX];
    int rc = piece_local_path(local_of(store)->dir, key, path, sizeof path, err);
    if (!rc && unlink(path) != 0 && errno != ENOENT)
        rc = err_errno(err, errno, "%s", path);
    return rc;
}

/* Walks DIR/ab/cd and calls `file` with each folder and name. */
struct walk {
    const char *dir;
    char upper[PATH_LEN_MAX], folder[PATH_LEN_MAX];
    int (*file)(struct walk *walk, const char *name, struct err *err);
    int (*visit)(void *ctx, const struct piece_key *key, struct err *err);
    void *ctx;
    uint64_t before_ms, removed;
};

static bool is_level(const char *name) {
    return strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2;
}

static int walk_file(void *ctx, const char *name, struct err *err) {
    struct walk *walk = ctx;
    return walk->file(walk, name, err);
}

static int walk_lower(void *ctx, const char *name, struct err *err) {
    struct walk *walk = ctx;
    if (!is_level(name))
        return CODE_OK;
    int rc = path_join(walk->upper, name, walk->folder, sizeof walk->folder, err);
    return rc ? rc : dir_each(walk->folder, walk_file, walk, err);
}

static int walk_upper(void *ctx, const char *name, struct err *err) {
    struct walk *walk = ctx;
    if (!is_level(name))
        return CODE_OK;
    int rc = path_join(walk->dir, name, walk->upper, sizeof walk->upper, err);
    return rc ? rc : dir_each(walk->upper, walk_lower, walk, err);
}

static int list_file(struct walk *walk, const char *name, struct err *err) {
    struct piece_key key;
    return key_of_name(name, &key) ? walk->visit(walk->ctx, &key, err) : CODE_OK;
}

static int local_list(struct piecestore *store, int (*visit)(void *ctx, const struct piece_key *key, struct err *err),
                      void *ctx, struct err *err) {
    struct walk walk = {.dir = local_of(store)->dir, .file = list_file, .visit = visit, .ctx = ctx};
    return dir_each(walk.dir, walk_upper, &walk, err);
}

static int sweep_file(struct walk *walk, const char *name, struct err *err) {
    char path[PATH_LEN_MAX];
    struct stat st;
    if (!strstr(name, SUFFIX TMP_SUFFIX))
        return CODE_OK;
    int rc = path_join(walk->folder, name, path, sizeof path, err);
    if (rc)
        return rc;
    if (stat(path, &st) == 0 && (uint64_t)st.st_mtime * 1000 <= walk->before_ms && unlink(path) == 0)
        walk->removed++;
    return CODE_OK;
}

int piece_local_sweep(struct piecestore *store, uint64_t age_ms, uint64_t *ret_removed, struct err *err) {
    struct walk walk = {.dir = local_of(store)->dir, .file = sweep_file, .before_ms = clock_real_ms() - age_ms};
    int rc = dir_each(walk.dir, walk_upper, &walk, err);
    if (!rc)
        *ret_removed = walk.removed;
    return rc;
}

static int local_space(struct piecestore *store, uint64_t *ret_free, uint64_t *ret_total, struct err *err) {
    struct statvfs fs;
    if (statvfs(local_of(store)->dir, &fs) != 0)
        return err_errno(err, errno, "%s", local_of(store)->dir);
    *ret_free = (uint64_t)fs.f_bavail * fs.f_frsize;
    *ret_total = (uint64_t)fs.f_blocks * fs.f_frsize;
    return CODE_OK;
}

static void local_free(struct piecestore *store) {
    mutex_release(&local_of(store)->lock);
    free(local_of(store)->whole);
    free(local_of(store));
}

static const struct piecestore_ops local_ops = {
    .put = local_put,
    .head = local_head,
    .read = local_read,
    .groups = local_groups,
    .file = local_file,
    .stamp = local_stamp,
    .verified = local_verified,
    .rename = local_rename,
    .del = local_del,
    .list = local_list,
    .space = local_space,
    .free = local_free,
};

int piece_local_open(const char *dir, struct piecestore **ret_store, struct err *err) {
    struct local *local = calloc(1, sizeof *local);
    struct whole *whole = calloc(WHOLE_MAX, sizeof *whole);
    if (!local || !whole) {
        free(local);
        free(whole);
        return err_set(err, CODE_NO_MEMORY, "no memory for the piece store");
    }
    int n = snprintf(local->dir, sizeof local->dir, "%s", dir);
    int rc = n < 0 || (size_t)n >= sizeof local->dir
                 ? err_set(err, CODE_INVALID_ARGUMENT, "the path of the piece folder is too long")
                 : dir_make(dir, 0700, err);
    if (rc) {
        free(local);
        free(whole);
        return rc;
    }
    local->base.ops = &local_ops;
    local->whole = whole;
    mutex_init(&local->lock);
    /* A start value that differs from the last run's, so that names of unfinished files do not collide. */
    atomic_init(&local->next_tmp, clock_real_ms() << 20);
    *ret_store = &local->base;
    return CODE_OK;
}
