/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_SIGNER_SIGNER_H
#define CAIRN_CHAIN_SIGNER_SIGNER_H
/*
 * The validator's signature, and the memory that keeps it from ever signing two different things for one (height,
 * round, step).
 *
 * The key is a file of 64 hex digits, mode 0600. The memory is a file of its own, `signer.state`, next to nothing else:
 * two slots of 256 bytes, at 0 and 4096, that are overwritten in turn and synced *before* a signature is handed out, so
 * that a torn write leaves the slot before. If the memory is missing beside an existing key the signer refuses to open:
 * a copy of the key without its past is how double signing happens. Slot, big-endian:
 *
 *     "CSIG" | version u32 | counter u64 | height u64 | round u32 | step u8 | 3 zero | digest 32 | signature 64 |
 *     public key 33 | 3 zero | log records u32 | crc32c u32 over all before
 *
 * A lock is as binding as a signature, and is in the durability log alone. So each signature remembers how many records
 * of its height's log it relied on, and a log that gives back fewer stops the node (signer_check_log). A node that lost
 * its ledger will overwrite that log on its way back to the height, so it gives the height up (signer_give_up).
 */
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/crypto/key.h"
#include "chain/os/disk.h"

/* Ascending in the order in which one validator signs within a round. */
enum signer_step { SIGNER_PROPOSE = 0, SIGNER_PREVOTE = 1, SIGNER_PRECOMMIT = 2 };

/* What was signed last. height 0: nothing yet. */
struct signer_mark {
    uint64_t height;
    uint32_t round;
    uint8_t step;
    uint32_t records; /* of the durability log of `height` that were durable */
    struct hash digest;
    struct sig sig;
};

struct signer {
    struct seckey key;
    struct pubkey pubkey;
    struct disk *disk;
    struct disk_file *file;
    uint64_t counter; /* of the newest slot */
    struct signer_mark last;
    uint32_t log_records; /* set by the host before signer_sign: wal_synced of the height's log */
    bool failed;
};

/* Writes an empty memory for `key`. CODE_ALREADY_EXISTS when there is one, unless its maker died before it was done.
 * For `cairnd init`. */
int signer_create(struct disk *disk, const struct pubkey *key, struct err *err);

/* Opens the memory on `disk` (borrowed) for `key` (copied). CODE_NOT_FOUND when it is missing, CODE_CORRUPT when
 * neither slot can be read, CODE_CONFLICT when it belongs to another key. */
int signer_open(struct signer *s, struct disk *disk, const struct seckey *key, struct err *err);

/* Makes a memory, or raises the one there is, so that the key signs nothing up to and including `height`: for a key
 * whose memory is lost or older than what it signed, when its operator knows that no other copy of it runs and that
 * `height` is not below any that it ever signed. Nothing to do when the memory is there already. CODE_CONFLICT when it
 * is another key's. */
int signer_take_over(struct disk *disk, const struct pubkey *key, uint64_t height, struct err *err);

/* Whether the log of `height`, read back after a start, holds what the last signature relied on. CODE_CORRUPT when it
 * does not: the message names the command that mends it. */
int signer_check_log(const struct signer *s, uint64_t height, uint32_t records, struct err *err);

/* Signs nothing more up to and including `height`, durably: what it is bound to there is lost. */
int signer_give_up(struct signer *s, uint64_t height, struct err *err);

/* Wipes the key and closes. A zeroed struct is allowed. */
void signer_release(struct signer *s);

/* Signs `digest` for (height, round, step), after having made durable that it did. What equals the last is answered
 * with the last signature again. CODE_CONFLICT: refused, it would contradict or precede what was signed; the node goes
 * on without it. Any other code: the memory cannot be written, and the node has to stop. */
int signer_sign(struct signer *s, uint64_t height, uint32_t round, enum signer_step step, const struct hash *digest,
                struct sig *ret_sig, struct err *err);

/* Makes a new key from the kernel's random numbers and writes it to `path`, which must not exist. */
int key_file_create(const char *path, struct seckey *ret_key, struct err *err);

/* Reads it. CODE_DENIED when anybody but the owner can read it (the message says the chmod that mends it),
 * CODE_MALFORMED. */
int key_file_read(const char *path, struct seckey *ret_key, struct err *err);

#endif
