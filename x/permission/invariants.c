/* SPDX-License-Identifier: Apache-2.0 */
#include "x/permission/invariants.h"

#include "chain/types/keys_permission.h"
#include "x/base/record.h"
#include "x/permission/policy.h"

#include "cairn/permission.h"

/* record_fn: one of the policies of a resource. */
static int count(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    PolicyCounts *counts = arg;
    const Policy *policy = msg;
    (void)ctx, (void)rest, (void)value;
    if (!policy->principal || policy->n_statements == 0)
        return err_set(err, CODE_INTERNAL, "policy %llu has no principal or no statements",
                       (unsigned long long)policy->id);
    if (policy->principal->kind == PRINCIPAL_KIND_GROUP)
        counts->groups++;
    else
        counts->accounts++;
    return CODE_OK;
}

/* record_fn: a resource's counts against its policies. rest: kind u8, id u64be. */
static int check_counts(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct key k;
    const PolicyCounts *want = msg;
    PolicyCounts got = POLICY_COUNTS__INIT;
    (void)value;
    if (rest.len != 9)
        return err_set(err, CODE_INTERNAL, "a key of policy counts has %zu bytes", rest.len);
    int rc = record_each(ctx, key_policy_all(&k, rest.data[0], load_be64(rest.data + 1)), BYTES_NONE, 0,
                         &policy__descriptor, count, &got, err);
    if (rc)
        return rc;
    *(uint64_t *)arg += got.accounts + got.groups;
    if (got.accounts != want->accounts || got.groups != want->groups)
        return err_set(err, CODE_INTERNAL, "resource %llu counts %llu + %llu policies and has %llu + %llu",
                       (unsigned long long)load_be64(rest.data + 1), (unsigned long long)want->accounts,
                       (unsigned long long)want->groups, (unsigned long long)got.accounts,
                       (unsigned long long)got.groups);
    return CODE_OK;
}

/* record_fn */
static int count_all(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

/* --- queue and list of principals, both ways --- */

static struct bytes granted(struct key *k, const Policy *policy) {
    struct addr account = {{0}};
    if (policy->principal->kind == PRINCIPAL_KIND_GROUP) {
        key_granted_group(k, policy->principal->group_id);
    } else {
        addr_of_field(policy->principal->account, &account);
        key_granted_account(k, &account);
    }
    return key_granted_add(k, (uint8_t)policy->resource_kind, policy->resource_id);
}

static int check_budgets(const Policy *policy, struct err *err) {
    for (size_t i = 0; i < policy->n_statements; i++) {
        const Statement *s = policy->statements[i];
        if (s->size_used > s->size_limit)
            return err_set(err, CODE_INTERNAL, "statement %zu of policy %llu has spent %llu of %llu bytes", i,
                           (unsigned long long)policy->id, (unsigned long long)s->size_used,
                           (unsigned long long)s->size_limit);
    }
    return CODE_OK;
}

/* record_fn: every policy is listed with its principal, and queued for its first expiry. */
static int check_policy(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const Policy *policy = msg;
    struct key k;
    bool listed = false, queued = true;
    (void)value, (void)rest;
    int rc = record_has(ctx, granted(&k, policy), &listed, err);
    if (rc == CODE_OK && policy_due(policy)) {
        rc = record_has(ctx, policy_expiry_key(&k, policy), &queued, err);
        ++*(uint64_t *)arg;
    }
    if (rc)
        return rc;
    if (!listed || !queued)
        return err_set(err, CODE_INTERNAL, "policy %llu is not %s", (unsigned long long)policy->id,
                       listed ? "queued for its expiry" : "listed with its principal");
    return check_budgets(policy, err);
}

static int check_lists(struct ctx *ctx, uint64_t policies, struct err *err) {
    struct key k;
    uint64_t expiring = 0, queued = 0, listed = 0;
    int rc = record_each(ctx, key_policies(&k), BYTES_NONE, 0, &policy__descriptor, check_policy, &expiring, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_policy_expiry_all(&k), BYTES_NONE, 0, NULL, count_all, &queued, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_granted_all(&k), BYTES_NONE, 0, NULL, count_all, &listed, err);
    if (rc)
        return rc;
    if (queued != expiring || listed != policies)
        return err_set(err, CODE_INTERNAL,
                       "%llu policies, %llu of which expire: %llu are queued and %llu are listed with principals",
                       (unsigned long long)policies, (unsigned long long)expiring, (unsigned long long)queued,
                       (unsigned long long)listed);
    return CODE_OK;
}

int permission_invariants(struct ctx *ctx, struct err *err) {
    struct key k;
    uint64_t counted = 0, there = 0;
    int rc = record_each(ctx, key_policy_counts_all(&k), BYTES_NONE, 0, &policy_counts__descriptor, check_counts,
                         &counted, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_policies(&k), BYTES_NONE, 0, NULL, count_all, &there, err);
    if (rc == CODE_OK && counted != there)
        return err_set(err, CODE_INTERNAL, "%llu policies are counted, %llu are there", (unsigned long long)counted,
                       (unsigned long long)there);
    return rc ? rc : check_lists(ctx, there, err);
}
