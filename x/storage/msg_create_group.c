/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCreateGroup: a named group of accounts, with its first members. */
#include "x/storage/msgs.h"

#include "x/storage/fields.h"
#include "x/storage/group.h"

int msg_create_group_check(const void *msg, const Params *params, struct err *err) {
    const MsgCreateGroup *m = msg;
    int rc = fields_check_group_name(m->group_name, err);
    if (rc == CODE_OK)
        rc = fields_check_tags(m->tags, m->n_tags, params->storage, err);
    if (rc == CODE_OK)
        rc = fields_check_text("extra text", m->extra, GROUP_EXTRA_MAX, err);
    if (rc)
        return rc;
    if (m->n_members > params->storage->members_per_update)
        return err_set(err, CODE_MEMBER_LIMIT, "%zu members in one message; at most %llu are allowed", m->n_members,
                       (unsigned long long)params->storage->members_per_update);
    return CODE_OK;
}

int msg_create_group_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgCreateGroup *m = msg;
    GroupInfo group = GROUP_INFO__INIT;
    int rc = ctx_next_id(ctx, SEQ_GROUP, &group.id, err);
    if (rc)
        return rc;
    group.owner = ctx_addr(ctx, &ctx->signer);
    group.group_name = m->group_name;
    group.source_type = SOURCE_TYPE_ORIGIN;
    group.create_at = ctx->height;
    group.tags = m->tags;
    group.n_tags = m->n_tags;
    group.extra = m->extra;
    rc = group_insert(ctx, &group, err);
    for (size_t i = 0; rc == CODE_OK && i < m->n_members; i++)
        rc = group_add_member(ctx, &group, m->members[i], err);
    if (rc)
        return rc;
    if (group.members != m->n_members)
        return err_set(err, CODE_MEMBER, "a member is given twice");
    rc = group_put(ctx, &group, err);
    if (rc)
        return rc;
    ctx_id(ctx, group.id);
    ctx_event(ctx, "storage.group_created", "group", group.group_name, "group_id", ctx_u64_text(ctx, group.id), "owner",
              ctx_addr_text(ctx, &ctx->signer), "members", ctx_u64_text(ctx, group.members), NULL);
    return CODE_OK;
}
