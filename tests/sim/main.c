/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim [--from S] [--seeds N] [--jobs J] [--only OPTIONS] [--repeat K] [--trace]
 *
 * Runs seeds S, S + 1, ... in J processes. Every K-th seed runs twice and must give the same trace hash. Prints a line
 * for every seed that failed, totals, and ends with "seeds: N, failed: F". With --trace one seed's whole course is
 * printed.
 */
#include "chain/os/clock.h"
#include "tests/sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct totals {
    uint64_t seeds, failed, heights, empty, messages, steps, crashes, replays, evidence, rounds_max, repeated;
};

struct arguments {
    uint64_t from, seeds, jobs, repeat;
    struct options options;
};

static void add(struct totals *t, const struct sim *s) {
    t->heights += s->highest;
    t->empty += s->empty_blocks;
    t->messages += s->messages;
    t->steps += s->steps;
    t->crashes += s->crashes;
    t->replays += s->replays;
    t->evidence += s->evidence;
    if (s->rounds_max > t->rounds_max)
        t->rounds_max = s->rounds_max;
}

static bool run_seed(struct sim *s, const struct arguments *args, uint64_t seed, struct totals *totals) {
    struct options options = args->options;
    char text[512];
    options.seed = seed;
    bool good = sim_run(s, &options);
    uint64_t hash = s->trace_hash;
    add(totals, s);
    if (good && args->repeat && seed % args->repeat == args->repeat / 2) {
        totals->repeated++;
        good = sim_run(s, &options);
        if (good && s->trace_hash != hash) {
            check_fail(s, "the same seed took another course");
            good = false;
        }
    }
    if (!good) {
        char only[512];
        limits_print(&options.limits, only, sizeof only);
        printf("seed %llu FAILED at %llu ms: %s\n  %s\n  again: tests/run sim --from %llu --seeds 1%s%s --trace\n",
               (unsigned long long)seed, (unsigned long long)s->now, s->failure, sim_describe(s, text, sizeof text),
               (unsigned long long)seed, only[0] ? " --only " : "", only);
        fflush(stdout);
    }
    return good;
}

/* Every job takes each J-th seed; *current is the one at work, for the case that it kills the process. */
static struct totals run_job(const struct arguments *args, uint64_t job, uint64_t *current) {
    struct totals totals = {0};
    struct sim *s = sim_new();
    for (uint64_t i = job; i < args->seeds; i += args->jobs) {
        totals.seeds++;
        *current = args->from + i;
        totals.failed += !run_seed(s, args, args->from + i, &totals);
        if (totals.failed >= 20)
            break; /* enough to work with */
    }
    sim_free(s);
    return totals;
}

static void sum(struct totals *all, const struct totals *one) {
    all->seeds += one->seeds;
    all->failed += one->failed;
    all->heights += one->heights;
    all->empty += one->empty;
    all->messages += one->messages;
    all->steps += one->steps;
    all->crashes += one->crashes;
    all->replays += one->replays;
    all->evidence += one->evidence;
    all->repeated += one->repeated;
    if (one->rounds_max > all->rounds_max)
        all->rounds_max = one->rounds_max;
}

static bool run_jobs(const struct arguments *args, struct totals *all) {
    int ends[64][2];
    bool good = true;
    uint64_t *current = mmap(NULL, 64 * sizeof *current, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (current == MAP_FAILED)
        return false;
    if (args->jobs == 1) { /* in this process, for debuggers */
        *all = run_job(args, 0, current);
        return true;
    }
    for (uint64_t job = 0; job < args->jobs; job++) {
        if (pipe(ends[job]))
            return false;
        fflush(stdout);
        pid_t pid = fork();
        if (pid < 0)
            return false;
        if (pid == 0) {
            struct totals totals = run_job(args, job, &current[job]);
            fflush(stdout);
            _exit(write(ends[job][1], &totals, sizeof totals) == sizeof totals ? 0 : 1);
        }
        close(ends[job][1]);
    }
    for (uint64_t job = 0; job < args->jobs; job++) {
        struct totals totals;
        if (read(ends[job][0], &totals, sizeof totals) == sizeof totals) {
            sum(all, &totals);
        } else {
            good = false;
            printf("seed %llu KILLED its process; again: tests/run sim --from %llu --seeds 1 --jobs 1\n",
                   (unsigned long long)current[job], (unsigned long long)current[job]);
        }
        close(ends[job][0]);
    }
    for (uint64_t job = 0; job < args->jobs; job++) {
        int status = 0;
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            good = false;
    }
    return good;
}

static bool number(const char *text, uint64_t *ret) {
    char *end = NULL;
    if (!text || !*text)
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return errno == 0 && *end == 0;
}

static bool parse(int argc, char **argv, struct arguments *args) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--trace") == 0) {
            args->options.trace = true;
            continue;
        }
        char why[128];
        if (strcmp(argv[i], "--only") == 0 && value) {
            if (!limits_parse(&args->options.limits, value, why, sizeof why)) {
                fprintf(stderr, "sim: --only: %s\n", why);
                return false;
            }
            i++;
            continue;
        }
        uint64_t *into = strcmp(argv[i], "--from") == 0     ? &args->from
                         : strcmp(argv[i], "--seeds") == 0  ? &args->seeds
                         : strcmp(argv[i], "--jobs") == 0   ? &args->jobs
                         : strcmp(argv[i], "--repeat") == 0 ? &args->repeat
                                                            : NULL;
        if (!into || !number(value, into))
            return false;
        i++;
    }
    return args->jobs >= 1 && args->jobs <= 64;
}

int main(int argc, char **argv) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct arguments args = {
        .from = 1, .seeds = 2000, .jobs = cores > 0 && cores < 64 ? (uint64_t)cores : 1, .repeat = 50};
    if (!parse(argc, argv, &args)) {
        fprintf(stderr, "usage: sim [--from S] [--seeds N] [--jobs J] [--only OPTIONS] [--repeat K] [--trace]\n");
        return 2;
    }
    if (args.options.trace)
        args.jobs = 1;
    struct totals all = {0};
    uint64_t start = clock_mono_ns();
    bool whole = run_jobs(&args, &all);
    double seconds = 1e-9 * (double)(clock_mono_ns() - start);
    printf("%llu heights decided (%llu empty), %llu messages, %llu events, %llu crashes, %llu replays, %llu pieces of "
           "evidence, "
           "highest round %llu, %llu seeds repeated alike, %.1f s (%.0f seeds/min)\n",
           (unsigned long long)all.heights, (unsigned long long)all.empty, (unsigned long long)all.messages,
           (unsigned long long)all.steps, (unsigned long long)all.crashes, (unsigned long long)all.replays,
           (unsigned long long)all.evidence, (unsigned long long)all.rounds_max, (unsigned long long)all.repeated,
           seconds, (double)all.seeds * 60 / (seconds > 0.001 ? seconds : 0.001));
    all.failed += !whole;
    printf("seeds: %llu, failed: %llu\n", (unsigned long long)all.seeds, (unsigned long long)all.failed);
    return all.failed ? 1 : 0;
}
