/* SPDX-License-Identifier: Apache-2.0 */
/* MsgReactivateTerritory: an expired one, emptied, begins again: the price rule of minting, at the present price. */
#include "x/payment/msgs.h"

#include "x/payment/territory.h"

int msg_reactivate_territory_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgReactivateTerritory *msg = message;
    Territory *t;
    uint64_t cost;
    int rc = territory_get(ctx, msg->territory_id, &t, err);
    if (rc == CODE_OK)
        rc = territory_need_status(t, TERRITORY_STATUS_EXPIRED, TERRITORY_STATUS_EXPIRED, err);
    if (rc == CODE_OK)
        rc = territory_need_empty(ctx, t, err);
    if (rc == CODE_OK)
        rc = territory_check_term(ctx, msg->term, err);
    if (rc == CODE_OK)
        rc = territory_cost_mint(ctx, t->capacity, msg->term, &cost, err);
    if (rc)
        return rc;
    t->price = ctx->params->payment->territory_price;
    t->since = ctx->time;
    t->deadline = ctx->time + msg->term;
    t->ends_at = t->deadline + ctx->params->payment->territory_frozen_ms;
    t->status = TERRITORY_STATUS_ACTIVE;
    rc = territory_pay(ctx, t, &ctx->signer, cost, err);
    if (rc == CODE_OK)
        rc = territory_put(ctx, t, err);
    ctx_event(ctx, "payment.territory_reactivated", "territory", ctx_u64_text(ctx, t->id), "cost",
              ctx_u64_text(ctx, cost), "ends_at", ctx_u64_text(ctx, t->ends_at), NULL);
    return rc;
}
