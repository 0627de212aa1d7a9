/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger [--from S | --fresh] [--seeds N] [--minutes M] [--jobs J] [--first] [--patience S] [--cover]
 * ledger --replay S | --shrink S [--into FILE] | --script FILE
 *
 * Lives of a ledger from seeds S, S + 1, ...: random messages of every kind, all invariants after every block, naive
 * models beside it. A seed that fails is printed with the commands that show it again; --first stops at it. --cover: it
 * is a failure too when a kind of message was never accepted, or never refused. The last line is "seeds: N, failed: F".
 *
 * --replay prints what every message of a seed answered, --shrink looks for less that fails alike and writes it as a
 * script, --script plays one.
 */
#include "chain/os/clock.h"
#include "tests/property/ledger/shrink.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEDS       32  /* of CI: about 30 s of a core */
#define PATIENCE    120 /* processor seconds of one life */
#define JOBS_MAX    64
#define FAILED_KEPT 16

enum what { RUN, REPLAY, SHRINK, SCRIPT };

struct arguments {
    enum what what;
    uint64_t from, seeds, minutes, seed;
    bool seeds_given, fresh, first, cover;
    unsigned jobs, patience;
    const char *script, *into;
};

/* What all jobs share. */
struct batch {
    uint64_t next, done, failed, ledger_ms, questions; /* next: places in the row of seeds */
    bool stop;
    unsigned accepted[LIFE_KINDS], refused[LIFE_KINDS], events[WORLD_EVENTS];
};

/* --- a row of seeds --- */

static void say_failed(uint64_t seed, const struct life *life, const struct outcome *o) {
    char text[200];
    life_describe(life, text, sizeof text);
    printf("seed %" PRIu64 " FAILED at block %" PRIu64 ": %s\n  %s\n  again: tests/run property --replay %" PRIu64
           "; smaller: tests/run property --shrink %" PRIu64 "\n",
           seed, o->report.height, o->failure, text, seed, seed);
    fflush(stdout);
}

static void add(struct batch *b, const struct outcome *o) {
    __atomic_fetch_add(&b->done, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&b->failed, o->failed, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&b->ledger_ms, o->report.ledger_ms, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&b->questions, o->report.questions, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < LIFE_KINDS; i++) {
        __atomic_fetch_add(&b->accepted[i], o->report.accepted[i], __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&b->refused[i], o->report.refused[i], __ATOMIC_SEQ_CST);
    }
    for (unsigned i = 0; i < WORLD_EVENTS; i++)
        __atomic_fetch_add(&b->events[i], o->report.events[i], __ATOMIC_SEQ_CST);
}

static void job(const struct arguments *args, struct batch *b, uint64_t deadline_ns) {
    static struct life life;
    while (!__atomic_load_n(&b->stop, __ATOMIC_SEQ_CST)) {
        uint64_t i = __atomic_fetch_add(&b->next, 1, __ATOMIC_SEQ_CST);
        struct outcome o;
        if (deadline_ns ? clock_mono_ns() >= deadline_ns : i >= args->seeds)
            return;
        life_draw(args->from + i, &life);
        life_try(&life, false, args->patience, &o);
        add(b, &o);
        if (o.failed) {
            say_failed(args->from + i, &life, &o);
            if (args->first)
                __atomic_store_n(&b->stop, true, __ATOMIC_SEQ_CST);
        }
    }
}

static bool known(const struct ledger *ledger, unsigned kind) {
    return kind < LEDGER_RULES_MAX && ledger->rules[kind] != NULL;
}

/* How often each kind of message was accepted and refused. Returns how many never were. */
static unsigned say_cover(const struct batch *b, bool loud) {
    struct ledger ledger;
    unsigned missing = 0;
    ledger_init(&ledger, NULL);
    for (unsigned i = 0; i < LIFE_KINDS; i++) {
        if (!known(&ledger, i))
            continue;
        bool never = !b->accepted[i] || !b->refused[i];
        missing += never;
        if (loud || never)
            printf("%-28s %6u accepted %6u refused%s\n", ledger.rules[i]->desc->short_name, b->accepted[i],
                   b->refused[i],
                   !b->accepted[i]  ? "  NEVER ACCEPTED"
                   : !b->refused[i] ? "  NEVER REFUSED"
                                    : "");
    }
    for (unsigned i = 0; i < WORLD_EVENTS; i++) {
        if (loud || !b->events[i])
            printf("%-28s %6u events%s\n", world_events[i], b->events[i], b->events[i] ? "" : "  (never)");
    }
    return missing;
}

