/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a disk may have damaged: the durability log, the signer's memory, a piece's header. The first byte
 * chooses; the rest is what lies over the beginning of a file that was good.
 *
 * Properties: whatever is there, opening answers; records that a log gives back are ones that were written, or the log
 * says that it is damaged; a memory that opens never goes back behind what it says.
 */
#include "chain/os/disk.h"
#include "chain/signer/signer.h"
#include "chain/wal/wal.h"
#include "sp/piecestore/piece_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HEIGHT = 6, RECORDS = 5 };

static void must(bool ok) {
    if (!ok)
        abort();
}

/* A disk with room for small files only, whatever is asked for, so that a run takes microseconds. */
struct small_file {
    struct disk_file base; /* first */
    const char *name;
    bool there;
    uint8_t data[8192];
};
struct small_disk {
    struct disk base; /* first */
    struct small_file files[3];
};

static struct small_file *file_named(struct disk *d, const char *name) {
    struct small_disk *s = (struct small_disk *)d;
    for (size_t i = 0; i < 3; i++)
        if (strcmp(s->files[i].name, name) == 0)
            return &s->files[i];
    abort();
}

static int small_open(struct disk *d, const char *name, uint64_t size, bool create, struct disk_file **ret,
                      struct err *err) {
    struct small_file *f = file_named(d, name);
    (void)size;
    if (!f->there && !create)
        return err_set(err, CODE_NOT_FOUND, "no such file");
    f->there = true;
    f->base.size = sizeof f->data;
    *ret = &f->base;
    return CODE_OK;
}

static int small_read(struct disk *d, struct disk_file *file, uint64_t off, void *buf, size_t len, struct err *err) {
    (void)d, (void)err;
    must(off <= file->size && len <= file->size - off);
    memcpy(buf, ((struct small_file *)file)->data + off, len);
    return CODE_OK;
}

static int small_write(struct disk *d, struct disk_file *file, uint64_t off, const void *buf, size_t len,
                       struct err *err) {
    (void)d, (void)err;
    must(off <= file->size && len <= file->size - off);
    memcpy(((struct small_file *)file)->data + off, buf, len);
    return CODE_OK;
}

static int small_sync(struct disk *d, struct disk_file *file, struct err *err) {
    (void)d, (void)file, (void)err;
    return CODE_OK;
}

static int small_resize(struct disk *d, struct disk_file *file, uint64_t size, struct err *err) {
    (void)d, (void)file;
    return err_set(err, CODE_DISK_FULL, "no room for %llu bytes", (unsigned long long)size);
}

static void small_close(struct disk *d, struct disk_file *file) {
    (void)d, (void)file;
}

static struct disk *fresh_disk(void) {
    static struct small_disk d;
    d = (struct small_disk){.base = {small_open, small_read, small_write, small_sync, small_resize, small_close, NULL},
                            .files = {{.name = "wal.0"}, {.name = "wal.1"}, {.name = "signer.state"}}};
    return &d.base;
}

/* Changes bytes of a file: triples of offset u16be and what to xor. */
static void damage(struct disk *d, const char *name, struct bytes in) {
    struct small_file *f = file_named(d, name);
    for (size_t at = 0; at + 3 <= in.len; at += 3)
        f->data[load_be16(in.data + at) % sizeof f->data] ^= in.data[at + 2];
}

static const char *const texts[RECORDS] = {"one", "the second record is longer than the first", "", "4", "five"};

static int see(void *arg, uint8_t kind, struct bytes payload) {
    unsigned *n = arg;
    must(*n < RECORDS && kind == *n + 1 && bytes_eq(payload, bytes_str(texts[*n])));
    ++*n;
    return CODE_OK;
}

static void fuzz_wal(struct bytes in) {
    struct disk *d = fresh_disk();
    struct wal *w = NULL;
    unsigned n = 0;
    uint32_t kept;
    uint64_t lost;
    must(wal_new(d, &w, NULL) == CODE_OK && wal_open(w, HEIGHT, see, &n, NULL) == CODE_OK && n == 0);
    for (unsigned i = 0; i < RECORDS; i++) {
        must(wal_append(w, (uint8_t)(i + 1), bytes_str(texts[i]), NULL) == CODE_OK);
        if (i % 2)
            must(wal_sync(w, NULL) == CODE_OK);
    }
    must(wal_sync(w, NULL) == CODE_OK);
    wal_free(w);
    damage(d, "wal.0", in);
    must(wal_new(d, &w, NULL) == CODE_OK);
    int rc = wal_open(w, HEIGHT, see, &n, NULL);
    must(rc == CODE_OK || rc == CODE_CORRUPT);
    wal_free(w);
    if (rc == CODE_CORRUPT && wal_mend(d, HEIGHT, &kept, &lost, NULL) == CODE_OK) {
        n = 0;
        must(wal_new(d, &w, NULL) == CODE_OK && wal_open(w, HEIGHT, see, &n, NULL) == CODE_OK && n == kept);
        wal_free(w);
    }
}

static void fuzz_signer(struct bytes in) {
    struct disk *d = fresh_disk();
    uint8_t raw[32] = {4, 5};
    struct seckey key;
    struct signer s = {0};
    struct sig sig;
    struct hash digest = {{9}}, other = {{8}};
    must(seckey_init(&key, raw, NULL) == CODE_OK);
    struct pubkey pub = seckey_pubkey(&key);
    must(signer_create(d, &pub, NULL) == CODE_OK && signer_open(&s, d, &key, NULL) == CODE_OK);
    must(signer_sign(&s, 10, 0, SIGNER_PREVOTE, &digest, &sig, NULL) == CODE_OK);
    must(signer_sign(&s, 10, 0, SIGNER_PRECOMMIT, &digest, &sig, NULL) == CODE_OK);
    signer_release(&s);
    damage(d, "signer.state", in);
    s = (struct signer){0};
    int rc = signer_open(&s, d, &key, NULL);
    if (rc == CODE_OK) {
        /* the newest slot, or the one before: never less, unless both were damaged, which does not open */
        must(s.last.height == 10 && s.last.step >= SIGNER_PREVOTE);
        must(signer_sign(&s, 10, 0, SIGNER_PREVOTE, &other, &sig, NULL) == CODE_CONFLICT);
        must(signer_sign(&s, 9, 0, SIGNER_PRECOMMIT, &other, &sig, NULL) == CODE_CONFLICT);
    }
    signer_release(&s);
}

static void fuzz_piece(struct bytes in) {
    static uint8_t page[PIECE_FILE_PAGE], again[PIECE_FILE_PAGE];
    struct piece_key key = {.object_id = 7, .version = 1, .position = 2, .segment = 3};
    struct piece_meta meta = {.length = 70000, .root = {{1}}};
    piece_file_put_header(&key, &meta, page);
    for (size_t at = 0; at + 3 <= in.len; at += 3)
        page[load_be16(in.data + at) % sizeof page] ^= in.data[at + 2];
    if (piece_file_get_header(page, &key, &meta, NULL) != CODE_OK)
        return;
    piece_file_put_header(&key, &meta, again);
    /* one header says one thing; a bit that turned where zeros lie does not make a good piece unreadable */
    must(!memcmp(page, again, 36) && !memcmp(page + 40, again + 40, 48));
    must(piece_file_size(meta.length) >= meta.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (len == 0 || len > 4096)
        return 0;
    struct bytes in = bytes_of(data + 1, len - 1);
    switch (data[0] % 3) {
    case 0:
        fuzz_wal(in);
        break;
    case 1:
        fuzz_signer(in);
        break;
    default:
        fuzz_piece(in);
        break;
    }
    return 0;
}
