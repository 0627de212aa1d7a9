/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_METRICS_METRICS_H
#define CAIRN_CHAIN_METRICS_METRICS_H
/*
 * Counters, gauges and histograms with labels, written out as Prometheus text. Register once, keep the pointer, update
 * without locks from any thread:
 *
 *     struct metric *txs = metrics_counter(m, "cairn_txs_total", "transactions committed", NULL);
 *     struct metric *rpc = metrics_histogram(m, "cairn_http_seconds", "time to answer", "route=\"/v1/tx\"",
 * metrics_seconds, METRICS_SECONDS_N); metric_add(txs, 1); metric_observe(rpc, 0.004);
 *
 * Every update accepts NULL, so that code need not ask whether metrics are on.
 */
#include "chain/base/bytes.h"

struct metrics;
struct metric;

#define METRICS_MAX 4096 /* series in one registry: labels come from tables, never from outside */

/* NULL when out of memory. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* Finds or makes a series. labels: NULL, or the text between the braces, values escaped by the caller (metrics_label).
 * Names and help are copied. NULL when m is NULL, METRICS_MAX is reached, memory is out, or the name has another type
 * already. Owned by m. */
struct metric *metrics_counter(struct metrics *m, const char *name, const char *help, const char *labels);
struct metric *metrics_gauge(struct metrics *m, const char *name, const char *help, const char *labels);
/* bounds: ascending upper bounds, at most 24; copied. */
struct metric *metrics_histogram(struct metrics *m, const char *name, const char *help, const char *labels,
                                 const double *bounds, size_t n);
/* A gauge that is asked for when the text is written. read must be thread-safe and outlive m. */
struct metric *metrics_gauge_fn(struct metrics *m, const char *name, const char *help, const char *labels,
                                double (*read)(void *ctx), void *ctx);

extern const double metrics_seconds[]; /* 100 us .. 60 s */
#define METRICS_SECONDS_N 18

void metric_add(struct metric *x, uint64_t n);      /* counter */
void metric_set(struct metric *x, double v);        /* gauge */
void metric_change(struct metric *x, double delta); /* gauge */
void metric_observe(struct metric *x, double v);    /* histogram */
uint64_t metric_count(const struct metric *x);      /* of a counter or histogram; 0 for NULL */
double metric_value(const struct metric *x);        /* of a gauge; 0 for NULL */

/* key="value" with escapes, appended with a comma when b is not empty. */
void metrics_label(struct buf *b, const char *key, const char *value);
/* The registry as Prometheus text, series in order of registration within a name, names in order of first registration.
 */
void metrics_write(struct metrics *m, struct buf *out);

/* Adds process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds, process_threads,
 * process_start_time_seconds. */
void metrics_add_process(struct metrics *m);

#endif
