/* SPDX-License-Identifier: Apache-2.0 */
/* MsgReviveSp: out of jail, once its time is over, everything that was missed has been shown again, and the deposit
 * is enough for what is stored. */
#include "x/sp/life.h"
#include "x/sp/msgs.h"

#include <inttypes.h>

static int may(struct ctx *ctx, const StorageProvider *sp, struct err *err) {
    if (sp->status != SP_STATUS_JAILED)
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s, not in jail", sp->id,
                       sp_status_text(sp->status));
    if (ctx->time < sp->jailed_until)
        return err_set(err, CODE_SP_JAILED,
                       "storage provider %" PRIu32 " is in jail for another %" PRIu64 " s of ledger time", sp->id,
                       u64_div_up(sp->jailed_until - ctx->time, 1000));
    if (sp->counters->open_repairs)
        return err_set(err, CODE_SP_JAILED,
                       "storage provider %" PRIu32 " still owes the repair of %" PRIu64
                       " positions; it is challenged for them until it answers",
                       sp->id, sp->counters->open_repairs);
    uint64_t need = sp_deposit_needed(ctx->params->sp, sp);
    if (sp->deposit < need)
        return err_set(err, CODE_SP_DEPOSIT,
                       "storage provider %" PRIu32 " has a deposit of %s and needs %s; add to it first", sp->id,
                       money_text(sp->deposit).s, money_text(need).s);
    return CODE_OK;
}

int msg_revive_sp_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgReviveSp *msg = message;
    StorageProvider *sp;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = sp_need_operator(ctx, sp, err);
    if (rc == CODE_OK)
        rc = may(ctx, sp, err);
    if (rc)
        return rc;
    sp->status = SP_STATUS_IN_SERVICE;
    sp->jailed_until = 0;
    rc = vacate_begin(ctx, sp, false, err); /* it has repaired what was missed: what waited is its own */
    if (rc)
        return rc;
    ctx_event(ctx, "sp.revived", "sp", ctx_u64_text(ctx, sp->id), NULL);
    return sp_put(ctx, sp, err);
}
