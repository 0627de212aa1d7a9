/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_MIGRATE_H
#define CAIRN_SP_EXECUTOR_MIGRATE_H
/*
 * A bucket on its way to this provider (x/storage/migrate.h on the ledger): for each of its slots the ledger is told
 * that this provider takes over the first position; what follows, for each of them, is a takeover like any other
 * (takeover.h). With nothing left to take over, the ledger is asked to look at the bucket, which ends it.
 */
#include "sp/executor/provider.h"

/* Work of TASK_KIND_MIGRATE_BUCKET: task->object_id is the bucket. *ret_final: the bucket is not on its way here. */
int migrate_task(struct provider *p, const Task *task, bool *ret_final, struct err *err);

#endif
