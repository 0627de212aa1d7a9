/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_EXECUTOR_H
#define CAIRN_SP_EXECUTOR_EXECUTOR_H
/* Threads that take tasks from the manager and do them. The table of kinds is in executor.c. */
#include "sp/executor/provider.h"
#include "sp/executor/replicator.h"

enum { EXECUTOR_THREADS_MAX = 16 };

struct executor {
    struct provider *provider;
    struct replicator *replicator;
    /* Work of TASK_KIND_GC_OBJECT; set by who composes (sp/gc). */
    int (*gc)(void *ctx, const Task *task, bool *ret_final, struct err *err);
    /* Work of TASK_KIND_COPY_OBJECT (sp/cmd/copy.c). */
    int (*copy)(void *ctx, const Task *task, bool *ret_final, struct err *err);
    /* Work of TASK_KIND_ADOPT_STAGE (sp/receiver). */
    int (*adopt)(void *ctx, const Task *task, bool *ret_final, struct err *err);
    void *gc_ctx; /* of these three */
    struct thread threads[EXECUTOR_THREADS_MAX];
    unsigned count;
};

/* provider, replicator, gc, copy and adopt are set already. threads 0: 4. */
int executor_start(struct executor *executor, unsigned threads, struct err *err);
/* Waits for running tasks; the manager must be closed already. */
void executor_stop(struct executor *executor);

#endif
