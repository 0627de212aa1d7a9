/* SPDX-License-Identifier: Apache-2.0 */
#include "x/permission/invariants.h"

#include "chain/types/keys_permission.h"
#include "x/base/record.h"

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
    return rc;
}
