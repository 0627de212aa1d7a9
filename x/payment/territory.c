/* SPDX-License-Identifier: Apache-2.0 */
/* Territories: records, names, totals, purses; what they cost. */
#include "x/payment/territory.h"

#include "chain/base/limits.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_payment.h"
#include "chain/types/name.h"
#include "x/auth/account.h"
#include "x/payment/account.h"

#include <inttypes.h>
#include <stdio.h>

int territory_get(struct ctx *ctx, uint64_t id, Territory **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_territory(&k, id), &territory__descriptor, ret, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_TERRITORY_NOT_FOUND, "there is no territory %" PRIu64, id) : rc;
}

static struct addr owner_of(const Territory *t) {
    struct addr a = {{0}};
    addr_of_field(t->owner, &a);
    return a;
}

static struct addr purse_of(const Territory *t) {
    struct addr a = {{0}};
    addr_of_field(t->payment_address, &a);
    return a;
}

/* Nobody has a key to it. */
static struct addr purse_address(uint64_t id, uint64_t generation) {
    char name[64];
    snprintf(name, sizeof name, "payment.territory.%" PRIu64 ".%" PRIu64, id, generation);
    return addr_of_module(name);
}

/* --- totals --- */

static int totals_get(struct ctx *ctx, TerritoryTotals *ret, struct err *err) {
    struct key k;
    TerritoryTotals *record;
    territory_totals__init(ret);
    int rc = record_get(ctx, key_territory_totals(&k), &territory_totals__descriptor, &record, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    *ret = *record;
    return CODE_OK;
}

static bool counts(const Territory *t) {
    return t && t->status != TERRITORY_STATUS_EXPIRED;
}

/* What changes when `before` becomes `after`; NULL: there is none. */
static int totals_change(struct ctx *ctx, const Territory *before, const Territory *after, struct err *err) {
    struct key k;
    TerritoryTotals totals;
    int rc = totals_get(ctx, &totals, err);
    if (rc)
        return rc;
    totals.territories += (uint64_t)counts(after) - (uint64_t)counts(before);
    totals.capacity += (counts(after) ? after->capacity : 0) - (counts(before) ? before->capacity : 0);
    if (totals.capacity > ctx->params->payment->territory_bytes_max &&
        (!counts(before) || (counts(after) && after->capacity > before->capacity)))
        return err_set(err, CODE_TERRITORY_SIZE, "all territories together may have %" PRIu64 " bytes",
                       ctx->params->payment->territory_bytes_max);
    return record_put(ctx, key_territory_totals(&k), &totals, err);
}

/* --- records --- */

static int find(struct ctx *ctx, uint64_t id, Territory **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_territory(&k, id), &territory__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = NULL;
    return CODE_OK;
}

static int move_entry(struct ctx *ctx, const Territory *before, uint64_t id, uint64_t due, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (before && before->due == due)
        return CODE_OK;
    if (before)
        rc = record_del(ctx, key_territory_due(&k, before->due, id), err);
    return rc ? rc : record_put_mark(ctx, key_territory_due(&k, due, id), err);
}

static int list_offer(struct ctx *ctx, const Territory *before, const Territory *after, struct err *err) {
    struct key k;
    bool was = before && before->consigned;
    if (was == after->consigned)
        return CODE_OK;
    return after->consigned ? record_put_mark(ctx, key_territory_offer(&k, after->id), err)
                            : record_del(ctx, key_territory_offer(&k, after->id), err);
}

int territory_put(struct ctx *ctx, Territory *t, struct err *err) {
    struct key k;
    Territory *before;
    if (t->status != TERRITORY_STATUS_EXPIRED)
        t->due = t->status == TERRITORY_STATUS_ACTIVE ? t->deadline : t->ends_at;
    int rc = find(ctx, t->id, &before, err);
    if (rc == CODE_OK)
        rc = totals_change(ctx, before, t, err);
    if (rc == CODE_OK)
        rc = move_entry(ctx, before, t->id, t->due, err);
    if (rc == CODE_OK)
        rc = list_offer(ctx, before, t, err);
    return rc ? rc : record_put(ctx, key_territory(&k, t->id), t, err);
}

static int count_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

/* Under the owner's name for it: free, and one more that the owner may have. */
static int take_name(struct ctx *ctx, const struct addr *owner, const Territory *t, struct err *err) {
    struct key k;
    bool taken;
    uint64_t n = 0, cap = ctx->params->payment->territories_per_owner;
    int rc = record_has(ctx, key_territory_name(&k, owner, t->name), &taken, err);
    if (rc == CODE_OK && taken)
        rc = err_set(err, CODE_TERRITORY_EXISTS, "the account has a territory %s already", t->name);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_territory_name(&k, owner, ""), BYTES_NONE, cap, NULL, count_one, &n, err);
    if (rc == CODE_OK && n >= cap)
        rc = err_set(err, CODE_TERRITORY_LIMIT, "the account owns %" PRIu64 " territories, as many as allowed", n);
    return rc ? rc : record_put_u64(ctx, key_territory_name(&k, owner, t->name), t->id, err);
}

