/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From handing over a transaction to knowing that it is in a block: on an idle network, beside three hops over loopback
 * and two synced writes of this machine; and while transactions come in at half of what the network commits at most.
 * Rates are finalities a second, one after the other.
 */
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/queue.h"
#include "tests/bench/bench.h"
#include "tests/bench/load.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAMPLES = 101, SYNCS = 200, HOPS = 2000, IDLE_MS = 200 };
enum { SENDERS = 400, EACH = 40, SAMPLERS = 8, LOADED_EACH = 200 };

static int shorter_first(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double *seconds, size_t n, double p) {
    qsort(seconds, n, sizeof *seconds, shorter_first);
    return seconds[(size_t)(p * (double)(n - 1))];
}

/* Until the empty block behind a transaction is there and the minimum interval is over: the next one finds an idle
 * network. */
static void become_idle(struct queue *never) {
    void *nothing;
    (void)queue_take(never, deadline_in_ms(IDLE_MS), &nothing);
}

static void finality(struct bench_net *net, double *seconds) {
    struct load load;
    struct queue never;
    struct err err = {0};
    bench_must(queue_init(&never, 1, &err), &err);
    load_sign(&load, net, 1, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct arena arena;
        TxStatus *status;
        arena_init(&arena, 1 << 20);
        become_idle(&never);
        uint64_t start = clock_mono_ns();
        bench_must(ledger_broadcast(net->ledger, load.wires[i], LEDGER_WAIT_COMMITTED, 0, &arena, &status, &err), &err);
        seconds[i] = (double)(clock_mono_ns() - start) / 1e9;
        arena_release(&arena);
    }
    load_release(&load);
    queue_release(&never);
}

/* One synced write of 4 KiB at the end of a file. */
static double syncs(void *ctx) {
    char page[4096] = {1};
    int fd = open("build/bench/sync", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    (void)ctx;
    for (uint64_t i = 0; i < SYNCS; i++)
        if (file_pwrite(fd, page, sizeof page, i * sizeof page, NULL) || file_sync(fd, NULL))
            exit(1);
    close(fd);
    unlink("build/bench/sync");
    return SYNCS;
}

/* A byte there and back between two sockets of one process: two hops. */
static double hops(void *ctx) {
    int fd[2];
    char byte = 1;
    (void)ctx;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
        exit(1);
    for (int i = 0; i < HOPS / 2; i++)
        if (write(fd[0], &byte, 1) != 1 || read(fd[1], &byte, 1) != 1 || write(fd[1], &byte, 1) != 1 ||
            read(fd[0], &byte, 1) != 1)
            exit(1);
    close(fd[0]);
    close(fd[1]);
    return HOPS;
}

/* --- under load --- */

struct sampler {
    struct bench_net *net;
    struct load load;
    double seconds[LOADED_EACH];
    size_t n;
    atomic_bool *over;
    struct thread thread;
};

/* One account's transactions, one after another, until the load is over. */
static void sample(void *arg) {
    struct sampler *s = arg;
    for (; s->n < LOADED_EACH && !atomic_load(s->over); s->n++) {
        struct arena arena;
        TxStatus *status;
        struct err err = {0};
        arena_init(&arena, 16 << 20);
        uint64_t start = clock_mono_ns();
        bench_must(
            ledger_broadcast(s->net->ledger, s->load.wires[s->n], LEDGER_WAIT_COMMITTED, 0, &arena, &status, &err),
            &err);
        s->seconds[s->n] = (double)(clock_mono_ns() - start) / 1e9;
        arena_release(&arena);
    }
}

/* Samples while transactions come in at half of what the network has just committed a second. Answers how many. */
static size_t loaded(struct bench_net *net, double *seconds, double *ret_per_s) {
    static struct sampler samplers[SAMPLERS];
    struct load load;
    struct err err = {0};
    atomic_bool over = false;
    size_t n = 0;
    load_sign(&load, net, SENDERS, EACH);
    *ret_per_s = SENDERS * EACH / load_run(&load, net) / 2;
    load_release(&load);
    for (unsigned i = 0; i < SAMPLERS; i++) {
        samplers[i] = (struct sampler){.net = net, .over = &over};
        load_sign(&samplers[i].load, net, 1, LOADED_EACH);
    }
    load_sign(&load, net, SENDERS, EACH);
    for (unsigned i = 0; i < SAMPLERS; i++)
        bench_must(thread_start(&samplers[i].thread, "sample", sample, &samplers[i], &err), &err);
    load_paced(&load, net, *ret_per_s);
    atomic_store(&over, true);
    for (unsigned i = 0; i < SAMPLERS; i++) {
        thread_join(&samplers[i].thread);
        for (size_t k = 0; k < samplers[i].n; k++)
            seconds[n++] = samplers[i].seconds[k];
        load_release(&samplers[i].load);
    }
    load_release(&load);
    return n;
}

int main(void) {
    struct bench_net net;
    double seconds[SAMPLES];
    static double busy[SAMPLERS * LOADED_EACH];
    double half = 0;
    bench_net_up(&net, 4, 0);
    finality(&net, seconds);
    double p50 = percentile(seconds, SAMPLES, 0.5), p99 = percentile(seconds, SAMPLES, 0.99);
    (void)printf("finality p50 %.2f ms, p99 %.2f ms\n", p50 * 1e3, p99 * 1e3);
    bench_within("finality, idle, p50", p50 * 1e3, "ms", 10);
    size_t n = loaded(&net, busy, &half);
    (void)printf("half load: %.0f tx/s, %zu samples\n", half, n);
    bench_within("finality, half load, p50", percentile(busy, n, 0.5) * 1e3, "ms", 100);
    bench_within("finality, half load, p99", percentile(busy, n, 0.99) * 1e3, "ms", 300);
    struct bench_figure figure = bench_given("finality, idle, p50", "tx", 1 / p50, 0);
    struct bench_figure sync = bench_run("write 4 KiB + fdatasync", "sync", syncs, NULL);
    struct bench_figure hop = bench_run("hop", "hop", hops, NULL);
    struct bench_figure limit = bench_given("3 hops + 2 syncs", "tx", 1 / (3 / hop.per_s + 2 / sync.per_s), 0);
    bench_beside(figure, limit, 0);
    bench_net_down(&net);
    return bench_end("finality");
}
