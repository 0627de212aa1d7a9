/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/keystore.h"

#include "cairn/keystore.h"
#include "chain/codec/json.h"
#include "chain/crypto/address.h"
#include "chain/crypto/sealed_box.h"
#include "chain/crypto/wipe.h"
#include "chain/os/file.h"
#include "chain/os/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYSTORE_VERSION = 1, ARENA_MAX = 1 << 20 };

#define TEST_PASSPHRASE "test"
#define KEY_SUFFIX      ".json"

int keyring_parse(const char *name, enum keyring *ret, struct err *err) {
    if (!strcmp(name, "file"))
        *ret = KEYRING_FILE;
    else if (!strcmp(name, "test"))
        *ret = KEYRING_TEST;
    else
        return err_set(err, CODE_INVALID_ARGUMENT, "the keyring is \"file\" or \"test\", not \"%s\"", name);
    return CODE_OK;
}

static int check_name(const char *name, struct err *err) {
    size_t len = strlen(name);
    if (len < 1 || len > KEY_NAME_MAX || name[0] == '.' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != len)
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "a key's name is 1 to %d of a-z 0-9 - _ . and does not begin with a dot", KEY_NAME_MAX);
    return CODE_OK;
}

static int key_path(const struct keystore *store, const char *name, char *ret_path, struct err *err) {
    char file[KEY_NAME_MAX + sizeof KEY_SUFFIX];
    int rc = check_name(name, err);
    if (rc)
        return rc;
    snprintf(file, sizeof file, "%s" KEY_SUFFIX, name);
    return path_join(store->dir, file, ret_path, PATH_MAX, err);
}

/* A key file that others may read is as good as published: refuse it, so that somebody notices. */
static int check_mode(const char *path, struct err *err) {
    struct stat st;
    if (stat(path, &st))
        return err_errno(err, errno, "cannot look at %s", path);
    if (st.st_mode & 077)
        return err_set(err, CODE_DENIED,
                       "others may read %s (mode %03o): run `chmod 600 %s`, and think of the key as known", path,
                       (unsigned)(st.st_mode & 0777), path);
    return CODE_OK;
}

/* --- one file ----------------------------------------------------------------------------------------------------- */

int keyfile_write(const char *path, const char *name, const struct seckey *key, struct bytes passphrase,
                  bool least_cost, struct err *err) {
    uint8_t sealed[sizeof key->b + SEALED_BOX_TAG];
    struct sealed_box box;
    struct arena arena;
    const char *text;
    struct pubkey pubkey = seckey_pubkey(key);
    struct addr address = addr_of_key(&pubkey);
    arena_init(&arena, ARENA_MAX);
    if (least_cost)
        sealed_box_set_least_cost(&box);
    else
        sealed_box_set_cost(&box);
    random_bytes(box.salt, sizeof box.salt);
    random_bytes(box.nonce, sizeof box.nonce);
    int rc = sealed_box_seal(&box, passphrase, pubkey_bytes(&pubkey), bytes_of(key->b, sizeof key->b), sealed, err);
    if (rc)
        goto out;
    Keystore file = KEYSTORE__INIT;
    file.version = KEYSTORE_VERSION;
    file.kind = (char *)(uintptr_t) "secp256k1";
    file.kdf = (char *)(uintptr_t) "argon2id";
    file.cipher = (char *)(uintptr_t) "xchacha20-poly1305";
    file.name = (char *)(uintptr_t)name;
    file.address = (ProtobufCBinaryData){sizeof address.b, address.b};
    file.pubkey = (ProtobufCBinaryData){sizeof pubkey.b, pubkey.b};
    file.salt = (ProtobufCBinaryData){sizeof box.salt, box.salt};
    file.nonce = (ProtobufCBinaryData){sizeof box.nonce, box.nonce};
    file.kdf_ops = box.passes;
    file.kdf_mem = box.memory_bytes;
    file.ciphertext = (ProtobufCBinaryData){sizeof sealed, sealed};
    rc = json_print_pb(&file, true, &arena, &text, err);
    if (!rc)
        rc = file_write_new(path, bytes_str(text), 0600, err);
out:
    arena_release(&arena);
    return rc;
}