/* Opens the purse of its present generation, with so many coins in it. */
static int open_purse(struct ctx *ctx, Territory *t, uint64_t balance, struct err *err) {
    struct addr addr = purse_address(t->id, t->generation);
    PaymentAccount *a;
    int rc = payment_open(ctx, &addr, true, &a, err); /* it is there when somebody deposited to it already */
    if (rc)
        return rc;
    t->payment_address = ctx_addr(ctx, &addr);
    a->owner = t->owner;
    a->territory_id = t->id;
    a->prepaid = a->non_refundable = true;
    a->stop_at = t->ends_at;
    a->balance += balance;
    return payment_close(ctx, &addr, a, err);
}

/* Takes all coins out of a purse from which nothing flows, and forgets it. */
static int close_purse(struct ctx *ctx, const Territory *t, uint64_t *ret_balance, struct err *err) {
    struct addr addr = purse_of(t);
    struct key k;
    PaymentAccount *a;
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return rc;
    if (a->slots || a->locked || u128_of(a->rate))
        return ctx_fault(ctx, CODE_CORRUPT, "the purse of a territory is closed while it pays");
    *ret_balance = a->balance;
    return record_del(ctx, key_payment_account(&k, &addr), err);
}

int territory_insert(struct ctx *ctx, Territory *t, struct err *err) {
    struct addr owner = owner_of(t);
    int rc = take_name(ctx, &owner, t, err);
    if (rc == CODE_OK)
        rc = open_purse(ctx, t, 0, err);
    return rc ? rc : territory_put(ctx, t, err);
}

int territory_hand_over(struct ctx *ctx, Territory *t, const struct addr *to, const char *name, struct err *err) {
    struct key k;
    struct addr owner = owner_of(t);
    uint64_t balance = 0;
    int rc = record_del(ctx, key_territory_name(&k, &owner, t->name), err);
    t->name = ctx_str(ctx, name);
    if (rc == CODE_OK)
        rc = take_name(ctx, to, t, err);
    if (rc == CODE_OK)
        rc = close_purse(ctx, t, &balance, err);
    if (rc)
        return rc;
    t->owner = ctx_addr(ctx, to);
    t->generation++;
    t->consigned = false;
    t->asked = t->renew_ms = 0;
    t->buyer = ctx_data(ctx, BYTES_NONE);
    rc = open_purse(ctx, t, balance, err);
    return rc ? rc : territory_put(ctx, t, err);
}

/* --- checks --- */

int territory_check_name(const char *name, struct err *err) {
    int rc = name_check_group(name, err);
    if (rc != CODE_INVALID_ARGUMENT)
        return rc;
    if (err)
        err->code = CODE_TERRITORY_NAME;
    return CODE_TERRITORY_NAME;
}

int territory_check_term(const struct ctx *ctx, uint64_t term, struct err *err) {
    const PaymentParams *p = ctx->params->payment;
    if (term >= p->territory_term_min_ms && term <= p->territory_term_max_ms)
        return CODE_OK;
    return err_set(err, CODE_TERRITORY_TERM, "%" PRIu64 " ms; a territory is for %" PRIu64 " to %" PRIu64 " ms", term,
                   p->territory_term_min_ms, p->territory_term_max_ms);
}

int territory_need_owner(struct ctx *ctx, const Territory *t, struct err *err) {
    struct addr owner = owner_of(t);
    return addr_eq(&owner, &ctx->signer) ? CODE_OK
                                         : err_set(err, CODE_TERRITORY_OWNER, "territory %" PRIu64 " belongs to %s",
                                                   t->id, ctx_addr_text(ctx, &owner));
}

static const char *status_name(int status) {
    return status == TERRITORY_STATUS_ACTIVE ? "active" : status == TERRITORY_STATUS_FROZEN ? "frozen" : "expired";
}

int territory_need_status(const Territory *t, int status, int or_status, struct err *err) {
    if ((int)t->status == status || (int)t->status == or_status)
        return CODE_OK;
    return err_set(err, CODE_TERRITORY_STATUS, "territory %" PRIu64 " is %s", t->id, status_name((int)t->status));
}

