/* SPDX-License-Identifier: Apache-2.0 */
#include "x/sp/life.h"

#include "chain/types/keys_sp.h"

#include <inttypes.h>

static int check_quota(struct ctx *ctx, StorageProvider *sp, uint64_t duration, struct err *err) {
    const SpParams *p = ctx->params->sp;
    if (sp->maintenance_ended && ctx->time - sp->maintenance_ended < p->maintenance_gap_ms)
        return err_set(err, CODE_SP_MAINTENANCE,
                       "storage provider %" PRIu32 " came back from its last maintenance less than %" PRIu64 " s ago",
                       sp->id, p->maintenance_gap_ms / 1000);
    if (sp->maintenance_window_start == 0 || ctx->time - sp->maintenance_window_start >= p->maintenance_window_ms) {
        sp->maintenance_window_start = ctx->time;
        sp->maintenance_used = 0;
    }
    uint64_t left = p->maintenance_quota_ms - u64_min(p->maintenance_quota_ms, sp->maintenance_used);
    if (duration == 0 || duration > left)
        return err_set(err, CODE_SP_MAINTENANCE,
                       "storage provider %" PRIu32 " may be in maintenance for 1 to %" PRIu64 " ms more until %" PRIu64,
                       sp->id, left, sp->maintenance_window_start + p->maintenance_window_ms);
    return CODE_OK;
}

int maintenance_begin(struct ctx *ctx, StorageProvider *sp, uint64_t duration, struct err *err) {
    struct key k;
    int rc = check_quota(ctx, sp, duration, err);
    if (rc)
        return rc;
    sp->maintenance_used += duration;
    sp->maintenance_until = ctx->time + duration;
    sp->status = SP_STATUS_IN_MAINTENANCE;
    return record_put_mark(ctx, key_maintenance_due(&k, sp->maintenance_until, sp->id), err);
}

int maintenance_end(struct ctx *ctx, StorageProvider *sp, struct err *err) {
    struct key k;
    if (sp->maintenance_until == 0)
        return CODE_OK;
    if (sp->maintenance_until > ctx->time) /* what is left of what was asked for is given back */
        sp->maintenance_used -= u64_min(sp->maintenance_used, sp->maintenance_until - ctx->time);
    int rc = record_del(ctx, key_maintenance_due(&k, sp->maintenance_until, sp->id), err);
    sp->maintenance_until = 0;
    sp->maintenance_ended = ctx->time;
    return rc;
}

/* rest: provider u32be. */
int maintenance_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    StorageProvider *sp = NULL;
    (void)due_time, (void)value;
    if (rest.len != 4)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of maintenances has %zu bytes", rest.len);
    int rc = sp_get(ctx, load_be32(rest.data), &sp, err);
    if (rc || sp->status != SP_STATUS_IN_MAINTENANCE)
        return rc;
    rc = maintenance_end(ctx, sp, err);
    if (rc)
        return rc;
    sp->status = SP_STATUS_IN_SERVICE;
    ctx_event(ctx, "sp.in_service", "sp", ctx_u64_text(ctx, sp->id), "reason", "the time of its maintenance is over",
              NULL);
    return sp_put(ctx, sp, err);
}
