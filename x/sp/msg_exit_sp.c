/* SPDX-License-Identifier: Apache-2.0 */
/* MsgExitSp: the provider wants to leave. It stores nothing new, stays liable and paid for what it has until others
 * have taken its positions over, and then completes its exit. */
#include "x/base/deps.h"
#include "x/sp/deps.h"
#include "x/sp/life.h"
#include "x/sp/msgs.h"

#include <inttypes.h>

/* Others have to copy what it has: so much at a time. Who stores little hardly counts, so nobody keeps others from
 * leaving by a queue of providers that cost nothing; and who is the first may have more than that. */
static int check_share(struct ctx *ctx, const StorageProvider *sp, const SpTotals *totals, struct err *err) {
    uint64_t all = 0;
    int rc = ctx->deps->sp->all_bytes(ctx, &all, err);
    uint64_t most = life_share(all, ctx->params->sp->exit_bytes_ppm);
    if (rc == CODE_OK && sp->stored_bytes && totals->exiting_bytes && totals->exiting_bytes >= most)
        rc = err_set(err, CODE_SP_EXIT_LIMIT,
                     "storage providers that are leaving have %" PRIu64 " bytes to hand over, as many as may wait for "
                     "that at a time (%" PRIu64 "); try again when some of it is done",
                     totals->exiting_bytes, most);
    return rc;
}

static int may(struct ctx *ctx, const StorageProvider *sp, const SpTotals *totals, struct err *err) {
    if (sp_is_leaving(sp))
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s already", sp->id,
                       sp_status_text(sp->status));
    if (sp->counters->reservations)
        return err_set(err, CODE_SP_EXIT,
                       "storage provider %" PRIu32 " is taking over %" PRIu64
                       " positions; complete or cancel that first",
                       sp->id, sp->counters->reservations);
    return check_share(ctx, sp, totals, err);
}

int msg_exit_sp_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgExitSp *msg = message;
    StorageProvider *sp;
    SpTotals *totals = NULL;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = sp_need_operator(ctx, sp, err);
    if (rc == CODE_OK)
        rc = sp_totals_get(ctx, &totals, err);
    if (rc == CODE_OK)
        rc = may(ctx, sp, totals, err);
    if (rc == CODE_OK)
        rc = maintenance_end(ctx, sp, err);
    if (rc)
        return rc;
    sp->status = SP_STATUS_GRACEFUL_EXITING;
    sp->exit_since = ctx->time;
    sp->jailed_until = 0;
    sp->exit_bytes = sp->stored_bytes;
    totals->exiting++;
    totals->exiting_bytes += sp->exit_bytes;
    ctx_event(ctx, "sp.exiting", "sp", ctx_u64_text(ctx, sp->id), "groups", ctx_u64_text(ctx, sp->counters->groups),
              "bytes", ctx_u64_text(ctx, sp->stored_bytes), NULL);
    rc = sp_totals_put(ctx, totals, err);
    return rc ? rc : sp_put(ctx, sp, err);
}
