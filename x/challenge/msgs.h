/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_MSGS_H
#define CAIRN_X_CHALLENGE_MSGS_H
/* The messages of this module, each in msg_<name>.c, as x/base/module.h says. Private to the folder. */
#include "x/base/ctx.h"

int msg_submit_challenge_check(const void *msg, const Params *params, struct err *err);
int msg_submit_challenge_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_answer_challenge_check(const void *msg, const Params *params, struct err *err);
int msg_answer_challenge_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_declare_lost_check(const void *msg, const Params *params, struct err *err);
int msg_declare_lost_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_answer_challenge_free_ante(struct ctx *ctx, const void *msg, struct err *err);

#endif
