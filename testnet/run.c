/* SPDX-License-Identifier: Apache-2.0 */
#include "testnet/run.h"

#include "chain/os/clock.h"
#include "testnet/probe.h"
#include "testnet/process.h"

#include <poll.h>
#include <signal.h>

enum { STOP_WAIT_MS = 15000, KILL_WAIT_MS = 5000, PROBE_MS = 1000, PROBE_PAUSE_MS = 50 };

static int node_log(const struct node *node, char *ret_path, size_t room, struct err *err) {
    return path_join(node->home, node_log_name(), ret_path, room, err);
}

int run_start(struct node *node, struct err *err) {
    if (process_alive(node->pid, node->start_ticks))
        return CODE_OK;
    char program[NETWORK_PATH_MAX], log[NETWORK_PATH_MAX];
    int rc = process_sibling(node_program(node), program, sizeof program, err);
    if (!rc)
        rc = node_log(node, log, sizeof log, err);
    if (rc)
        return rc;
    const char *argv[] = {program, "start", "--home", node->home, NULL};
    return process_start(argv, log, &node->pid, &node->start_ticks, err);
}

/* One node: CODE_OK when it answers 200 on path, CODE_NOT_READY when not yet. */
static int node_answers(const struct node *node, const char *path, struct err *err) {
    if (!process_alive(node->pid, node->start_ticks)) {
        char log[NETWORK_PATH_MAX] = "its log";
        node_log(node, log, sizeof log, NULL);
        return err_set(err, CODE_UNAVAILABLE, "%s ended while starting; see %s", node->name, log);
    }
    json_t *answer = NULL;
    int rc = probe_get(node->http_port, path, PROBE_MS, &answer, NULL);
    json_decref(answer);
    return rc ? CODE_NOT_READY : CODE_OK;
}

static int wait_answers(const struct node *node, const char *path, uint64_t until, struct err *err) {
    int rc;
    while ((rc = node_answers(node, path, err)) == CODE_NOT_READY && clock_mono_ms() < until)
        poll(NULL, 0, PROBE_PAUSE_MS); /* a refused connection answers at once: ask again a little later */
    if (rc == CODE_NOT_READY)
        return err_set(err, CODE_TIMEOUT, "%s is not ready in time; see `cairn-testnet logs %s`", node->name,
                       node->name);
    return rc;
}

int run_wait_ready(struct network *net, unsigned timeout_ms, struct err *err) {
    uint64_t until = clock_mono_ms() + timeout_ms;
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < net->node_count; i++)
        if (net->nodes[i].pid)
            rc = wait_answers(&net->nodes[i], probe_ready_path(&net->nodes[i]), until, err);
    return rc;
}

int run_wait_block(struct network *net, unsigned timeout_ms, struct err *err) {
    uint64_t until = clock_mono_ms() + timeout_ms;
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < net->node_count; i++)
        if (net->nodes[i].pid && net->nodes[i].kind == NODE_VALIDATOR)
            rc = wait_answers(&net->nodes[i], "/v1/header/1", until, err);
    return rc;
}

bool run_stop(struct node *node, int signal) {
    bool gone = process_end(node->pid, node->start_ticks, signal, signal == SIGKILL ? KILL_WAIT_MS : STOP_WAIT_MS) ||
                process_end(node->pid, node->start_ticks, SIGKILL, KILL_WAIT_MS);
    if (gone) {
        node->pid = 0;
        node->start_ticks = 0;
    }
    return gone;
}

bool run_stop_all(struct network *net) {
    /* all are asked first, providers before the validators that they ask: then each is waited for */
    for (size_t i = net->node_count; i-- > 0;)
        process_end(net->nodes[i].pid, net->nodes[i].start_ticks, SIGTERM, 0);
    bool gone = true;
    for (size_t i = net->node_count; i-- > 0;)
        gone = run_stop(&net->nodes[i], SIGTERM) && gone;
    return gone;
}
