/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable table of tasks: what the manager hands to the executor, and what survives a restart.
 */
#ifndef CAIRN_SP_SPDB_TASKS_H
#define CAIRN_SP_SPDB_TASKS_H

#include "cairn/sp_db.h"
#include "sp/spdb/spdb.h"

/* Gives the task its id (never 0, never reused while the table is not empty) and stores it. */
int task_add(struct spdb *db, Task *task, struct err *err);
int task_get(struct spdb *db, uint64_t id, struct arena *arena, Task **ret_task, struct err *err);
int task_put(struct spdb *db, const Task *task, struct err *err);
int task_del(struct spdb *db, uint64_t id, struct err *err);
/* In order of ids; msg is a const Task *. */
int task_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err);

#endif
