/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_ANSWER_H
#define CAIRN_SP_EXECUTOR_ANSWER_H
/* Answering a challenge of the ledger: the drawn leaves with their paths, from the disk, checked here before they are
 * sent. */
#include "sp/executor/provider.h"

/* Work of TASK_KIND_ANSWER_CHALLENGE. A piece that is damaged or missing becomes a task to repair it, and this one is
 * tried again until the deadline. *ret_final: the challenge is closed. */
int answer_task(struct provider *p, const Task *task, bool *ret_final, struct err *err);

#endif
