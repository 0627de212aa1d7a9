/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_POLICY_H
#define CAIRN_X_PERMISSION_POLICY_H
/* The policies of a resource as records: at most one for each principal, at most so many accounts and groups. */
#include "chain/types/key.h"
#include "x/permission/deps.h"

/* CODE_POLICY_PRINCIPAL unless it is an account's address or a group's id, and nothing else beside it. */
int policy_principal_check(const Principal *principal, struct err *err);

/* *ret is NULL when this principal has none here. */
int policy_get(struct ctx *ctx, const struct permission_resource *resource, const Principal *principal, Policy **ret,
               struct err *err);
int policy_of_account(struct ctx *ctx, int kind, uint64_t resource_id, const struct addr *account, Policy **ret,
                      struct err *err);

/* A new one. CODE_POLICY_LIMIT: the resource has as many for accounts, or for groups, as allowed. */
int policy_add(struct ctx *ctx, const Policy *policy, struct err *err);
/* In place of what is there for the same principal and resource: `old`, as it was read. */
int policy_change(struct ctx *ctx, const Policy *old, const Policy *policy, struct err *err);
/* The bytes count against a statement's budget. */
int policy_spend(struct ctx *ctx, Policy *policy, size_t statement, uint64_t bytes, struct err *err);
int policy_del(struct ctx *ctx, const Policy *policy, struct err *err);

/* Drops statements whose time is over from the struct; the caller writes it. True when there were some. */
bool policy_prune(struct ctx *ctx, Policy *policy);
/* When the first thing in it expires: the policy, or a statement; 0: nothing does. */
uint64_t policy_due(const Policy *policy);
/* Its entry in the queue; only when policy_due is not 0. */
struct bytes policy_expiry_key(struct key *k, const Policy *policy);

#endif
