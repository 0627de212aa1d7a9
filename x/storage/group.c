/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/group.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/permission/permission.h"
#include "x/storage/counts.h"

static struct addr group_owner(const GroupInfo *group) {
    struct addr a = {{0}};
    addr_of_field(group->owner, &a);
    return a;
}

int group_get(struct ctx *ctx, const struct addr *owner, const char *group_name, GroupInfo **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_group(&k, owner, group_name), &group_info__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_GROUP_NOT_FOUND, "%s has no group %s", ctx_addr_text(ctx, owner), group_name);
    return rc;
}

int group_named(struct ctx *ctx, ProtobufCBinaryData owner, const char *group_name, GroupInfo **ret, struct err *err) {
    struct addr at = ctx->signer;
    if (owner.len && !addr_of_field(owner, &at))
        return err_set(err, CODE_INVALID_ARGUMENT, "group_owner must be an address");
    return group_get(ctx, &at, group_name, ret, err);
}

int group_by_id(struct ctx *ctx, uint64_t group_id, GroupInfo **ret, struct err *err) {
    struct key k;
    struct addr owner = {{0}};
    GroupLocation *at;
    int rc = record_get(ctx, key_group_id(&k, group_id), &group_location__descriptor, &at, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_GROUP_NOT_FOUND, "there is no group with id %llu", (unsigned long long)group_id);
    if (rc)
        return rc;
    addr_of_field(at->owner, &owner);
    return group_get(ctx, &owner, at->group_name, ret, err);
}

int group_put(struct ctx *ctx, const GroupInfo *group, struct err *err) {
    struct key k;
    struct addr owner = group_owner(group);
    return record_put(ctx, key_group(&k, &owner, group->group_name), group, err);
}

int group_insert(struct ctx *ctx, const GroupInfo *group, struct err *err) {
    struct key k;
    struct addr owner = group_owner(group);
    GroupLocation at = GROUP_LOCATION__INIT;
    bool there = false;
    int rc = record_has(ctx, key_group(&k, &owner, group->group_name), &there, err);
    if (rc)
        return rc;
    if (there)
        return err_set(err, CODE_GROUP_EXISTS, "the account has a group %s already", group->group_name);
    rc = counts_add_group(ctx, &owner, err);
    at.owner = group->owner;
    at.group_name = group->group_name;
    if (rc == CODE_OK)
        rc = record_put(ctx, key_group_id(&k, group->id), &at, err);
    return rc ? rc : group_put(ctx, group, err);
}

/* --- members --- */