int territory_need_unsold(const Territory *t, struct err *err) {
    return t->consigned ? err_set(err, CODE_TERRITORY_STATUS, "territory %" PRIu64 " is for sale", t->id) : CODE_OK;
}

int territory_need_empty(struct ctx *ctx, const Territory *t, struct err *err) {
    struct addr addr = purse_of(t);
    PaymentAccount *a;
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return rc;
    if (a->slots || a->locked || u128_of(a->rate))
        return err_set(err, CODE_TERRITORY_USED, "territory %" PRIu64 " is not empty", t->id);
    return CODE_OK;
}

/* --- money --- */

/* The one price rule. */
static int cost_of(uint64_t bytes, uint64_t price, uint64_t ms, uint64_t *ret, struct err *err) {
    return payment_charge((u128)bytes * price, ms, ret, err);
}

int territory_cost_mint(const struct ctx *ctx, uint64_t capacity, uint64_t term, uint64_t *ret, struct err *err) {
    const PaymentParams *p = ctx->params->payment;
    return cost_of(capacity, p->territory_price, term + p->territory_frozen_ms, ret, err);
}

int territory_cost_expand(const struct ctx *ctx, const Territory *t, uint64_t bytes, uint64_t *ret, struct err *err) {
    return cost_of(bytes, t->price, t->ends_at - u64_min(t->ends_at, ctx->time), ret, err);
}

int territory_cost_renew(const struct ctx *ctx, const Territory *t, uint64_t term, uint64_t *ret, struct err *err) {
    uint64_t deadline;
    if (!u64_add(t->deadline, term, &deadline) || deadline <= ctx->time ||
        deadline > ctx->time + ctx->params->payment->territory_term_max_ms)
        return err_set(err, CODE_TERRITORY_TERM,
                       "territory %" PRIu64 " ends at ledger time %" PRIu64
                       "; it is renewed to a time ahead, by at most %" PRIu64 " ms",
                       t->id, t->deadline, ctx->params->payment->territory_term_max_ms);
    return cost_of(t->capacity, t->price, term, ret, err);
}

int territory_pay(struct ctx *ctx, const Territory *t, const struct addr *payer, uint64_t cost, struct err *err) {
    struct addr addr = purse_of(t);
    PaymentAccount *a;
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, payer, MODULE_PAYMENT, cost, err);
    if (rc)
        return rc;
    a->balance += cost;
    a->stop_at = t->ends_at;
    return payment_close(ctx, &addr, a, err);
}

/* --- what the purse asks --- */

static u128 whole_rate(const Territory *t) {
    return (u128)t->capacity * t->price;
}

static int full(const Territory *t, struct err *err) {
    return err_set(err, CODE_TERRITORY_FULL,
                   "territory %" PRIu64 " has %" PRIu64 " bytes at its price, and no room for this", t->id,
                   t->capacity);
}

int territory_may_lock(struct ctx *ctx, const PaymentAccount *a, uint64_t amount, struct err *err) {
    Territory *t;
    uint64_t room, owed;
    int rc = territory_get(ctx, a->territory_id, &t, err);
    if (rc == CODE_OK)
        rc = territory_need_status(t, TERRITORY_STATUS_ACTIVE, TERRITORY_STATUS_ACTIVE, err);
    if (rc == CODE_OK)
        rc = territory_need_unsold(t, err);
    if (rc == CODE_OK && ctx->time >= t->deadline)
        rc = err_set(err, CODE_TERRITORY_STATUS, "the time of territory %" PRIu64 " is over", t->id);
    if (rc == CODE_OK)
        rc = payment_charge(whole_rate(t) - u128_of(a->rate), ctx->params->payment->reserve_time_ms, &room, err);
    if (rc == CODE_OK)
        rc = payment_charge(u128_of(a->rate), t->ends_at - a->settled_at, &owed, err);
    if (rc)
        return rc;
    if (a->locked > room || amount > room - a->locked)
        return full(t, err);
    if (a->balance < amount || a->balance - amount < owed)
        return err_set(err, CODE_TERRITORY_FULL,
                       "too little of the time of territory %" PRIu64 " is left to hold %s for an object; renew it",
                       t->id, money_text(amount).s);
    return CODE_OK;
}

int territory_may_flow(struct ctx *ctx, const PaymentAccount *a, u128 rate, struct err *err) {
    Territory *t;
    int rc = territory_get(ctx, a->territory_id, &t, err);
    if (rc == CODE_OK)
        rc = territory_need_status(t, TERRITORY_STATUS_ACTIVE, TERRITORY_STATUS_FROZEN, err);
    if (rc == CODE_OK)
        rc = territory_need_unsold(t, err);
    if (rc == CODE_OK && ctx->time >= t->ends_at)
        rc = err_set(err, CODE_TERRITORY_STATUS, "territory %" PRIu64 " has ended", t->id);
    if (rc)
        return rc;
    return rate <= whole_rate(t) ? CODE_OK : full(t, err);
}

