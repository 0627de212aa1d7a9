/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTNET_CREATE_H
#define CAIRN_TESTNET_CREATE_H
/* Makes a planned network's homes: each program's own `init`, one genesis with all of them, a client home with two
 * keys. */
#include "testnet/network.h"

/* The client's home below DIR; holds the keys "faucet" and "owner", both funded in genesis. */
int create_client_home(const struct network *net, char *ret_path, size_t ret_size, struct err *err);

/* Fills DIR, and the node ids and the funded address in *net. Ledger time passes time_scale times as fast as time (0:
 * as fast). DIR must not hold a network. What was made stays on failure, for a look; network.json is not written. */
int create_network(struct network *net, uint64_t time_scale, struct err *err);

/* A home for a planned validator beside a network that exists: keys, genesis, peers. Gives the address of its key. */
int create_validator(const struct network *net, struct node *node, char *ret_address, size_t ret_size, struct err *err);

#endif
