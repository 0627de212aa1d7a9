/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: a rate for each position; what they earn. */
#include "chain/types/keys_payment.h"
#include "x/payment/account.h"
#include "x/payment/flow.h"
#include "x/sp/sp.h"

static u128 sum_of(const BucketSlot *slot) {
    u128 sum = 0;
    for (size_t i = 0; i < slot->n_rates; i++)
        sum += u128_of(slot->rates[i]);
    return sum;
}

/* Nothing flows in one whose objects cost nothing: no change of who earns concerns it, and nobody settles it. */
static bool flows(const BucketSlot *slot) {
    return sum_of(slot) != 0;
}

/* A slot has as many rates and remainders as positions from its first object on. */
static int shape(struct ctx *ctx, BucketSlot *slot, size_t n) {
    if (slot->n_rates == n && slot->n_remainders == n)
        return CODE_OK;
    if (slot->n_rates || slot->n_remainders)
        return ctx_fault(ctx, CODE_CORRUPT, "a slot has %zu rates for %zu positions", slot->n_rates, n);
    slot->rates = ctx_array(ctx, n, sizeof *slot->rates);
    slot->remainders = ctx_array(ctx, n, sizeof *slot->remainders);
    for (size_t i = 0; i < n; i++) {
        slot->rates[i] = CTX_NEW(ctx, U128);
        u128__init(slot->rates[i]);
    }
    slot->n_rates = slot->n_remainders = n;
    slot->settled_at = ctx->time;
    return CODE_OK;
}

/* Until a moment, to those who earned meanwhile. */
static int earn_stretch(struct ctx *ctx, BucketSlot *slot, PlacementGroup *group, const struct earners *earners,
                        struct err *err) {
    if (earners->until < slot->settled_at)
        return ctx_fault(ctx, CODE_CORRUPT, "a slot was settled across a change that it does not know of");
    uint64_t ms = earners->until - slot->settled_at;
    if (ms > PAYMENT_MS_MAX)
        return ctx_fault(ctx, CODE_CORRUPT, "a slot was not settled for more than 30 years");
    for (uint32_t i = 0; i < slot->n_rates; i++) {
        uint64_t amount = flow_accrue(u128_of(slot->rates[i]), ms, &slot->remainders[i]);
        int rc = placement_earn(ctx, group, i, earners->sps[i], amount, err);
        if (rc)
            return rc;
    }
    slot->settled_at = earners->until;
    return CODE_OK;
}

