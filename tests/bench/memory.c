/* SPDX-License-Identifier: Apache-2.0 */
/* Resident memory: idle, a validator under load, the primary while a 1 GiB object goes through it. */
#include "chain/os/clock.h"
#include "chain/os/thread.h"
#include "tests/bench/bench.h"
#include "tests/bench/load.h"
#include "tests/bench/object.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { SIZE_MIB = 1024, SENDERS = 400, EACH = 40, SAMPLE_MS = 50 };

#define FILE_PATH "build/bench/memory.bin"

struct sampler {
    struct bench_net *net;
    const char *node;
    atomic_bool stop;
    double highest;
    struct thread thread;
};

static void sample(void *arg) {
    struct sampler *s = arg;
    while (!atomic_load(&s->stop)) {
        double now = bench_net_rss_mib(s->net, s->node);
        s->highest = now > s->highest ? now : s->highest;
        poll(NULL, 0, SAMPLE_MS);
    }
}

static void sample_begin(struct sampler *s, struct bench_net *net, const char *node) {
    *s = (struct sampler){.net = net, .node = node};
    bench_must(thread_start(&s->thread, "sample", sample, s, NULL), NULL);
}

static double sample_end(struct sampler *s) {
    atomic_store(&s->stop, true);
    thread_join(&s->thread);
    return s->highest;
}

int main(void) {
    struct bench_net net;
    struct sampler sampler;
    struct load load;
    bench_net_up(&net, 4, 7);
    bench_within("validator, idle", bench_net_rss_mib(&net, "validator0"), "MiB", 150);
    bench_within("provider, idle", bench_net_rss_mib(&net, "sp1"), "MiB", 100);

    load_sign(&load, &net, SENDERS, EACH);
    sample_begin(&sampler, &net, "validator0");
    load_run(&load, &net);
    bench_within("validator, under load", sample_end(&sampler), "MiB", 500);
    load_release(&load);

    object_file(FILE_PATH, (uint64_t)SIZE_MIB << 20);
    object_bucket(&net, "bench-memory", "ec:4+2+w");
    sample_begin(&sampler, &net, "sp0");
    object_store(&net, "bench-memory", "object", FILE_PATH);
    bench_within("provider, 1 GiB through it", sample_end(&sampler), "MiB", 300);
    unlink(FILE_PATH);
    bench_net_down(&net);
    return bench_end("memory");
}
