/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/thread.h"
#include "chain/os/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void must(int rc) {
    if (rc)
        abort();
}

void mutex_init(struct mutex *m) {
    must(pthread_mutex_init(&m->m, NULL));
}

void mutex_release(struct mutex *m) {
    must(pthread_mutex_destroy(&m->m));
}

void mutex_lock(struct mutex *m) {
    must(pthread_mutex_lock(&m->m));
}

void mutex_unlock(struct mutex *m) {
    must(pthread_mutex_unlock(&m->m));
}

void cond_init(struct cond *c) {
    pthread_condattr_t attr;
    must(pthread_condattr_init(&attr));
    must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    must(pthread_cond_init(&c->c, &attr));
    must(pthread_condattr_destroy(&attr));
}

void cond_release(struct cond *c) {
    must(pthread_cond_destroy(&c->c));
}

void cond_signal(struct cond *c) {
    must(pthread_cond_signal(&c->c));
}

void cond_broadcast(struct cond *c) {
    must(pthread_cond_broadcast(&c->c));
}

void cond_wait(struct cond *c, struct mutex *m) {
    must(pthread_cond_wait(&c->c, &m->m));
}

bool cond_wait_until(struct cond *c, struct mutex *m, uint64_t deadline_ns) {
    if (deadline_ns == DEADLINE_NEVER) {
        cond_wait(c, m);
        return true;
    }
    struct timespec t = {(time_t)(deadline_ns / 1000000000u), (long)(deadline_ns % 1000000000u)};
    int rc = pthread_cond_timedwait(&c->c, &m->m, &t);
    if (rc != ETIMEDOUT)
        must(rc);
    return rc == 0;
}

struct start {
    void (*run)(void *arg);
    void *arg;
    char name[16];
};

static void *trampoline(void *p) {
    struct start s = *(struct start *)p;
    free(p);
    (void)pthread_setname_np(pthread_self(), s.name);
    s.run(s.arg);
    return NULL;
}

int thread_start(struct thread *t, const char *name, void (*run)(void *arg), void *arg, struct err *err) {
    struct start *s = (struct start *)malloc(sizeof *s);
    if (!s)
        return err_set(err, CODE_NO_MEMORY, "thread %s: no memory", name);
    *s = (struct start){.run = run, .arg = arg};
    (void)snprintf(s->name, sizeof s->name, "%s", name);
    sigset_t all, old;
    (void)sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &old));
    pthread_t id;
    int rc = pthread_create(&id, NULL, trampoline, s);
    must(pthread_sigmask(SIG_SETMASK, &old, NULL));
    if (rc) {
        free(s);
        return err_errno(err, rc, "thread %s cannot start", name);
    }
    *t = (struct thread){.id = id, .running = true};
    return CODE_OK;
}

void thread_join(struct thread *t) {
    if (!t->running)
        return;
    must(pthread_join(t->id, NULL));
    t->running = false;
}

unsigned thread_cpus(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}