int territory_use(struct ctx *ctx, uint64_t id, TerritoryUseAnswer **ret, struct err *err) {
    TerritoryUseAnswer *answer = CTX_NEW(ctx, TerritoryUseAnswer);
    PaymentAccount *a;
    Territory *t;
    uint64_t reserve = u64_max(ctx->params->payment->reserve_time_ms, 1);
    int rc = territory_get(ctx, id, &t, err);
    if (rc)
        return rc;
    struct addr addr = purse_of(t);
    rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return rc;
    territory_use_answer__init(answer);
    answer->territory = t;
    answer->used = (uint64_t)((u128_of(a->rate) + (t->price - 1)) / t->price);
    answer->reserved = (uint64_t)(((u128)a->locked << 64) / ((u128)t->price * reserve));
    answer->pot = a->balance + a->locked;
    *ret = answer;
    return CODE_OK;
}

/* --- end work --- */

/* Empties it, some objects a block; then gives back what nobody earned; at last forgets it. */
static int expire(struct ctx *ctx, Territory *t, struct err *err) {
    struct addr addr = purse_of(t), owner = owner_of(t);
    struct key k;
    uint64_t rest = 0, forget = t->ends_at + ctx->params->payment->territory_kept_ms;
    PaymentAccount *a;
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return rc;
    t->due = ctx->time + 1;
    if (a->slots) {
        rc = payment_end_slots(ctx, &addr, err);
        return rc ? rc : territory_put(ctx, t, err);
    }
    rest = a->balance;
    a->balance = 0;
    rc = coins_from_module(ctx, MODULE_PAYMENT, &owner, rest, err);
    if (rc == CODE_OK)
        rc = payment_close(ctx, &addr, a, err);
    if (rest)
        ctx_event(ctx, "payment.territory_refunded", "territory", ctx_u64_text(ctx, t->id), "amount",
                  ctx_u64_text(ctx, rest), NULL);
    t->due = u64_max(forget, ctx->time + (a->locked ? ctx->params->payment->settle_interval_ms : 1));
    if (rc || ctx->time < forget || a->locked)
        return rc ? rc : territory_put(ctx, t, err);
    rc = close_purse(ctx, t, &rest, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_territory_name(&k, &owner, t->name), err);
    ctx_event(ctx, "payment.territory_forgotten", "territory", ctx_u64_text(ctx, t->id), NULL);
    return rc ? rc : record_del(ctx, key_territory(&k, t->id), err);
}

/* At its deadline, from the owner's account. An owner without the coins has the frozen time to renew it by hand. */
static int renew_itself(struct ctx *ctx, Territory *t, bool *ret_renewed, struct err *err) {
    struct addr owner = owner_of(t);
    struct err why = {0};
    uint64_t cost = 0;
    Territory next = *t;
    int rc = territory_cost_renew(ctx, t, t->renew_ms, &cost, &why);
    next.deadline += t->renew_ms;
    next.ends_at += t->renew_ms;
    if (rc == CODE_OK)
        rc = territory_pay(ctx, &next, &owner, cost, &why);
    ctx_event(ctx, rc ? "payment.territory_not_renewed" : "payment.territory_renewed", "territory",
              ctx_u64_text(ctx, t->id), "cost", ctx_u64_text(ctx, cost), "ends_at",
              ctx_u64_text(ctx, rc ? t->ends_at : next.ends_at), NULL);
    *ret_renewed = rc == CODE_OK;
    if (rc == CODE_OK) {
        *t = next;
        rc = territory_put(ctx, t, err);
    } else {
        rc = ctx_failed(ctx, err);
    }
    return rc;
}

