/* SPDX-License-Identifier: Apache-2.0 */
/* MsgUpdateGroup: what a group says about itself, by the owner or by whom a policy on the group allows it. */
#include "x/storage/msgs.h"

#include "x/storage/access.h"
#include "x/storage/fields.h"
#include "x/storage/group.h"

int msg_update_group_check(const void *msg, const Params *params, struct err *err) {
    const MsgUpdateGroup *m = msg;
    int rc = fields_check_group_name(m->group_name, err);
    if (rc == CODE_OK)
        rc = fields_check_tags(m->tags, m->n_tags, params->storage, err);
    return rc ? rc : fields_check_text("extra text", m->extra, GROUP_EXTRA_MAX, err);
}

int msg_update_group_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgUpdateGroup *m = msg;
    GroupInfo *group = NULL;
    int rc = group_named(ctx, m->group_owner, m->group_name, &group, err);
    if (rc == CODE_OK)
        rc = access_group(ctx, ACTION_UPDATE_GROUP, group, "update group", err);
    if (rc)
        return rc;
    group->extra = m->extra;
    group->tags = m->tags;
    group->n_tags = m->n_tags;
    rc = group_put(ctx, group, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.group_described", "group", group->group_name, "group_id", ctx_u64_text(ctx, group->id),
              NULL);
    return CODE_OK;
}
