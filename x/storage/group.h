/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_GROUP_H
#define CAIRN_X_STORAGE_GROUP_H
/* Groups of accounts and their members. (Placement groups, of providers, are x/sp's.) */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* CODE_GROUP_NOT_FOUND. */
int group_get(struct ctx *ctx, const struct addr *owner, const char *group_name, GroupInfo **ret, struct err *err);
/* As a message names it: owner empty = the signer. CODE_INVALID_ARGUMENT when it is no address. */
int group_named(struct ctx *ctx, ProtobufCBinaryData owner, const char *group_name, GroupInfo **ret, struct err *err);
int group_by_id(struct ctx *ctx, uint64_t group_id, GroupInfo **ret, struct err *err);
int group_put(struct ctx *ctx, const GroupInfo *group, struct err *err);
/* CODE_GROUP_EXISTS, CODE_GROUP_LIMIT. */
int group_insert(struct ctx *ctx, const GroupInfo *group, struct err *err);

/* Enters an account, or gives it a new expiry; counts in group->members, which the caller puts. CODE_MEMBER: not an
 * address, the owner, or an expiry in the past. */
int group_add_member(struct ctx *ctx, GroupInfo *group, const GroupMember *member, struct err *err);
/* CODE_MEMBER_NOT_FOUND. */
int group_remove_member(struct ctx *ctx, GroupInfo *group, const struct addr *account, struct err *err);
/* It is gone: the name is free at once; members, and policies on it and for it, go some each block. */
int group_remove(struct ctx *ctx, const GroupInfo *group, struct err *err);

/* End work: a membership whose time is over; members of a group that is gone. */
#define GROUP_MEMBERS_AT_ONCE 16 /* of a group that is gone */
int group_member_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
int group_gone_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* Entered and not expired, in a group that is there. */
int group_has(struct ctx *ctx, uint64_t group_id, const struct addr *account, bool *ret, struct err *err);

#endif