int territory_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    (void)value;
    Territory *t;
    struct key k;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry in the queue of territories has no id");
    int rc = territory_get(ctx, load_be64(rest.data), &t, err);
    if (rc)
        return rc;
    if (t->due != due_time)
        return err_set(err, CODE_INTERNAL, "the territory is queued under another time");
    if (t->status == TERRITORY_STATUS_EXPIRED) { /* the entry has been taken out, and comes back under a later time */
        rc = record_put_mark(ctx, key_territory_due(&k, due_time, t->id), err);
        if (rc == CODE_OK)
            rc = expire(ctx, t, err);
        return rc ? rc : record_del(ctx, key_territory_due(&k, due_time, t->id), err);
    }
    bool over = ctx->time >= t->ends_at, renewed = false;
    if (t->status == TERRITORY_STATUS_ACTIVE && t->renew_ms && !over) {
        rc = record_put_mark(ctx, key_territory_due(&k, due_time, t->id), err);
        if (rc == CODE_OK)
            rc = renew_itself(ctx, t, &renewed, err);
        if (rc || renewed)
            return rc;
    }
    t->status = over ? TERRITORY_STATUS_EXPIRED : TERRITORY_STATUS_FROZEN;
    t->consigned = false;
    if (over) {
        t->due = ctx->time + 1;
        t->renew_ms = 0; /* somebody else may reactivate it */
    }
    ctx_event(ctx, over ? "payment.territory_expired" : "payment.territory_frozen", "territory",
              ctx_u64_text(ctx, t->id), NULL);
    rc = record_put_mark(ctx, key_territory_due(&k, due_time, t->id), err);
    return rc ? rc : territory_put(ctx, t, err);
}

/* --- invariants --- */

int territory_check_purse(struct ctx *ctx, const struct addr *addr, const PaymentAccount *a, struct err *err) {
    Territory *t;
    uint64_t owed = 0;
    int rc = territory_get(ctx, a->territory_id, &t, err);
    if (rc)
        return err_set(err, CODE_INTERNAL, "a purse belongs to a territory that is gone");
    struct addr purse = purse_of(t), owner = owner_of(t), whose = {{0}}, made = purse_address(t->id, t->generation);
    addr_of_field(a->owner, &whose);
    if (!addr_eq(&purse, addr) || !addr_eq(&made, addr) || !addr_eq(&owner, &whose) || !a->prepaid ||
        a->stop_at != t->ends_at || u128_of(a->rate) > whole_rate(t))
        return err_set(err, CODE_INTERNAL, "the purse of territory %" PRIu64 " is not as the territory says", t->id);
    rc = payment_charge(u128_of(a->rate), t->ends_at - u64_min(t->ends_at, a->settled_at), &owed, err);
    if (rc == CODE_OK && a->balance + a->locked < owed)
        rc = err_set(err, CODE_INTERNAL, "territory %" PRIu64 " runs dry before its end", t->id);
    return rc;
}

struct found {
    TerritoryTotals totals;
    uint64_t records, names, due, offers, wanted_offers;
};

static int check_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct found *found = arg;
    const Territory *t = msg;
    struct key k;
    struct addr owner = owner_of(t), purse = purse_of(t);
    uint64_t id = 0;
    bool due = false, account = false;
    (void)value;
    int rc = record_get_u64(ctx, key_territory_name(&k, &owner, t->name), &id, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_territory_due(&k, t->due, t->id), &due, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_payment_account(&k, &purse), &account, err);
    if (rc || id != t->id || !due || !account || rest.len != 8 || load_be64(rest.data) != t->id ||
        t->deadline > t->ends_at || (t->consigned && t->status != TERRITORY_STATUS_ACTIVE))
        return err_set(err, CODE_INTERNAL, "territory %" PRIu64 " is not where its indexes say", t->id);
    found->records++;
    found->wanted_offers += t->consigned ? 1 : 0;
    found->totals.territories += counts(t);
    found->totals.capacity += counts(t) ? t->capacity : 0;
    return CODE_OK;
}

static int count_table(struct ctx *ctx, char table, uint64_t *ret, struct err *err) {
    struct key k;
    key_begin(&k, KEY_PAYMENT, table);
    return record_each(ctx, key_bytes(&k), BYTES_NONE, 0, NULL, count_one, ret, err);
}

int territory_invariants(struct ctx *ctx, struct err *err) {
    struct found found = {.records = 0};
    TerritoryTotals totals;
    struct key k;
    int rc = record_each(ctx, key_territories(&k), BYTES_NONE, 0, &territory__descriptor, check_one, &found, err);
    if (rc == CODE_OK)
        rc = count_table(ctx, 'o', &found.names, err);
    if (rc == CODE_OK)
        rc = count_table(ctx, 'e', &found.due, err);
    if (rc == CODE_OK)
        rc = count_table(ctx, 'g', &found.offers, err);
    if (rc == CODE_OK)
        rc = totals_get(ctx, &totals, err);
    if (rc)
        return rc;
    if (found.names != found.records || found.due != found.records || found.offers != found.wanted_offers)
        return err_set(err, CODE_INTERNAL, "names, queue or offers have territories that are not there");
    if (totals.territories != found.totals.territories || totals.capacity != found.totals.capacity)
        return err_set(err, CODE_INTERNAL, "the totals of territories are not what a recount finds");
    return CODE_OK;
}
