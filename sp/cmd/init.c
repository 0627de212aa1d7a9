/* SPDX-License-Identifier: Apache-2.0 */
/* A new provider's home: keys, a commented configuration, and the record that a genesis or a registration needs. */
#include "cairn/sp.h"
#include "chain/base/limits.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/crypto/address.h"
#include "chain/crypto/wipe.h"
#include "chain/os/file.h"
#include "chain/os/random.h"
#include "client/lib/keystore.h"
#include "sp/cmd/commands.h"
#include "sp/cmd/home.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONFIG_TEXT_MAX = 16384, INIT_ARENA_MAX = 1 << 20, KEYS = 5 };

#define DEPOSIT_DEFAULT "10000000000000" /* 10,000 CAIRN: a stake for 10,000 GiB */
/* 1 CAIRN for a GiB and 30 days, in 2^-64 pebble per byte and millisecond */
#define STORE_PRICE_DEFAULT UINT64_C(6628035890)
#define FREE_QUOTA_DEFAULT  (UINT64_C(10) << 30)
#define CAPACITY_DEFAULT    (UINT64_C(1) << 40)

static const char *const key_names[KEYS] = {"operator", "seal", "approval", "gc", "node"};

struct init {
    const struct options *o;
    const char *http, *p2p, *moniker, *endpoint, *p2p_endpoint;
    uint64_t sp_id, deposit, store_price, read_price, free_quota, free_once, capacity;
    struct pubkey keys[KEYS];
    struct addr operator_account, funding;
    struct arena arena;
    struct home home; /* dir only */
};

/* --- config.yaml ----------------------------------------------------------------------------------------------------
 */

static const char config_rest[] =
    "# Where pieces lie; relative to this home unless it begins with /.\n"
    "piece_dir: pieces\n"
    "# debug | info | warn | error\n"
    "log_level: info\n"
    "# May this provider dial loopback and private addresses? Only on a network of one machine or one site.\n"
    "allow_private_endpoints: %s\n"
    "\n"
    "# --- whom to serve: by default everybody, with everything that fits ---\n"
    "policy:\n"
    "  # accounts (cairn1...); none: everybody\n"
    "  allow: []\n"
    "  deny: []\n"
    "  # bytes; 0: the ledger's limit\n"
    "  object_size_max: 0\n"
    "  content_types_deny: []\n"
    "  # MiB of the disk that stay free\n"
    "  free_space_min_mib: 256\n"
    "  # true: nothing new is taken; what is stored is served\n"
    "  maintenance: false\n"
    "\n"
    "# --- work and its bounds ---\n"
    "# How long an approval holds.\n"
    "approval_ttl_seconds: 600\n"
    "# Unsealed columns are kept so long.\n"
    "stored_secondary_ttl_seconds: 86400\n"
    "# What one account may have staged here and not stored yet: positions of objects, and their MiB.\n"
    "stage_positions_per_account: 256\n"
    "stage_mib_per_account: 65536\n"
    "# an upload whose other positions find nobody for so long is sealed without them, if it can be read\n"
    "partial_seal_seconds: 60\n"
    "# Memory for segments on their way in, all uploads together.\n"
    "upload_memory_mib: 128\n"
    "# Columns sent at once.\n"
    "replicate_parallel: 8\n"
    "# Threads for tasks: replicate, seal, answer, repair, remove.\n"
    "worker_threads: 4\n"
    "rocksdb_cache_mib: 8\n"
    "\n"
    "# --- care ---\n"
    "# How fast stored pieces are read again, and how long one round over all of them is at least.\n"
    "scrub_mib_per_second: 4\n"
    "scrub_interval_seconds: 86400\n"
    "# How often what is held is compared with what the ledger says.\n"
    "gc_interval_seconds: 600\n";

