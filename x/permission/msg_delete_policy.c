/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDeletePolicy: the owner takes back what a principal was allowed or denied. */
#include "x/permission/msgs.h"

#include "x/base/deps.h"
#include "x/permission/policy.h"
#include "x/permission/statement.h"

int msg_delete_policy_check(const void *msg, const Params *params, struct err *err) {
    const MsgDeletePolicy *m = msg;
    (void)params;
    if (!m->resource || statement_misfit(ACTION_ALL, (int)m->resource->kind))
        return err_set(err, CODE_POLICY_RESOURCE, "the resource must be a bucket, an object or a group");
    return policy_principal_check(m->principal, err);
}

int msg_delete_policy_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgDeletePolicy *m = msg;
    struct permission_resource resource = {0};
    Policy *old = NULL;
    int rc = ctx->deps->permission->resource(ctx, m->resource, &ctx->signer, &resource, err);
    if (rc)
        return rc;
    if (!addr_eq(&resource.owner, &ctx->signer))
        return err_set(err, CODE_DENIED, "delete policy: only the owner of the resource may do this");
    rc = policy_get(ctx, &resource, m->principal, &old, err);
    if (rc)
        return rc;
    if (!old)
        return err_set(err, CODE_POLICY_NOT_FOUND, "this principal has no policy on this resource");
    struct bytes was = BYTES_NONE;
    rc = pb_encode(old, ctx->arena, &was, err);
    if (rc == CODE_OK)
        rc = policy_del(ctx, old, err);
    if (rc)
        return rc;
    ctx_event(ctx, "permission.policy_deleted", "policy", ctx_u64_text(ctx, old->id), "resource_kind",
              ctx_u64_text(ctx, (uint64_t)resource.kind), "resource", ctx_u64_text(ctx, resource.id), "replaced",
              ctx_hex_text(ctx, was), NULL);
    return CODE_OK;
}
