/* SPDX-License-Identifier: Apache-2.0 */
/* MsgWithdrawSp: what the deposit holds beyond what is needed, back to the account that funds the provider. The bonds
 * of its groups and reservations are no part of the deposit. */
#include "x/sp/msgs.h"

#include "x/auth/account.h"

#include <inttypes.h>

int msg_withdraw_sp_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgWithdrawSp *msg = message;
    return msg->amount ? CODE_OK : err_set(err, CODE_AMOUNT, "the amount must be 1 pebble or more");
}

static int authorise(struct ctx *ctx, const StorageProvider *sp, struct err *err) {
    if (!sp_is_owner(ctx, sp))
        return err_set(err, CODE_DENIED,
                       "only the operator or the funding account of storage provider %" PRIu32 " withdraws", sp->id);
    if (sp->status != SP_STATUS_IN_SERVICE && sp->status != SP_STATUS_IN_MAINTENANCE)
        return err_set(err, CODE_SP_STATUS,
                       "storage provider %" PRIu32 " is %s; its deposit stays until it is in service or gone", sp->id,
                       sp_status_text(sp->status));
    return CODE_OK;
}

int msg_withdraw_sp_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgWithdrawSp *msg = message;
    StorageProvider *sp;
    struct addr funding;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = authorise(ctx, sp, err);
    if (rc == CODE_OK)
        rc = addr_need(sp->funding, "funding", &funding, err);
    if (rc)
        return rc;
    uint64_t need = sp_deposit_needed(ctx->params->sp, sp);
    if (sp->deposit < need || sp->deposit - need < msg->amount)
        return err_set(err, CODE_SP_DEPOSIT,
                       "storage provider %" PRIu32 " has a deposit of %s, of which %s are needed for what it stores",
                       sp->id, money_text(sp->deposit).s, money_text(need).s);
    sp->deposit -= msg->amount;
    rc = coins_from_module(ctx, MODULE_SP, &funding, msg->amount, err);
    ctx_event(ctx, "sp.withdrawn", "sp", ctx_u64_text(ctx, sp->id), "to", ctx_addr_text(ctx, &funding), "amount",
              ctx_u64_text(ctx, msg->amount), "deposit", ctx_u64_text(ctx, sp->deposit), NULL);
    return rc ? rc : sp_put(ctx, sp, err);
}
