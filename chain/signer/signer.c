/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/signer/signer.h"

#include "chain/os/crash.h"
#include "chain/os/crc.h"

#include <assert.h>
#include <inttypes.h>

/* A slot a page, so that a write that goes wrong can spoil one of them only. */
enum { SLOT = 256, SLOTS = 2, PAGE = 4096, CRC_AT = 168, VERSION = 3 };
static const char STATE_FILE[] = "signer.state";

static void slot_encode(uint8_t p[SLOT], uint64_t counter, const struct signer_mark *m, const struct pubkey *key) {
    memset(p, 0, SLOT);
    memcpy(p, "CSIG", 4);
    store_be32(p + 4, VERSION);
    store_be64(p + 8, counter);
    store_be64(p + 16, m->height);
    store_be32(p + 24, m->round);
    p[28] = m->step;
    memcpy(p + 32, m->digest.b, 32);
    memcpy(p + 64, m->sig.b, 64);
    memcpy(p + 128, key->b, 33);
    store_be32(p + 164, m->records);
    store_be32(p + CRC_AT, crc32c(0, p, CRC_AT));
}

static bool slot_decode(const uint8_t p[SLOT], uint64_t *ret_counter, struct signer_mark *ret, struct pubkey *ret_key) {
    if (memcmp(p, "CSIG", 4) != 0 || load_be32(p + 4) != VERSION || load_be32(p + CRC_AT) != crc32c(0, p, CRC_AT))
        return false;
    *ret_counter = load_be64(p + 8);
    ret->height = load_be64(p + 16);
    ret->round = load_be32(p + 24);
    ret->step = p[28];
    memcpy(ret->digest.b, p + 32, 32);
    memcpy(ret->sig.b, p + 64, 64);
    memcpy(ret_key->b, p + 128, 33);
    ret->records = load_be32(p + 164);
    return true;
}

/* The older slot is overwritten: should this write be torn, the newer one still tells what was signed before. */
static int slot_write(struct disk *disk, struct disk_file *f, uint64_t counter, const struct signer_mark *m,
                      const struct pubkey *key, struct err *err) {
    uint8_t slot[SLOT];
    slot_encode(slot, counter, m, key);
    int rc = disk->write(disk, f, counter % SLOTS * PAGE, slot, SLOT, err);
    crash_point(CRASH_SIGNER_AFTER_WRITE);
    if (rc == CODE_OK)
        rc = disk->sync(disk, f, err);
    crash_point(CRASH_SIGNER_AFTER_SYNC);
    return rc;
}

/* The first signature goes into slot 0. While that is all zeros and slot 1, which signer_create writes, does not check,
 * nothing was ever signed: its maker died in the middle. */
static bool unfinished(struct disk *disk, struct disk_file *f) {
    static const uint8_t zeros[SLOT];
    uint8_t slot[SLOT];
    uint64_t counter;
    struct signer_mark mark;
    struct pubkey owner;
    if (f->size < PAGE * SLOTS)
        return true; /* sized before anything is written */
    return disk->read(disk, f, 0, slot, SLOT, NULL) == CODE_OK && memcmp(slot, zeros, SLOT) == 0 &&
           disk->read(disk, f, PAGE, slot, SLOT, NULL) == CODE_OK && !slot_decode(slot, &counter, &mark, &owner);
}

int signer_create(struct disk *disk, const struct pubkey *key, struct err *err) {
    struct disk_file *f = NULL;
    int rc = disk->open(disk, STATE_FILE, 0, false, &f, NULL);
    bool taken = rc == CODE_OK ? !unfinished(disk, f) : rc != CODE_NOT_FOUND;
    if (rc == CODE_OK)
        disk->close(disk, f);
    if (taken)
        return err_set(err, CODE_ALREADY_EXISTS, "%s exists already; it is the memory of what this key has signed",
                       STATE_FILE);
    f = NULL;
    rc = disk->open(disk, STATE_FILE, PAGE * SLOTS, true, &f, err);
    struct signer_mark none = {0};
    if (rc == CODE_OK)
        rc = slot_write(disk, f, 1, &none, key, err);
    disk->close(disk, f);
    return rc;
}

/* Sets the newest mark of the two slots. */
static int slots_read(struct signer *s, struct err *err) {
    bool found = false;
    int rc = CODE_OK;
    for (unsigned i = 0; rc == CODE_OK && i < SLOTS && s->file->size >= PAGE * SLOTS; i++) {
        uint8_t slot[SLOT];
        uint64_t counter;
        struct signer_mark mark;
        struct pubkey owner;
        rc = s->disk->read(s->disk, s->file, (uint64_t)i * PAGE, slot, SLOT, err);
        if (rc != CODE_OK || !slot_decode(slot, &counter, &mark, &owner) || (found && counter < s->counter))
            continue;
        if (!pubkey_eq(&owner, &s->pubkey))
            rc = err_set(err, CODE_CONFLICT,
                         "%s belongs to another key; put back the key that it was made for, or the file of this key",
                         STATE_FILE);
        found = true;
        s->counter = counter;
        s->last = mark;
    }
    if (rc != CODE_OK || found)
        return rc;
    if (unfinished(s->disk, s->file))
        return err_set(err, CODE_CORRUPT,
                       "%s was not made to its end, and nothing was signed yet; delete this home and run `cairnd init` "
                       "again",
                       STATE_FILE);
    return err_set(err, CODE_CORRUPT,
                   "%s cannot be read: neither of its two slots checks, and a key without the memory of what it signed "
                   "may sign twice; start it with --takeover-height H, not below any height that the key may have "
                   "signed, or make a new key with `cairnd init` in a new home",
                   STATE_FILE);
}

