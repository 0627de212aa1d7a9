/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_MSGS_H
#define CAIRN_X_VALIDATOR_MSGS_H
/* The messages of x/validator, as module.c lists them. Private to the folder. */
#include "x/base/ctx.h"

int msg_set_reveal_chain_check(const void *message, const Params *params, struct err *err);
int msg_set_reveal_chain_run(struct ctx *ctx, const void *message, struct err *err);

#endif
