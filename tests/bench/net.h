/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_BENCH_NET_H
#define CAIRN_TESTS_BENCH_NET_H
/* A local network for a benchmark, by cairn-testnet, in a directory of its own on free ports; and its processes'
 * memory. */
#include "client/lib/ledger.h"
#include "client/lib/sp_client.h"

enum { BENCH_NET_NODES_MAX = 16, BENCH_NET_PATH_MAX = 256 };

struct bench_net {
    char dir[BENCH_NET_PATH_MAX];
    unsigned port_base, validators, sps;
    struct seckey owner; /* funded */
    struct ledger *ledger;
};

/* Ends the program with a sentence when it cannot be started. */
void bench_net_up(struct bench_net *net, unsigned validators, unsigned sps);
/* Stops its processes and leaves its directory until bench_net_down. */
void bench_net_stop(struct bench_net *net);
void bench_net_down(struct bench_net *net);
/* CPU seconds that the validators have taken since they began, all of them together. */
double bench_net_cpu_s(const struct bench_net *net);
/* "http://127.0.0.1:PORT" of validator i, in ret. */
void bench_net_url(const struct bench_net *net, unsigned i, char ret[64]);

/* Resident memory of a node ("validator0", "sp3") now, in MiB. */
double bench_net_rss_mib(const struct bench_net *net, const char *name);

/* The sentence and exit(1) unless rc is CODE_OK. */
void bench_must(int rc, const struct err *err);

#endif
