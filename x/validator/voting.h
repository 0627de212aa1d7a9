/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_VOTING_H
#define CAIRN_X_VALIDATOR_VOTING_H
/* What happens when another set begins to vote. Private to the folder. */
#include "x/base/module.h"

/* Begin work: at the first height of a set, earnings are set down for who has another power than before, and misses
 * are counted for who is new. */
int voting_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err);

#endif
