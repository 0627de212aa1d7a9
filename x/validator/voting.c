/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/voting.h"

#include "x/validator/downtime.h"
#include "x/validator/reward.h"
#include "x/validator/sets.h"

static uint64_t power_in(const struct validator_set *set, const struct addr *addr) {
    uint16_t at = validator_set_find(set, addr);
    return at == VALIDATOR_NONE ? 0 : set->at[at].power;
}

static int change(struct ctx *ctx, const struct addr *addr, uint64_t before, uint64_t now, struct err *err) {
    int rc = before == now ? CODE_OK : reward_set_voting(ctx, addr, now, err);
    if (rc == CODE_OK && before == 0)
        rc = downtime_begin(ctx, addr, err);
    if (rc == CODE_OK && now == 0)
        rc = downtime_end(ctx, addr, err);
    return rc;
}

static int change_all(struct ctx *ctx, const struct validator_set *before, const struct validator_set *now,
                      struct err *err) {
    int rc = CODE_OK;
    for (uint16_t i = 0; rc == CODE_OK && i < before->n; i++)
        if (power_in(now, &before->at[i].addr) == 0)
            rc = change(ctx, &before->at[i].addr, before->at[i].power, 0, err);
    for (uint16_t i = 0; rc == CODE_OK && i < now->n; i++)
        rc = change(ctx, &now->at[i].addr, power_in(before, &now->at[i].addr), now->at[i].power, err);
    return rc;
}

int voting_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    (void)index, (void)ret_more;
    SetStart start;
    int rc = set_start_at(ctx, ctx->height, &start, err);
    if (rc || start.height != ctx->height)
        return rc;
    struct validator_set *sets = ctx_array(ctx, 2, sizeof *sets);
    rc = set_at(ctx, ctx->height, &sets[1], err);
    if (rc == CODE_OK && ctx->height > 1)
        rc = set_at(ctx, ctx->height - 1, &sets[0], err);
    return rc ? rc : change_all(ctx, &sets[0], &sets[1], err);
}
