/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCompleteExitSp: nothing is left with a provider that leaves: its deposit goes back (of one that was forced out,
 * what the parameters leave of it), its keys lead nowhere, the record stays as that of one that is gone. Anybody may
 * send it. */
#include "x/sp/life.h"
#include "x/sp/msgs.h"

#include "x/auth/account.h"

#include <inttypes.h>

static int may(const StorageProvider *sp, struct err *err) {
    const SpCounters *c = sp->counters;
    if (sp->status == SP_STATUS_GONE || !sp_is_leaving(sp))
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s, not leaving", sp->id,
                       sp_status_text(sp->status));
    if (c->groups || c->reservations || sp->stored_bytes || c->open_challenges || c->open_repairs)
        return err_set(err, CODE_SP_EXIT,
                       "storage provider %" PRIu32 " still has %" PRIu64 " positions with %" PRIu64 " bytes, %" PRIu64
                       " open challenges and %" PRIu64 " repair duties",
                       sp->id, c->groups, sp->stored_bytes, c->open_challenges, c->open_repairs);
    return CODE_OK;
}

static int pay_back(struct ctx *ctx, StorageProvider *sp, uint64_t *ret_kept, struct err *err) {
    struct addr funding;
    uint64_t kept =
        sp->status == SP_STATUS_FORCED_EXITING ? life_share(sp->deposit, ctx->params->sp->forced_exit_slash_ppm) : 0;
    int rc = addr_need(sp->funding, "funding", &funding, err);
    if (rc == CODE_OK)
        rc = coins_between_modules(ctx, MODULE_SP, MODULE_SLASHED, kept, err);
    if (rc == CODE_OK)
        rc = coins_from_module(ctx, MODULE_SP, &funding, sp->deposit - kept, err);
    sp->counters->slashed += kept;
    *ret_kept = kept;
    return rc;
}

static int count_out(struct ctx *ctx, const StorageProvider *sp, struct err *err) {
    SpTotals *totals = NULL;
    int rc = sp_totals_get(ctx, &totals, err);
    if (rc)
        return rc;
    if (totals->sps == 0 || (sp->status == SP_STATUS_GRACEFUL_EXITING && totals->exiting == 0))
        return ctx_fault(ctx, CODE_CORRUPT, "fewer storage providers are counted than there are");
    totals->sps--;
    totals->gone++;
    totals->exiting -= sp->status == SP_STATUS_GRACEFUL_EXITING;
    totals->exiting_bytes -= u64_min(totals->exiting_bytes, sp->exit_bytes);
    return sp_totals_put(ctx, totals, err);
}

int msg_complete_exit_sp_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgCompleteExitSp *msg = message;
    StorageProvider *sp;
    uint64_t kept = 0;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = may(sp, err);
    if (rc == CODE_OK)
        rc = pay_back(ctx, sp, &kept, err);
    if (rc == CODE_OK)
        rc = count_out(ctx, sp, err);
    if (rc == CODE_OK)
        rc = sp_unindex(ctx, sp, err);
    if (rc)
        return rc;
    ctx_event(ctx, "sp.gone", "sp", ctx_u64_text(ctx, sp->id), "returned", ctx_u64_text(ctx, sp->deposit - kept),
              "slashed", ctx_u64_text(ctx, kept), NULL);
    sp->deposit = sp->exit_bytes = 0;
    if (sp->status == SP_STATUS_GRACEFUL_EXITING)
        sp->exit_since = ctx->time; /* until now it earned by what is read */
    sp->status = SP_STATUS_GONE;
    return sp_put(ctx, sp, err);
}
