/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_SP_PROBE_H
#define CAIRN_CLIENT_LIB_SP_PROBE_H
/* Is a provider where its record will say? Asked before the record is written, so that nobody is sent to a machine that
 * does not answer, to another one, or to an address that only its own network has. */
#include "cairn/sp.h"
#include "chain/base/err.h"

struct sp_probe {
    const char *chain_id; /* of the ledger that it follows */
    uint32_t sp_id;       /* that it must call itself; 0: any */
    bool allow_private;   /* a local network: loopback and private addresses are as good as others */
    uint64_t deadline_ms; /* 0: 5000 */
};

/* Asks `endpoint` (http:// or https://) for its status, and looks at the address of `p2p_endpoint` (tcp:// or
 * tls+tcp://, NULL or "": not given), which is not dialled. CODE_INVALID_ARGUMENT: no such address; CODE_DENIED: a
 * private one; CODE_UNAVAILABLE, CODE_TIMEOUT: nobody answers; CODE_CONFLICT: another provider, another chain, or no
 * provider. */
int sp_probe(const struct sp_probe *probe, const char *endpoint, const char *p2p_endpoint, struct err *err);

#endif
