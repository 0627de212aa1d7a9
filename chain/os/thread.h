/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_THREAD_H
#define CAIRN_CHAIN_OS_THREAD_H
/* Threads, mutexes and condition variables (monotonic clock). Misuse of a lock aborts. */
#include "chain/base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct mutex {
    pthread_mutex_t m;
};
struct cond {
    pthread_cond_t c;
};
struct thread {
    pthread_t id;
    bool running; /* started and not joined */
};

void mutex_init(struct mutex *m);
void mutex_release(struct mutex *m);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

void cond_init(struct cond *c);
void cond_release(struct cond *c);
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);
void cond_wait(struct cond *c, struct mutex *m);
/* False when the deadline (clock_mono_ns) has passed. DEADLINE_NEVER waits for ever. Spurious wake-ups happen: loop on
 * a condition. */
bool cond_wait_until(struct cond *c, struct mutex *m, uint64_t deadline_ns);

/* Starts run(arg) with all signals blocked, so that only main sees them. name: at most 15 characters, shown by tools.
 */
int thread_start(struct thread *t, const char *name, void (*run)(void *arg), void *arg, struct err *err);
/* Waits for its end; does nothing if it never started or was joined. */
void thread_join(struct thread *t);
/* Number of CPUs this process may use, at least 1. */
unsigned thread_cpus(void);

#endif
