/* SPDX-License-Identifier: Apache-2.0 */
#include "testnet/create.h"

#include "testnet/process.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 20, CONFIG_MAX = 1 << 16, GENESIS_MAX = 1 << 22 };

/* pebble: 1 CAIRN = 10^9 */
#define FUNDS_FAUCET "1000000000000000000"
#define FUNDS_OWNER  "1000000000000000"
#define FUNDS_NODE   "1000000000000000"

struct create {
    struct network *net;
    json_t *genesis, *accounts, *validators, *sps; /* the last three borrowed from genesis */
    char cairnd[NETWORK_PATH_MAX], cairn_sp[NETWORK_PATH_MAX], cairn[NETWORK_PATH_MAX], client[NETWORK_PATH_MAX];
};

int create_client_home(const struct network *net, char *ret_path, size_t ret_size, struct err *err) {
    return path_join(net->dir, "client", ret_path, ret_size, err);
}

/* Runs a program of ours that prints one JSON object. *ret is owned by the caller. */
static int run_json(const char *const argv[], json_t **ret, struct err *err) {
    struct buf out;
    buf_init(&out, OUTPUT_MAX);
    int rc = process_run(argv, &out, NULL, err);
    if (!rc) {
        json_t *root = json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
        if (json_is_object(root))
            *ret = root;
        else {
            json_decref(root);
            rc = err_set(err, CODE_MALFORMED, "%s %s did not print a JSON object", argv[0], argv[1]);
        }
    }
    buf_release(&out);
    return rc;
}

static int fund(struct create *c, const char *address, const char *pebble, struct err *err) {
    size_t i;
    json_t *entry;
    json_array_foreach(c->accounts, i, entry) if (!strcmp(json_string_value(json_object_get(entry, "address")),
                                                          address)) return CODE_OK;
    if (json_array_append_new(c->accounts, json_pack("{s:s, s:s}", "address", address, "balance", pebble)))
        return err_set(err, CODE_NO_MEMORY, "no memory for the genesis");
    return CODE_OK;
}