static int write_config(struct init *in, struct err *err) {
    char path[PATH_MAX];
    struct buf text;
    const char *node;
    buf_init(&text, CONFIG_TEXT_MAX);
    buf_put_str(&text, "# cairn-sp. `cairn-sp check-config --home DIR` prints what holds and probes it.\n");
    buf_printf(&text, "moniker: \"%s\"\n", in->moniker);
    buf_printf(&text, "# This provider's number on the ledger.\nsp_id: %" PRIu64 "\n", in->sp_id);
    buf_printf(&text, "# Where clients and other providers reach it over HTTP, and providers over nng.\n");
    buf_printf(&text, "http_listen: \"%s\"\np2p_listen: \"%s\"\n", in->http, in->p2p);
    buf_put_str(&text, "# Ledger nodes to ask, the first that answers; nothing of what they say is believed unproven\n"
                       "# where it matters.\nledger_nodes:\n");
    for (size_t i = 0; (node = options_nth(in->o, "--ledger", i)); i++)
        buf_printf(&text, "  - \"%s\"\n", node);
    if (!options_nth(in->o, "--ledger", 0))
        buf_put_str(&text, "  - \"http://127.0.0.1:26601\"\n");
    bool local = !strncmp(in->http, "127.", 4) || !strncmp(in->http, "[::1]", 5) || !strncmp(in->http, "localhost", 9);
    buf_printf(&text, config_rest, local ? "true" : "false");
    int rc = buf_check(&text, err);
    if (!rc)
        rc = home_path(&in->home, "config.yaml", path, err);
    if (!rc)
        rc = file_write_new(path, buf_bytes(&text), 0644, err);
    buf_release(&text);
    return rc;
}

/* --- keys ------------------------------------------------------------------------------------------------------------
 */

static int make_key(struct init *in, size_t i, struct bytes passphrase, bool least_cost, struct err *err) {
    char file[32], path[PATH_MAX];
    struct seckey key;
    uint8_t raw[sizeof key.b];
    snprintf(file, sizeof file, "%s.key", key_names[i]);
    do
        random_bytes(raw, sizeof raw);
    while (seckey_init(&key, raw, NULL)); /* once in 2^127 */
    in->keys[i] = seckey_pubkey(&key);
    int rc = home_path(&in->home, file, path, err);
    if (!rc)
        rc = keyfile_write(path, key_names[i], &key, passphrase, least_cost, err);
    wipe(raw, sizeof raw);
    seckey_wipe(&key);
    return rc;
}

static int make_keys(struct init *in, struct err *err) {
    uint8_t passphrase[PASSPHRASE_MAX];
    size_t len = 0;
    const char *file = options_value(in->o, "--passphrase-file", NULL);
    int rc = home_passphrase(file, passphrase, &len, err);
    for (size_t i = 0; !rc && i < KEYS; i++)
        rc = make_key(in, i, bytes_of(passphrase, len), !file, err);
    wipe(passphrase, sizeof passphrase);
    return rc;
}

/* --- the record
 * ------------------------------------------------------------------------------------------------------- */

static ProtobufCBinaryData data_of(const void *data, size_t len) {
    return (ProtobufCBinaryData){.len = len, .data = (uint8_t *)(uintptr_t)data};
}

static char *text_of(const char *text) {
    return (char *)(uintptr_t)text;
}

static int record_json(struct init *in, json_t **ret, struct err *err) {
    StorageProvider sp = STORAGE_PROVIDER__INIT;
    SpDescription description = SP_DESCRIPTION__INIT;
    description.moniker = text_of(in->moniker);
    sp.id = (uint32_t)in->sp_id;
    sp.operator_ = data_of(&in->operator_account, sizeof in->operator_account);
    sp.funding = data_of(&in->funding, sizeof in->funding);
    sp.seal_key = data_of(&in->keys[1], sizeof in->keys[1]);
    sp.approval_key = data_of(&in->keys[2], sizeof in->keys[2]);
    sp.gc_key = data_of(&in->keys[3], sizeof in->keys[3]);
    sp.node_key = data_of(&in->keys[4], sizeof in->keys[4]);
    sp.endpoint = text_of(in->endpoint);
    sp.p2p_endpoint = text_of(in->p2p_endpoint);
    sp.description = &description;
    sp.deposit = in->deposit;
    sp.store_price = in->store_price;
    sp.read_price = in->read_price;
    sp.free_read_quota = in->free_quota;
    sp.free_read_once = in->free_once;
    sp.capacity = in->capacity;
    return json_from_pb(&sp, ret, err);
}

static int print_record(struct init *in, struct err *err) {
    struct addr seal = addr_of_key(&in->keys[1]);
    const struct addr *funded[] = {&in->operator_account, &in->funding, &seal};
    char address[ADDR_TEXT_MAX];
    json_t *record = NULL, *root = json_object(), *accounts = json_array();
    int rc = record_json(in, &record, err);
    for (size_t i = 0; i < 3; i++) {
        if (i == 1 && addr_eq(funded[0], funded[1]))
            continue;
        addr_to_text(funded[i], address);
        json_array_append_new(accounts, json_string(address));
    }
    json_object_set_new(root, "storage_provider", record ? record : json_null());
    json_object_set_new(root, "accounts", accounts);
    char *text = json_dumps(root, JSON_INDENT(2));
    if (!rc && !text)
        rc = err_set(err, CODE_NO_MEMORY, "no memory for the record");
    if (!rc)
        puts(text);
    free(text);
    json_decref(root);
    return rc;
}

