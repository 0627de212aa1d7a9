/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_JOINING_H
#define CAIRN_CHAIN_NODE_JOINING_H
/* The thread by which an empty node joins by a snapshot. Private to chain/node. */
#include "chain/node/join.h"

struct node;

/* Is it asked for, and the store empty? */
bool joining_due(struct node *n);
/* Begins; the network is open. When the store stands, or nobody has a snapshot, the thread calls node_go; a failure
 * goes to node_fail. */
int joining_start(struct node *n, struct err *err);
/* Waits for it and frees it. The node's events are closed before. Nothing to do is allowed. */
void joining_stop(struct node *n);

/* All blocks are taken: what was half taken in before goes. */
int joining_drop(struct node *n, struct err *err);

#endif
