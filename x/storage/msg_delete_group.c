/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDeleteGroup: by the owner, or by whom a policy on the group allows it. Policies that name the group say nothing
 * any more, wherever they are. */
#include "x/storage/msgs.h"

#include "x/storage/access.h"
#include "x/storage/fields.h"
#include "x/storage/group.h"

int msg_delete_group_check(const void *msg, const Params *params, struct err *err) {
    (void)params;
    return fields_check_group_name(((const MsgDeleteGroup *)msg)->group_name, err);
}

int msg_delete_group_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgDeleteGroup *m = msg;
    GroupInfo *group = NULL;
    int rc = group_named(ctx, m->group_owner, m->group_name, &group, err);
    if (rc == CODE_OK)
        rc = access_group(ctx, ACTION_DELETE_GROUP, group, "delete group", err);
    if (rc == CODE_OK)
        rc = group_remove(ctx, group, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.group_deleted", "group", group->group_name, "group_id", ctx_u64_text(ctx, group->id),
              "members", ctx_u64_text(ctx, group->members), NULL);
    return CODE_OK;
}
