/* SPDX-License-Identifier: Apache-2.0 */
/* MsgMintTerritory: capacity paid ahead for a time. One for somebody else is offered to that account for nothing, and
 * its maker's until it is taken: nobody fills up what others may own, or takes their names. */
#include "x/payment/msgs.h"

#include "x/auth/account.h"

#include <inttypes.h>

#include "x/payment/territory.h"

int msg_mint_territory_check(const void *message, const Params *params, struct err *err) {
    const MsgMintTerritory *msg = message;
    if (msg->capacity < params->payment->territory_bytes_min || msg->capacity > params->payment->territory_bytes_max)
        return err_set(err, CODE_TERRITORY_SIZE, "a territory has %" PRIu64 " to %" PRIu64 " bytes, not %" PRIu64,
                       params->payment->territory_bytes_min, params->payment->territory_bytes_max, msg->capacity);
    return territory_check_name(msg->name, err);
}

static int offer(struct ctx *ctx, const MsgMintTerritory *msg, Territory *t, struct err *err) {
    Account *account;
    struct addr to;
    if (msg->owner.len == 0)
        return CODE_OK;
    int rc = addr_need(msg->owner, "owner", &to, err);
    if (rc || addr_eq(&to, &ctx->signer))
        return rc;
    rc = account_get(ctx, &to, &account, err);
    if (rc == CODE_OK && account->module[0])
        rc = err_set(err, CODE_RECIPIENT, "a module owns no territory");
    if (rc == CODE_OK && msg->term < ctx->params->payment->territory_consign_ms)
        rc = err_set(err, CODE_TERRITORY_TERM, "a territory that is given away has at least %" PRIu64 " ms",
                     ctx->params->payment->territory_consign_ms);
    t->consigned = true;
    t->buyer = msg->owner;
    return rc;
}

int msg_mint_territory_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgMintTerritory *msg = message;
    Territory *t = CTX_NEW(ctx, Territory);
    uint64_t cost;
    territory__init(t);
    int rc = offer(ctx, msg, t, err);
    if (rc == CODE_OK)
        rc = territory_check_term(ctx, msg->term, err);
    if (rc == CODE_OK)
        rc = territory_cost_mint(ctx, msg->capacity, msg->term, &cost, err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_TERRITORY, &t->id, err);
    if (rc)
        return rc;
    t->owner = ctx_addr(ctx, &ctx->signer);
    t->name = ctx_str(ctx, msg->name);
    t->capacity = msg->capacity;
    t->price = ctx->params->payment->territory_price;
    t->since = ctx->time;
    t->deadline = ctx->time + msg->term;
    t->ends_at = t->deadline + ctx->params->payment->territory_frozen_ms;
    t->status = TERRITORY_STATUS_ACTIVE;
    rc = territory_insert(ctx, t, err);
    if (rc == CODE_OK)
        rc = territory_pay(ctx, t, &ctx->signer, cost, err);
    ctx_id(ctx, t->id);
    ctx_event(ctx, "payment.territory_minted", "territory", ctx_u64_text(ctx, t->id), "cost", ctx_u64_text(ctx, cost),
              "ends_at", ctx_u64_text(ctx, t->ends_at), NULL);
    if (t->consigned)
        ctx_event(ctx, "payment.territory_consigned", "territory", ctx_u64_text(ctx, t->id), "asked", "0", NULL);
    return rc;
}
