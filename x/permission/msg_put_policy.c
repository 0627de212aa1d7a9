/* SPDX-License-Identifier: Apache-2.0 */
/* MsgPutPolicy: the owner of a bucket, object or group says what a principal may do with it. */
#include "x/permission/msgs.h"

#include "x/base/deps.h"
#include "x/permission/policy.h"
#include "x/permission/statement.h"

int msg_put_policy_check(const void *msg, const Params *params, struct err *err) {
    const MsgPutPolicy *m = msg;
    if (!m->resource || statement_misfit(ACTION_ALL, (int)m->resource->kind))
        return err_set(err, CODE_POLICY_RESOURCE, "the resource must be a bucket, an object or a group");
    if (m->mode != POLICY_MODE_MERGE && m->mode != POLICY_MODE_REPLACE)
        return err_set(err, CODE_POLICY_MODE, "the mode must be MERGE (append to what is there) or REPLACE");
    int rc = policy_principal_check(m->principal, err);
    return rc ? rc
              : statement_check_all(m->statements, m->n_statements, (int)m->resource->kind, 0, params->permission, err);
}

/* The statements of both, those there first. */
static int merge(struct ctx *ctx, const Policy *old, const MsgPutPolicy *m, Policy *policy, struct err *err) {
    const PermissionParams *params = ctx->params->permission;
    size_t n = old->n_statements + m->n_statements;
    policy->statements = ctx_alloc(ctx, n * sizeof *policy->statements);
    policy->n_statements = old->n_statements;
    memcpy(policy->statements, old->statements, old->n_statements * sizeof *old->statements);
    policy_prune(ctx, policy); /* what has expired takes no room */
    n = policy->n_statements + m->n_statements;
    if (n > params->statements_max)
        return err_set(err, CODE_POLICY_LIMIT,
                       "with the %zu statements there it would have %zu; at most %llu are allowed",
                       policy->n_statements, n, (unsigned long long)params->statements_max);
    memcpy(policy->statements + policy->n_statements, m->statements, m->n_statements * sizeof *m->statements);
    policy->n_statements = n;
    if (m->expires_at == 0)
        policy->expires_at = old->expires_at;
    size_t bytes = statement_pattern_bytes(policy->statements, n);
    if (bytes > POLICY_PATTERN_BYTES_MAX)
        return err_set(err, CODE_POLICY_LIMIT, "its patterns would have %zu bytes; at most %d are allowed", bytes,
                       POLICY_PATTERN_BYTES_MAX);
    return CODE_OK;
}

static int authorise(struct ctx *ctx, const MsgPutPolicy *m, struct permission_resource *ret, struct err *err) {
    int rc = ctx->deps->permission->resource(ctx, m->resource, &ctx->signer, ret, err);
    if (rc)
        return rc;
    if (!addr_eq(&ret->owner, &ctx->signer))
        return err_set(err, CODE_DENIED, "put policy: only the owner of the resource may do this");
    if (m->principal->kind == PRINCIPAL_KIND_GROUP)
        return ctx->deps->permission->group_exists(ctx, m->principal->group_id, err);
    if (bytes_eq(bytes_of(m->principal->account.data, m->principal->account.len), addr_bytes(&ret->owner)))
        return err_set(err, CODE_POLICY_PRINCIPAL, "the owner needs no policy on the own resource");
    return CODE_OK;
}

static void emit(struct ctx *ctx, const Policy *policy, const Policy *old, bool replace) {
    struct bytes was = BYTES_NONE;
    if (old && replace)
        pb_encode(old, ctx->arena, &was, NULL);
    ctx_event(ctx, "permission.policy_put", "policy", ctx_u64_text(ctx, policy->id), "resource_kind",
              ctx_u64_text(ctx, (uint64_t)policy->resource_kind), "resource", ctx_u64_text(ctx, policy->resource_id),
              "statements", ctx_u64_text(ctx, policy->n_statements), "replaced", ctx_hex_text(ctx, was), NULL);
}

int msg_put_policy_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgPutPolicy *m = msg;
    struct permission_resource resource = {0};
    Policy *old = NULL;
    int rc = authorise(ctx, m, &resource, err);
    if (rc == CODE_OK)
        rc =
            statement_check_all(m->statements, m->n_statements, resource.kind, ctx->time, ctx->params->permission, err);
    if (rc == CODE_OK)
        rc = policy_get(ctx, &resource, m->principal, &old, err);
    if (rc)
        return rc;
    if (m->expires_at && m->expires_at <= ctx->time)
        return err_set(err, CODE_POLICY_EXPIRY, "the policy would have expired already");

    Policy policy = POLICY__INIT;
    policy.principal = m->principal;
    policy.resource_kind = (ResourceKind)resource.kind;
    policy.resource_id = resource.id;
    policy.expires_at = m->expires_at;
    policy.created_at = old ? old->created_at : ctx->height;
    policy.statements = m->statements;
    policy.n_statements = m->n_statements;
    bool over = old && old->expires_at && old->expires_at <= ctx->time; /* there is nothing to merge with */
    bool replace = m->mode == POLICY_MODE_REPLACE || over;
    if (old && !replace)
        rc = merge(ctx, old, m, &policy, err);
    if (rc)
        return rc;
    if (old)
        policy.id = old->id;
    else
        rc = ctx_next_id(ctx, SEQ_POLICY, &policy.id, err);
    if (rc == CODE_OK)
        rc = old ? policy_change(ctx, old, &policy, err) : policy_add(ctx, &policy, err);
    if (rc)
        return rc;
    ctx_id(ctx, policy.id);
    emit(ctx, &policy, old, replace);
    return CODE_OK;
}
