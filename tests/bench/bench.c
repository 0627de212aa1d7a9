/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench.h"
#include "chain/base/bytes.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"

#include <stdio.h>
#include <stdlib.h>

#define RUNS_MAX 99

static struct buf json;
static int missed;

static void put_record(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void put_record(const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!json.cap)
        buf_init(&json, 1 << 20);
    buf_put_str(&json, json.len ? ",\n  " : "  ");
    buf_put_str(&json, text);
}

struct bench_figure bench_given(const char *name, const char *unit, double per_s, double cpu_us_each) {
    struct bench_figure f = {name, unit, per_s, cpu_us_each};
    (void)printf("%-40s %12.1f %s/s %14.2f us CPU each\n", name, per_s, unit, cpu_us_each);
    (void)fflush(stdout);
    put_record("{\"figure\":\"%s\",\"unit\":\"%s\",\"per_s\":%.6g,\"cpu_us_each\":%.6g}", name, unit, per_s,
               cpu_us_each);
    return f;
}

struct run {
    double per_s, cpu_us_each;
};

static int slower_first(const void *a, const void *b) {
    double x = ((const struct run *)a)->per_s, y = ((const struct run *)b)->per_s;
    return (x > y) - (x < y);
}

struct bench_figure bench_run(const char *name, const char *unit, double (*work)(void *ctx), void *ctx) {
    struct run runs[RUNS_MAX];
    const char *env = getenv("BENCH_RUNS");
    size_t n = env ? (size_t)strtoul(env, NULL, 10) : 5;
    n = n < 1 ? 1 : n > RUNS_MAX ? RUNS_MAX : n;
    for (size_t i = 0; i < n; i++) {
        uint64_t wall = clock_mono_ns(), cpu = clock_cpu_ns();
        double units = work(ctx);
        wall = clock_mono_ns() - wall;
        cpu = clock_cpu_ns() - cpu;
        runs[i] = (struct run){units / ((double)wall / 1e9), (double)cpu / 1e3 / units};
    }
    qsort(runs, n, sizeof *runs, slower_first);
    return bench_given(name, unit, runs[n / 2].per_s, runs[n / 2].cpu_us_each);
}

void bench_beside(struct bench_figure figure, struct bench_figure limit, double goal) {
    double ratio = figure.per_s / limit.per_s;
    const char *verdict = goal <= 0 ? "" : ratio >= goal ? ": met" : ": MISSED";
    if (goal > 0)
        (void)printf("  %s / %s = %.3f, goal %.2f%s\n", figure.name, limit.name, ratio, goal, verdict);
    else
        (void)printf("  %s / %s = %.3f\n", figure.name, limit.name, ratio);
    missed += goal > 0 && ratio < goal;
    put_record("{\"ratio\":\"%s\",\"limit\":\"%s\",\"value\":%.6g,\"goal\":%.6g}", figure.name, limit.name, ratio,
               goal);
}

int bench_end(const char *name) {
    char path[512];
    struct buf out;
    struct err err;
    buf_init(&out, 1 << 20);
    buf_printf(&out, "{\"bench\":\"%s\",\"results\":[\n", name);
    buf_put_bytes(&out, buf_bytes(&json));
    buf_put_str(&out, "\n]}\n");
    (void)snprintf(path, sizeof path, "build/bench/%s.json", name);
    int rc = dir_make("build/bench", 0755, &err);
    rc = rc ? rc : file_write_atomic(path, buf_bytes(&out), 0644, &err);
    if (rc)
        (void)fprintf(stderr, "%s\n", err_text(&err));
    buf_release(&out);
    buf_release(&json);
    return rc || missed ? 1 : 0;
}
