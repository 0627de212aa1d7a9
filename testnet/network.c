/* SPDX-License-Identifier: Apache-2.0 */
#include "testnet/network.h"

#include "testnet/process.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { NETWORK_FILE_MAX = 1 << 20 };

const char *node_program(const struct node *node) {
    return node->kind == NODE_VALIDATOR ? "cairnd" : "cairn-sp";
}

static int plan_node(struct network *net, enum node_kind kind, unsigned index, struct err *err) {
    struct node *node = &net->nodes[net->node_count];
    unsigned port = net->port_base + (kind == NODE_SP ? (unsigned)NETWORK_PORT_SPS : 0) + NETWORK_PORT_STEP * index;
    if (port + 1 > UINT16_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "port %u is too high: choose a lower --port-base", port + 1);
    *node = (struct node){.kind = kind};
    snprintf(node->name, sizeof node->name, "%s%u", kind == NODE_VALIDATOR ? "validator" : "sp", index);
    /* validators: p2p, then http; providers: http, then p2p */
    node->p2p_port = (uint16_t)(kind == NODE_VALIDATOR ? port : port + 1);
    node->http_port = (uint16_t)(kind == NODE_VALIDATOR ? port + 1 : port);
    int rc = path_join(net->dir, node->name, node->home, sizeof node->home, err);
    if (rc)
        return rc;
    net->node_count++;
    return CODE_OK;
}

int network_plan(struct network *net, const char *dir, unsigned validators, unsigned sps, unsigned port_base,
                 struct err *err) {
    if (validators < 1 || validators > NETWORK_VALIDATORS_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "--validators must be 1 to %d", NETWORK_VALIDATORS_MAX);
    if (sps > NETWORK_SPS_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "--sps must be 0 to %d", NETWORK_SPS_MAX);
    if (port_base < 1024 || port_base > UINT16_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "--port-base must be 1024 to 65535");
    *net = (struct network){.port_base = (uint16_t)port_base};
    if (snprintf(net->dir, sizeof net->dir, "%s", dir) >= (int)sizeof net->dir - 64)
        return err_set(err, CODE_INVALID_ARGUMENT, "the path %s is too long", dir);
    snprintf(net->chain_id, sizeof net->chain_id, "cairn-local");
    int rc = CODE_OK;
    for (unsigned i = 0; !rc && i < validators; i++)
        rc = plan_node(net, NODE_VALIDATOR, i, err);
    for (unsigned i = 0; !rc && i < sps; i++)
        rc = plan_node(net, NODE_SP, i, err);
    return rc;
}

int network_add_validator(struct network *net, struct node **ret, struct err *err) {
    unsigned validators = 0;
    for (size_t i = 0; i < net->node_count; i++)
        validators += net->nodes[i].kind == NODE_VALIDATOR;
    if (validators >= NETWORK_VALIDATORS_MAX)
        return err_set(err, CODE_LIMIT, "a network here has at most %d validators", NETWORK_VALIDATORS_MAX);
    int rc = plan_node(net, NODE_VALIDATOR, validators, err);
    if (!rc)
        *ret = &net->nodes[net->node_count - 1];
    return rc;
}

struct node *network_find(struct network *net, const char *name) {
    for (size_t i = 0; i < net->node_count; i++)
        if (!strcmp(net->nodes[i].name, name))
            return &net->nodes[i];
    return NULL;
}

struct node *network_ledger(struct network *net) {
    for (size_t i = 0; i < net->node_count; i++)
        if (net->nodes[i].kind == NODE_VALIDATOR && process_alive(net->nodes[i].pid, net->nodes[i].start_ticks))
            return &net->nodes[i];
    return &net->nodes[0];
}

static json_t *node_to_json(const struct node *node) {
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:I}", "name", node->name, "kind",
                     node->kind == NODE_VALIDATOR ? "validator" : "sp", "home", node->home, "http_port",
                     (int)node->http_port, "p2p_port", (int)node->p2p_port, "node_id", node->node_id, "pid",
                     (int)node->pid, "start_ticks", (json_int_t)node->start_ticks);
}

