/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/run.h"

#include "chain/os/clock.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* One worker's part of the memory that all share. */
struct desk {
    uint64_t seed; /* at work */
    bool at_work;
    struct totals totals;
    struct outcome outcome; /* of the seed that failed last */
    atomic_bool reported;   /* outcome waits for the parent */
};

struct board {
    atomic_uint_fast64_t next;   /* index of the next seed */
    atomic_uint_fast64_t lowest; /* index of the lowest seed that failed */
    atomic_uint failed;
    struct desk desks[JOBS_MAX];
};

static struct desk *own_desk; /* of this process */
static struct sim *own_sim;

static void *shared(size_t len) {
    void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("sim: no shared memory");
        exit(2);
    }
    return memory;
}

/* --- one seed --- */

static void outcome_fill(struct outcome *o, struct sim *s) {
    o->failed = s->failure[0] != 0;
    snprintf(o->failure, sizeof o->failure, "%s", s->failure);
    o->seed = s->options.seed;
    o->at_ms = s->now;
    o->step = s->steps;
    o->trace = s->trace_hash;
    o->drawn = s->drawn;
    sim_describe(s, o->described, sizeof o->described);
    o->golden[0] = 0;
    if (o->failed)
        golden_of_failure(s, o->golden, sizeof o->golden);
}

/* --- seeds that take their process with them --- */

/* A seed may take this much of a processor's time; a busy machine is no failure. 0: for ever. */
static void patience(unsigned s) {
    struct itimerval timer = {.it_value = {.tv_sec = s}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

/* Instead of the C library's: what the assertion was is the seed's failure. */
_Noreturn void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function) {
    if (!own_desk || !own_sim) {
        fprintf(stderr, "%s:%u: %s: assertion failed: %s\n", file, line, function, assertion);
        abort();
    }
    own_sim->failure[0] = 0;
    check_fail(own_sim, "assertion in %s: %s", function, assertion);
    outcome_fill(&own_desk->outcome, own_sim);
    fflush(NULL);
    _exit(3);
}

/* What is known otherwise: the seed and what it draws. */
static void outcome_of_death(struct outcome *o, const struct options *options, uint64_t seed, int status,
                             unsigned patience_s) {
    struct options again = *options;
    struct sim *s = sim_new();
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    again.seed = seed;
    sim_prepare(s, &again);
    *o = (struct outcome){.failed = true, .seed = seed, .drawn = s->drawn};
    sim_describe(s, o->described, sizeof o->described);
    if (sig == SIGPROF)
        snprintf(o->failure, sizeof o->failure, "it does not end within %u s", patience_s);
    else if (sig)
        snprintf(o->failure, sizeof o->failure, "it was killed: %s", strsignal(sig));
    else
        snprintf(o->failure, sizeof o->failure, "its process ended with status %d", WEXITSTATUS(status));
    sim_free(s);
}

void run_apart(const struct options *options, unsigned patience_s, struct outcome *ret) {
    struct desk *desk = shared(sizeof *desk);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct sim *s = sim_new();
        own_desk = desk;
        own_sim = s;
        patience(patience_s);
        sim_run(s, options);
        outcome_fill(&desk->outcome, s);
        fflush(NULL);
        _exit(0);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("sim: no process");
        exit(2);
    }
    if (status != 0 && !desk->outcome.failed)
        outcome_of_death(&desk->outcome, options, options->seed, status, patience_s);
    *ret = desk->outcome;
    munmap(desk, sizeof *desk);
}

/* --- many --- */

static void add(struct totals *t, const struct sim *s) {
    t->heights += s->highest;
    t->empty += s->empty_blocks;
    t->messages += s->messages;
    t->steps += s->steps;
    t->crashes += s->crashes;
    t->replays += s->replays;
    t->evidence += s->evidence;
    t->trace += mix64(s->options.seed ^ mix64(s->trace_hash));
    if (s->rounds_max > t->rounds_max)
        t->rounds_max = s->rounds_max;
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
    all->trace += one->trace;
    if (one->rounds_max > all->rounds_max)
        all->rounds_max = one->rounds_max;
}