static int fund_all(struct create *c, json_t *printed, struct err *err) {
    size_t i;
    json_t *address;
    json_array_foreach(json_object_get(printed, "accounts"), i, address) {
        int rc = fund(c, json_string_value(address), FUNDS_NODE, err);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

/* *ret is what `cairnd init` printed, with a node id and a validator; owned by the caller. */
static int run_init(const char *cairnd, struct node *node, json_t **ret, struct err *err) {
    char p2p[32], http[32];
    snprintf(p2p, sizeof p2p, "127.0.0.1:%u", node->p2p_port);
    snprintf(http, sizeof http, "127.0.0.1:%u", node->http_port);
    const char *argv[] = {cairnd,  "init", "--home", node->home, "--moniker", node->name,
                          "--p2p", p2p,    "--http", http,       NULL};
    json_t *printed = NULL;
    int rc = run_json(argv, &printed, err);
    if (rc)
        return rc;
    const char *node_id = json_string_value(json_object_get(printed, "node_id"));
    if (!node_id || strlen(node_id) >= sizeof node->node_id || !json_is_object(json_object_get(printed, "validator"))) {
        json_decref(printed);
        return err_set(err, CODE_MALFORMED, "cairnd init did not print node_id and validator");
    }
    snprintf(node->node_id, sizeof node->node_id, "%s", node_id);
    *ret = printed;
    return CODE_OK;
}

static int init_validator(struct create *c, struct node *node, struct err *err) {
    json_t *printed;
    int rc = run_init(c->cairnd, node, &printed, err);
    if (rc)
        return rc;
    json_array_append(c->validators, json_object_get(printed, "validator"));
    rc = fund_all(c, printed, err);
    json_decref(printed);
    return rc;
}

static int init_sp(struct create *c, struct node *node, unsigned sp_id, struct err *err) {
    char p2p[32], http[32], id[16], urls[3][40];
    snprintf(p2p, sizeof p2p, "127.0.0.1:%u", node->p2p_port);
    snprintf(http, sizeof http, "127.0.0.1:%u", node->http_port);
    snprintf(id, sizeof id, "%u", sp_id);
    const char *argv[24] = {c->cairn_sp, "init", "--home", node->home, "--moniker", node->name,
                            "--p2p",     p2p,    "--http", http,       "--sp-id",   id};
    size_t n = 12;
    /* providers spread over the validators: each asks another one first */
    size_t validators = json_array_size(c->validators);
    for (size_t i = 0; i < 3 && i < validators; i++) {
        snprintf(urls[i], sizeof urls[i], "http://127.0.0.1:%u", c->net->nodes[(sp_id + i) % validators].http_port);
        argv[n++] = "--ledger";
        argv[n++] = urls[i];
    }
    json_t *printed = NULL;
    int rc = run_json(argv, &printed, err);
    if (rc)
        return rc;
    json_t *record = json_object_get(printed, "storage_provider");
    if (!json_is_object(record))
        rc = err_set(err, CODE_MALFORMED, "cairn-sp init did not print storage_provider");
    else {
        json_array_append(c->sps, record);
        rc = fund_all(c, printed, err);
    }
    json_decref(printed);
    return rc;
}

static int add_key(struct create *c, const char *name, const char *pebble, char *ret_address, size_t room,
                   struct err *err) {
    const char *argv[] = {c->cairn, "--home", c->client, "--keyring", "test", "--json", "key", "add", name, NULL};
    json_t *printed = NULL;
    int rc = run_json(argv, &printed, err);
    if (rc)
        return rc;
    const char *address = json_string_value(json_object_get(printed, "address"));
    if (!address)
        rc = err_set(err, CODE_MALFORMED, "cairn key add did not print an address");
    else {
        rc = fund(c, address, pebble, err);
        if (ret_address)
            snprintf(ret_address, room, "%s", address);
    }
    json_decref(printed);
    return rc;
}

/* Takes a line that begins with `key` out of a config. */
static void drop_line(struct buf *text, const char *key) {
    size_t len = strlen(key);
    for (size_t at = 0; at < text->len;) {
        const uint8_t *end = memchr(text->data + at, '\n', text->len - at);
        size_t line = end ? (size_t)(end - text->data) - at + 1 : text->len - at;
        if (line >= len && !memcmp(text->data + at, key, len)) {
            memmove(text->data + at, text->data + at + line, text->len - at - line);
            text->len -= line;
        } else {
            at += line;
        }
    }
}

/* The peers are known only when all nodes have a key: put them into what `init` wrote. */
static int set_peers(const struct network *net, const struct node *node, struct err *err) {
    char path[NETWORK_PATH_MAX];
    struct buf text;
    buf_init(&text, CONFIG_MAX);
    int rc = path_join(node->home, "config.yaml", path, sizeof path, err);
    if (!rc)
        rc = file_read(path, &text, err);
    if (!rc) {
        drop_line(&text, "peers:");
        buf_put_str(&text, "\npeers:\n");
        size_t peers = 0;
        for (size_t i = 0; i < net->node_count; i++) {
            const struct node *peer = &net->nodes[i];
            if (peer->kind != NODE_VALIDATOR || peer == node)
                continue;
            buf_printf(&text, "  - node_id: %s\n    address: 127.0.0.1:%u\n", peer->node_id, peer->p2p_port);
            peers++;
        }
        rc = buf_check(&text, err);
        if (!rc && peers)
            rc = file_write_atomic(path, buf_bytes(&text), 0644, err);
    }
    buf_release(&text);
    return rc;
}

static int place_genesis(const struct create *c, struct err *err) {
    char *text = json_dumps(c->genesis, JSON_INDENT(1));
    if (!text)
        return err_set(err, CODE_NO_MEMORY, "no memory for the genesis");
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i <= c->net->node_count; i++) {
        char path[NETWORK_PATH_MAX];
        rc = path_join(i < c->net->node_count ? c->net->nodes[i].home : c->client, "genesis.json", path, sizeof path,
                       err);
        if (!rc)
            rc = file_write_atomic(path, bytes_str(text), 0644, err);
    }
    free(text);
    return rc;
}

static int copy_genesis(const struct network *net, const struct node *node, struct err *err) {
    char from[NETWORK_PATH_MAX], to[NETWORK_PATH_MAX];
    struct buf text;
    buf_init(&text, GENESIS_MAX);
    int rc = path_join(net->nodes[0].home, "genesis.json", from, sizeof from, err);
    if (!rc)
        rc = file_read(from, &text, err);
    if (!rc)
        rc = path_join(node->home, "genesis.json", to, sizeof to, err);
    if (!rc)
        rc = file_write_atomic(to, buf_bytes(&text), 0644, err);
    buf_release(&text);
    return rc;
}

int create_validator(const struct network *net, struct node *node, char *ret_address, size_t ret_size,
                     struct err *err) {
    char cairnd[NETWORK_PATH_MAX];
    json_t *printed = NULL;
    int rc = process_sibling("cairnd", cairnd, sizeof cairnd, err);
    if (!rc)
        rc = run_init(cairnd, node, &printed, err);
    if (rc)
        return rc;
    const char *address = json_string_value(json_object_get(json_object_get(printed, "validator"), "address"));
    if (!address || snprintf(ret_address, ret_size, "%s", address) >= (int)ret_size)
        rc = err_set(err, CODE_MALFORMED, "cairnd init did not print the validator's address");
    json_decref(printed);
    if (!rc)
        rc = copy_genesis(net, node, err);
    return rc ? rc : set_peers(net, node, err);
}

static int genesis_new(struct create *c, uint64_t time_scale, struct err *err) {
    const char *argv[] = {c->cairnd, "genesis", "--chain-id", c->net->chain_id, "--development", NULL};
    int rc = run_json(argv, &c->genesis, err);
    if (rc)
        return rc;
    if (time_scale) {
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)time_scale);
        json_t *consensus = json_object_get(json_object_get(c->genesis, "params"), "consensus");
        if (json_object_set_new(consensus, "time_scale", json_string(text)))
            return err_set(err, CODE_MALFORMED, "cairnd genesis printed no parameters of consensus");
    }
    const char *lists[] = {"accounts", "validators", "sps"};
    json_t **slots[] = {&c->accounts, &c->validators, &c->sps};
    for (size_t i = 0; i < 3; i++) {
        json_object_set_new(c->genesis, lists[i], json_array());
        *slots[i] = json_object_get(c->genesis, lists[i]);
    }
    return CODE_OK;
}

