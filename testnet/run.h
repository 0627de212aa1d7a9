/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTNET_RUN_H
#define CAIRN_TESTNET_RUN_H
/* Starting, watching and stopping the nodes of a network. */
#include "testnet/network.h"

/* Starts one node unless it runs; its pid goes into *node (save the network afterwards). */
int run_start(struct node *node, struct err *err);

/* Waits until every running node says over HTTP that it is ready. CODE_TIMEOUT names who is not; CODE_UNAVAILABLE who
 * ended, with the path of its log. */
int run_wait_ready(struct network *net, unsigned timeout_ms, struct err *err);

/* Waits until every running validator has the first block: nothing can be proven before. As above. */
int run_wait_block(struct network *net, unsigned timeout_ms, struct err *err);

/* Asks every running node to stop, waits, and kills what did not. True when all are gone. */
bool run_stop_all(struct network *net);
/* One node; signal SIGTERM lets it drain, SIGKILL does not. */
bool run_stop(struct node *node, int signal);

static inline const char *node_log_name(void) {
    return "log";
}

#endif
