/* SPDX-License-Identifier: Apache-2.0 */
#include "x/permission/policy.h"

#include "chain/types/keys_permission.h"
#include "x/base/record.h"

int policy_principal_check(const Principal *principal, struct err *err) {
    struct addr account;
    if (!principal)
        return err_set(err, CODE_POLICY_PRINCIPAL, "a policy needs a principal: an account or a group");
    switch ((int)principal->kind) {
    case PRINCIPAL_KIND_ACCOUNT:
        if (!addr_of_field(principal->account, &account) || principal->group_id)
            return err_set(err, CODE_POLICY_PRINCIPAL, "an account as principal is one address and no group id");
        return CODE_OK;
    case PRINCIPAL_KIND_GROUP:
        if (principal->account.len || principal->group_id == 0)
            return err_set(err, CODE_POLICY_PRINCIPAL, "a group as principal is one group id and no address");
        return CODE_OK;
    default:
        return err_set(err, CODE_POLICY_PRINCIPAL, "the principal must be an account or a group");
    }
}

static struct bytes policy_key(struct key *k, int kind, uint64_t resource_id, const Principal *principal) {
    struct addr account = {{0}};
    if (principal->kind == PRINCIPAL_KIND_GROUP)
        return key_policy_group(k, (uint8_t)kind, resource_id, principal->group_id);
    addr_of_field(principal->account, &account);
    return key_policy_account(k, (uint8_t)kind, resource_id, &account);
}

