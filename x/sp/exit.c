/* SPDX-License-Identifier: Apache-2.0 */
/* Forced exits: every position of the provider becomes vacant, and what it was taking over itself is lost. */
#include "x/sp/life.h"

#include <inttypes.h>

uint64_t life_share(uint64_t amount, uint64_t ppm) {
    uint64_t share = amount;
    return ppm < 1000000 && u64_mul_div(amount, ppm, 1000000, &share, NULL) ? share : amount;
}

int sp_force_exit(struct ctx *ctx, uint32_t id, struct err *err) {
    StorageProvider *sp;
    SpTotals *totals = NULL;
    int rc = sp_get(ctx, id, &sp, err);
    if (rc)
        return rc;
    if (sp_is_out(sp))
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s already", id,
                       sp_status_text(sp->status));
    rc = sp_totals_get(ctx, &totals, err);
    if (rc == CODE_OK && sp->status == SP_STATUS_GRACEFUL_EXITING) {
        totals->exiting--;
        rc = sp_totals_put(ctx, totals, err);
    }
    if (rc == CODE_OK)
        rc = maintenance_end(ctx, sp, err);
    if (rc)
        return rc;
    sp->status = SP_STATUS_FORCED_EXITING;
    sp->exit_since = ctx->time;
    sp->jailed_until = 0;
    ctx_event(ctx, "sp.forced_out", "sp", ctx_u64_text(ctx, id), "groups", ctx_u64_text(ctx, sp->counters->groups),
              "bytes", ctx_u64_text(ctx, sp->stored_bytes), NULL);
    rc = vacate_begin(ctx, sp, true, err);
    return rc ? rc : sp_put(ctx, sp, err);
}
