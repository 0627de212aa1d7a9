/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSetTerritoryRenewal: the ledger renews the territory at its deadlines, until the owner says otherwise or has not
 * the coins. */
#include "x/payment/msgs.h"

#include "x/payment/territory.h"

int msg_set_territory_renewal_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgSetTerritoryRenewal *msg = message;
    Territory *t;
    int rc = territory_get(ctx, msg->territory_id, &t, err);
    if (rc == CODE_OK)
        rc = territory_need_owner(ctx, t, err);
    if (rc == CODE_OK)
        rc = territory_need_status(t, TERRITORY_STATUS_ACTIVE, TERRITORY_STATUS_FROZEN, err);
    if (rc == CODE_OK && msg->term)
        rc = territory_check_term(ctx, msg->term, err);
    if (rc)
        return rc;
    t->renew_ms = msg->term;
    ctx_event(ctx, "payment.territory_renewal_set", "territory", ctx_u64_text(ctx, t->id), "term",
              ctx_u64_text(ctx, msg->term), NULL);
    return territory_put(ctx, t, err);
}