/* Reads and checks everything that is open; *ret lives on the arena. */
static int keyfile_load(const char *path, struct arena *arena, Keystore **ret, struct err *err) {
    struct buf text;
    Keystore *file;
    buf_init(&text, KEYSTORE_FILE_MAX);
    int rc = check_mode(path, err);
    if (!rc)
        rc = file_read(path, &text, err);
    if (!rc)
        rc = json_read_pb(&keystore__descriptor, buf_bytes(&text), arena, &file, err);
    buf_release(&text);
    if (rc == CODE_NOT_FOUND || rc == CODE_DENIED || rc == CODE_NO_MEMORY)
        return rc;
    if (rc)
        return err_set(err, CODE_CORRUPT, "%s is not a key file, or damaged: restore it from a backup", path);
    if (file->version != KEYSTORE_VERSION || strcmp(file->kind, "secp256k1") || strcmp(file->kdf, "argon2id") ||
        strcmp(file->cipher, "xchacha20-poly1305"))
        return err_set(err, CODE_VERSION, "%s is of a kind or version that this program does not know", path);
    struct pubkey pubkey;
    if (!pubkey_from(bytes_of(file->pubkey.data, file->pubkey.len), &pubkey) ||
        file->ciphertext.len != sizeof(struct seckey) + SEALED_BOX_TAG || file->salt.len != SEALED_BOX_SALT ||
        file->nonce.len != SEALED_BOX_NONCE)
        return err_set(err, CODE_CORRUPT, "%s is damaged: restore it from a backup", path);
    struct addr address = addr_of_key(&pubkey);
    if (!bytes_eq(addr_bytes(&address), bytes_of(file->address.data, file->address.len)))
        return err_set(err, CODE_CORRUPT, "%s names an address that is not its key's: restore it from a backup", path);
    *ret = file;
    return CODE_OK;
}

int keyfile_read(const char *path, struct bytes passphrase, struct seckey *ret, struct err *err) {
    struct arena arena;
    Keystore *file;
    struct sealed_box box;
    uint8_t raw[sizeof ret->b];
    arena_init(&arena, ARENA_MAX);
    int rc = keyfile_load(path, &arena, &file, err);
    if (rc)
        goto out;
    memcpy(box.salt, file->salt.data, sizeof box.salt);
    memcpy(box.nonce, file->nonce.data, sizeof box.nonce);
    box.passes = file->kdf_ops;
    box.memory_bytes = file->kdf_mem;
    rc = sealed_box_open(&box, passphrase, bytes_of(file->pubkey.data, file->pubkey.len),
                         bytes_of(file->ciphertext.data, file->ciphertext.len), raw, err);
    if (rc == CODE_WRONG_PASSPHRASE)
        rc = err_set(err, rc, "the passphrase does not open %s", path);
    if (!rc)
        rc = seckey_init(ret, raw, err);
    wipe(raw, sizeof raw);
out:
    arena_release(&arena);
    return rc;
}

/* --- passphrases -------------------------------------------------------------------------------------------------- */

int passphrase_from_file(void *ctx, const char *key_name, bool again, uint8_t *ret, size_t *ret_len, struct err *err) {
    const char *path = *(const char *const *)ctx;
    struct buf text;
    (void)key_name;
    (void)again;
    buf_init(&text, PASSPHRASE_MAX + 2);
    int rc = check_mode(path, err);
    if (!rc)
        rc = file_read(path, &text, err);
    if (!rc) {
        const uint8_t *end = text.len ? memchr(text.data, '\n', text.len) : NULL;
        size_t len = end ? (size_t)(end - text.data) : text.len;
        if (len < 1 || len > PASSPHRASE_MAX)
            rc = err_set(err, CODE_INVALID_ARGUMENT, "the first line of %s is not a passphrase of 1 to %d bytes", path,
                         PASSPHRASE_MAX);
        else {
            memcpy(ret, text.data, len);
            *ret_len = len;
        }
    }
    if (text.data)
        wipe(text.data, text.room);
    buf_release(&text);
    return rc;
}

int keystore_passphrase(const struct keystore *store, const char *name, bool again, uint8_t *ret, size_t *ret_len,
                        struct err *err) {
    if (store->keyring == KEYRING_TEST) {
        memcpy(ret, TEST_PASSPHRASE, sizeof TEST_PASSPHRASE - 1);
        *ret_len = sizeof TEST_PASSPHRASE - 1;
        return CODE_OK;
    }
    if (!store->passphrase.ask)
        return err_set(err, CODE_UNAUTHENTICATED,
                       "the key %s needs a passphrase: give --passphrase-file, or run in a terminal", name);
    return store->passphrase.ask(store->passphrase.ctx, name, again, ret, ret_len, err);
}

