/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_AUTH_MSGS_H
#define CAIRN_X_AUTH_MSGS_H
/* The messages of x/auth, as module.c lists them. Private to the folder. */
#include "x/base/ctx.h"

int msg_send_check(const void *message, const Params *params, struct err *err);
int msg_send_run(struct ctx *ctx, const void *message, struct err *err);
int msg_grant_check(const void *message, const Params *params, struct err *err);
int msg_grant_run(struct ctx *ctx, const void *message, struct err *err);
int msg_revoke_check(const void *message, const Params *params, struct err *err);
int msg_revoke_run(struct ctx *ctx, const void *message, struct err *err);
int msg_set_wrap_key_check(const void *message, const Params *params, struct err *err);
int msg_set_wrap_key_run(struct ctx *ctx, const void *message, struct err *err);

#endif
