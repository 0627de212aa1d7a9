/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_MSGS_H
#define CAIRN_X_STORAGE_MSGS_H
/* The messages of this module, each in msg_<name>.c: check, run and signatures as x/base/module.h says. */
#include "x/base/ctx.h"

int msg_create_bucket_check(const void *msg, const Params *params, struct err *err);
int msg_create_bucket_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_delete_bucket_check(const void *msg, const Params *params, struct err *err);
int msg_delete_bucket_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_create_object_check(const void *msg, const Params *params, struct err *err);
int msg_create_object_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_seal_object_check(const void *msg, const Params *params, struct err *err);
int msg_seal_object_run(struct ctx *ctx, const void *msg, struct err *err);
uint64_t msg_seal_object_signatures(const void *msg);
int msg_reject_seal_check(const void *msg, const Params *params, struct err *err);
int msg_reject_seal_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_cancel_object_check(const void *msg, const Params *params, struct err *err);
int msg_cancel_object_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_delete_object_check(const void *msg, const Params *params, struct err *err);
int msg_delete_object_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_store_object_check(const void *msg, const Params *params, struct err *err);
int msg_store_object_run(struct ctx *ctx, const void *msg, struct err *err);
uint64_t msg_store_object_signatures(const void *msg);
int msg_copy_object_check(const void *msg, const Params *params, struct err *err);
int msg_copy_object_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_move_object_check(const void *msg, const Params *params, struct err *err);
int msg_move_object_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_update_object_check(const void *msg, const Params *params, struct err *err);
int msg_update_object_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_renew_object_check(const void *msg, const Params *params, struct err *err);
int msg_renew_object_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_update_bucket_check(const void *msg, const Params *params, struct err *err);
int msg_update_bucket_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_discontinue_object_check(const void *msg, const Params *params, struct err *err);
int msg_discontinue_object_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_discontinue_bucket_check(const void *msg, const Params *params, struct err *err);
int msg_discontinue_bucket_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_migrate_bucket_check(const void *msg, const Params *params, struct err *err);
int msg_migrate_bucket_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_complete_migrate_bucket_check(const void *msg, const Params *params, struct err *err);
int msg_complete_migrate_bucket_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_cancel_migrate_bucket_check(const void *msg, const Params *params, struct err *err);
int msg_cancel_migrate_bucket_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_reject_migrate_bucket_check(const void *msg, const Params *params, struct err *err);
int msg_reject_migrate_bucket_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_create_group_check(const void *msg, const Params *params, struct err *err);
int msg_create_group_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_update_group_members_check(const void *msg, const Params *params, struct err *err);
int msg_update_group_members_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_delete_group_check(const void *msg, const Params *params, struct err *err);
int msg_delete_group_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_leave_group_check(const void *msg, const Params *params, struct err *err);
int msg_leave_group_run(struct ctx *ctx, const void *msg, struct err *err);
int msg_update_group_check(const void *msg, const Params *params, struct err *err);
int msg_update_group_run(struct ctx *ctx, const void *msg, struct err *err);

#endif
