/* SPDX-License-Identifier: Apache-2.0 */
/* Who may register a provider where a vote must admit it. */
#include "x/sp/sp.h"

#include "chain/types/keys_sp.h"

int sp_admit(struct ctx *ctx, const struct addr *operator, struct err * err) {
    struct key k;
    bool there;
    int rc = record_has(ctx, key_sp_admission(&k, operator), &there, err);
    if (rc == CODE_OK && there)
        rc = err_set(err, CODE_DONE_ALREADY, "%s is admitted already", ctx_addr_text(ctx, operator));
    if (rc)
        return rc;
    ctx_event(ctx, "sp.admitted", "operator", ctx_addr_text(ctx, operator), NULL);
    return record_put_mark(ctx, key_sp_admission(&k, operator), err);
}

int sp_take_admission(struct ctx *ctx, const struct addr *operator, struct err * err) {
    struct key k;
    bool there;
    int rc = record_has(ctx, key_sp_admission(&k, operator), &there, err);
    if (rc == CODE_OK && there)
        return record_del(ctx, key_sp_admission(&k, operator), err);
    if (rc == CODE_OK && ctx->params->sp->admission)
        rc = err_set(err, CODE_SP_ADMISSION, "%s has not been admitted: validators vote on it",
                     ctx_addr_text(ctx, operator));
    return rc;
}