static int member_get(struct ctx *ctx, uint64_t group_id, const struct addr *account, GroupMember **ret,
                      struct err *err) {
    struct key k;
    *ret = NULL;
    int rc = record_get(ctx, key_member(&k, group_id, account), &group_member__descriptor, ret, err);
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

/* The record and its entry in the queue. */
static int member_put(struct ctx *ctx, uint64_t group_id, const struct addr *account, const GroupMember *member,
                      struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (member->expires_at)
        rc = record_put_mark(ctx, key_member_expiry(&k, member->expires_at, group_id, account), err);
    return rc ? rc : record_put(ctx, key_member(&k, group_id, account), member, err);
}

static int member_del(struct ctx *ctx, uint64_t group_id, const struct addr *account, const GroupMember *member,
                      struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (member->expires_at)
        rc = record_del(ctx, key_member_expiry(&k, member->expires_at, group_id, account), err);
    return rc ? rc : record_del(ctx, key_member(&k, group_id, account), err);
}

int group_add_member(struct ctx *ctx, GroupInfo *group, const GroupMember *member, struct err *err) {
    struct addr account = {{0}}, owner = group_owner(group);
    GroupMember *old = NULL;
    if (!addr_of_field(member->account, &account) || addr_is_zero(&account))
        return err_set(err, CODE_MEMBER, "a member must be an account's address");
    if (addr_eq(&account, &owner))
        return err_set(err, CODE_MEMBER, "the owner of a group cannot be a member of it");
    if (member->expires_at && member->expires_at <= ctx->time)
        return err_set(err, CODE_MEMBER, "the membership of %s would have expired already",
                       ctx_addr_text(ctx, &account));
    int rc = member_get(ctx, group->id, &account, &old, err);
    if (rc == CODE_OK && old)
        rc = member_del(ctx, group->id, &account, old, err);
    if (rc)
        return rc;
    group->members += !old;
    return member_put(ctx, group->id, &account, member, err);
}

int group_remove_member(struct ctx *ctx, GroupInfo *group, const struct addr *account, struct err *err) {
    GroupMember *member = NULL;
    int rc = member_get(ctx, group->id, account, &member, err);
    if (rc)
        return rc;
    if (!member)
        return err_set(err, CODE_MEMBER_NOT_FOUND, "%s is not a member of group %s", ctx_addr_text(ctx, account),
                       group->group_name);
    if (group->members == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "a group counts fewer members than it has");
    group->members--;
    return member_del(ctx, group->id, account, member, err);
}

int group_has(struct ctx *ctx, uint64_t group_id, const struct addr *account, bool *ret, struct err *err) {
    struct key k;
    GroupMember *member = NULL;
    bool there = false;
    int rc = member_get(ctx, group_id, account, &member, err);
    if (rc == CODE_OK && member && (member->expires_at == 0 || ctx->time < member->expires_at))
        rc = record_has(ctx, key_group_id(&k, group_id), &there, err); /* members of one that is gone are still going */
    if (rc == CODE_OK)
        *ret = there;
    return rc;
}

/* --- the end of groups and memberships --- */

int group_remove(struct ctx *ctx, const GroupInfo *group, struct err *err) {
    struct key k;
    struct addr owner = group_owner(group);
    int rc = permission_group_gone(ctx, group->id, err);
    if (rc == CODE_OK)
        rc = counts_sub_group(ctx, &owner, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_group_id(&k, group->id), err);
    if (rc == CODE_OK && group->members)
        rc = record_put_mark(ctx, key_group_gone(&k, ctx->time, group->id), err);
    return rc ? rc : record_del(ctx, key_group(&k, &owner, group->group_name), err);
}

int group_member_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    struct addr account;
    GroupInfo *group = NULL;
    (void)value, (void)due_time;
    uint64_t group_id = load_be64(rest.data);
    if (!addr_from(bytes_of(rest.data + 8, rest.len - 8), &account))
        return err_set(err, CODE_CORRUPT, "an entry of the queue of members names no account");
    int rc = group_by_id(ctx, group_id, &group, err);
    if (rc == CODE_GROUP_NOT_FOUND) /* its members are going anyway */
        return record_del(ctx, key_member(&k, group_id, &account), NULL);
    if (rc == CODE_OK && group->members == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "a group counts fewer members than it has");
    if (rc == CODE_OK)
        rc = record_del(ctx, key_member(&k, group_id, &account), err);
    if (rc)
        return rc;
    group->members--;
    ctx_event(ctx, "storage.member_expired", "group_id", ctx_u64_text(ctx, group_id), "account",
              ctx_addr_text(ctx, &account), NULL);
    return group_put(ctx, group, err);
}

struct going {
    uint64_t group_id, left;
    bool more;
};

/* record_fn over members of a group that is gone. rest: account. */
static int drop_member(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct going *g = arg;
    struct addr account;
    (void)value;
    if (g->left == 0) {
        g->more = true;
        return RECORD_STOP;
    }
    g->left--;
    if (!addr_from(rest, &account))
        return err_set(err, CODE_CORRUPT, "a member has no account");
    return member_del(ctx, g->group_id, &account, msg, err);
}

int group_gone_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    struct going g = {.group_id = load_be64(rest.data), .left = GROUP_MEMBERS_AT_ONCE};
    (void)value, (void)due_time;
    int rc = record_each(ctx, key_member_all(&k, g.group_id), BYTES_NONE, g.left + 1, &group_member__descriptor,
                         drop_member, &g, err);
    return rc || !g.more ? rc : record_put_mark(ctx, key_group_gone(&k, ctx->time + 1, g.group_id), err);
}
