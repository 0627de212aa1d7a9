/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_TAKEOVER_H
#define CAIRN_SP_EXECUTOR_TAKEOVER_H
/*
 * A position of a placement group that this provider has reserved on the ledger (x/sp/takeover.h there): every object's
 * pieces of that position are copied from who holds it, or rebuilt from others when that fails, each verified against
 * what was sealed; then the ledger is told that everything is here, and draws. What was fetched stays when the work
 * stops in between. A failure of one object does not keep the others from being fetched.
 */
#include "sp/executor/provider.h"

/* Work of TASK_KIND_TAKE_OVER: task->object_id is the group, task->position the position. *ret_final: the reservation
 * has ended, or is another provider's. */
int takeover_task(struct provider *p, const Task *task, bool *ret_final, struct err *err);

#endif
