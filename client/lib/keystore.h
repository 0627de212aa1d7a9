/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_KEYSTORE_H
#define CAIRN_CLIENT_LIB_KEYSTORE_H
/*
 * Keys in files: DIR/NAME.json (proto Keystore as JSON), mode 0600, the secret sealed under a passphrase (Argon2id,
 * XChaCha20-Poly1305, the public key authenticated with it). Two keyrings: "file" asks for a passphrase that is worth
 * something; "test" seals under the word "test" at the least cost, for networks whose coins are worth nothing.
 *
 * Secrets never enter argv, logs or error texts, and are wiped when done with.
 */
#include "chain/base/bytes.h"
#include "chain/base/fixed.h"
#include "chain/crypto/key.h"

enum {
    KEY_NAME_MAX = 64, /* a-z 0-9 - _ . */
    PASSPHRASE_MAX = 1024,
    KEYSTORE_FILE_MAX = 16384,
};

enum keyring { KEYRING_FILE, KEYRING_TEST };

/* Where a passphrase comes from. ask writes at most PASSPHRASE_MAX bytes to ret and their count to ret_len; again: it
 * is for a new key, so ask twice. May block. The caller wipes ret. */
struct passphrase_source {
    int (*ask)(void *ctx, const char *key_name, bool again, uint8_t *ret, size_t *ret_len, struct err *err);
    void *ctx;
};

/* Reads the first line of the file behind *ctx (a const char * path), which must not be readable by others. */
int passphrase_from_file(void *ctx, const char *key_name, bool again, uint8_t *ret, size_t *ret_len, struct err *err);

/* "file" or "test". */
int keyring_parse(const char *name, enum keyring *ret, struct err *err);

struct key_info {
    char name[KEY_NAME_MAX + 1];
    struct addr address;
    struct pubkey pubkey;
};

struct keystore {
    const char *dir; /* borrowed; made at need with mode 0700 */
    enum keyring keyring;
    struct passphrase_source passphrase; /* unused by KEYRING_TEST */
};

/* The passphrase of a key of this keyring into ret (PASSPHRASE_MAX bytes, which the caller wipes); again: for a new
 * key. CODE_UNAUTHENTICATED when there is nobody to ask. */
int keystore_passphrase(const struct keystore *store, const char *name, bool again, uint8_t *ret, size_t *ret_len,
                        struct err *err);

/* Makes a key (random, or the given one) and its file. CODE_ALREADY_EXISTS. The file is durable on return. */
int keystore_create(const struct keystore *store, const char *name, struct key_info *ret, struct err *err);
int keystore_import(const struct keystore *store, const char *name, const struct seckey *key, struct key_info *ret,
                    struct err *err);

/* What the file says openly. CODE_NOT_FOUND; CODE_CORRUPT; CODE_DENIED when others may read the file. */
int keystore_info(const struct keystore *store, const char *name, struct key_info *ret, struct err *err);

/* The secret; the caller wipes it. CODE_WRONG_PASSPHRASE and as keystore_info. */
int keystore_open(const struct keystore *store, const char *name, struct seckey *ret, struct err *err);

/* Calls visit for each key in byte order of the names; a non-zero answer ends it and is returned. */
int keystore_each(const struct keystore *store, int (*visit)(void *ctx, const struct key_info *info, struct err *err),
                  void *ctx, struct err *err);

/* Removes the file, durably. CODE_NOT_FOUND. */
int keystore_delete(const struct keystore *store, const char *name, struct err *err);

/* One key file anywhere (the provider's and validators' operational keys). */
int keyfile_write(const char *path, const char *name, const struct seckey *key, struct bytes passphrase,
                  bool least_cost, struct err *err);
int keyfile_read(const char *path, struct bytes passphrase, struct seckey *ret, struct err *err);

#endif
