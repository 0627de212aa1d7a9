/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider loses: bounded within a window, and never more than is there. */
#include "x/sp/life.h"

#include "x/auth/account.h"

static uint64_t left_in_window(struct ctx *ctx, StorageProvider *sp) {
    const ChallengeParams *p = ctx->params->challenge;
    if (ctx->time - sp->slash_window_start >= p->slash_window_ms) {
        sp->slash_window_start = ctx->time;
        sp->slash_window_sum = 0;
    }
    return p->slash_window_max > sp->slash_window_sum ? p->slash_window_max - sp->slash_window_sum : 0;
}

static int pay_out(struct ctx *ctx, uint64_t taken, const struct addr *reward_to, uint64_t reward, struct err *err) {
    uint64_t given = reward_to ? u64_min(reward, taken) : 0;
    int rc = given ? coins_from_module(ctx, MODULE_SP, reward_to, given, err) : CODE_OK;
    return rc ? rc : coins_between_modules(ctx, MODULE_SP, MODULE_SLASHED, taken - given, err);
}

int sp_slash(struct ctx *ctx, uint32_t id, uint64_t amount, const struct addr *reward_to, uint64_t reward,
             uint64_t *ret_taken, struct err *err) {
    StorageProvider *sp;
    int rc = sp_get(ctx, id, &sp, err);
    if (rc)
        return rc;
    uint64_t taken = u64_min(u64_min(amount, left_in_window(ctx, sp)), sp->deposit);
    sp->deposit -= taken;
    sp->slash_window_sum += taken;
    sp->counters->slashed += taken;
    rc = pay_out(ctx, taken, reward_to, reward, err);
    if (rc == CODE_OK)
        rc = sp_put(ctx, sp, err);
    if (rc)
        return rc;
    ctx_event(ctx, "sp.slashed", "sp", ctx_u64_text(ctx, id), "amount", ctx_u64_text(ctx, taken), "deposit",
              ctx_u64_text(ctx, sp->deposit), NULL);
    *ret_taken = taken;
    return CODE_OK;
}

int sp_jail(struct ctx *ctx, uint32_t id, const char *reason, struct err *err) {
    StorageProvider *sp;
    int rc = sp_get(ctx, id, &sp, err);
    if (rc || sp->status == SP_STATUS_JAILED || sp_is_leaving(sp))
        return rc;
    rc = maintenance_end(ctx, sp, err);
    if (rc)
        return rc;
    sp->status = SP_STATUS_JAILED;
    sp->jailed_until = ctx->time + ctx->params->sp->jail_time_ms;
    rc = vacate_begin(ctx, sp, true, err);
    if (rc)
        return rc;
    ctx_event(ctx, "sp.jailed", "sp", ctx_u64_text(ctx, id), "reason", reason, "until",
              ctx_u64_text(ctx, sp->jailed_until), NULL);
    return sp_put(ctx, sp, err);
}