int network_save(const struct network *net, struct err *err) {
    json_t *nodes = json_array();
    for (size_t i = 0; i < net->node_count; i++)
        json_array_append_new(nodes, node_to_json(&net->nodes[i]));
    json_t *root =
        json_pack("{s:i, s:s, s:i, s:i, s:s, s:o}", "version", 1, "chain_id", net->chain_id, "port_base",
                  (int)net->port_base, "supervisor", (int)net->supervisor, "funded", net->funded, "nodes", nodes);
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    if (!text)
        return err_set(err, CODE_NO_MEMORY, "no memory to write network.json");
    char path[NETWORK_PATH_MAX];
    int rc = path_join(net->dir, "network.json", path, sizeof path, err);
    if (!rc)
        rc = file_write_atomic(path, bytes_str(text), 0644, err);
    free(text);
    return rc;
}

static bool copy_text(const char *from, char *ret, size_t room) {
    return from && (size_t)snprintf(ret, room, "%s", from) < room;
}

static bool node_from_json(json_t *entry, struct node *ret) {
    const char *name, *kind, *home, *node_id;
    int http_port, p2p_port, pid;
    json_int_t ticks;
    if (json_unpack(entry, "{s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:I}", "name", &name, "kind", &kind, "home", &home,
                    "http_port", &http_port, "p2p_port", &p2p_port, "node_id", &node_id, "pid", &pid, "start_ticks",
                    &ticks))
        return false;
    if (http_port < 1 || http_port > UINT16_MAX || p2p_port < 1 || p2p_port > UINT16_MAX || pid < 0 || ticks < 0)
        return false;
    *ret = (struct node){.kind = strcmp(kind, "sp") ? NODE_VALIDATOR : NODE_SP,
                         .http_port = (uint16_t)http_port,
                         .p2p_port = (uint16_t)p2p_port,
                         .pid = pid,
                         .start_ticks = (uint64_t)ticks};
    return copy_text(name, ret->name, sizeof ret->name) && copy_text(home, ret->home, sizeof ret->home) &&
           copy_text(node_id, ret->node_id, sizeof ret->node_id);
}

static bool network_from_json(json_t *root, struct network *net) {
    const char *chain_id, *funded;
    int version, port_base, supervisor;
    json_t *nodes;
    if (json_unpack(root, "{s:i, s:s, s:i, s:i, s:s, s:o}", "version", &version, "chain_id", &chain_id, "port_base",
                    &port_base, "supervisor", &supervisor, "funded", &funded, "nodes", &nodes))
        return false;
    size_t count = json_array_size(nodes);
    if (version != 1 || count < 1 || count > NETWORK_NODES_MAX || port_base < 1 || port_base > UINT16_MAX)
        return false;
    net->port_base = (uint16_t)port_base;
    net->supervisor = supervisor;
    net->node_count = count;
    if (!copy_text(chain_id, net->chain_id, sizeof net->chain_id) ||
        !copy_text(funded, net->funded, sizeof net->funded))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!node_from_json(json_array_get(nodes, i), &net->nodes[i]))
            return false;
    return true;
}

int network_load(struct network *ret, const char *dir, struct err *err) {
    struct network *net = calloc(1, sizeof *net);
    struct buf text;
    char path[NETWORK_PATH_MAX];
    json_t *root = NULL;
    int rc;
    buf_init(&text, NETWORK_FILE_MAX);
    if (!net)
        rc = err_set(err, CODE_NO_MEMORY, "no memory to read network.json");
    else
        rc = path_join(dir, "network.json", path, sizeof path, err);
    if (rc)
        goto out;
    if (!path_exists(path)) {
        rc = err_set(err, CODE_NOT_FOUND, "there is no network in %s: start one with `cairn-testnet up --dir %s`", dir,
                     dir);
        goto out;
    }
    rc = file_read(path, &text, err);
    if (rc)
        goto out;
    root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!root || !network_from_json(root, net) || !copy_text(dir, net->dir, sizeof net->dir)) {
        rc = err_set(err, CODE_CORRUPT, "%s is damaged or of another version; remove the directory to start afresh",
                     path);
        goto out;
    }
    *ret = *net;
out:
    json_decref(root);
    buf_release(&text);
    free(net);
    return rc;
}
