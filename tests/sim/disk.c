/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <stdlib.h>

/* A model disk under the real chain/wal and chain/signer: what was written but not synced may survive a power cut in
 * any selection of its sectors; after the death of the process alone it is all still there, but no more durable than
 * before. */

#define FILES_MAX  4
#define WRITES_MAX 4096
#define SECTOR     512

struct written {
    uint64_t off;
    uint64_t len;
};

struct model_file {
    struct disk_file base; /* first */
    bool exists;
    char name[32];
    uint8_t *seen;    /* what a read gives */
    uint8_t *durable; /* what a power cut leaves at least */
    uint32_t written_n;
    struct written written[WRITES_MAX];
};

struct model_disk {
    struct disk base; /* first */
    struct sim_node *node;
    struct model_file files[FILES_MAX];
};

static void file_forget(struct model_file *f) {
    free(f->seen);
    free(f->durable);
    *f = (struct model_file){.exists = false};
}

static int file_size(struct model_file *f, uint64_t size) {
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
    f->base.size = size;
    return CODE_OK;
}

static int model_open(struct disk *d, const char *name, uint64_t size, bool create, struct disk_file **ret_file,
                      struct err *err) {
    struct model_disk *disk = (struct model_disk *)d;
    struct model_file *free_one = NULL, *f = NULL;
    for (int i = 0; i < FILES_MAX; i++) {
        if (disk->files[i].exists && strcmp(disk->files[i].name, name) == 0)
            f = &disk->files[i];
        else if (!disk->files[i].exists && !free_one)
            free_one = &disk->files[i];
    }
    if (!f && !create)
        return err_set(err, CODE_NOT_FOUND, "%s does not exist", name);
    if (!f) {
        f = free_one;
        if (!f || strlen(name) >= sizeof f->name)
            abort();
        f->exists = true;
        memcpy(f->name, name, strlen(name) + 1);
    }
    if (f->base.size < size)
        file_size(f, size);
    *ret_file = &f->base;
    return CODE_OK;
}

static int model_read(struct disk *d, struct disk_file *file, uint64_t off, void *buf, size_t len, struct err *err) {
    struct model_file *f = (struct model_file *)file;
    (void)d, (void)err;
    if (off + len > f->base.size)
        abort();
    memcpy(buf, f->seen + off, len);
    return CODE_OK;
}

static int model_write(struct disk *d, struct disk_file *file, uint64_t off, const void *buf, size_t len,
                       struct err *err) {
    struct model_disk *disk = (struct model_disk *)d;
    struct model_file *f = (struct model_file *)file;
    if (off + len > f->base.size)
        abort();
    if (sim_node_dies_here(disk->node, "before a write"))
        return err_set(err, CODE_IO, "the process dies");
    if (f->written_n == WRITES_MAX)
        abort();
    memcpy(f->seen + off, buf, len);
    f->written[f->written_n++] = (struct written){off, len};
    return sim_node_dies_here(disk->node, "after a write") ? err_set(err, CODE_IO, "the process dies") : CODE_OK;
}

static int model_sync(struct disk *d, struct disk_file *file, struct err *err) {
    struct model_disk *disk = (struct model_disk *)d;
    struct model_file *f = (struct model_file *)file;
    if (sim_node_dies_here(disk->node, "before a disk sync"))
        return err_set(err, CODE_IO, "the process dies");
    for (uint32_t i = 0; i < f->written_n; i++)
        memcpy(f->durable + f->written[i].off, f->seen + f->written[i].off, f->written[i].len);
    f->written_n = 0;
    return sim_node_dies_here(disk->node, "after a disk sync") ? err_set(err, CODE_IO, "the process dies") : CODE_OK;
}

static int model_resize(struct disk *d, struct disk_file *file, uint64_t size, struct err *err) {
    (void)d, (void)err;
    return file_size((struct model_file *)file, size);
}

static void model_close(struct disk *d, struct disk_file *file) {
    (void)d, (void)file; /* the bytes outlive the process */
}

static void model_free(struct disk *d) {
    struct model_disk *disk = (struct model_disk *)d;
    for (int i = 0; i < FILES_MAX; i++)
        file_forget(&disk->files[i]);
    free(disk);
}

struct disk *disk_new(struct sim_node *n) {
    struct model_disk *disk = calloc(1, sizeof *disk);
    if (!disk)
        abort();
    disk->node = n;
    disk->base = (struct disk){.open = model_open,
                               .read = model_read,
                               .write = model_write,
                               .sync = model_sync,
                               .resize = model_resize,
                               .close = model_close,
                               .free = model_free};
    return &disk->base;
}

/* Of every unsynced write some sectors reached the platter, others did not. */
static void file_power_cut(struct model_file *f, struct rng *r) {
    uint64_t luck = rng_below(r, 5); /* 0: none arrived ... 4: all */
    for (uint32_t i = 0; i < f->written_n; i++) {
        const struct written *w = &f->written[i];
        for (uint64_t off = w->off; off < w->off + w->len;) {
            uint64_t end = (off / SECTOR + 1) * SECTOR;
            uint64_t len = end < w->off + w->len ? end - off : w->off + w->len - off;
            if (rng_chance(r, luck, 4))
                memcpy(f->durable + off, f->seen + off, len);
            off += len;
        }
    }
    for (uint32_t i = 0; i < f->written_n; i++)
        memcpy(f->seen + f->written[i].off, f->durable + f->written[i].off, f->written[i].len);
    f->written_n = 0;
}

void disk_power_cut(struct disk *d, struct rng *r) {
    struct model_disk *disk = (struct model_disk *)d;
    for (int i = 0; i < FILES_MAX; i++)
        if (disk->files[i].exists)
            file_power_cut(&disk->files[i], r);
}
