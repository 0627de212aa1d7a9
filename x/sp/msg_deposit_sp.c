/* SPDX-License-Identifier: Apache-2.0 */
/* MsgDepositSp: adds to a provider's deposit, so that it may store more. */
#include "x/sp/msgs.h"

#include "x/auth/account.h"

#include <inttypes.h>

int msg_deposit_sp_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgDepositSp *msg = message;
    return msg->amount ? CODE_OK : err_set(err, CODE_AMOUNT, "the amount must be 1 pebble or more");
}

int msg_deposit_sp_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgDepositSp *msg = message;
    StorageProvider *sp;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc)
        return rc;
    if (sp->status == SP_STATUS_GONE)
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is gone and takes no deposit", sp->id);
    if (!sp_is_owner(ctx, sp))
        return err_set(err, CODE_DENIED,
                       "only the operator or the funding account of storage provider %" PRIu32 " deposits", sp->id);
    rc = coins_to_module(ctx, &ctx->signer, MODULE_SP, msg->amount, err);
    if (rc)
        return rc;
    sp->deposit += msg->amount; /* cannot overflow: it is part of the supply */
    ctx_event(ctx, "sp.deposited", "sp", ctx_u64_text(ctx, sp->id), "amount", ctx_u64_text(ctx, msg->amount), "deposit",
              ctx_u64_text(ctx, sp->deposit), NULL);
    return sp_put(ctx, sp, err);
}