/* --- the store ---------------------------------------------------------------------------------------------------- */

int keystore_import(const struct keystore *store, const char *name, const struct seckey *key, struct key_info *ret,
                    struct err *err) {
    char path[PATH_MAX];
    uint8_t passphrase[PASSPHRASE_MAX];
    size_t len = 0;
    int rc = key_path(store, name, path, err);
    if (rc)
        return rc;
    if (path_exists(path))
        return err_set(err, CODE_ALREADY_EXISTS, "there already is a key named %s in %s: choose another name", name,
                       store->dir);
    rc = dir_make(store->dir, 0700, err);
    if (!rc)
        rc = keystore_passphrase(store, name, true, passphrase, &len, err);
    if (!rc)
        rc = keyfile_write(path, name, key, bytes_of(passphrase, len), store->keyring == KEYRING_TEST, err);
    wipe(passphrase, sizeof passphrase);
    return rc ? rc : keystore_info(store, name, ret, err);
}

int keystore_create(const struct keystore *store, const char *name, struct key_info *ret, struct err *err) {
    struct seckey key;
    uint8_t raw[sizeof key.b];
    do
        random_bytes(raw, sizeof raw);
    while (seckey_init(&key, raw, NULL)); /* once in 2^127 */
    int rc = keystore_import(store, name, &key, ret, err);
    wipe(raw, sizeof raw);
    seckey_wipe(&key);
    return rc;
}

int keystore_info(const struct keystore *store, const char *name, struct key_info *ret, struct err *err) {
    char path[PATH_MAX];
    struct arena arena;
    Keystore *file;
    int rc = key_path(store, name, path, err);
    if (rc)
        return rc;
    if (!path_exists(path))
        return err_set(err, CODE_NOT_FOUND, "there is no key named %s in %s: `cairn key list` shows yours", name,
                       store->dir);
    arena_init(&arena, ARENA_MAX);
    rc = keyfile_load(path, &arena, &file, err);
    if (!rc) {
        snprintf(ret->name, sizeof ret->name, "%s", name);
        pubkey_from(bytes_of(file->pubkey.data, file->pubkey.len), &ret->pubkey);
        ret->address = addr_of_key(&ret->pubkey);
    }
    arena_release(&arena);
    return rc;
}

int keystore_open(const struct keystore *store, const char *name, struct seckey *ret, struct err *err) {
    char path[PATH_MAX];
    uint8_t passphrase[PASSPHRASE_MAX];
    size_t len = 0;
    struct key_info info;
    int rc = keystore_info(store, name, &info, err);
    if (!rc)
        rc = key_path(store, name, path, err);
    if (!rc)
        rc = keystore_passphrase(store, name, false, passphrase, &len, err);
    if (!rc)
        rc = keyfile_read(path, bytes_of(passphrase, len), ret, err);
    wipe(passphrase, sizeof passphrase);
    return rc;
}

struct each {
    const struct keystore *store;
    int (*visit)(void *ctx, const struct key_info *info, struct err *err);
    void *ctx;
};

static int visit_file(void *ctx, const char *file, struct err *err) {
    const struct each *each = ctx;
    size_t len = strlen(file), suffix = sizeof KEY_SUFFIX - 1;
    char name[KEY_NAME_MAX + 1];
    struct key_info info;
    if (len <= suffix || len - suffix > KEY_NAME_MAX || strcmp(file + len - suffix, KEY_SUFFIX))
        return CODE_OK;
    memcpy(name, file, len - suffix);
    name[len - suffix] = '\0';
    if (check_name(name, NULL))
        return CODE_OK;
    int rc = keystore_info(each->store, name, &info, err);
    return rc ? rc : each->visit(each->ctx, &info, err);
}

int keystore_each(const struct keystore *store, int (*visit)(void *ctx, const struct key_info *info, struct err *err),
                  void *ctx, struct err *err) {
    struct each each = {store, visit, ctx};
    return path_exists(store->dir) ? dir_each(store->dir, visit_file, &each, err) : CODE_OK;
}

int keystore_delete(const struct keystore *store, const char *name, struct err *err) {
    char path[PATH_MAX];
    int rc = key_path(store, name, path, err);
    if (rc)
        return rc;
    if (unlink(path))
        return errno == ENOENT ? err_set(err, CODE_NOT_FOUND, "there is no key named %s in %s", name, store->dir)
                               : err_errno(err, errno, "cannot remove %s", path);
    return dir_sync(store->dir, err);
}
