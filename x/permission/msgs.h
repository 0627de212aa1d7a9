/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_MSGS_H
#define CAIRN_X_PERMISSION_MSGS_H
/* The messages of this module, each in msg_<name>.c: check and run as x/base/module.h says. */
#include "chain/codec/pb.h"
#include "x/permission/permission.h"

int msg_put_policy_check(const void *msg, const Params *params, struct err *err);
int msg_put_policy_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_delete_policy_check(const void *msg, const Params *params, struct err *err);
int msg_delete_policy_run(struct ctx *ctx, const void *msg, struct err *err);

#endif
