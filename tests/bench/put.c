/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 1 GiB in and out, ec:4+2+w, the client and all seven providers on this machine. Beside the put: the same work in one
 * process with two threads and no network (LIMITS.md §9): hash the whole twice (client, primary), code, hash the
 * columns twice (primary, secondaries), write whole and columns with a sync. Beside the get: hashing the same bytes,
 * two threads.
 */
#include "chain/coding/cut.h"
#include "chain/coding/piece.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/thread.h"
#include "chain/types/layout.h"
#include "tests/bench/bench.h"
#include "tests/bench/object.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIZE_MIB = 1024, SEGMENT_MIB = 16, SEGMENTS = SIZE_MIB / SEGMENT_MIB, RUNS = 5, THREADS = 2 };

#define FILE_PATH  "build/bench/put.bin"
#define WRITE_PATH "build/bench/put.out"

struct limit {
    struct coder coder;
    atomic_int next;
    bool hash_only;
    int threads;
};

static void write_pieces(const struct cut *cut, unsigned positions, int fd) {
    uint64_t at = 0;
    for (unsigned i = 0; i < positions; i++) {
        bench_must(file_pwrite(fd, cut->pieces[i].data.data, cut->pieces[i].data.len, at, NULL), NULL);
        at += cut->pieces[i].data.len;
    }
    bench_must(file_sync(fd, NULL), NULL);
}

static void one_segment(struct limit *l, struct cut *cut, int in, int out, int segment, struct hash *scratch) {
    size_t len = (size_t)SEGMENT_MIB << 20;
    bench_must(file_pread(in, cut->segment, len, (uint64_t)segment * len, NULL), NULL);
    piece_hash(cut->segment, len, scratch, NULL); /* the client, before or after */
    if (l->hash_only)
        return;
    cut_run(cut, len); /* the primary: whole and columns */
    unsigned positions = profile_positions(&l->coder.profile);
    for (unsigned i = 1; i < positions; i++) /* the secondaries */
        piece_hash(cut->pieces[i].data.data, cut->pieces[i].data.len, scratch, NULL);
    write_pieces(cut, positions, out);
}

static void limit_work(void *arg) {
    struct limit *l = arg;
    struct cut cut;
    struct err err = {0};
    char path[64];
    (void)snprintf(path, sizeof path, WRITE_PATH ".%d", (int)(atomic_load(&l->next) % 1000));
    int in = open(FILE_PATH, O_RDONLY | O_CLOEXEC), out = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0644);
    struct hash *scratch = malloc(sizeof *scratch * leaf_count((uint64_t)SEGMENT_MIB << 20));
    if (in < 0 || out < 0 || !scratch)
        bench_must(CODE_IO, NULL);
    unlink(path);
    bench_must(cut_init(&cut, &l->coder, &err), &err);
    int segment;
    while ((segment = atomic_fetch_add(&l->next, 1)) < SEGMENTS)
        one_segment(l, &cut, in, out, segment, scratch);
    cut_release(&cut);
    free(scratch);
    close(in);
    close(out);
}

static double limit_run(void *ctx) {
    struct limit *l = ctx;
    struct thread threads[THREADS] = {0};
    atomic_store(&l->next, 0);
    for (int i = 0; i < l->threads; i++)
        bench_must(thread_start(&threads[i], "limit", limit_work, l, NULL), NULL);
    for (int i = 0; i < l->threads; i++)
        thread_join(&threads[i]);
    return SIZE_MIB;
}

static int slower_first(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, RUNS, sizeof *values, slower_first);
    return values[RUNS / 2];
}

int main(void) {
    static struct limit limit;
    struct bench_net net;
    Profile profile = PROFILE__INIT;
    double puts[RUNS], gets[RUNS];
    char object[32];
    struct err err = {0};
    bench_net_up(&net, 4, 7);
    object_file(FILE_PATH, (uint64_t)SIZE_MIB << 20);
    object_bucket(&net, "bench-put", "ec:4+2+w");
    for (int i = 0; i < RUNS; i++) {
        (void)snprintf(object, sizeof object, "object-%d", i);
        puts[i] = SIZE_MIB / object_store(&net, "bench-put", object, FILE_PATH);
    }
    for (int i = 0; i < RUNS; i++) /* the last one, which mostly lies in memory, as the file does for the limit */
        gets[i] = SIZE_MIB / object_read(&net, "bench-put", object);
    bench_net_down(&net);
    bench_must(profile_parse("ec:4+2+w", 0, &profile, &err), &err);
    bench_must(coder_init(&limit.coder, &profile, &err), &err);
    limit.threads = THREADS;
    struct bench_figure put = bench_given("put 1 GiB to sealed", "MiB", median(puts), 0);
    struct bench_figure work = bench_run("the same work in one process", "MiB", limit_run, &limit);
    bench_beside(put, work, 0.4);
    limit.hash_only = true;
    limit.threads = 1;
    struct bench_figure get = bench_given("get 1 GiB verified", "MiB", median(gets), 0);
    struct bench_figure hash = bench_run("hash the same bytes", "MiB", limit_run, &limit);
    bench_beside(get, hash, 0.5);
    unlink(FILE_PATH);
    return bench_end("put");
}