int signer_open(struct signer *s, struct disk *disk, const struct seckey *key, struct err *err) {
    struct signer n = {.disk = disk, .key = *key, .pubkey = seckey_pubkey(key)};
    int rc = disk->open(disk, STATE_FILE, 0, false, &n.file, err);
    if (rc == CODE_NOT_FOUND)
        rc =
            err_set(err, CODE_NOT_FOUND,
                    "%s is missing beside the key: a key without the memory of what it signed may sign twice; "
                    "restore the file; or, when no other copy of the key runs, `cairnd start --takeover-height H`, "
                    "with H not below any height that the key may have signed; or make a new key with `cairnd init` in "
                    "a new home",
                    STATE_FILE);
    if (rc == CODE_OK)
        rc = slots_read(&n, err);
    /* What was read may be in the page cache only, and after a failed sync for ever: written anew before the other slot
     * is overwritten, or a crash then could bring back the mark before the last. */
    if (rc == CODE_OK)
        rc = slot_write(disk, n.file, n.counter, &n.last, &n.pubkey, err);
    if (rc != CODE_OK) {
        signer_release(&n);
        return rc;
    }
    crash_point(CRASH_SIGNER_OPENED);
    *s = n;
    seckey_wipe(&n.key);
    return CODE_OK;
}

/* <0, 0, >0: does (height, round, step) come before, at or after what was signed last? */
static int order(const struct signer_mark *m, uint64_t height, uint32_t round, uint8_t step) {
    if (height != m->height)
        return height < m->height ? -1 : 1;
    if (round != m->round)
        return round < m->round ? -1 : 1;
    return (step > m->step) - (step < m->step);
}

int signer_take_over(struct disk *disk, const struct pubkey *key, uint64_t height, struct err *err) {
    struct signer s = {.disk = disk, .pubkey = *key};
    struct err why;
    int rc = disk->open(disk, STATE_FILE, PAGE * SLOTS, true, &s.file, err);
    int read = rc == CODE_OK ? slots_read(&s, &why) : rc;
    if (rc == CODE_OK && read != CODE_OK && read != CODE_CORRUPT) {
        rc = read;
        if (err != NULL)
            *err = why;
    }
    struct signer_mark mark = {.height = height, .round = UINT32_MAX, .step = SIGNER_PRECOMMIT};
    bool behind = read != CODE_OK || s.last.height < height;
    if (rc == CODE_OK && behind)
        rc = slot_write(disk, s.file, s.counter + 1, &mark, key, err);
    disk->close(disk, s.file);
    return rc;
}

void signer_release(struct signer *s) {
    if (s->disk != NULL)
        s->disk->close(s->disk, s->file);
    seckey_wipe(&s->key);
    *s = (struct signer){0};
}

int signer_sign(struct signer *s, uint64_t height, uint32_t round, enum signer_step step, const struct hash *digest,
                struct sig *ret_sig, struct err *err) {
    assert(height > 0);
    if (s->failed)
        return err_set(err, CODE_IO, "the signer's memory could not be written before; restart the node");
    int o = order(&s->last, height, round, (uint8_t)step);
    if (o == 0 && hash_eq(digest, &s->last.digest)) {
        *ret_sig = s->last.sig;
        return CODE_OK;
    }
    if (o <= 0)
        return err_set(err, CODE_CONFLICT,
                       "refused to sign at height %" PRIu64 " round %" PRIu32
                       " step %u: the last signature is of height %" PRIu64 " round %" PRIu32 " step %u",
                       height, round, (unsigned)step, s->last.height, s->last.round, s->last.step);
    struct signer_mark m = {.height = height,
                            .round = round,
                            .step = (uint8_t)step,
                            .records = s->log_records,
                            .digest = *digest,
                            .sig = seckey_sign(&s->key, digest)};
    int rc = slot_write(s->disk, s->file, s->counter + 1, &m, &s->pubkey, err);
    if (rc != CODE_OK) {
        s->failed = true;
        return rc == CODE_CONFLICT ? CODE_IO : rc;
    }
    s->counter++;
    s->last = m;
    *ret_sig = m.sig;
    return CODE_OK;
}

int signer_check_log(const struct signer *s, uint64_t height, uint32_t records, struct err *err) {
    if (s->last.height != height || s->last.records <= records)
        return CODE_OK;
    return err_set(err, CODE_CORRUPT,
                   "the durability log of height %" PRIu64 " holds %" PRIu32 " records, but the last signature there "
                   "relied on %" PRIu32 ": the disk lost what it had promised, or the file is gone, and with it what "
                   "this validator is bound to; run `cairnd wal-mend`: it signs nothing more at this height then",
                   height, records, s->last.records);
}

int signer_give_up(struct signer *s, uint64_t height, struct err *err) {
    struct signer_mark mark = {.height = height, .round = UINT32_MAX, .step = SIGNER_PRECOMMIT};
    if (s->failed)
        return err_set(err, CODE_IO, "the signer's memory could not be written before; restart the node");
    if (order(&s->last, height, UINT32_MAX, SIGNER_PRECOMMIT) <= 0)
        return CODE_OK;
    int rc = slot_write(s->disk, s->file, s->counter + 1, &mark, &s->pubkey, err);
    s->failed = rc != CODE_OK;
    if (rc == CODE_OK) {
        s->counter++;
        s->last = mark;
    }
    return rc;
}
