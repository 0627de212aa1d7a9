/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_BENCH_LOAD_H
#define CAIRN_TESTS_BENCH_LOAD_H
/* Transactions signed beforehand, and their way in: many senders, each with a row of sequences. */
#include "tests/bench/net.h"

struct load {
    size_t senders, each; /* each sender has so many */
    struct seckey *keys;
    struct bytes *wires; /* [sequence * senders + sender] */
    struct arena arena;
};

/* Funds the senders from the owner and signs everything; not part of what is timed. */
void load_sign(struct load *load, struct bench_net *net, size_t senders, size_t each);
void load_release(struct load *load);

/* Lets so much time pass. */
void load_wait(uint64_t ms);

/* Hands everything to the nodes, a part each, and waits until all is in blocks. Answers how many seconds lay between
 * the first being handed over and the last being in a block. */
double load_run(struct load *load, struct bench_net *net);

/* Hands everything over at so many a second, a part to each node; returns when the last has been taken in. */
void load_paced(struct load *load, struct bench_net *net, double per_s);

#endif
