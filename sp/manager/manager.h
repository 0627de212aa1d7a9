/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_MANAGER_MANAGER_H
#define CAIRN_SP_MANAGER_MANAGER_H
/*
 * The table of tasks: everything that a provider does in the background is a record in its database before it is done,
 * so that `kill -9` forgets nothing. The manager gives tasks out by priority and time, one thread a task, takes back
 * what came of them, and tries what failed again, later and later, until its deadline.
 *
 * A task's work must be safe to do twice: a crash between the work and its record repeats it.
 *
 * Thread-safe.
 */
#include "cairn/sp_db.h"
#include "chain/os/thread.h"
#include "sp/spdb/spdb.h"

enum {
    MANAGER_TASKS_MAX = 65536,
    MANAGER_BACKOFF_MS = 500, /* after the first failure; doubled to ... */
    MANAGER_BACKOFF_MAX_MS = 60000,
};

/* Higher goes first. */
enum task_priority {
    TASK_PRIORITY_GC = 10,
    TASK_PRIORITY_REPAIR = 20,
    TASK_PRIORITY_REPLICATE = 30,
    TASK_PRIORITY_SEAL = 40,
    TASK_PRIORITY_CHALLENGE = 50,
};

struct manager_entry;

struct manager {
    struct spdb *db; /* borrowed */
    struct mutex lock;
    struct cond changed;
    struct manager_entry *entries; /* owned array, in no order */
    size_t count, room;
    bool closing;
};

/* Loads what an earlier run left. */
int manager_init(struct manager *manager, struct spdb *db, struct err *err);
/* manager_take answers CODE_CLOSED from now on. Idempotent. */
void manager_close(struct manager *manager);
void manager_release(struct manager *manager);

/* Records a task (durably) and makes it due. One of the same kind, object, position, segment and challenge that is
 * there already is made due at once instead, and *ret_known (may be NULL) is true; if somebody works on it just now, it
 * is done once more behind that, since what was seen may have changed. CODE_LIMIT when the table is full. */
int manager_add(struct manager *manager, const Task *task, bool *ret_known, struct err *err);

/* Waits for a due task that nobody works on and gives it to the caller, who must answer with manager_done. CODE_CLOSED.
 */
int manager_take(struct manager *manager, struct arena *arena, Task **ret, struct err *err);

/* rc CODE_OK: done, the record goes. Otherwise the task is tried again after a pause; when its deadline has passed, or
 * final is true, it goes too. */
int manager_done(struct manager *manager, const Task *task, int rc, const struct err *why, bool final, struct err *err);

/* A task that waits for something (a challenge on hold, a peer that is away) becomes due now. */
void manager_wake(struct manager *manager);

/* Calls visit for each task; running tells whether somebody works on it. Not 0 from visit ends it. */
int manager_each(struct manager *manager, int (*visit)(void *ctx, const Task *task, bool running, struct err *err),
                 void *ctx, struct err *err);
size_t manager_count(struct manager *manager);

#endif
