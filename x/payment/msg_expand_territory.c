/* SPDX-License-Identifier: Apache-2.0 */
/* MsgExpandTerritory: more capacity for the time that is left, at the same price rule. Anybody may pay for it, unless
 * the ledger renews the territory at its owner's cost. */
#include "x/payment/msgs.h"

#include <inttypes.h>

#include "x/payment/territory.h"

int msg_expand_territory_check(const void *message, const Params *params, struct err *err) {
    const MsgExpandTerritory *msg = message;
    if (msg->bytes_more == 0 || msg->bytes_more > params->payment->territory_bytes_max)
        return err_set(err, CODE_TERRITORY_SIZE, "a territory is expanded by 1 to %" PRIu64 " bytes",
                       params->payment->territory_bytes_max);
    return CODE_OK;
}

int msg_expand_territory_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgExpandTerritory *msg = message;
    Territory *t;
    uint64_t cost;
    int rc = territory_get(ctx, msg->territory_id, &t, err);
    if (rc == CODE_OK)
        rc = territory_need_status(t, TERRITORY_STATUS_ACTIVE, TERRITORY_STATUS_ACTIVE, err);
    if (rc == CODE_OK)
        rc = territory_need_unsold(t, err);
    if (rc == CODE_OK && t->renew_ms) /* who pays its renewals decides on its size */
        rc = territory_need_owner(ctx, t, err);
    if (rc == CODE_OK)
        rc = territory_cost_expand(ctx, t, msg->bytes_more, &cost, err);
    if (rc)
        return rc;
    t->capacity += msg->bytes_more; /* the totals, and with them the sum, are capped */
    rc = territory_put(ctx, t, err);
    if (rc == CODE_OK)
        rc = territory_pay(ctx, t, &ctx->signer, cost, err);
    ctx_event(ctx, "payment.territory_expanded", "territory", ctx_u64_text(ctx, t->id), "cost", ctx_u64_text(ctx, cost),
              "ends_at", ctx_u64_text(ctx, t->ends_at), NULL);
    return rc;
}