static int run_row(struct arguments *args) {
    struct batch *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t deadline = args->minutes ? clock_mono_ns() + args->minutes * 60000000000u : 0;
    if (b == MAP_FAILED) {
        perror("ledger");
        return 1;
    }
    if (args->seeds_given)
        deadline = 0;
    if (args->fresh)
        args->from = clock_real_ms() << 12;
    printf("from seed %" PRIu64 "\n", args->from);
    fflush(stdout);
    for (unsigned i = 0; i < args->jobs; i++)
        if (fork() == 0) {
            job(args, b, deadline);
            fflush(NULL);
            _exit(0);
        }
    while (wait(NULL) > 0 || errno == EINTR)
        continue;
    unsigned missing = say_cover(b, args->cover);
    if (args->cover && missing) {
        printf("%u kinds of messages were never accepted or never refused\n", missing);
        b->failed++;
    }
    printf("%.1f months of ledger time, %" PRIu64 " questions to the models\n", (double)b->ledger_ms / 2629800000.0,
           b->questions);
    printf("seeds: %" PRIu64 ", failed: %" PRIu64 "\n", b->done, b->failed);
    return b->failed != 0;
}

/* --- one of them --- */

static int run_one(const struct arguments *args) {
    static struct life life;
    struct outcome o;
    char text[200];
    if (args->what == SCRIPT) {
        FILE *in = fopen(args->script, "r");
        bool taken = in && life_load(in, &life);
        if (in)
            fclose(in);
        if (!taken) {
            fprintf(stderr, "%s: not a script of a life\n", args->script);
            return 2;
        }
    } else {
        life_draw(args->seed, &life);
    }
    life_describe(&life, text, sizeof text);
    printf("seed %" PRIu64 ": %s\n", life.seed, text);
    life_try(&life, args->what != SHRINK, args->patience, &o);
    if (args->what == SHRINK && o.failed) {
        unsigned tries = 0;
        printf("it fails at block %" PRIu64 ": %s\n", o.report.height, o.failure);
        fflush(stdout);
        life_shrink(&life, o.failure, args->patience, &tries);
        FILE *out = fopen(args->into, "w");
        if (out) {
            life_save(&life, out);
            fclose(out);
        }
        life_describe(&life, text, sizeof text);
        printf("after %u lives: %s\n", tries, text);
        life_print(&life, stdout);
        printf("again: tests/run property --script %s\n", args->into);
    }
    printf("trace: %016" PRIx64 "\nseeds: 1, failed: %d\n", o.report.trace, o.failed);
    return o.failed;
}

/* --- arguments --- */

static bool number(const char *text, uint64_t *ret) {
    char *end;
    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0;
}

static bool take(struct arguments *a, const char *name, const char *value, bool *used) {
    uint64_t n = 0;
    bool ok = true;
    *used = true;
    if (strcmp(name, "--script") == 0 || strcmp(name, "--into") == 0) {
        if (name[2] == 's')
            a->what = SCRIPT;
        *(name[2] == 's' ? &a->script : &a->into) = value;
        return value != NULL;
    }
    if (strcmp(name, "--fresh") == 0 || strcmp(name, "--first") == 0 || strcmp(name, "--cover") == 0) {
        *(name[3] == 'r' ? &a->fresh : name[3] == 'i' ? &a->first : &a->cover) = true;
        *used = false;
        return true;
    }
    ok = number(value, &n);
    if (strcmp(name, "--from") == 0)
        a->from = n;
    else if (strcmp(name, "--seeds") == 0)
        a->seeds = n, a->seeds_given = true;
    else if (strcmp(name, "--minutes") == 0)
        a->minutes = n;
    else if (strcmp(name, "--replay") == 0)
        a->seed = n, a->what = REPLAY;
    else if (strcmp(name, "--shrink") == 0)
        a->seed = n, a->what = SHRINK;
    else if (strcmp(name, "--jobs") == 0 && n >= 1 && n <= JOBS_MAX)
        a->jobs = (unsigned)n;
    else if (strcmp(name, "--patience") == 0 && n >= 1 && n <= 100000)
        a->patience = (unsigned)n;
    else
        return false;
    return ok;
}

int main(int argc, char **argv) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct arguments args = {.from = 1,
                             .seeds = SEEDS,
                             .jobs = cores > 0 && cores < JOBS_MAX ? (unsigned)cores : 2,
                             .patience = PATIENCE,
                             .into = "build/shrunk.ledger"};
    test_setup();
    for (int i = 1; i < argc; i++) {
        bool used = false;
        if (!take(&args, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used)) {
            fprintf(stderr, "%s: not understood; see the head of tests/property/ledger/main.c\n", argv[i]);
            return 2;
        }
        i += used;
    }
    return args.what == RUN ? run_row(&args) : run_one(&args);
}
