/* SPDX-License-Identifier: Apache-2.0 */
/* MsgUpdateGroupMembers: by the owner, or by whom a policy on the group allows it. Removals come first. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "x/storage/access.h"
#include "x/storage/fields.h"
#include "x/storage/group.h"

/* No account twice, in one list or over both. */
static int check_distinct(const MsgUpdateGroupMembers *m, struct err *err) {
    for (size_t i = 0; i < m->n_add + m->n_remove; i++) {
        struct bytes a = i < m->n_add ? pb_bytes(m->add[i]->account) : pb_bytes(m->remove[i - m->n_add]);
        for (size_t j = 0; j < i; j++) {
            struct bytes b = j < m->n_add ? pb_bytes(m->add[j]->account) : pb_bytes(m->remove[j - m->n_add]);
            if (bytes_eq(a, b))
                return err_set(err, CODE_MEMBER, "an account is given twice");
        }
    }
    return CODE_OK;
}

int msg_update_group_members_check(const void *msg, const Params *params, struct err *err) {
    const MsgUpdateGroupMembers *m = msg;
    int rc = fields_check_group_name(m->group_name, err);
    if (rc)
        return rc;
    if (m->n_add + m->n_remove == 0)
        return err_set(err, CODE_MEMBER, "no member to add or remove is named");
    if (m->n_add + m->n_remove > params->storage->members_per_update)
        return err_set(err, CODE_MEMBER_LIMIT, "%zu members in one message; at most %llu are allowed",
                       m->n_add + m->n_remove, (unsigned long long)params->storage->members_per_update);
    return check_distinct(m, err);
}

static int apply(struct ctx *ctx, const MsgUpdateGroupMembers *m, GroupInfo *group, struct err *err) {
    for (size_t i = 0; i < m->n_remove; i++) {
        struct addr account = {{0}};
        if (!addr_of_field(m->remove[i], &account))
            return err_set(err, CODE_MEMBER, "a member to remove is not an address");
        int rc = group_remove_member(ctx, group, &account, err);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < m->n_add; i++) {
        int rc = group_add_member(ctx, group, m->add[i], err);
        if (rc)
            return rc;
    }
    return group_put(ctx, group, err);
}

int msg_update_group_members_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgUpdateGroupMembers *m = msg;
    GroupInfo *group = NULL;
    int rc = group_named(ctx, m->group_owner, m->group_name, &group, err);
    if (rc == CODE_OK)
        rc = access_group(ctx, ACTION_UPDATE_GROUP_MEMBERS, group, "update group members", err);
    if (rc == CODE_OK)
        rc = apply(ctx, m, group, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.group_updated", "group", group->group_name, "group_id", ctx_u64_text(ctx, group->id),
              "added", ctx_u64_text(ctx, m->n_add), "removed", ctx_u64_text(ctx, m->n_remove), "members",
              ctx_u64_text(ctx, group->members), NULL);
    return CODE_OK;
}
