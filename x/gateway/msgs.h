/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_GATEWAY_MSGS_H
#define CAIRN_X_GATEWAY_MSGS_H
/* The messages of x/gateway, as module.c lists them. Private to the folder. */
#include "x/base/ctx.h"

int msg_register_gateway_check(const void *message, const Params *params, struct err *err);
int msg_register_gateway_run(struct ctx *ctx, const void *message, struct err *err);
int msg_update_gateway_check(const void *message, const Params *params, struct err *err);
int msg_update_gateway_run(struct ctx *ctx, const void *message, struct err *err);
int msg_remove_gateway_run(struct ctx *ctx, const void *message, struct err *err);

#endif
