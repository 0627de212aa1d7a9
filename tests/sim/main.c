/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim [--from S | --fresh] [--seeds N] [--minutes M] [--only OPTIONS] [--jobs J] [--repeat K] [--first] [--patience S]
 * sim --replay S [--only OPTIONS]
 * sim --shrink S [--only OPTIONS] [--into FILE]
 * sim --script FILE [--replay]
 *
 * Runs seeds S, S + 1, ... in J processes: N of them (2,000), or as many as M minutes allow. --fresh, and minutes
 * without --from, begin at a number that nobody chose. Every K-th seed (50th) runs twice and must take the same course.
 * A seed that fails is printed with what it drew and the commands that show it again; --first stops at the lowest. The
 * last line is "seeds: N, failed: F, events: E, trace: HASH"; HASH is over the courses of all seeds, whatever the
 * number of jobs.
 *
 * --replay prints the whole course of one seed, --shrink looks for less that fails alike and writes it as a script,
 * --script plays one.
 */
#include "chain/os/clock.h"
#include "tests/sim/run.h"
#include "tests/sim/script.h"
#include "tests/sim/shrink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum what { RUN, REPLAY, SHRINK };

struct arguments {
    enum what what;
    uint64_t minutes;
    bool from_given, seeds_given, fresh;
    const char *script, *into;
    struct batch batch;
    struct mutes mutes;
};

/* --- saying --- */

static const char *only_words(const struct options *o, char text[1100]) {
    char only[1024];
    limits_print(&o->limits, only, sizeof only);
    snprintf(text, 1100, "%s%s", only[0] ? " --only " : "", only);
    return text;
}

static void say_failed(void *arg, const struct outcome *o) {
    const struct arguments *args = arg;
    const char *commit = getenv("CAIRN_COMMIT");
    char only[1100];
    only_words(&args->batch.options, only);
    printf("seed %llu FAILED at %llu ms, event %llu: %s\n  %s\n  commit %s; again: tests/run sim --replay %llu%s; "
           "smaller: tests/run sim --shrink %llu%s\n",
           (unsigned long long)o->seed, (unsigned long long)o->at_ms, (unsigned long long)o->step, o->failure,
           o->described, commit ? commit : "unknown", (unsigned long long)o->seed, only, (unsigned long long)o->seed,
           only);
    fflush(stdout);
}

static void say_closing(uint64_t seeds, uint64_t failed, uint64_t events, uint64_t trace_hash) {
    printf("seeds: %llu, failed: %llu, events: %llu, trace: %016llx\n", (unsigned long long)seeds,
           (unsigned long long)failed, (unsigned long long)events, (unsigned long long)trace_hash);
}

/* Of the workers, which have ended. */
static double processor_seconds(void) {
    struct rusage use;
    getrusage(RUSAGE_CHILDREN, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) + 0.001;
}

/* --- the three things to do --- */

static int run(struct arguments *args) {
    struct totals t;
    uint64_t start = clock_mono_ns();
    if (args->minutes) {
        args->batch.until_ms = clock_mono_ms() + args->minutes * 60000;
        args->fresh = args->fresh || !args->from_given;
        if (!args->seeds_given)
            args->batch.seeds = UINT64_MAX >> 1;
    }
    if (args->fresh) {
        args->batch.from = clock_real_ms() << 10;
        printf("from seed %llu on\n", (unsigned long long)args->batch.from);
    }
    run_batch(&args->batch, say_failed, args, &t);
    double seconds = 1e-9 * (double)(clock_mono_ns() - start) + 0.001, busy = processor_seconds();
    printf("%llu heights decided (%llu empty), %llu messages, %llu crashes, %llu replays, %llu pieces of evidence, "
           "highest round %llu, %llu seeds repeated alike, %.1f s, %.1f s of processors (%.0f seeds/min, %.0f a "
           "processor)\n",
           (unsigned long long)t.heights, (unsigned long long)t.empty, (unsigned long long)t.messages,
           (unsigned long long)t.crashes, (unsigned long long)t.replays, (unsigned long long)t.evidence,
           (unsigned long long)t.rounds_max, (unsigned long long)t.repeated, seconds, busy,
           (double)t.seeds * 60 / seconds, (double)t.seeds * 60 / busy);
    say_closing(t.seeds, t.failed, t.steps, t.trace);
    return t.failed ? 1 : 0;
}

/* In this process, so that a debugger sees it. */
static int replay(const struct arguments *args) {
    struct options options = args->batch.options;
    struct sim *s = sim_new();
    char text[1024];
    options.trace = true;
    sim_prepare(s, &options);
    printf("seed %llu: %s\n", (unsigned long long)options.seed, sim_describe(s, text, sizeof text));
    bool good = sim_run(s, &options);
    printf("%s\n", good ? "nothing failed" : s->failure);
    say_closing(1, !good, s->steps, s->trace_hash);
    sim_free(s);
    return !good;
}

static int play_script(struct arguments *args) {
    static struct outcome o;
    run_apart(&args->batch.options, args->batch.patience_s, &o);
    if (o.failed)
        printf("%s FAILED at %llu ms, event %llu: %s\n", args->script, (unsigned long long)o.at_ms,
               (unsigned long long)o.step, o.failure);
    say_closing(1, o.failed, o.step, o.trace);
    return o.failed;
}

