/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/executor/executor.h"

#include "chain/os/log.h"
#include "sp/executor/answer.h"
#include "sp/executor/migrate.h"
#include "sp/executor/repair.h"
#include "sp/executor/takeover.h"

#include <inttypes.h>

enum { THREADS = 4, ARENA_MAX = 1 << 20 };

/* *ret_final: whatever happened, it is of no use to try again. */
static int run(struct executor *e, const Task *task, bool *ret_final, struct err *err) {
    switch (task->kind) {
    case TASK_KIND_SEAL_OBJECT:
        return replicator_task(e->replicator, task, ret_final, err);
    case TASK_KIND_ANSWER_CHALLENGE:
        return answer_task(e->provider, task, ret_final, err);
    case TASK_KIND_REPAIR_PIECE:
        return repair_task(e->provider, task, ret_final, err);
    case TASK_KIND_GC_OBJECT:
        return e->gc(e->gc_ctx, task, ret_final, err);
    case TASK_KIND_COPY_OBJECT:
        return e->copy(e->gc_ctx, task, ret_final, err);
    case TASK_KIND_ADOPT_STAGE:
        return e->adopt(e->gc_ctx, task, ret_final, err);
    case TASK_KIND_TAKE_OVER:
        return takeover_task(e->provider, task, ret_final, err);
    case TASK_KIND_MIGRATE_BUCKET:
        return migrate_task(e->provider, task, ret_final, err);
    default:
        *ret_final = true;
        return err_set(err, CODE_UNSUPPORTED, "a task of kind %d, which this program does not know", (int)task->kind);
    }
}

static const char *kind_name(const Task *task) {
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&task_kind__descriptor, (int)task->kind);
    return value ? value->name : "?";
}

static void work(void *arg) {
    struct executor *e = arg;
    struct arena arena;
    struct err err;
    Task *task;
    arena_init(&arena, ARENA_MAX);
    while (err_clear(&err), manager_take(e->provider->manager, &arena, &task, &err) != CODE_CLOSED) {
        if (err.code) {
            log_error("executor", "a task cannot be read", "why=%s", log_quote(err_text(&err)).s);
            continue;
        }
        bool final = false;
        int rc = run(e, task, &final, &err);
        if (rc)
            log_warn("executor", final ? "task given up" : "task failed, will be tried again",
                     "kind=%s object=%" PRIu64 " attempts=%u code=%s why=%s", kind_name(task), task->object_id,
                     task->attempts + 1, code_name(rc), log_quote(err_text(&err)).s);
        if (manager_done(e->provider->manager, task, rc, &err, final, &err))
            log_error("executor", "a task's end cannot be recorded", "why=%s", log_quote(err_text(&err)).s);
        arena_reset(&arena);
    }
    arena_release(&arena);
}

int executor_start(struct executor *e, unsigned threads, struct err *err) {
    unsigned count = threads ? threads : THREADS;
    int rc = CODE_OK;
    count = count > EXECUTOR_THREADS_MAX ? EXECUTOR_THREADS_MAX : count;
    for (e->count = 0; !rc && e->count < count; e->count += !rc)
        rc = thread_start(&e->threads[e->count], "task", work, e, err);
    if (rc) {
        manager_close(e->provider->manager);
        executor_stop(e);
    }
    return rc;
}

void executor_stop(struct executor *e) {
    for (unsigned i = 0; i < e->count; i++)
        thread_join(&e->threads[i]);
    e->count = 0;
}
