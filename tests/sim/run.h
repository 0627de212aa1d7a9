/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SIM_RUN_H
#define CAIRN_TESTS_SIM_RUN_H
/*
 * Seeds in processes of their own. A seed fails when a check fails, and also when an assertion of the shipped code
 * does, when it kills its process, or when it does not end: that is one failed seed, and the others go on.
 */
#include "tests/sim/sim.h"

#define JOBS_MAX 64

/* What came of one seed. */
struct outcome {
    bool failed;
    char failure[320];
    uint64_t seed, at_ms, step; /* where it ended */
    uint64_t trace;
    struct drawn drawn;
    char described[512];
    char golden[32768]; /* when failed: the failing node's height as a script for one core, "" when there is none */
};

/* Runs one seed in a process of its own, which may take that much processor time. */
void run_apart(const struct options *options, unsigned patience_s, struct outcome *ret);

struct totals {
    uint64_t seeds, failed, heights, empty, messages, steps, crashes, replays, evidence, rounds_max, repeated;
    uint64_t trace; /* over all seeds; their order does not matter */
};

struct batch {
    uint64_t from, seeds; /* seeds [from, from + seeds) */
    uint64_t until_ms;    /* no new seed after this time of the monotonic clock; 0: no limit */
    uint64_t repeat;      /* one in this many is run twice and must take the same course; 0: none */
    uint32_t jobs;
    unsigned patience_s; /* processor time that one seed may take */
    bool first;          /* stop at the first failure: its number is the lowest that fails, whatever the jobs */
    struct options options;
};

/* Runs a batch in `jobs` processes; calls `failed` in this process for every seed that fails, at most FAILURES_MAX. */
#define FAILURES_MAX 20
void run_batch(const struct batch *batch, void (*failed)(void *arg, const struct outcome *o), void *arg,
               struct totals *ret_totals);

#endif