static int policy_at(struct ctx *ctx, struct bytes key, Policy **ret, struct err *err) {
    int rc = record_get(ctx, key, &policy__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = NULL;
    return CODE_OK;
}

int policy_get(struct ctx *ctx, const struct permission_resource *resource, const Principal *principal, Policy **ret,
               struct err *err) {
    struct key k;
    return policy_at(ctx, policy_key(&k, resource->kind, resource->id, principal), ret, err);
}

int policy_of_account(struct ctx *ctx, int kind, uint64_t resource_id, const struct addr *account, Policy **ret,
                      struct err *err) {
    struct key k;
    return policy_at(ctx, key_policy_account(&k, (uint8_t)kind, resource_id, account), ret, err);
}

/* --- what hangs on a policy beside its record: an entry under its principal, an entry in the queue --- */

static struct bytes granted_key(struct key *k, const Policy *policy) {
    struct addr account = {{0}};
    if (policy->principal->kind == PRINCIPAL_KIND_GROUP) {
        key_granted_group(k, policy->principal->group_id);
    } else {
        addr_of_field(policy->principal->account, &account);
        key_granted_account(k, &account);
    }
    return key_granted_add(k, (uint8_t)policy->resource_kind, policy->resource_id);
}

uint64_t policy_due(const Policy *policy) {
    uint64_t due = policy->expires_at;
    for (size_t i = 0; i < policy->n_statements; i++) {
        uint64_t at = policy->statements[i]->expires_at;
        if (at && (due == 0 || at < due))
            due = at;
    }
    return due;
}

struct bytes policy_expiry_key(struct key *k, const Policy *policy) {
    struct key at, all;
    struct bytes whole = policy_key(&at, (int)policy->resource_kind, policy->resource_id, policy->principal);
    size_t prefix = key_policies(&all).len;
    return key_policy_expiry(k, policy_due(policy), bytes_of(whole.data + prefix, whole.len - prefix));
}

static int enqueue(struct ctx *ctx, const Policy *policy, struct err *err) {
    struct key k;
    return policy_due(policy) ? record_put_mark(ctx, policy_expiry_key(&k, policy), err) : CODE_OK;
}

static int dequeue(struct ctx *ctx, const Policy *policy, struct err *err) {
    struct key k;
    return policy_due(policy) ? record_del(ctx, policy_expiry_key(&k, policy), err) : CODE_OK;
}

static int put(struct ctx *ctx, const Policy *policy, struct err *err) {
    struct key k;
    return record_put(ctx, policy_key(&k, (int)policy->resource_kind, policy->resource_id, policy->principal), policy,
                      err);
}

int policy_spend(struct ctx *ctx, Policy *policy, size_t statement, uint64_t bytes, struct err *err) {
    policy->statements[statement]->size_used += bytes;
    return put(ctx, policy, err);
}

int policy_change(struct ctx *ctx, const Policy *old, const Policy *policy, struct err *err) {
    int rc = dequeue(ctx, old, err);
    if (rc == CODE_OK)
        rc = enqueue(ctx, policy, err);
    return rc ? rc : put(ctx, policy, err);
}

bool policy_prune(struct ctx *ctx, Policy *policy) {
    size_t n = 0, before = policy->n_statements;
    for (size_t i = 0; i < before; i++)
        if (!policy->statements[i]->expires_at || ctx->time < policy->statements[i]->expires_at)
            policy->statements[n++] = policy->statements[i];
    policy->n_statements = n;
    return n < before;
}

/* --- how many there are --- */

static int counts_get(struct ctx *ctx, int kind, uint64_t resource_id, PolicyCounts *ret, struct err *err) {
    struct key k;
    PolicyCounts *record;
    policy_counts__init(ret);
    int rc =
        record_get(ctx, key_policy_counts(&k, (uint8_t)kind, resource_id), &policy_counts__descriptor, &record, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    *ret = *record;
    return CODE_OK;
}

static int counts_put(struct ctx *ctx, int kind, uint64_t resource_id, const PolicyCounts *counts, struct err *err) {
    struct key k;
    struct bytes key = key_policy_counts(&k, (uint8_t)kind, resource_id);
    return counts->accounts || counts->groups ? record_put(ctx, key, counts, err) : record_del(ctx, key, err);
}

static uint64_t *count_of(PolicyCounts *counts, const Policy *policy) {
    return policy->principal->kind == PRINCIPAL_KIND_GROUP ? &counts->groups : &counts->accounts;
}

int policy_del(struct ctx *ctx, const Policy *policy, struct err *err) {
    struct key k;
    PolicyCounts counts;
    int rc = counts_get(ctx, (int)policy->resource_kind, policy->resource_id, &counts, err);
    if (rc)
        return rc;
    if (*count_of(&counts, policy) == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "a resource counts fewer policies than it has");
    --*count_of(&counts, policy);
    rc = counts_put(ctx, (int)policy->resource_kind, policy->resource_id, &counts, err);
    if (rc == CODE_OK)
        rc = dequeue(ctx, policy, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, granted_key(&k, policy), err);
    return rc ? rc
              : record_del(ctx, policy_key(&k, (int)policy->resource_kind, policy->resource_id, policy->principal),
                           err);
}

static int no_room(const Policy *policy, uint64_t cap, struct err *err) {
    return err_set(err, CODE_POLICY_LIMIT, "the resource has policies for %llu %s already; delete one first",
                   (unsigned long long)cap, policy->principal->kind == PRINCIPAL_KIND_GROUP ? "groups" : "accounts");
}

int policy_add(struct ctx *ctx, const Policy *policy, struct err *err) {
    struct key k;
    PolicyCounts counts;
    int kind = (int)policy->resource_kind;
    uint64_t cap = policy->principal->kind == PRINCIPAL_KIND_GROUP
                       ? ctx->params->permission->groups_per_resource
                       : ctx->params->permission->account_policies_per_resource;
    int rc = counts_get(ctx, kind, policy->resource_id, &counts, err);
    if (rc)
        return rc;
    if (*count_of(&counts, policy) >= cap)
        return no_room(policy, cap, err);
    ++*count_of(&counts, policy);
    rc = counts_put(ctx, kind, policy->resource_id, &counts, err);
    if (rc == CODE_OK)
        rc = enqueue(ctx, policy, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, granted_key(&k, policy), err);
    return rc ? rc : put(ctx, policy, err);
}