static bool write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    bool good = f && fputs(text, f) >= 0;
    return f && fclose(f) == 0 && good;
}

static int shrink_seed(struct arguments *args) {
    static struct shrunk small;
    char path[512], golden[600], only[1100];
    if (!shrink(&args->batch.options, args->batch.patience_s, 5000, &small)) {
        printf("seed %llu does not fail\n", (unsigned long long)args->batch.options.seed);
        return 1;
    }
    if (args->into)
        snprintf(path, sizeof path, "%s", args->into);
    else
        snprintf(path, sizeof path, "build/seed%llu.sim", (unsigned long long)args->batch.options.seed);
    printf("%s\n  %s\n  %llu events, %llu of them left out; before: %llu; %u runs\n  --replay %llu%s\n",
           small.outcome.failure, small.outcome.described, (unsigned long long)small.outcome.step,
           (unsigned long long)mutes_count(&small.mutes), (unsigned long long)small.events_before, small.runs,
           (unsigned long long)small.options.seed, only_words(&small.options, only));
    if (!script_write(path, &small.options, small.outcome.failure)) {
        fprintf(stderr, "sim: cannot write %s\n", path);
        return 1;
    }
    printf("wrote %s: tests/run sim --script %s --replay\n", path, path);
    snprintf(golden, sizeof golden, "%s.golden.txt", path);
    if (small.outcome.golden[0] && write_text(golden, small.outcome.golden))
        printf("wrote %s: the same as a script for one core; its trace: CAIRN_GOLDEN_UPDATE=1 make test "
               "T=chain/bft/test_golden, once it lies in tests/sim/golden\n",
               golden);
    return 0;
}

/* --- arguments --- */

static bool number(const char *text, uint64_t *ret) {
    char *end = NULL;
    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return errno == 0 && *end == 0;
}

static bool parse_only(struct arguments *args, const char *value) {
    char why[128];
    if (value && limits_parse(&args->batch.options.limits, value, why, sizeof why))
        return true;
    fprintf(stderr, "sim: --only: %s\n", value ? why : "which options?");
    return false;
}

static bool parse_number(struct arguments *args, const char *name, uint64_t n) {
    if (strcmp(name, "--from") == 0) {
        args->batch.from = n;
        args->from_given = true;
    } else if (strcmp(name, "--seeds") == 0) {
        args->batch.seeds = n;
        args->seeds_given = true;
    } else if (strcmp(name, "--minutes") == 0) {
        args->minutes = n;
    } else if (strcmp(name, "--jobs") == 0 && n >= 1 && n <= JOBS_MAX) {
        args->batch.jobs = (uint32_t)n;
    } else if (strcmp(name, "--repeat") == 0) {
        args->batch.repeat = n;
    } else if (strcmp(name, "--patience") == 0 && n >= 1 && n <= 3600) {
        args->batch.patience_s = (unsigned)n;
    } else {
        return false;
    }
    return true;
}

/* Answers how many words it took; 0: none of them is known. */
static int parse_one(struct arguments *args, const char *name, const char *value) {
    uint64_t n = 0;
    bool is_number = number(value, &n);
    if (strcmp(name, "--first") == 0 || strcmp(name, "--fresh") == 0) {
        *(strcmp(name, "--first") == 0 ? &args->batch.first : &args->fresh) = true;
        return 1;
    }
    if (strcmp(name, "--replay") == 0 && !is_number) {
        args->what = REPLAY;
        return 1;
    }
    if (strcmp(name, "--replay") == 0 || (strcmp(name, "--shrink") == 0 && is_number)) {
        args->what = strcmp(name, "--replay") == 0 ? REPLAY : SHRINK;
        args->batch.options.seed = n;
        return 2;
    }
    if (strcmp(name, "--only") == 0)
        return parse_only(args, value) ? 2 : 0;
    if (strcmp(name, "--into") == 0 || strcmp(name, "--script") == 0) {
        *(strcmp(name, "--into") == 0 ? &args->into : &args->script) = value;
        return value ? 2 : 0;
    }
    return is_number && parse_number(args, name, n) ? 2 : 0;
}

static bool parse(int argc, char **argv, struct arguments *args) {
    for (int i = 1, took; i < argc; i += took) {
        took = parse_one(args, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (took == 0)
            return false;
    }
    return true;
}

int main(int argc, char **argv) {
    static struct arguments args;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    args.batch = (struct batch){.from = 1,
                                .seeds = 2000,
                                .jobs = cores > 0 && cores < JOBS_MAX ? (uint32_t)cores : 1,
                                .repeat = 50,
                                .patience_s = 120};
    if (!parse(argc, argv, &args)) {
        fprintf(stderr,
                "usage: sim [--from S | --fresh] [--seeds N] [--minutes M] [--only OPTIONS] [--jobs J] [--repeat K] "
                "[--first] [--patience SECONDS]\n"
                "       sim --replay S [--only OPTIONS]\n"
                "       sim --shrink S [--only OPTIONS] [--into FILE]\n"
                "       sim --script FILE [--replay]\n");
        return 2;
    }
    if (args.script && !script_read(args.script, &args.batch.options, &args.mutes))
        return 2;
    switch (args.what) {
    case RUN:
        return args.script ? play_script(&args) : run(&args);
    case REPLAY:
        return replay(&args);
    case SHRINK:
        return shrink_seed(&args);
    }
    return 2;
}
