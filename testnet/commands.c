/* SPDX-License-Identifier: Apache-2.0 */
#include "testnet/commands.h"

#include "testnet/create.h"
#include "testnet/probe.h"
#include "testnet/process.h"
#include "testnet/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READY_MS = 60000, PROBE_MS = 2000 };

int command_open(const struct options *o, struct file_lock *lock, struct network *net, struct err *err) {
    char path[NETWORK_PATH_MAX];
    if (!path_exists(o->dir))
        return err_set(err, CODE_NOT_FOUND, "there is no network in %s: start one with `cairn-testnet up --dir %s`",
                       o->dir, o->dir);
    int rc = path_join(o->dir, "lock", path, sizeof path, err);
    if (!rc)
        rc = lock_file(lock, path, err);
    if (rc)
        return rc;
    rc = network_load(net, o->dir, err);
    if (rc)
        lock_release(lock);
    return rc;
}

/* Loads, runs work on the network, saves it when asked. */
static int with_network(const struct options *o, bool save,
                        int (*work)(const struct options *o, struct network *net, struct err *err), struct err *err) {
    struct file_lock lock;
    struct network *net = calloc(1, sizeof *net);
    if (!net)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    int rc = command_open(o, &lock, net, err);
    if (!rc) {
        rc = work(o, net, err);
        if (save) {
            int saved = network_save(net, rc ? NULL : err);
            rc = rc ? rc : saved;
        }
        lock_release(&lock);
    }
    free(net);
    return rc;
}

static int unknown_node(const struct network *net, const char *name, struct err *err) {
    return err_set(err, CODE_NOT_FOUND, "there is no node %s in %s; see `cairn-testnet status`", name, net->dir);
}

/* --- status ------------------------------------------------------------------------------------------------------- */

static json_t *node_status(const struct node *node) {
    bool alive = process_alive(node->pid, node->start_ticks);
    json_t *answer = NULL;
    if (alive)
        probe_get(node->http_port, "/v1/status", PROBE_MS, &answer, NULL);
    json_t *entry = json_pack("{s:s, s:s, s:b, s:i, s:i, s:i, s:s}", "name", node->name, "kind",
                              node->kind == NODE_VALIDATOR ? "validator" : "sp", "running", alive, "pid",
                              alive ? (int)node->pid : 0, "http_port", (int)node->http_port, "p2p_port",
                              (int)node->p2p_port, "home", node->home);
    if (entry && answer)
        json_object_set(entry, "status", answer);
    json_decref(answer);
    return entry;
}

static const char *status_text(json_t *entry, const char *key) {
    json_t *value = json_object_get(json_object_get(entry, "status"), key);
    return json_is_string(value) ? json_string_value(value) : "-";
}

static int status_work(const struct options *o, struct network *net, struct err *err) {
    json_t *nodes = json_array();
    for (size_t i = 0; i < net->node_count; i++)
        json_array_append_new(nodes, node_status(&net->nodes[i]));
    int rc = CODE_OK;
    if (o->json) {
        json_t *root = json_pack("{s:s, s:s, s:O}", "dir", net->dir, "chain_id", net->chain_id, "nodes", nodes);
        char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
        if (text)
            puts(text);
        else
            rc = err_set(err, CODE_NO_MEMORY, "no memory");
        free(text);
        json_decref(root);
    } else {
        size_t i;
        json_t *entry;
        printf("%-12s %-8s %-8s %-10s %-24s %s\n", "name", "state", "pid", "height", "http", "app hash");
        json_array_foreach(nodes, i, entry)
            printf("%-12s %-8s %-8d %-10s 127.0.0.1:%-14u %.16s\n", net->nodes[i].name,
                   json_is_true(json_object_get(entry, "running")) ? "running" : "stopped",
                   (int)json_integer_value(json_object_get(entry, "pid")), status_text(entry, "height"),
                   net->nodes[i].http_port, status_text(entry, "app_hash"));
    }
    json_decref(nodes);
    return rc;
}

int command_status(const struct options *o, struct err *err) {
    return with_network(o, false, status_work, err);
}

/* --- env ---------------------------------------------------------------------------------------------------------- */

