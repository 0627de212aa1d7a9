/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_REPAIR_H
#define CAIRN_SP_EXECUTOR_REPAIR_H
/* A piece of ours that is damaged or missing: rebuilt from what the other positions hold, each part verified, and
 * written back. */
#include "client/lib/placement.h"
#include "sp/executor/provider.h"

/* Makes a task of it; what goes wrong is logged (the scrubber comes by again). */
void repair_request(struct provider *p, uint64_t object_id, uint64_t version, uint32_t position, uint64_t segment);

/* Work of TASK_KIND_REPAIR_PIECE. *ret_final: the position is not ours any more, or the object is gone. */
int repair_task(struct provider *p, const Task *task, bool *ret_final, struct err *err);

/* Every piece of a position that somebody else holds and this provider is taking over (held: the record of it here):
 * those that are not here yet are copied from the holder, or rebuilt from the others when that fails. */
int repair_take(struct provider *p, const HeldPosition *held, const struct placement *place, struct err *err);

/* Tasks for every piece of a position that is not as it should be; for repair duties. ret_count: how many. */
int repair_position(struct provider *p, uint64_t object_id, uint64_t version, uint32_t position, size_t *ret_count,
                    struct err *err);

#endif
