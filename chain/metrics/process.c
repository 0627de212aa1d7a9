/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/num.h"
#include "chain/metrics/metrics.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"

#include <dirent.h>
#include <unistd.h>

/* Number `field` (from 0) of a proc file of plain numbers; 0 when it cannot be read. */
static double proc_number(const char *path, const char *key, size_t field) {
    struct buf b;
    double v = 0;
    buf_init(&b, 16384);
    if (file_read(path, &b, NULL) == CODE_OK) {
        const char *s = buf_cstr(&b);
        s = s && key ? strstr(s, key) : s;
        s = s && key ? s + strlen(key) : s;
        uint64_t n;
        for (size_t i = 0; s && *s; i++) {
            s += strspn(s, " \t\n");
            size_t len = strcspn(s, " \t\n");
            if (i == field) {
                v = u64_parse(s, len, &n) ? (double)n : 0;
                break;
            }
            s += len;
        }
    }
    buf_release(&b);
    return v;
}

static double resident(void *ctx) {
    (void)ctx;
    return proc_number("/proc/self/statm", NULL, 1) * (double)sysconf(_SC_PAGESIZE);
}

static double cpu(void *ctx) {
    (void)ctx;
    return (double)clock_cpu_ns() / 1e9;
}

static double threads(void *ctx) {
    (void)ctx;
    return proc_number("/proc/self/status", "Threads:", 0);
}

static double open_fds(void *ctx) {
    (void)ctx;
    DIR *d = opendir("/proc/self/fd");
    double n = 0;
    if (!d)
        return 0;
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    (void)closedir(d);
    return n - 1; /* its own */
}

void metrics_add_process(struct metrics *m) {
    (void)metrics_gauge_fn(m, "process_resident_memory_bytes", "memory in use", NULL, resident, NULL);
    (void)metrics_gauge_fn(m, "process_cpu_seconds_total", "CPU time used", NULL, cpu, NULL);
    (void)metrics_gauge_fn(m, "process_open_fds", "open files and sockets", NULL, open_fds, NULL);
    (void)metrics_gauge_fn(m, "process_threads", "threads", NULL, threads, NULL);
    metric_set(metrics_gauge(m, "process_start_time_seconds", "when it started, since 1970", NULL),
               (double)clock_real_ms() / 1000);
}