static bool run_seed(struct sim *s, const struct batch *batch, uint64_t seed, struct totals *totals) {
    struct options options = batch->options;
    options.seed = seed;
    patience(batch->patience_s);
    bool good = sim_run(s, &options);
    uint64_t hash = s->trace_hash;
    add(totals, s);
    if (good && batch->repeat && seed % batch->repeat == batch->repeat / 2) {
        totals->repeated++;
        good = sim_run(s, &options);
        if (good && s->trace_hash != hash) {
            check_fail(s, "the same seed took another course");
            good = false;
        }
    }
    return good;
}

static void lower(atomic_uint_fast64_t *lowest, uint64_t index) {
    uint_fast64_t seen = atomic_load(lowest);
    while (index < seen && !atomic_compare_exchange_weak(lowest, &seen, index))
        ;
}

static bool enough(const struct batch *batch, const struct board *board, uint64_t index) {
    return index >= batch->seeds || (batch->first && index > atomic_load(&board->lowest)) ||
           atomic_load(&board->failed) >= FAILURES_MAX || (batch->until_ms && clock_mono_ms() >= batch->until_ms);
}

/* A worker ends at a failure, too; the parent reads of it and starts another. */
static void work(const struct batch *batch, struct board *board, struct desk *desk) {
    struct sim *s = sim_new();
    own_desk = desk;
    own_sim = s;
    for (;;) {
        uint64_t index = atomic_fetch_add(&board->next, 1);
        if (enough(batch, board, index))
            return;
        desk->seed = batch->from + index;
        desk->outcome.failed = false;
        desk->at_work = true;
        bool good = run_seed(s, batch, desk->seed, &desk->totals);
        desk->at_work = false;
        desk->totals.seeds++;
        if (good)
            continue;
        desk->totals.failed++;
        outcome_fill(&desk->outcome, s);
        lower(&board->lowest, index);
        atomic_fetch_add(&board->failed, 1);
        atomic_store(&desk->reported, true);
        return;
    }
}

static pid_t hire(const struct batch *batch, struct board *board, struct desk *desk) {
    fflush(NULL);
    atomic_store(&desk->reported, false);
    desk->at_work = false;
    pid_t pid = fork();
    if (pid == 0) {
        work(batch, board, desk);
        fflush(NULL);
        _exit(0);
    }
    if (pid < 0) {
        perror("sim: no process");
        exit(2);
    }
    return pid;
}

/* The worker at the desk has ended. Answers whether there may be more to do. */
static bool settle(const struct batch *batch, struct board *board, struct desk *desk, int status,
                   void (*failed)(void *, const struct outcome *), void *arg) {
    bool reported = atomic_load(&desk->reported);
    if (desk->at_work) {
        if (!desk->outcome.failed)
            outcome_of_death(&desk->outcome, &batch->options, desk->seed, status, batch->patience_s);
        desk->totals.seeds++;
        desk->totals.failed++;
        lower(&board->lowest, desk->seed - batch->from);
        atomic_fetch_add(&board->failed, 1);
        reported = true;
    }
    if (reported)
        failed(arg, &desk->outcome);
    return reported;
}

void run_batch(const struct batch *batch, void (*failed)(void *, const struct outcome *), void *arg,
               struct totals *ret_totals) {
    struct board *board = shared(sizeof *board);
    pid_t pids[JOBS_MAX];
    uint32_t running = 0;
    assert(batch->jobs >= 1 && batch->jobs <= JOBS_MAX);
    atomic_store(&board->lowest, UINT64_MAX);
    for (uint32_t j = 0; j < batch->jobs; j++, running++)
        pids[j] = hire(batch, board, &board->desks[j]);
    while (running > 0) {
        int status = 0;
        pid_t pid = wait(&status);
        if (pid < 0 && errno == EINTR)
            continue;
        for (uint32_t j = 0; j < batch->jobs; j++) {
            if (pids[j] != pid)
                continue;
            if (settle(batch, board, &board->desks[j], status, failed, arg))
                pids[j] = hire(batch, board, &board->desks[j]);
            else
                running--;
        }
    }
    *ret_totals = (struct totals){0};
    for (uint32_t j = 0; j < batch->jobs; j++)
        sum(ret_totals, &board->desks[j].totals);
    munmap(board, sizeof *board);
}
