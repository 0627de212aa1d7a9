/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRenewTerritory: more time, also while it is frozen: the time that it was frozen has been paid already. */
#include "x/payment/msgs.h"

#include "x/payment/territory.h"

int msg_renew_territory_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgRenewTerritory *msg = message;
    Territory *t;
    uint64_t cost;
    int rc = territory_get(ctx, msg->territory_id, &t, err);
    if (rc == CODE_OK)
        rc = territory_need_status(t, TERRITORY_STATUS_ACTIVE, TERRITORY_STATUS_FROZEN, err);
    if (rc == CODE_OK && ctx->time >= t->ends_at)
        rc = err_set(err, CODE_TERRITORY_STATUS, "the territory has ended; it can be reactivated once it is empty");
    if (rc == CODE_OK)
        rc = territory_check_term(ctx, msg->term, err);
    if (rc == CODE_OK)
        rc = territory_cost_renew(ctx, t, msg->term, &cost, err);
    if (rc)
        return rc;
    t->deadline += msg->term;
    t->ends_at += msg->term;
    t->status = TERRITORY_STATUS_ACTIVE;
    rc = territory_pay(ctx, t, &ctx->signer, cost, err);
    if (rc == CODE_OK)
        rc = territory_put(ctx, t, err);
    ctx_event(ctx, "payment.territory_renewed", "territory", ctx_u64_text(ctx, t->id), "cost", ctx_u64_text(ctx, cost),
              "ends_at", ctx_u64_text(ctx, t->ends_at), NULL);
    return rc;
}
