/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_BENCH_BENCH_H
#define CAIRN_TESTS_BENCH_BENCH_H
/*
 * What a benchmark prints: the median of five runs with CPU seconds a unit, a ratio to the limit measured in the same
 * run, whether a goal is met. BENCH_RUNS changes the five. bench_end writes build/bench/<name>.json, so that runs
 * compare.
 */

struct bench_figure {
    const char *name, *unit;
    double per_s;       /* units a second of wall time, the median */
    double cpu_us_each; /* CPU microseconds of this process a unit, in that run */
};

/* Runs work several times; it answers how many units it did. Prints the figure. */
struct bench_figure bench_run(const char *name, const char *unit, double (*work)(void *ctx), void *ctx);
/* A figure that was measured elsewhere (other processes). Prints it. */
struct bench_figure bench_given(const char *name, const char *unit, double per_s, double cpu_us_each);
/* Prints figure / limit and, with a goal above 0, whether it is met. */
void bench_beside(struct bench_figure figure, struct bench_figure limit, double goal);
/* A value that must stay below a limit (memory). Prints both. */
void bench_within(const char *name, double value, const char *unit, double limit);
/* Writes the JSON; the exit status: 0 when every goal is met. */
int bench_end(const char *name);

#endif
