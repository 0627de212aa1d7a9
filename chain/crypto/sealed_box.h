/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret under a passphrase: what keystore files hold. Argon2id (version 1.3) derives a key from the passphrase,
 * XChaCha20-Poly1305 seals with it (libsodium). The sealed bytes are the ciphertext and its 16-byte tag.
 */
#ifndef CAIRN_CHAIN_CRYPTO_SEALED_BOX_H
#define CAIRN_CHAIN_CRYPTO_SEALED_BOX_H

#include "chain/base/bytes.h"

enum {
    SEALED_BOX_SALT = 16,
    SEALED_BOX_NONCE = 24,
    SEALED_BOX_TAG = 16,
    SEALED_BOX_PASSES_MAX = 16, /* a hostile file may not keep us busy for longer ... */
};
#define SEALED_BOX_MEMORY_MIN ((uint64_t)8 << 10)
#define SEALED_BOX_MEMORY_MAX ((uint64_t)1 << 30) /* ... or take more than this */

/* What a key file tells beside the sealed bytes. Salt and nonce are random and fresh for every seal. */
struct sealed_box {
    uint8_t salt[SEALED_BOX_SALT];
    uint8_t nonce[SEALED_BOX_NONCE];
    uint64_t passes;       /* of argon2id */
    uint64_t memory_bytes; /* that argon2id takes */
};

/* Sets the cost of one guess: about a quarter of a second and 64 MiB, for keys that are worth something. */
void sealed_box_set_cost(struct sealed_box *box);

/* The least that argon2id takes (1 pass, 8 KiB): for development networks and tests, whose keys are worth nothing. */
void sealed_box_set_least_cost(struct sealed_box *box);

/* Seals `plain` into ret_sealed, which has room for plain.len + SEALED_BOX_TAG bytes. `context` (may be empty; a key
 * file gives its public key) is authenticated with it. CODE_INVALID_ARGUMENT for a cost out of bounds, CODE_NO_MEMORY.
 */
int sealed_box_seal(const struct sealed_box *box, struct bytes passphrase, struct bytes context, struct bytes plain,
                    uint8_t *ret_sealed, struct err *err);

/* Opens sealed bytes into ret_plain, which has room for sealed.len - SEALED_BOX_TAG bytes; wipe it after use. On
 * failure it holds nothing of the secret. CODE_MALFORMED when they are too short or the cost is out of bounds,
 * CODE_WRONG_PASSPHRASE when the passphrase is wrong or anything was changed, CODE_NO_MEMORY. */
int sealed_box_open(const struct sealed_box *box, struct bytes passphrase, struct bytes context, struct bytes sealed,
                    uint8_t *ret_plain, struct err *err);

#endif
