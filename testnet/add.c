/* SPDX-License-Identifier: Apache-2.0 */
/* cairn-testnet add-validator: one more node, started, and made a validator of the key "owner". */
#include "testnet/commands.h"
#include "testnet/create.h"
#include "testnet/process.h"
#include "testnet/run.h"

#include <stdio.h>
#include <stdlib.h>

enum { READY_MS = 120000, PROOF_MAX = 1 << 16, OUTPUT_MAX = 1 << 16 };

#define BOND_DEFAULT "10CAIRN"  /* the power of a validator of genesis */
#define FUNDS        "100CAIRN" /* of its own account: registering reveal chains */

/* Runs `cairn` as the key `from` and waits until the block is there. */
static int cairn(const struct network *net, const char *from, const char *const words[], struct err *err) {
    char client[NETWORK_PATH_MAX], program[NETWORK_PATH_MAX], url[40];
    const char *argv[24] = {program, "--home", client, "--node", url,        "--keyring",
                            "test",  "--from", from,   "--wait", "committed"};
    size_t n = 11;
    int rc = create_client_home(net, client, sizeof client, err);
    if (!rc)
        rc = process_sibling("cairn", program, sizeof program, err);
    if (rc)
        return rc;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", network_ledger((struct network *)(uintptr_t)net)->http_port);
    while (*words)
        argv[n++] = *words++;
    struct buf out; /* what it tells is of no interest here */
    buf_init(&out, OUTPUT_MAX);
    rc = process_run(argv, &out, NULL, err);
    buf_release(&out);
    return rc;
}

static int write_proof(const struct network *net, const struct node *node, char *ret_path, size_t size,
                       struct err *err) {
    char cairnd[NETWORK_PATH_MAX];
    struct buf out;
    buf_init(&out, PROOF_MAX);
    int rc = process_sibling("cairnd", cairnd, sizeof cairnd, err);
    const char *argv[] = {cairnd, "validator-proof", "--home", node->home, "--operator", net->funded, NULL};
    if (!rc)
        rc = process_run(argv, &out, NULL, err);
    if (!rc)
        rc = path_join(node->home, "proof.json", ret_path, size, err);
    if (!rc)
        rc = file_write_atomic(ret_path, buf_bytes(&out), 0644, err);
    buf_release(&out);
    return rc;
}

static int join_set(const struct options *o, const struct network *net, const struct node *node, const char *address,
                    struct err *err) {
    char proof[NETWORK_PATH_MAX];
    const char *send[] = {"account", "send", address, FUNDS, NULL};
    const char *create[] = {"validator", "create", proof, "--bond", o->bond ? o->bond : BOND_DEFAULT, NULL};
    int rc = cairn(net, "faucet", send, err);
    if (!rc)
        rc = write_proof(net, node, proof, sizeof proof, err);
    return rc ? rc : cairn(net, "owner", create, err);
}

static int add(const struct options *o, struct network *net, struct err *err) {
    struct node *node;
    char address[96];
    int rc = network_add_validator(net, &node, err);
    if (!rc)
        rc = create_validator(net, node, address, sizeof address, err);
    if (!rc)
        rc = run_start(node, err);
    if (!rc)
        rc = network_save(net, err); /* so that `down` finds it whatever happens to us */
    if (!rc)
        rc = run_wait_ready(net, READY_MS, err);
    if (!rc && !o->full_node)
        rc = join_set(o, net, node, address, err);
    if (!rc)
        printf("%s %s http://127.0.0.1:%u\n", node->name, address, node->http_port);
    return rc;
}

int command_add_validator(const struct options *o, struct err *err) {
    struct file_lock lock;
    struct network *net = calloc(1, sizeof *net);
    if (!net)
        return err_set(err, CODE_NO_MEMORY, "no memory");
    int rc = command_open(o, &lock, net, err);
    if (!rc) {
        rc = add(o, net, err);
        lock_release(&lock);
    }
    free(net);
    return rc;
}