static int env_work(const struct options *o, struct network *net, struct err *err) {
    (void)o;
    char client[NETWORK_PATH_MAX], program[NETWORK_PATH_MAX];
    int rc = create_client_home(net, client, sizeof client, err);
    if (!rc)
        rc = process_sibling("", program, sizeof program, err);
    if (rc)
        return rc;
    program[strlen(program) - 1] = '\0';
    printf("export CAIRN_TESTNET_DIR=");
    options_print_quoted(net->dir);
    printf("\nexport CAIRN_HOME=");
    options_print_quoted(client);
    printf("\nexport CAIRN_NODE='");
    for (size_t i = 0, n = 0; i < net->node_count; i++)
        if (net->nodes[i].kind == NODE_VALIDATOR)
            printf("%shttp://127.0.0.1:%u", n++ ? "," : "", net->nodes[i].http_port);
    printf("'\nexport CAIRN_KEYRING=test\nexport CAIRN_FROM=owner\n");
    printf("export CAIRN_FUNDED=%s\nexport PATH=", net->funded);
    options_print_quoted(program);
    printf(":\"$PATH\"\n");
    return CODE_OK;
}

int command_env(const struct options *o, struct err *err) {
    return with_network(o, false, env_work, err);
}

/* --- logs --------------------------------------------------------------------------------------------------------- */

static int logs_work(const struct options *o, struct network *net, struct err *err) {
    struct node *node = network_find(net, o->words[0]);
    char path[NETWORK_PATH_MAX], chunk[1 << 16];
    if (!node)
        return unknown_node(net, o->words[0], err);
    int rc = path_join(node->home, node_log_name(), path, sizeof path, err);
    if (rc)
        return rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "cannot open %s", path);
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        fwrite(chunk, 1, (size_t)n, stdout);
    if (n < 0)
        rc = err_errno(err, errno, "cannot read %s", path);
    close(fd);
    return rc;
}

int command_logs(const struct options *o, struct err *err) {
    return with_network(o, false, logs_work, err);
}

/* --- kill, start -------------------------------------------------------------------------------------------------- */

static int kill_work(const struct options *o, struct network *net, struct err *err) {
    bool all = !strcmp(o->words[0], "all");
    if (!all && !network_find(net, o->words[0]))
        return unknown_node(net, o->words[0], err);
    for (size_t i = 0; all && i < net->node_count; i++) /* all at once: none sees the others go */
        process_end(net->nodes[i].pid, net->nodes[i].start_ticks, SIGKILL, 0);
    int rc = CODE_OK;
    for (size_t i = 0; i < net->node_count; i++)
        if ((all || !strcmp(net->nodes[i].name, o->words[0])) && !run_stop(&net->nodes[i], SIGKILL))
            rc = err_set(err, CODE_TIMEOUT, "%s did not end", net->nodes[i].name);
    return rc;
}

int command_kill(const struct options *o, struct err *err) {
    return with_network(o, true, kill_work, err);
}

static int start_work(const struct options *o, struct network *net, struct err *err) {
    bool all = !strcmp(o->words[0], "all");
    if (!all && !network_find(net, o->words[0]))
        return unknown_node(net, o->words[0], err);
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < net->node_count; i++)
        if (all || !strcmp(net->nodes[i].name, o->words[0]))
            rc = run_start(&net->nodes[i], err);
    return rc ? rc : run_wait_ready(net, READY_MS, err);
}

int command_start(const struct options *o, struct err *err) {
    return with_network(o, true, start_work, err);
}

/* --- faucet ------------------------------------------------------------------------------------------------------- */

static int faucet_work(const struct options *o, struct network *net, struct err *err) {
    char client[NETWORK_PATH_MAX], cairn[NETWORK_PATH_MAX], url[40];
    int rc = create_client_home(net, client, sizeof client, err);
    if (!rc)
        rc = process_sibling("cairn", cairn, sizeof cairn, err);
    if (rc)
        return rc;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", network_ledger(net)->http_port);
    const char *argv[] = {cairn,    "--home", client,      "--node",  url,    "--keyring", "test",      "--from",
                          "faucet", "--wait", "committed", "account", "send", o->words[0], o->words[1], NULL};
    return process_run(argv, NULL, NULL, err);
}

int command_faucet(const struct options *o, struct err *err) {
    return with_network(o, false, faucet_work, err);
}
