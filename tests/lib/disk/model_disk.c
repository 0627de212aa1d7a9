/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/disk/model_disk.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 4
#define SECTOR    512

/* A range of the cache that the platter does not have. */
struct written {
    uint64_t off, len;
    bool clean; /* a sync failed on it: the cache will not write it again */
};

struct model_file {
    struct disk_file base; /* first */
    bool exists;
    char name[32];
    uint64_t room; /* bytes of both images */
    uint8_t *seen, *durable;
    uint32_t written_n, written_room;
    struct written *written;
};

struct model_disk {
    struct disk base; /* first */
    struct model_disk_hooks hooks;
    bool dead;
    struct model_file files[FILES_MAX];
};

const char *disk_call_name(enum disk_call call) {
    static const char *const names[DISK_CALLS] = {"create", "resize", "write", "sync"};
    return names[call];
}

const char *tail_name(enum tail tail) {
    static const char *const names[TAILS] = {"lost",    "kept", "but the last", "but the first",
                                             "sectors", "torn", "flipped"};
    return names[tail];
}

/* --- what may interrupt a call --- */

static int interrupt(struct model_disk *d, enum disk_call call, bool after, const char *file, struct err *err) {
    if (!d->dead && d->hooks.dies && d->hooks.dies(d->hooks.ctx, call, after, file))
        d->dead = true;
    return d->dead ? err_set(err, CODE_IO, "the process dies %s a %s of %s", after ? "after" : "before",
                             disk_call_name(call), file)
                   : CODE_OK;
}

static int fault(struct model_disk *d, enum disk_call call, const char *file, struct err *err) {
    int rc = d->hooks.fails ? d->hooks.fails(d->hooks.ctx, call, file) : CODE_OK;
    return rc ? err_set(err, rc, "the disk fails at a %s of %s", disk_call_name(call), file) : CODE_OK;
}

/* --- files --- */

static struct model_file *file_find(struct model_disk *d, const char *name) {
    for (int i = 0; i < FILES_MAX; i++)
        if (d->files[i].exists && strcmp(d->files[i].name, name) == 0)
            return &d->files[i];
    return NULL;
}

static struct model_file *file_make(struct model_disk *d, const char *name) {
    for (int i = 0; i < FILES_MAX; i++) {
        struct model_file *f = &d->files[i];
        if (f->exists)
            continue;
        if (strlen(name) >= sizeof f->name)
            abort();
        *f = (struct model_file){.exists = true};
        memcpy(f->name, name, strlen(name) + 1);
        return f;
    }
    abort();
}

static void file_size(struct model_file *f, uint64_t size) {
    if (size > f->room) {
        uint8_t *seen = calloc(1, size), *durable = calloc(1, size);
        if (!seen || !durable)
            abort();
        if (f->seen) {
            memcpy(seen, f->seen, f->base.size);
            memcpy(durable, f->durable, f->base.size);
        }
        free(f->seen);
        free(f->durable);
        f->seen = seen;
        f->durable = durable;
        f->room = size;
    }
    f->base.size = size;
}

/* What is written again replaces what was written before. */
static void file_note(struct model_file *f, uint64_t off, uint64_t len) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < f->written_n; i++)
        if (f->written[i].off < off || f->written[i].off + f->written[i].len > off + len)
            f->written[kept++] = f->written[i];
    f->written_n = kept;
    if (f->written_n == f->written_room) {
        f->written_room = f->written_room ? 2 * f->written_room : 16;
        f->written = realloc(f->written, f->written_room * sizeof *f->written);
        if (!f->written)
            abort();
    }
    f->written[f->written_n++] = (struct written){.off = off, .len = len};
}

/* --- the slots --- */

static int model_open(struct disk *base, const char *name, uint64_t size, bool create, struct disk_file **ret_file,
                      struct err *err) {
    struct model_disk *d = (struct model_disk *)base;
    struct model_file *f = file_find(d, name);
    if (d->dead)
        return err_set(err, CODE_IO, "the process is dead");
    if (!f && !create)
        return err_set(err, CODE_NOT_FOUND, "%s does not exist", name);
    if (!f) {
        int rc = interrupt(d, DISK_CREATE, false, name, err);
        if (rc)
            return rc;
        f = file_make(d, name); /* its name may last without its bytes */
        rc = fault(d, DISK_CREATE, name, err);
        if (rc)
            return rc;
        file_size(f, size);
        rc = interrupt(d, DISK_CREATE, true, name, err);
        if (rc)
            return rc;
    }
    if (f->base.size < size)
        file_size(f, size);
    *ret_file = &f->base;
    return CODE_OK;
}

static int model_read(struct disk *base, struct disk_file *file, uint64_t off, void *buf, size_t len, struct err *err) {
    struct model_file *f = (struct model_file *)file;
    if (((struct model_disk *)base)->dead)
        return err_set(err, CODE_IO, "the process is dead");
    if (off > f->base.size || len > f->base.size - off)
        abort();
    if (len > 0)
        memcpy(buf, f->seen + off, len);
    return CODE_OK;
}

