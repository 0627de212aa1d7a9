/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has expired says nothing from that millisecond on, wherever it is asked (evaluate.c); here it leaves the state,
 * some of it each block. The same for policies on resources that are gone, whose ids are never asked about again, and
 * for policies whose principal is a group that is gone.
 */
#include "x/permission/block.h"

#include "chain/types/keys_permission.h"
#include "x/permission/policy.h"

#define LEFTOVERS_AT_ONCE 16 /* policies that one entry of the queue of leftovers takes */

static uint64_t expiries_cap(const struct ctx *ctx) {
    return ctx->params->permission->expiries_per_block;
}

static uint64_t leftovers_cap(const struct ctx *ctx) {
    return (expiries_cap(ctx) + LEFTOVERS_AT_ONCE - 1) / LEFTOVERS_AT_ONCE;
}

/* rest: the policy's key behind its table byte. */
static int expiry_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    Policy *policy = NULL;
    (void)value;
    key_policies(&k);
    key_add_bytes(&k, rest);
    int rc = record_get(ctx, key_bytes(&k), &policy__descriptor, &policy, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? err_set(err, CODE_INTERNAL, "a policy is queued that is not there") : rc;
    if (policy_due(policy) != due_time)
        return err_set(err, CODE_INTERNAL, "policy %llu is queued under another time", (unsigned long long)policy->id);
    Policy now = *policy;
    now.statements = ctx_array(ctx, policy->n_statements + 1, sizeof *now.statements);
    for (size_t i = 0; i < policy->n_statements; i++)
        now.statements[i] = policy->statements[i];
    policy_prune(ctx, &now);
    bool over = now.n_statements == 0 || (policy->expires_at && policy->expires_at <= ctx->time);
    rc = over ? policy_del(ctx, policy, err) : policy_change(ctx, policy, &now, err);
    if (rc == CODE_OK)
        ctx_event(ctx, over ? "permission.policy_expired" : "permission.statement_expired", "policy",
                  ctx_u64_text(ctx, policy->id), "resource_kind", ctx_u64_text(ctx, (uint64_t)policy->resource_kind),
                  "resource", ctx_u64_text(ctx, policy->resource_id), NULL);
    return rc;
}

/* --- leftovers --- */

int leftover_enqueue(struct ctx *ctx, int kind, uint64_t id, struct err *err) {
    struct key k;
    return record_put_mark(ctx, key_policy_leftover(&k, ctx->time, (uint8_t)kind, id), err);
}

/* record_fn over policies of a resource. */
static int drop(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)rest, (void)value;
    ++*(size_t *)arg;
    return policy_del(ctx, msg, err);
}

/* record_fn over what is said of a group. rest: resource kind u8, resource id u64be. */
static int drop_granted(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const uint64_t *group_id = arg;
    struct key k;
    Policy *policy = NULL;
    (void)value, (void)msg;
    int rc = record_get(ctx, key_policy_group(&k, rest.data[0], load_be64(rest.data + 1), *group_id),
                        &policy__descriptor, &policy, err);
    if (rc == CODE_NOT_FOUND)
        return ctx_fault(ctx, CODE_CORRUPT, "a group is listed with a policy that is not there");
    return rc ? rc : policy_del(ctx, policy, err);
}

/* Is anything under this prefix left. */
static int some(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    *(bool *)arg = true;
    return RECORD_STOP;
}

/* rest: kind u8, id u64be. */
static int leftover_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    size_t n = 0;
    bool more = false;
    (void)due_time, (void)value;
    uint8_t kind = rest.data[0];
    uint64_t id = load_be64(rest.data + 1);
    struct bytes prefix = kind ? key_policy_all(&k, kind, id) : key_granted_group(&k, id);
    int rc = kind ? record_each(ctx, prefix, BYTES_NONE, LEFTOVERS_AT_ONCE, &policy__descriptor, drop, &n, err)
                  : record_each(ctx, prefix, BYTES_NONE, LEFTOVERS_AT_ONCE, NULL, drop_granted, &id, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, prefix, BYTES_NONE, 1, NULL, some, &more, err);
    if (rc || !more)
        return rc;
    return record_put_mark(ctx, key_policy_leftover(&k, ctx->time + 1, kind, id), err);
}

const struct hook permission_end_hooks[PERMISSION_END_HOOKS] = {
    {.name = "permission.expired", .cap = expiries_cap, .module = KEY_PERMISSION, .queue = 'e', .due = expiry_due},
    {.name = "permission.leftovers", .cap = leftovers_cap, .module = KEY_PERMISSION, .queue = 'd', .due = leftover_due},
};
