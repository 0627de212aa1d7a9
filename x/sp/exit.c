/* SPDX-License-Identifier: Apache-2.0 */
/* Forced exits: every position of the provider becomes vacant, and what it was taking over itself is lost. */
#include "x/sp/life.h"

#include <inttypes.h>

uint64_t life_share(uint64_t amount, uint64_t ppm) {
    uint64_t share = amount;
    return ppm < 1000000 && u64_mul_div(amount, ppm, 1000000, &share, NULL) ? share : amount;
}

int life_handed_over(struct ctx *ctx, StorageProvider *sp, uint64_t bytes, struct err *err) {
    SpTotals *totals = NULL;
    bytes = u64_min(bytes, sp->exit_bytes);
    if (bytes == 0)
        return CODE_OK;
    int rc = sp_totals_get(ctx, &totals, err);
    if (rc == CODE_OK && totals->exiting_bytes < bytes)
        rc = ctx_fault(ctx, CODE_CORRUPT, "fewer bytes are counted than providers that leave have");
    if (rc)
        return rc;
    sp->exit_bytes -= bytes;
    totals->exiting_bytes -= bytes;
    return sp_totals_put(ctx, totals, err);
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
        totals->exiting_bytes -= sp->exit_bytes;
        rc = sp_totals_put(ctx, totals, err);
    }
    if (rc == CODE_OK)
        rc = maintenance_end(ctx, sp, err);
    if (rc)
        return rc;
    sp->status = SP_STATUS_FORCED_EXITING;
    sp->exit_since = ctx->time;
    sp->exit_bytes = 0;
    sp->jailed_until = 0;
    ctx_event(ctx, "sp.forced_out", "sp", ctx_u64_text(ctx, id), "groups", ctx_u64_text(ctx, sp->counters->groups),
              "bytes", ctx_u64_text(ctx, sp->stored_bytes), NULL);
    rc = vacate_begin(ctx, sp, true, err);
    return rc ? rc : sp_put(ctx, sp, err);
}
