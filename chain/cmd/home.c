/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/cmd/cmd.h"

#include "chain/base/limits.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/config/config.h"
#include "chain/crypto/wipe.h"
#include "chain/os/file.h"
#include "chain/signer/signer.h"
#include "chain/types/tx.h"

int home_path(const char *dir, const char *name, char *ret, size_t size, struct err *err) {
    return path_join(dir, name, ret, size, err);
}

static int read_genesis(struct home *h, struct err *err) {
    char path[PATH_LEN_MAX];
    struct buf text;
    Genesis *genesis = NULL;
    struct bytes encoded;
    int rc = home_path(h->dir, "genesis.json", path, sizeof path, err);
    if (rc != CODE_OK)
        return rc;
    buf_init(&text, JSON_LEN_MAX);
    rc = file_read(path, &text, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, rc, "%s is missing: it is given by whoever runs the network (cairnd genesis makes a new one)",
                     path);
    if (rc == CODE_OK && !arena_dup_bytes(&h->arena, buf_bytes(&text), &h->genesis_text))
        rc = err_set(err, CODE_NO_MEMORY, "no memory for the genesis");
    buf_release(&text);
    if (rc == CODE_OK) {
        rc = json_read_pb(&genesis__descriptor, h->genesis_text, &h->arena, &genesis, err);
        if (rc == CODE_OK)
            rc = pb_encode(genesis, &h->arena, &encoded, err);
        if (rc != CODE_OK)
            return err_wrap(err, rc, "%s", path);
        h->genesis = genesis;
        h->chain_tag = chain_tag_of(encoded);
    }
    return rc;
}

static int read_reveal(struct home *h, struct err *err) {
    char path[PATH_LEN_MAX];
    struct seckey secret; /* the same form of file as a key's */
    int rc = home_path(h->dir, "reveal.seed", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = key_file_read(path, &secret, err);
    if (rc == CODE_OK) {
        memcpy(h->reveal_secret.b, secret.b, 32);
        seckey_wipe(&secret);
    }
    return rc;
}

static int read_keys(struct home *h, struct err *err) {
    char path[PATH_LEN_MAX];
    int rc = home_path(h->dir, "node.key", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = key_file_read(path, &h->node_key, err);
    if (rc == CODE_OK)
        rc = home_path(h->dir, "validator.key", path, sizeof path, err);
    if (rc != CODE_OK)
        return rc;
    h->validator = path_exists(path);
    if (!h->validator)
        return CODE_OK;
    rc = key_file_read(path, &h->validator_key, err);
    return rc == CODE_OK ? read_reveal(h, err) : rc;
}

int home_open(struct home *h, const char *dir, struct err *err) {
    *h = (struct home){.genesis = NULL};
    arena_init(&h->arena, 64 * MIB);
    snprintf(h->dir, sizeof h->dir, "%s", dir);
    char path[PATH_LEN_MAX];
    int rc = home_path(dir, "data", h->data, sizeof h->data, err);
    if (rc == CODE_OK)
        rc = home_path(dir, "config.yaml", path, sizeof path, err);
    NodeConfig *config = NULL;
    if (rc == CODE_OK)
        rc = config_load(&node_config__descriptor, path, &h->arena, &config, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, rc, "%s is missing: make a home with cairnd init --home %s", path, dir);
    if (rc == CODE_OK) {
        h->config = config;
        rc = read_genesis(h, err);
    }
    if (rc == CODE_OK)
        rc = read_keys(h, err);
    if (rc != CODE_OK)
        home_release(h);
    return rc;
}

void home_release(struct home *h) {
    seckey_wipe(&h->node_key);
    seckey_wipe(&h->validator_key);
    wipe(&h->reveal_secret, sizeof h->reveal_secret);
    arena_release(&h->arena);
}
