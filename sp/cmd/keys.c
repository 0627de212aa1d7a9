/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's keys towards the ledger: showing that they are this operator's, and rotating one. What is printed is a
 * MsgEditSp as JSON with the keys and the possession of each, for `cairn sp register` and `cairn sp edit`. */
#include "cairn/sp.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/wipe.h"
#include "chain/os/file.h"
#include "chain/os/random.h"
#include "chain/types/signed.h"
#include "client/lib/keystore.h"
#include "client/lib/ledger.h"
#include "sp/cmd/commands.h"
#include "sp/cmd/home.h"

#include <stdio.h>
#include <stdlib.h>

enum { USES = 4, NAME_MAX_LEN = 32 };

static const char *const use_names[USES] = {"seal", "approval", "gc", "node"};

struct keys {
    const struct options *o;
    struct home home;
    uint8_t passphrase[PASSPHRASE_MAX];
    size_t passphrase_len;
    struct addr operator_;
    struct hash chain_tag;
    /* what is printed */
    MsgEditSp msg;
    struct pubkey shown[USES];
    struct sig possessions[USES];
};

static int find_use(const char *name, size_t *ret, struct err *err) {
    for (size_t i = 0; i < USES; i++)
        if (!strcmp(name, use_names[i])) {
            *ret = i;
            return CODE_OK;
        }
    return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is no key of a provider; they are seal, approval, gc, node",
                   name);
}

/* "seal.key", "seal.key.next", ... in the home. */
static int key_path(const struct keys *k, const char *name, const char *suffix, char ret[PATH_MAX], struct err *err) {
    char file[NAME_MAX_LEN];
    snprintf(file, sizeof file, "%s.key%s", name, suffix);
    return home_path(&k->home, file, ret, err);
}

static int load(const struct keys *k, const char *name, const char *suffix, struct seckey *ret, struct err *err) {
    char path[PATH_MAX];
    int rc = key_path(k, name, suffix, path, err);
    return rc ? rc : keyfile_read(path, bytes_of(k->passphrase, k->passphrase_len), ret, err);
}

static int open_keys(struct keys *k, const struct options *o, struct err *err) {
    char genesis[PATH_MAX], chain_id[256];
    struct light_trust trust;
    struct seckey operator_;
    k->o = o;
    k->msg = (MsgEditSp)MSG_EDIT_SP__INIT;
    int rc = home_open(&k->home, o->home, err);
    if (rc)
        return rc;
    rc = home_passphrase(options_value(o, "--passphrase-file", NULL), k->passphrase, &k->passphrase_len, err);
    if (!rc)
        rc = home_path(&k->home, "genesis.json", genesis, err);
    if (!rc)
        rc = ledger_genesis_trust(genesis, &trust, chain_id, sizeof chain_id, err);
    if (!rc)
        rc = load(k, "operator", "", &operator_, err);
    if (!rc) {
        struct pubkey key = seckey_pubkey(&operator_);
        k->operator_ = addr_of_key(&key);
        k->chain_tag = trust.chain_tag;
        k->msg.sp_id = k->home.config->sp_id;
        seckey_wipe(&operator_);
    }
    return rc;
}

static void close_keys(struct keys *k) {
    wipe(k->passphrase, sizeof k->passphrase);
    home_release(&k->home);
}

static void show(struct keys *k, size_t use, const struct seckey *key) {
    ProtobufCBinaryData *const fields[USES][2] = {{&k->msg.seal_key, &k->msg.seal_possession},
                                                  {&k->msg.approval_key, &k->msg.approval_possession},
                                                  {&k->msg.gc_key, &k->msg.gc_possession},
                                                  {&k->msg.node_key, &k->msg.node_possession}};
    struct hash digest = signed_sp_key(&k->operator_, (enum sp_key_use)(use + 1), &k->chain_tag);
    k->shown[use] = seckey_pubkey(key);
    k->possessions[use] = seckey_sign(key, &digest);
    *fields[use][0] = pb_data(bytes_of(k->shown[use].b, sizeof k->shown[use].b));
    *fields[use][1] = pb_data(bytes_of(k->possessions[use].b, sizeof k->possessions[use].b));
}

static int print_message(const struct keys *k, struct err *err) {
    json_t *root = NULL;
    int rc = json_from_pb(&k->msg, &root, err);
    char *text = rc ? NULL : json_dumps(root, JSON_INDENT(2));
    if (!rc && !text)
        rc = err_set(err, CODE_NO_MEMORY, "no memory to print the keys");
    if (!rc)
        puts(text);
    free(text);
    json_decref(root);
    return rc;
}

int command_possession(const struct options *o, struct err *err) {
    struct keys k = {0};
    int rc = open_keys(&k, o, err);
    for (size_t use = 0; !rc && use < USES; use++) {
        struct seckey key;
        rc = load(&k, use_names[use], "", &key, err);
        if (!rc)
            show(&k, use, &key);
        seckey_wipe(&key);
    }
    if (!rc)
        rc = print_message(&k, err);
    close_keys(&k);
    return rc;
}

static int make_next(struct keys *k, size_t use, struct err *err) {
    char path[PATH_MAX];
    struct seckey key;
    uint8_t raw[sizeof key.b];
    int rc = key_path(k, use_names[use], ".next", path, err);
    if (!rc && path_exists(path))
        rc = err_set(err, CODE_ALREADY_EXISTS, "%s is there already: adopt or remove it first", path);
    if (rc)
        return rc;
    do
        random_bytes(raw, sizeof raw);
    while (seckey_init(&key, raw, NULL)); /* once in 2^127 */
    rc = keyfile_write(path, use_names[use], &key, bytes_of(k->passphrase, k->passphrase_len),
                       !options_value(k->o, "--passphrase-file", NULL), err);
    if (!rc)
        show(k, use, &key);
    wipe(raw, sizeof raw);
    seckey_wipe(&key);
    return rc;
}

int command_new_key(const struct options *o, struct err *err) {
    struct keys k = {0};
    size_t use = 0;
    int rc = find_use(o->words[0], &use, err);
    if (rc)
        return rc;
    rc = open_keys(&k, o, err);
    if (!rc)
        rc = make_next(&k, use, err);
    if (!rc)
        rc = print_message(&k, err);
    close_keys(&k);
    return rc;
}

/* The old file stays beside, so that a rotation which the ledger refused can be undone by hand. */
static int adopt(struct keys *k, size_t use, struct err *err) {
    char now[PATH_MAX], next[PATH_MAX], old[PATH_MAX];
    struct seckey key;
    int rc = load(k, use_names[use], ".next", &key, err);
    seckey_wipe(&key);
    if (!rc)
        rc = key_path(k, use_names[use], "", now, err);
    if (!rc)
        rc = key_path(k, use_names[use], ".next", next, err);
    if (!rc)
        rc = key_path(k, use_names[use], ".old", old, err);
    if (!rc && (rename(now, old) || rename(next, now)))
        rc = err_set(err, CODE_IO, "cannot rename %s", next);
    return rc ? rc : dir_sync(k->home.dir, err);
}

int command_adopt_key(const struct options *o, struct err *err) {
    struct keys k = {0};
    size_t use = 0;
    int rc = find_use(o->words[0], &use, err);
    if (rc)
        return rc;
    rc = open_keys(&k, o, err);
    if (!rc)
        rc = adopt(&k, use, err);
    if (!rc)
        printf("%s.key is the new one; restart the provider\n", use_names[use]);
    close_keys(&k);
    return rc;
}
