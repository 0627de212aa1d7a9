/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_MOVE_H
#define CAIRN_X_VALIDATOR_MOVE_H
/*
 * From the newest set towards the one that bonds ask for, one height at a time. In one step less than a third of the
 * power goes and less than a third comes (at least one unit each, or tiny sets would never move), so that a light
 * client that skips a height still finds more than a third of what it trusts, and nobody can take over the set or leave
 * it behind in one block. What does not fit into a step follows in the next ones.
 */
#include "chain/types/validator_set.h"

/*
 * One step from `now` towards `target`: *ret has at most max (1..VALIDATORS_MAX) validators unless `now` has more, and
 * is never empty; powers go down first, then up, each in the order of the set. With an empty target nobody leaves:
 * *ret is `now`. True when *ret is the target.
 */
bool set_move(const struct validator_set *now, const struct validator_set *target, uint16_t max,
              struct validator_set *ret);

#endif
