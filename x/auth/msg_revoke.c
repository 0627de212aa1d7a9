/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRevoke: ends a grant at once. */
#include "x/auth/msgs.h"

#include "x/auth/grant.h"

int msg_revoke_check(const void *message, const Params *params, struct err *err) {
    struct addr grantee;
    (void)params;
    return addr_need(((const MsgRevoke *)message)->grantee, "grantee", &grantee, err);
}

int msg_revoke_run(struct ctx *ctx, const void *message, struct err *err) {
    struct addr grantee;
    int rc = addr_need(((const MsgRevoke *)message)->grantee, "grantee", &grantee, err);
    if (rc == CODE_OK)
        rc = grant_delete(ctx, &ctx->signer, &grantee, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "auth.revoked", "granter", ctx_addr_text(ctx, &ctx->signer), "grantee",
                  ctx_addr_text(ctx, &grantee), NULL);
    return rc;
}
