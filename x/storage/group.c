/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/group.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
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

int group_add_member(struct ctx *ctx, GroupInfo *group, const GroupMember *member, struct err *err) {
    struct key k;
    struct addr account = {{0}}, owner = group_owner(group);
    bool there = false;
    if (!addr_of_field(member->account, &account) || addr_is_zero(&account))
        return err_set(err, CODE_MEMBER, "a member must be an account's address");
    if (addr_eq(&account, &owner))
        return err_set(err, CODE_MEMBER, "the owner of a group cannot be a member of it");
    if (member->expires_at && member->expires_at <= ctx->time)
        return err_set(err, CODE_MEMBER, "the membership of %s would have expired already",
                       ctx_addr_text(ctx, &account));
    int rc = record_has(ctx, key_member(&k, group->id, &account), &there, err);
    if (rc)
        return rc;
    if (!there)
        group->members++;
    return record_put(ctx, key_member(&k, group->id, &account), member, err);
}

int group_remove_member(struct ctx *ctx, GroupInfo *group, const struct addr *account, struct err *err) {
    struct key k;
    bool there = false;
    int rc = record_has(ctx, key_member(&k, group->id, account), &there, err);
    if (rc)
        return rc;
    if (!there)
        return err_set(err, CODE_MEMBER_NOT_FOUND, "%s is not a member of group %s", ctx_addr_text(ctx, account),
                       group->group_name);
    if (group->members == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "a group counts fewer members than it has");
    group->members--;
    return record_del(ctx, key_member(&k, group->id, account), err);
}

int group_has(struct ctx *ctx, uint64_t group_id, const struct addr *account, bool *ret, struct err *err) {
    struct key k;
    GroupMember *member;
    int rc = record_get(ctx, key_member(&k, group_id, account), &group_member__descriptor, &member, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    *ret = rc == CODE_OK && (member->expires_at == 0 || ctx->time < member->expires_at);
    return CODE_OK;
}
