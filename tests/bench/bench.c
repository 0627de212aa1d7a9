/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench.h"
#include "chain/base/bytes.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"

#include <errno.h>
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

/* "tests/run bench NAME": how to get this figure again. */
static const char *command(void) {
    static char text[128];
    (void)snprintf(text, sizeof text, "tests/run bench %s", program_invocation_short_name);
    return text;
}

static void put_pair(const char *name, double value, const char *unit, const char *per, const char *limit_name,
                     double limit, double ratio, double goal) {
    put_record("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s%s\",\"limit_name\":\"%s\",\"limit\":%.6g,\"ratio\":%.6g,"
               "\"goal\":%.6g,\"command\":\"%s\"}",
               name, value, unit, per, limit_name, limit, ratio, goal, command());
}

struct bench_figure bench_given(const char *name, const char *unit, double per_s, double cpu_us_each) {
    struct bench_figure f = {name, unit, per_s, cpu_us_each};
    (void)printf("%-40s %12.1f %s/s %14.2f us CPU each\n", name, per_s, unit, cpu_us_each);
    (void)fflush(stdout);
    put_record("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s/s\",\"cpu_us_each\":%.6g,\"command\":\"%s\"}", name,
               per_s, unit, cpu_us_each, command());
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
    put_pair(figure.name, figure.per_s, figure.unit, "/s", limit.name, limit.per_s, ratio, goal);
}

void bench_within(const char *name, double value, const char *unit, double limit) {
    double ratio = value / limit;
    (void)printf("%-40s %12.1f %s, limit %.0f: %s\n", name, value, unit, limit, ratio < 1 ? "met" : "MISSED");
    (void)fflush(stdout);
    missed += ratio >= 1;
    put_pair(name, value, unit, "", "limit", limit, ratio, 1);
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