/* Up to the time that the account has paid for, stretch by stretch between changes of who earns. */
static int earn(struct ctx *ctx, BucketSlot *slot, const PaymentAccount *payer, PlacementGroup *group,
                struct err *err) {
    struct earners earners = {.crossed = true};
    if (!flows(slot)) {
        slot->settled_at = u64_max(slot->settled_at, payer->settled_at);
        slot->epoch = group->epoch;
        return CODE_OK;
    }
    while (earners.crossed && (payer->settled_at > slot->settled_at || slot->epoch < group->epoch)) {
        int rc =
            placement_earners(ctx, group, slot->epoch, u64_max(payer->settled_at, slot->settled_at), &earners, err);
        if (rc == CODE_OK)
            rc = earn_stretch(ctx, slot, group, &earners, err);
        if (rc == CODE_OK && earners.crossed)
            rc = placement_crossed(ctx, group, ++slot->epoch, err);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

/* Moves the slot's entry in the queue; 0: it has none. */
static int queue_slot(struct ctx *ctx, BucketSlot *slot, uint64_t due, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (slot->settle_due)
        rc = record_del(ctx, key_slot_due(&k, slot->settle_due, slot->bucket_id, slot->slot), err);
    slot->settle_due = due;
    if (rc == CODE_OK && due)
        rc = record_put_mark(ctx, key_slot_due(&k, due, slot->bucket_id, slot->slot), err);
    return rc;
}

/* A slot with a flow is listed with its payer, counted by its group and queued to be settled; one without is not. */
static int list_slot(struct ctx *ctx, const struct addr *payer, PaymentAccount *a, BucketSlot *slot,
                     PlacementGroup *group, struct err *err) {
    struct key k;
    a->slots++;
    group->flowing++;
    int rc = record_put_mark(ctx, key_payer_slot(&k, payer, slot->bucket_id, slot->slot), err);
    return rc ? rc : queue_slot(ctx, slot, ctx->time + ctx->params->payment->settle_interval_ms, err);
}

/* What its payer could not pay for nobody earns: it is through with all changes. */
static int unlist_slot(struct ctx *ctx, const struct addr *payer, PaymentAccount *a, BucketSlot *slot,
                       PlacementGroup *group, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (a->slots == 0 || group->flowing == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "a payment account or placement group counts fewer slots than it has");
    a->slots--;
    group->flowing--;
    while (rc == CODE_OK && slot->epoch < group->epoch)
        rc = placement_crossed(ctx, group, ++slot->epoch, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_payer_slot(&k, payer, slot->bucket_id, slot->slot), err);
    return rc ? rc : queue_slot(ctx, slot, 0, err);
}

int payment_slot_settle(struct ctx *ctx, const struct addr *payer, BucketSlot *slot, PlacementGroup *group,
                        struct err *err) {
    PaymentAccount *a;
    if (slot->n_rates == 0)
        return CODE_OK;
    int rc = shape(ctx, slot, group->n_members);
    if (rc == CODE_OK)
        rc = payment_open(ctx, payer, false, &a, err);
    if (rc == CODE_OK)
        rc = earn(ctx, slot, a, group, err);
    if (rc == CODE_OK && slot->settle_due)
        rc = queue_slot(ctx, slot, ctx->time + ctx->params->payment->settle_interval_ms, err);
    return rc ? rc : payment_close(ctx, payer, a, err);
}

static int apply(struct ctx *ctx, BucketSlot *slot, const u128 *rates, bool add, u128 *ret_sum, struct err *err) {
    u128 sum = 0;
    for (size_t i = 0; i < slot->n_rates; i++) {
        u128 rate = u128_of(slot->rates[i]);
        if (add ? rates[i] > PAYMENT_RATE_MAX - rate : rates[i] > rate)
            return add ? err_set(err, CODE_FLOW, "price and size together are more than an account can carry")
                       : ctx_fault(ctx, CODE_CORRUPT, "a slot's rate is less than what is taken from it");
        rate = add ? rate + rates[i] : rate - rates[i];
        slot->rates[i]->hi = (uint64_t)(rate >> 64);
        slot->rates[i]->lo = (uint64_t)rate;
        sum += rate;
    }
    *ret_sum = sum;
    return CODE_OK;
}

static int change(struct ctx *ctx, const struct addr *payer, PaymentAccount *a, BucketSlot *slot, PlacementGroup *group,
                  const u128 *rates, bool add, struct err *err) {
    u128 before = sum_of(slot), after = 0;
    int rc = apply(ctx, slot, rates, add, &after, err);
    if (rc == CODE_OK)
        rc = payment_set_rate(ctx, a, u128_of(a->rate) + after - before, err);
    if (rc == CODE_OK && before == 0 && after)
        rc = list_slot(ctx, payer, a, slot, group, err);
    if (rc == CODE_OK && before && after == 0)
        rc = unlist_slot(ctx, payer, a, slot, group, err);
    return rc;
}

int payment_slot_change(struct ctx *ctx, const struct addr *payer, BucketSlot *slot, PlacementGroup *group,
                        const u128 *rates, bool add, struct err *err) {
    PaymentAccount *a;
    int rc = shape(ctx, slot, group->n_members);
    bool nothing = true;
    for (size_t i = 0; i < group->n_members; i++)
        nothing = nothing && rates[i] == 0;
    if (rc || nothing)
        return rc;
    rc = payment_open(ctx, payer, false, &a, err);
    if (rc == CODE_OK)
        rc = earn(ctx, slot, a, group, err);
    if (rc)
        return rc;
    if (add && a->status != PAYMENT_STATUS_ACTIVE)
        return err_set(err, CODE_PAYER_FROZEN, "payment account %s is frozen; deposit to it",
                       ctx_addr_text(ctx, payer));
    rc = change(ctx, payer, a, slot, group, rates, add, err);
    return rc ? rc : payment_close(ctx, payer, a, err);
}