static int model_write(struct disk *base, struct disk_file *file, uint64_t off, const void *buf, size_t len,
                       struct err *err) {
    struct model_disk *d = (struct model_disk *)base;
    struct model_file *f = (struct model_file *)file;
    if (off > f->base.size || len > f->base.size - off)
        abort();
    int rc = interrupt(d, DISK_WRITE, false, f->name, err);
    if (rc)
        return rc;
    rc = fault(d, DISK_WRITE, f->name, err);
    size_t arrives = rc ? len / 2 : len;
    memcpy(f->seen + off, buf, arrives);
    file_note(f, off, arrives);
    return rc ? rc : interrupt(d, DISK_WRITE, true, f->name, err);
}

static int model_sync(struct disk *base, struct disk_file *file, struct err *err) {
    struct model_disk *d = (struct model_disk *)base;
    struct model_file *f = (struct model_file *)file;
    int rc = interrupt(d, DISK_SYNC, false, f->name, err);
    if (rc)
        return rc;
    rc = fault(d, DISK_SYNC, f->name, err);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < f->written_n; i++) {
        struct written *w = &f->written[i];
        w->clean = w->clean || rc != CODE_OK;
        if (w->clean)
            f->written[kept++] = *w;
        else
            memcpy(f->durable + w->off, f->seen + w->off, w->len);
    }
    f->written_n = kept;
    return rc ? rc : interrupt(d, DISK_SYNC, true, f->name, err);
}

static int model_resize(struct disk *base, struct disk_file *file, uint64_t size, struct err *err) {
    struct model_disk *d = (struct model_disk *)base;
    struct model_file *f = (struct model_file *)file;
    if (size <= f->base.size)
        return CODE_OK;
    int rc = interrupt(d, DISK_RESIZE, false, f->name, err);
    if (rc)
        return rc;
    rc = fault(d, DISK_RESIZE, f->name, err);
    if (rc)
        return rc;
    file_size(f, size);
    return interrupt(d, DISK_RESIZE, true, f->name, err);
}

static void model_close(struct disk *d, struct disk_file *file) {
    (void)d, (void)file; /* the bytes outlive the process */
}

static void model_free(struct disk *base) {
    struct model_disk *d = (struct model_disk *)base;
    for (int i = 0; i < FILES_MAX; i++) {
        free(d->files[i].seen);
        free(d->files[i].durable);
        free(d->files[i].written);
    }
    free(d);
}

struct disk *model_disk_new(const struct model_disk_hooks *hooks) {
    struct model_disk *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    if (hooks)
        d->hooks = *hooks;
    d->base = (struct disk){.open = model_open,
                            .read = model_read,
                            .write = model_write,
                            .sync = model_sync,
                            .resize = model_resize,
                            .close = model_close,
                            .free = model_free};
    return &d->base;
}

/* --- death --- */

static bool arrives(enum tail tail, uint64_t sector, uint64_t sectors, struct rng *r) {
    switch (tail) {
    case TAIL_LOST:
    case TAILS:
        return false;
    case TAIL_KEPT:
    case TAIL_FLIPPED:
        return true;
    case TAIL_FIRST:
        return sector + 1 < sectors;
    case TAIL_LAST:
        return sector > 0;
    case TAIL_SECTORS:
    case TAIL_BYTES:
        return rng_chance(r, 1, 2);
    }
    return false;
}

/* One bit of what is new comes out wrong; a sector that is written again as it was stays as it was. */
static void flip(struct model_file *f, const struct written *w, struct rng *r) {
    uint64_t start = rng_below(r, w->len);
    for (uint64_t i = 0; i < w->len; i++) {
        uint64_t at = w->off + (start + i) % w->len;
        if (f->seen[at] == f->durable[at])
            continue;
        f->seen[at] ^= (uint8_t)(1u << rng_below(r, 8));
        return;
    }
}

static void tear(struct model_file *f, const struct written *w, enum tail tail, struct rng *r) {
    if (w->len == 0)
        return;
    uint64_t first = w->off / SECTOR, sectors = (w->off + w->len - 1) / SECTOR - first + 1;
    if (tail == TAIL_FLIPPED)
        flip(f, w, r);
    for (uint64_t s = 0; s < sectors; s++) {
        uint64_t from = s == 0 ? w->off : (first + s) * SECTOR;
        uint64_t to = s + 1 == sectors ? w->off + w->len : (first + s + 1) * SECTOR;
        if (!arrives(tail, s, sectors, r))
            continue;
        if (tail == TAIL_BYTES && s + 1 == sectors)
            to = from + rng_below(r, to - from + 1);
        memcpy(f->durable + from, f->seen + from, to - from);
    }
}

void model_disk_restart(struct disk *base) {
    ((struct model_disk *)base)->dead = false;
}

void model_disk_power_cut(struct disk *base, enum tail tail, struct rng *r) {
    struct model_disk *d = (struct model_disk *)base;
    for (int i = 0; i < FILES_MAX; i++) {
        struct model_file *f = &d->files[i];
        if (!f->exists)
            continue;
        for (uint32_t w = 0; w < f->written_n; w++)
            tear(f, &f->written[w], tail, r);
        for (uint32_t w = 0; w < f->written_n; w++)
            memcpy(f->seen + f->written[w].off, f->durable + f->written[w].off, f->written[w].len);
        f->written_n = 0;
    }
    d->dead = false;
}
