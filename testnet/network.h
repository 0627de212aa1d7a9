/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTNET_NETWORK_H
#define CAIRN_TESTNET_NETWORK_H
/*
 * The description of one local network, kept in DIR/network.json: who runs where, under which pid. Every command loads
 * it under DIR/lock, changes it, and saves it, so commands in several shells do not disturb each other.
 */
#include "chain/os/file.h"

#include <sys/types.h>

enum {
    NETWORK_VALIDATORS_MAX = 16,
    NETWORK_SPS_MAX = 32,
    NETWORK_NODES_MAX = NETWORK_VALIDATORS_MAX + NETWORK_SPS_MAX,
    NETWORK_PATH_MAX = 512, /* of a directory below DIR */
    NETWORK_PORT_STEP = 10, /* ports from one node to the next */
    NETWORK_PORT_SPS = 200, /* from the port base to the first provider */
};

enum node_kind { NODE_VALIDATOR, NODE_SP };

struct node {
    char name[16]; /* "validator0", "sp0" */
    enum node_kind kind;
    char home[NETWORK_PATH_MAX];
    uint16_t http_port;
    uint16_t p2p_port;
    char node_id[96];     /* cairn1...; validators */
    pid_t pid;            /* 0: not started */
    uint64_t start_ticks; /* /proc/PID/stat field 22: with the pid, names one process for ever */
};

struct network {
    char dir[NETWORK_PATH_MAX];
    char chain_id[32];
    uint16_t port_base;
    pid_t supervisor; /* of `up` in the foreground; 0 with --detach */
    char funded[96];  /* address of the key "owner" */
    size_t node_count;
    struct node nodes[NETWORK_NODES_MAX];
};

/* Names, homes and ports of a network that does not exist yet. dir must be absolute. CODE_INVALID_ARGUMENT when a
 * number is out of its bounds or a port would pass 65535. */
int network_plan(struct network *net, const char *dir, unsigned validators, unsigned sps, unsigned port_base,
                 struct err *err);

/* One more validator, behind the others: name, home and ports. Borrowed from net. CODE_LIMIT when there are as many as
 * can be. */
int network_add_validator(struct network *net, struct node **ret, struct err *err);

/* CODE_NOT_FOUND when DIR holds no network; CODE_CORRUPT when the file is not one of ours. */
int network_load(struct network *ret, const char *dir, struct err *err);
int network_save(const struct network *net, struct err *err);

/* By name; NULL when there is none. Borrowed from net. */
struct node *network_find(struct network *net, const char *name);
/* The first validator that is running, else the first. Borrowed. */
struct node *network_ledger(struct network *net);

const char *node_program(const struct node *node); /* "cairnd" or "cairn-sp" */

#endif
