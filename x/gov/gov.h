/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_GOV_GOV_H
#define CAIRN_X_GOV_GOV_H
/*
 * What validators decide by vote. Anybody proposes, with a deposit; validators vote through their operators, each with
 * the power that its validator has in the set of the running block. As soon as more than 2/3 of the power say yes, or
 * enough say no that they cannot, or the time for it is over, the proposal is decided at the end of the block, and what
 * it asks for is done there and then: in a journal of its own, so that one that cannot be done (any more) has failed
 * and nothing else.
 *
 * Parameters that change hold from the next block on, as a new version (x/params). An upgrade is a height from which
 * the rules of another version hold; x/app asks for it (gov_upgrade) before every block.
 */
#include "cairn/gov.h"
#include "x/base/module.h"

/* The newest plan that was decided. CODE_NOT_FOUND, with no sentence: none. */
int gov_upgrade(struct ctx *ctx, UpgradePlan **ret, struct err *err);

extern const struct module gov_module;

#endif
