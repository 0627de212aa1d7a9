/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_REPAIR_H
#define CAIRN_SP_EXECUTOR_REPAIR_H
/* A piece of ours that is damaged or missing: rebuilt from what the other positions hold, each part verified, and
 * written back. */
#include "sp/executor/provider.h"

/* Makes a task of it; what goes wrong is logged (the scrubber comes by again). */
void repair_request(struct provider *p, uint64_t object_id, uint64_t version, uint32_t position, uint64_t segment);

/* Work of TASK_KIND_REPAIR_PIECE. *ret_final: the position is not ours any more, or the object is gone. */
int repair_task(struct provider *p, const Task *task, bool *ret_final, struct err *err);

/* Tasks for every piece of a position that is not as it should be; for repair duties. ret_count: how many. */
int repair_position(struct provider *p, uint64_t object_id, uint64_t version, uint32_t position, size_t *ret_count,
                    struct err *err);

#endif
