/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_APP_JUDGE_H
#define CAIRN_X_APP_JUDGE_H
/* Whether a block may be: judged by process before a vote, and again by finalize, where a no is a defect. Private to
 * x/app. */
#include "x/app/run.h"

/* Moves the run to the block's height and times; checks height, time, caps, whether an empty block is due, and the
 * reveal, which is not taken yet. */
int judge_block(struct run *run, const struct app_block *block, struct err *err);
/* Every ante check in order, with its effects. */
int judge_txs(struct run *run, const struct app_block *block, struct err *err);

#endif