int create_network(struct network *net, uint64_t time_scale, struct err *err) {
    struct create c = {.net = net};
    int rc = dir_make(net->dir, 0700, err);
    if (!rc)
        rc = process_sibling("cairnd", c.cairnd, sizeof c.cairnd, err);
    if (!rc)
        rc = process_sibling("cairn-sp", c.cairn_sp, sizeof c.cairn_sp, err);
    if (!rc)
        rc = process_sibling("cairn", c.cairn, sizeof c.cairn, err);
    if (!rc)
        rc = create_client_home(net, c.client, sizeof c.client, err);
    if (!rc)
        rc = genesis_new(&c, time_scale, err);
    unsigned sp_id = 0;
    for (size_t i = 0; !rc && i < net->node_count; i++) {
        struct node *node = &net->nodes[i];
        rc = node->kind == NODE_VALIDATOR ? init_validator(&c, node, err) : init_sp(&c, node, ++sp_id, err);
    }
    if (!rc)
        rc = add_key(&c, "faucet", FUNDS_FAUCET, NULL, 0, err);
    if (!rc)
        rc = add_key(&c, "owner", FUNDS_OWNER, net->funded, sizeof net->funded, err);
    for (size_t i = 0; !rc && i < json_array_size(c.validators); i++) /* who plays with it votes for all of them */
        json_object_set_new(json_array_get(c.validators, i), "operator", json_string(net->funded));
    for (size_t i = 0; !rc && i < net->node_count; i++)
        if (net->nodes[i].kind == NODE_VALIDATOR)
            rc = set_peers(net, &net->nodes[i], err);
    if (!rc)
        rc = place_genesis(&c, err);
    json_decref(c.genesis);
    return rc;
}