/* --- the command
 * ------------------------------------------------------------------------------------------------------ */

static bool plain(const char *text) {
    for (; *text; text++)
        if (*text < ' ' || *text == '"' || *text == '\\')
            return false;
    return true;
}

static int read_numbers(struct init *in, struct err *err) {
    const struct options *o = in->o;
    int rc = options_u64(o, "--sp-id", 0, 1, UINT32_MAX, &in->sp_id, err);
    if (!rc && !in->sp_id)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "--sp-id N is needed: the provider's number on the ledger");
    if (!rc)
        rc = options_u64(o, "--deposit", strtoull(DEPOSIT_DEFAULT, NULL, 10), 0, UINT64_MAX, &in->deposit, err);
    if (!rc)
        rc = options_u64(o, "--store-price", STORE_PRICE_DEFAULT, 0, UINT64_MAX, &in->store_price, err);
    if (!rc)
        rc = options_u64(o, "--read-price", 0, 0, UINT64_MAX, &in->read_price, err);
    if (!rc)
        rc = options_u64(o, "--free-read-quota", FREE_QUOTA_DEFAULT, 0, UINT64_MAX, &in->free_quota, err);
    if (!rc)
        rc = options_u64(o, "--free-read-once", 0, 0, UINT64_MAX, &in->free_once, err);
    return rc ? rc : options_u64(o, "--capacity", CAPACITY_DEFAULT, 0, UINT64_MAX, &in->capacity, err);
}

static int read_texts(struct init *in, struct err *err) {
    char host[ENDPOINT_MAX];
    uint16_t port;
    in->http = options_value(in->o, "--http", "127.0.0.1:26800");
    in->p2p = options_value(in->o, "--p2p", "127.0.0.1:26801");
    in->moniker = options_value(in->o, "--moniker", "sp");
    in->endpoint = options_value(in->o, "--endpoint", arena_printf(&in->arena, "http://%s", in->http));
    in->p2p_endpoint = options_value(in->o, "--p2p-endpoint", arena_printf(&in->arena, "tcp://%s", in->p2p));
    if (!in->endpoint || !in->p2p_endpoint)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    int rc = home_split(in->http, host, sizeof host, &port, err);
    if (!rc)
        rc = home_split(in->p2p, host, sizeof host, &port, err);
    if (!rc && (!plain(in->moniker) || !plain(in->http) || !plain(in->p2p)))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "moniker and addresses are plain text without quotes");
    const char *node;
    for (size_t i = 0; !rc && (node = options_nth(in->o, "--ledger", i)); i++)
        if (!plain(node))
            rc = err_set(err, CODE_INVALID_ARGUMENT, "--ledger takes http://host:port");
    return rc;
}

static int run(struct init *in, struct err *err) {
    char path[PATH_MAX];
    const char *funding = options_value(in->o, "--funding", NULL);
    int rc = read_numbers(in, err);
    if (!rc)
        rc = read_texts(in, err);
    if (!rc && funding)
        rc = addr_from_text(funding, &in->funding, err);
    if (!rc)
        rc = home_path(&in->home, "config.yaml", path, err);
    if (!rc && path_exists(path))
        rc = err_set(err, CODE_ALREADY_EXISTS, "%s is a provider's home already", in->home.dir);
    if (!rc)
        rc = dir_make(in->home.dir, 0700, err);
    if (!rc)
        rc = make_keys(in, err);
    if (rc)
        return rc;
    in->operator_account = addr_of_key(&in->keys[0]);
    if (!funding)
        in->funding = in->operator_account;
    rc = write_config(in, err); /* last: a home without it is not one yet */
    return rc ? rc : print_record(in, err);
}

int command_init(const struct options *o, struct err *err) {
    struct init in = {.o = o};
    if (!o->home || strlen(o->home) >= sizeof in.home.dir)
        return err_set(err, CODE_INVALID_ARGUMENT, "where? say --home DIR");
    memcpy(in.home.dir, o->home, strlen(o->home) + 1);
    arena_init(&in.arena, INIT_ARENA_MAX);
    int rc = run(&in, err);
    arena_release(&in.arena);
    return rc;
}
