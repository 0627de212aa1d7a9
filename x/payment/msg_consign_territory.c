/* SPDX-License-Identifier: Apache-2.0 */
/* MsgConsignTerritory: an empty territory is offered for sale; while it is, nothing is charged to it. */
#include "x/payment/msgs.h"

#include <inttypes.h>

#include "x/payment/territory.h"

int msg_consign_territory_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgConsignTerritory *msg = message;
    Territory *t;
    struct addr buyer;
    int rc = territory_get(ctx, msg->territory_id, &t, err);
    if (rc == CODE_OK)
        rc = territory_need_owner(ctx, t, err);
    if (rc == CODE_OK)
        rc = territory_need_status(t, TERRITORY_STATUS_ACTIVE, TERRITORY_STATUS_ACTIVE, err);
    if (rc == CODE_OK)
        rc = territory_need_unsold(t, err);
    if (rc == CODE_OK)
        rc = territory_need_empty(ctx, t, err);
    if (rc == CODE_OK && msg->buyer.len)
        rc = addr_need(msg->buyer, "buyer", &buyer, err);
    if (rc)
        return rc;
    if (t->deadline < ctx->time + ctx->params->payment->territory_consign_ms)
        return err_set(err, CODE_TERRITORY_TERM, "a territory that is sold has at least %" PRIu64 " ms left",
                       ctx->params->payment->territory_consign_ms);
    t->consigned = true;
    t->asked = msg->asked;
    t->buyer = msg->buyer;
    ctx_event(ctx, "payment.territory_consigned", "territory", ctx_u64_text(ctx, t->id), "asked",
              ctx_u64_text(ctx, t->asked), NULL);
    return territory_put(ctx, t, err);
}
