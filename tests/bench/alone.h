/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_BENCH_ALONE_H
#define CAIRN_TESTS_BENCH_ALONE_H
/* A chain that a network has made, done again by one process without network and consensus: what its blocks cost. */
#include <stdint.h>

/* CPU seconds of this process, all its threads, over every transaction of the chain. */
struct alone {
    uint64_t txs, blocks;
    double decode, verify, execute, root, write;
};

/* Reads validator 0's blocks in the directory of a network that has been stopped (bench_net_stop), and runs them over a
 * new store beside it. Ends the program with a sentence when they do not lead to the app hashes in their headers. */
void alone_run(const char *net_dir, struct alone *ret);

/* CPU seconds a transaction costs. */
double alone_each(const struct alone *a);

#endif
