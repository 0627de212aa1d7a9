/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/pool.h"

#include "chain/os/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS_MAX = 15 };

struct pool {
    struct mutex lock;
    struct cond work, done;
    uint64_t round;   /* under lock: counts pool_run */
    unsigned working; /* under lock: helpers in this round */
    bool stopping;
    void (*fn)(void *ctx, unsigned i);
    void *ctx;
    unsigned n;
    atomic_uint next;
    unsigned threads;
    struct thread thread[THREADS_MAX];
};

static void work(struct pool *p) {
    for (unsigned i; (i = atomic_fetch_add(&p->next, 1)) < p->n;)
        p->fn(p->ctx, i);
}

static void help(void *arg) {
    struct pool *p = (struct pool *)arg;
    uint64_t seen = 0;
    mutex_lock(&p->lock);
    for (;;) {
        while (!p->stopping && p->round == seen)
            cond_wait(&p->work, &p->lock);
        if (p->stopping)
            break;
        seen = p->round;
        if (atomic_load(&p->next) >= p->n)
            continue; /* woke too late: it is done, or as good as */
        p->working++;
        mutex_unlock(&p->lock);
        work(p);
        mutex_lock(&p->lock);
        if (--p->working == 0)
            cond_signal(&p->done);
    }
    mutex_unlock(&p->lock);
}

int pool_new(unsigned threads, struct pool **ret, struct err *err) {
    struct pool *p = (struct pool *)calloc(1, sizeof *p);
    if (!p)
        return err_set(err, CODE_NO_MEMORY, "no memory for threads");
    mutex_init(&p->lock);
    cond_init(&p->work);
    cond_init(&p->done);
    atomic_init(&p->next, 0);
    int rc = CODE_OK;
    for (; rc == CODE_OK && p->threads < threads && p->threads < THREADS_MAX; p->threads += rc == CODE_OK)
        rc = thread_start(&p->thread[p->threads], "tree", help, p, err);
    if (rc)
        pool_free(p);
    else
        *ret = p;
    return rc;
}

void pool_free(struct pool *p) {
    if (!p)
        return;
    mutex_lock(&p->lock);
    p->stopping = true;
    cond_broadcast(&p->work);
    mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads; i++)
        thread_join(&p->thread[i]);
    cond_release(&p->work);
    cond_release(&p->done);
    mutex_release(&p->lock);
    free(p);
}

void pool_run(struct pool *p, unsigned n, void (*fn)(void *ctx, unsigned i), void *ctx) {
    if (!p || n < 2) {
        for (unsigned i = 0; i < n; i++)
            fn(ctx, i);
        return;
    }
    mutex_lock(&p->lock);
    p->fn = fn;
    p->ctx = ctx;
    p->n = n;
    atomic_store(&p->next, 0);
    p->round++;
    cond_broadcast(&p->work);
    mutex_unlock(&p->lock);
    work(p);
    mutex_lock(&p->lock);
    while (p->working > 0)
        cond_wait(&p->done, &p->lock);
    mutex_unlock(&p->lock);
}
