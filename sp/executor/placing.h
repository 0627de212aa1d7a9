/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_PLACING_H
#define CAIRN_SP_EXECUTOR_PLACING_H
/* Who keeps an object that its client codes and stores itself: a placement group of this primary. */
#include "cairn/sp.h"
#include "sp/executor/provider.h"

/* An open group of the question's profile, whose members all say yes now and none of which is in avoid. Opens one when
 * there is none, at most PLACING_GROUPS_MAX in all for such questions: an owner cannot make a primary open group after
 * group. On the arena. CODE_UNAVAILABLE with how many providers are eligible and how many are needed; CODE_LIMIT. */
enum { PLACING_GROUPS_MAX = 64 };
int placing_find(struct provider *p, const SecondaryAsk *question, const uint32_t *avoid, size_t avoid_count,
                 struct arena *arena, PlacementGroup **ret, struct err *err);

#endif
