/* SPDX-License-Identifier: Apache-2.0 */
/* MsgBuyTerritory: coins to the seller and the territory to the buyer, in one step. */
#include "x/payment/msgs.h"

#include "x/auth/account.h"

#include <inttypes.h>

#include "x/payment/territory.h"

int msg_buy_territory_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    return territory_check_name(((const MsgBuyTerritory *)message)->name, err);
}

/* The offer as the buyer saw it. */
static int check_offer(struct ctx *ctx, const Territory *t, uint64_t asked, const struct addr *seller,
                       struct err *err) {
    struct addr buyer;
    if (!t->consigned)
        return err_set(err, CODE_TERRITORY_OFFER, "territory %" PRIu64 " is not for sale", t->id);
    if (addr_eq(seller, &ctx->signer))
        return err_set(err, CODE_TERRITORY_OFFER, "territory %" PRIu64 " is your own", t->id);
    if (t->buyer.len && (!addr_of_field(t->buyer, &buyer) || !addr_eq(&buyer, &ctx->signer)))
        return err_set(err, CODE_TERRITORY_OFFER, "territory %" PRIu64 " is offered to somebody else", t->id);
    if (t->asked != asked)
        return err_set(err, CODE_TERRITORY_OFFER, "territory %" PRIu64 " is offered for %s", t->id,
                       money_text(t->asked).s);
    return CODE_OK;
}

int msg_buy_territory_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgBuyTerritory *msg = message;
    Territory *t;
    struct addr seller = {{0}};
    int rc = territory_get(ctx, msg->territory_id, &t, err);
    if (rc)
        return rc;
    addr_of_field(t->owner, &seller);
    rc = check_offer(ctx, t, msg->asked, &seller, err);
    if (rc == CODE_OK)
        rc = coins_move(ctx, &ctx->signer, &seller, msg->asked, err);
    if (rc == CODE_OK)
        rc = territory_hand_over(ctx, t, &ctx->signer, msg->name, err);
    if (rc)
        return rc;
    ctx_event(ctx, "payment.territory_sold", "territory", ctx_u64_text(ctx, t->id), "from", ctx_addr_text(ctx, &seller),
              "to", ctx_addr_text(ctx, &ctx->signer), "price", ctx_u64_text(ctx, msg->asked), NULL);
    return CODE_OK;
}
