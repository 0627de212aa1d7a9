/* SPDX-License-Identifier: Apache-2.0 */
/* MsgLeaveGroup: a member goes by itself; nobody can be held in a group. */
#include "x/storage/msgs.h"

#include "x/storage/fields.h"
#include "x/storage/group.h"

int msg_leave_group_check(const void *msg, const Params *params, struct err *err) {
    (void)params;
    return fields_check_group_name(((const MsgLeaveGroup *)msg)->group_name, err);
}

int msg_leave_group_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgLeaveGroup *m = msg;
    GroupInfo *group = NULL;
    int rc = group_named(ctx, m->group_owner, m->group_name, &group, err);
    if (rc == CODE_OK)
        rc = group_remove_member(ctx, group, &ctx->signer, err);
    if (rc == CODE_OK)
        rc = group_put(ctx, group, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.group_left", "group", group->group_name, "group_id", ctx_u64_text(ctx, group->id),
              "account", ctx_addr_text(ctx, &ctx->signer), NULL);
    return CODE_OK;
}
