/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/ledger/shrink.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- one life in a process of its own --- */

struct call {
    const struct life *life;
    bool trace;
    struct report *report;
};

static void live(void **state) {
    const struct call *call = *state;
    life_run(call->life, call->trace, call->report);
}

/* As a test of cmocka, which says what an assertion found. */
static void child(const struct life *life, bool trace, unsigned patience, int out, struct report *report) {
    struct rlimit limit = {patience, patience + 1};
    struct call call = {life, trace, report};
    const struct CMUnitTest test[] = {cmocka_unit_test_prestate(live, &call)};
    int null = open("/dev/null", O_WRONLY);
    if (!trace) {
        dup2(null, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
    }
    setrlimit(RLIMIT_CPU, &limit);
    int failed = cmocka_run_group_tests(test, NULL, NULL);
    fflush(NULL);
    exit(failed != 0);
}

/* The first line that says something, without the place in a source that it begins with. */
static void first_words(char *text, char ret[FAILURE_MAX]) {
    char *line = text + strspn(text, "\n ");
    char *at = strstr(line, "error: ");
    line[strcspn(line, "\n")] = '\0';
    if (at && at < line + strlen(line) && strncmp(at, "error: Failure!", 15) != 0)
        line = at + 7;
    snprintf(ret, FAILURE_MAX, "%s", *line ? line : "it ended without a word");
}

static void gather(int fd, int status, struct outcome *ret) {
    char text[4096];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    ret->failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0 || !ret->report.done;
    if (!ret->failed)
        return;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        snprintf(ret->failure, sizeof ret->failure, "it does not end");
    else if (WIFSIGNALED(status) && n <= 0)
        snprintf(ret->failure, sizeof ret->failure, "signal %d", WTERMSIG(status));
    else
        first_words(text, ret->failure);
}

void life_try(const struct life *life, bool trace, unsigned patience, struct outcome *ret) {
    struct report *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FILE *out = tmpfile();
    int status = -1;
    memset(ret, 0, sizeof *ret);
    if (shared == MAP_FAILED || !out) {
        perror("ledger");
        exit(1);
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        child(life, trace, patience, fileno(out), shared);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("ledger: fork");
        exit(1);
    }
    ret->report = *shared;
    gather(fileno(out), status, ret);
    fclose(out);
    munmap(shared, sizeof *shared);
}

/* --- less of it --- */

/* Equal but for numbers and what looks like an address or a hash. */
static bool alike(const char *a, const char *b) {
    while (*a && *b) {
        if (isalnum((unsigned char)*a) || isalnum((unsigned char)*b)) {
            const char *x = a, *y = b;
            bool digits = false;
            for (; isalnum((unsigned char)*x); x++)
                digits |= isdigit((unsigned char)*x) != 0;
            for (; isalnum((unsigned char)*y); y++)
                digits |= isdigit((unsigned char)*y) != 0;
            if (!digits && (x - a != y - b || strncmp(a, b, (size_t)(x - a)) != 0))
                return false;
            a = x;
            b = y;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

struct shrinking {
    struct life *life;
    const char *failure;
    unsigned patience, tries;
    /* the parts that may go: messages or blocks */
    struct part {
        unsigned block, draw;
    } * parts;
    unsigned n;
    bool whole_blocks;
};

static bool fails(struct shrinking *s) {
    struct outcome o;
    s->tries++;
    life_try(s->life, false, s->patience, &o);
    return o.failed && alike(o.failure, s->failure);
}

static void set(struct shrinking *s, unsigned from, unsigned n, bool gone) {
    for (unsigned i = from; i < from + n; i++) {
        const struct part *p = &s->parts[i];
        if (s->whole_blocks)
            s->life->gone[p->block] = gone;
        else
            s->life->plans[p->block].draws[p->draw].skip = gone;
    }
}

static void collect(struct shrinking *s) {
    s->n = 0;
    for (unsigned b = 0; b < s->life->blocks; b++) {
        if (s->life->gone[b])
            continue;
        if (s->whole_blocks)
            s->parts[s->n++] = (struct part){b, 0};
        for (unsigned d = 0; !s->whole_blocks && d < s->life->plans[b].n; d++)
            if (!s->life->plans[b].draws[d].skip)
                s->parts[s->n++] = (struct part){b, d};
    }
}

/* Chunks of half, a quarter ... down to one. Returns whether anything went. */
static bool pass(struct shrinking *s) {
    bool any = false;
    collect(s);
    for (unsigned size = s->n / 2 > 0 ? s->n / 2 : 1;; size /= 2) {
        for (unsigned from = 0; from < s->n;) {
            unsigned n = from + size <= s->n ? size : s->n - from;
            set(s, from, n, true);
            if (fails(s)) {
                any = true;
                collect(s);
            } else {
                set(s, from, n, false);
                from += n;
            }
        }
        if (size == 1)
            return any;
    }
}

void life_shrink(struct life *life, const char *failure, unsigned patience, unsigned *ret_tries) {
    static struct part parts[LIFE_BLOCKS_MAX * WORLD_BLOCK_OPS];
    struct shrinking s = {.life = life, .failure = failure, .patience = patience, .parts = parts};
    struct outcome o;
    life_try(life, false, patience, &o);
    if (o.failed && o.report.height + 1 < life->blocks) {
        unsigned blocks = life->blocks;
        life->blocks = (unsigned)o.report.height + 1;
        if (!fails(&s))
            life->blocks = blocks;
    }
    if (life->twin != TWIN_NONE) {
        enum twin twin = life->twin;
        life->twin = TWIN_NONE;
        if (!fails(&s))
            life->twin = twin;
    }
    do {
        s.whole_blocks = true;
        pass(&s);
        s.whole_blocks = false;
    } while (pass(&s));
    *ret_tries = s.tries;
}

/* --- on paper --- */

void life_print(const struct life *life, FILE *out) {
    for (unsigned b = 0; b < life->blocks; b++) {
        const struct world_plan *p = &life->plans[b];
        if (life->gone[b])
            continue;
        fprintf(out, "block %u, %" PRIu64 " ms%s:", b, p->step_ms, p->someone_leaves ? ", others sign" : "");
        for (unsigned d = 0; d < p->n; d++)
            if (!p->draws[d].skip)
                fprintf(out, " %s%s", p->draws[d].join ? "+" : "", world_op_at(p->draws[d].kind)->name);
        fprintf(out, "\n");
    }
}

void life_save(const struct life *life, FILE *out) {
    fprintf(out, "seed %" PRIu64 " blocks %u twin %d\n", life->seed, life->blocks, (int)life->twin);
    for (unsigned b = 0; b < life->blocks; b++) {
        if (life->gone[b])
            continue;
        fprintf(out, "block %u", b);
        for (unsigned d = 0; d < life->plans[b].n; d++)
            if (!life->plans[b].draws[d].skip)
                fprintf(out, " %u", d);
        fprintf(out, "\n");
    }
}

bool life_load(FILE *in, struct life *ret) {
    char line[256];
    uint64_t seed;
    unsigned blocks, block;
    int twin, used;
    if (!fgets(line, sizeof line, in) ||
        sscanf(line, "seed %" SCNu64 " blocks %u twin %d", &seed, &blocks, &twin) != 3 || blocks > LIFE_BLOCKS_MAX)
        return false;
    life_draw(seed, ret);
    ret->blocks = blocks;
    ret->twin = (enum twin)twin;
    memset(ret->gone, 1, sizeof ret->gone);
    for (unsigned b = 0; b < blocks; b++)
        for (unsigned d = 0; d < WORLD_BLOCK_OPS; d++)
            ret->plans[b].draws[d].skip = true;
    while (fgets(line, sizeof line, in)) {
        const char *at = line;
        unsigned draw;
        if (sscanf(at, "block %u%n", &block, &used) != 1 || block >= blocks)
            return false;
        ret->gone[block] = false;
        for (at += used; sscanf(at, " %u%n", &draw, &used) == 1 && draw < WORLD_BLOCK_OPS; at += used)
            ret->plans[block].draws[draw].skip = false;
    }
    return true;
}
