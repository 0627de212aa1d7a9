/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTNET_PROBE_H
#define CAIRN_TESTNET_PROBE_H
/* One HTTP question to a node on this machine. */
#include "testnet/network.h"

#include <jansson.h>

/* GET http://127.0.0.1:PORT PATH -> JSON object, owned by the caller. CODE_UNAVAILABLE when nobody answers or the
 * answer is not 200. */
int probe_get(uint16_t port, const char *path, unsigned timeout_ms, json_t **ret, struct err *err);

/* The path that answers 200 once the node can serve. */
static inline const char *probe_ready_path(const struct node *node) {
    (void)node;
    return "/v1/health";
}

#endif
