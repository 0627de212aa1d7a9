/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_POLICY_H
#define CAIRN_X_PERMISSION_POLICY_H
/* The policies of a resource as records: at most one for each principal, at most so many accounts and groups. */
#include "x/permission/deps.h"

/* CODE_POLICY_PRINCIPAL unless it is an account's address or a group's id, and nothing else beside it. */
int policy_principal_check(const Principal *principal, struct err *err);

/* *ret is NULL when this principal has none here. */
int policy_get(struct ctx *ctx, const struct permission_resource *resource, const Principal *principal, Policy **ret,
               struct err *err);
int policy_of_account(struct ctx *ctx, int kind, uint64_t resource_id, const struct addr *account, Policy **ret,
                      struct err *err);

/* Writes a policy that is there already back, or a new one: then there must be room. CODE_POLICY_LIMIT. What has
 * expired makes room first. */
int policy_put(struct ctx *ctx, const Policy *policy, struct err *err);
int policy_add(struct ctx *ctx, const Policy *policy, struct err *err);
int policy_del(struct ctx *ctx, const Policy *policy, struct err *err);

#endif
