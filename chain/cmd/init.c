/* SPDX-License-Identifier: Apache-2.0 */
/* cairnd init: a home with keys and config, and what a genesis must say of this validator. */
#include "chain/cmd/cmd.h"

#include "chain/base/limits.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/config/config.h"
#include "chain/crypto/address.h"
#include "chain/net/hello.h"
#include "chain/os/disk.h"
#include "chain/os/file.h"
#include "chain/os/random.h"
#include "chain/signer/signer.h"
#include "chain/types/reveal.h"

#include <stdio.h>
#include <stdlib.h>

/* The own hash chain: a quarter of a million headers, 12 days of one a second from one of four validators. */

struct made {
    struct seckey node_key, validator_key, reveal;
    const char *moniker, *p2p, *http;
};

static int make_key(const char *home, const char *name, struct seckey *ret, struct err *err) {
    char path[PATH_LEN_MAX];
    int rc = home_path(home, name, path, sizeof path, err);
    return rc == CODE_OK ? key_file_create(path, ret, err) : rc;
}

static int make_signer(const char *home, const struct seckey *key, struct err *err) {
    char path[PATH_LEN_MAX];
    struct disk *disk = NULL;
    int rc = home_path(home, "data", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = dir_make(path, 0700, err);
    if (rc == CODE_OK)
        rc = disk_os(path, &disk, err);
    if (rc != CODE_OK)
        return rc;
    struct pubkey pub = seckey_pubkey(key);
    rc = signer_create(disk, &pub, err);
    disk->free(disk);
    return rc;
}

static int write_config(const char *home, const struct made *m, struct err *err) {
    char path[PATH_LEN_MAX];
    struct arena arena;
    arena_init(&arena, MIB);
    NodeConfig c = NODE_CONFIG__INIT;
    c.moniker = pb_text(m->moniker);
    c.p2p_listen = pb_text(m->p2p);
    c.http_listen = pb_text(m->http);
    c.log_level = pb_text("info");
    const char *text = NULL;
    int rc = config_print(&c, &arena, &text, err);
    if (rc == CODE_OK)
        rc = home_path(home, "config.yaml", path, sizeof path, err);
    if (rc == CODE_OK)
        rc = file_write_new(path, bytes_str(text), 0644, err);
    arena_release(&arena);
    return rc;
}

static int print_made(const struct made *m, struct err *err) {
    struct pubkey node = seckey_pubkey(&m->node_key), pub = seckey_pubkey(&m->validator_key);
    struct addr node_id = hello_node_id(&node), addr = addr_of_key(&pub);
    struct hash secret;
    memcpy(secret.b, m->reveal.b, 32);
    struct hash first = reveal_secret_of(&secret, 0), tip = reveal_value(&first, REVEAL_LENGTH);
    RevealChain reveal = REVEAL_CHAIN__INIT;
    reveal.tip = pb_data(hash_bytes(&tip));
    reveal.remaining = REVEAL_LENGTH;
    Validator v = VALIDATOR__INIT;
    v.address = pb_data(addr_bytes(&addr));
    v.pubkey = pb_data(pubkey_bytes(&pub));
    v.operator_ = pb_data(addr_bytes(&addr));
    v.power = 10;
    v.reveal = &reveal;
    v.name = pb_text(m->moniker);
    char id_text[ADDR_TEXT_MAX], addr_text[ADDR_TEXT_MAX];
    addr_to_text(&node_id, id_text);
    addr_to_text(&addr, addr_text);
    json_t *record = NULL;
    int rc = json_from_pb(&v, &record, err);
    if (rc != CODE_OK)
        return rc;
    json_t *all = json_pack("{s:s, s:s, s:s, s:o, s:[s]}", "node_id", id_text, "p2p", m->p2p, "http", m->http,
                            "validator", record, "accounts", addr_text);
    char *text = all != NULL ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    if (text == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    printf("%s\n", text);
    free(text);
    return CODE_OK;
}

int cmd_init(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "home", .needed = true},
                             {.name = "moniker"},
                             {.name = "p2p"},
                             {.name = "http"},
                             {.name = "full-node", .flag = true}};
    int rc = cmd_options(argc, argv, o, sizeof o / sizeof *o, err);
    if (rc != CODE_OK)
        return rc;
    const char *home = o[0].value;
    struct made m = {.moniker = o[1].value != NULL ? o[1].value : "node",
                     .p2p = o[2].value != NULL ? o[2].value : "127.0.0.1:26600",
                     .http = o[3].value != NULL ? o[3].value : "127.0.0.1:26601"};
    rc = dir_make(home, 0700, err);
    if (rc == CODE_OK)
        rc = write_config(home, &m, err);
    if (rc == CODE_ALREADY_EXISTS)
        rc = err_set(err, rc, "%s is a home already", home);
    if (rc == CODE_OK)
        rc = make_key(home, "node.key", &m.node_key, err);
    if (rc == CODE_OK && o[4].value == NULL)
        rc = make_key(home, "validator.key", &m.validator_key, err);
    if (rc == CODE_OK && o[4].value == NULL)
        rc = make_key(home, "reveal.seed", &m.reveal, err);
    if (rc == CODE_OK && o[4].value == NULL)
        rc = make_signer(home, &m.validator_key, err);
    if (rc == CODE_OK && o[4].value == NULL)
        rc = print_made(&m, err);
    if (rc == CODE_OK && o[4].value != NULL) {
        struct pubkey node = seckey_pubkey(&m.node_key);
        struct addr id = hello_node_id(&node);
        char text[ADDR_TEXT_MAX];
        addr_to_text(&id, text);
        printf("{\"node_id\":\"%s\",\"p2p\":\"%s\",\"http\":\"%s\"}\n", text, m.p2p, m.http);
    }
    seckey_wipe(&m.node_key);
    seckey_wipe(&m.validator_key);
    seckey_wipe(&m.reveal);
    return rc;
}
