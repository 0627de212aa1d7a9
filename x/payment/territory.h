/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_TERRITORY_H
#define CAIRN_X_PAYMENT_TERRITORY_H
/*
 * Territories: capacity paid ahead for a time. A territory has a purse, a payment account like any other, and a bucket
 * whose payment address is the purse's is charged to it: its objects' flows are paid from there, to their providers, by
 * bytes held and time. One price rule holds for minting, expanding, renewing and reactivating:
 *
 *     cost = charge(bytes x price, milliseconds)         price: the territory's, as it was when it was minted
 *
 * and what has been paid always reaches to ends_at, the frozen time behind the deadline included:
 *
 *     minted ---- deadline ---- ends_at ------------- + kept_ms
 *     ACTIVE      FROZEN        EXPIRED: emptied,      forgotten
 *                 no writes,    the rest of the pot
 *                 renewable     goes to the owner,
 *                               reactivable
 *
 * Capacity is bytes at the territory's price: what flows out is at most capacity x price, so the purse needs no reserve
 * and never runs dry before ends_at; an object whose providers ask for less takes less. What is locked for objects
 * that are not sealed yet counts as what it would flow.
 *
 * A sale gives the territory another purse, so that buckets of the seller do not go on to be charged to it.
 */
#include "x/payment/payment.h"

/* CODE_TERRITORY_NOT_FOUND. */
int territory_get(struct ctx *ctx, uint64_t id, Territory **ret, struct err *err);
/* Puts the record and its entry in the queue; keeps the totals. */
int territory_put(struct ctx *ctx, Territory *territory, struct err *err);
/* A new one: CODE_TERRITORY_EXISTS, CODE_TERRITORY_LIMIT, CODE_TERRITORY_SIZE. Its purse is opened. */
int territory_insert(struct ctx *ctx, Territory *territory, struct err *err);
/* To another owner under another name, with another purse. CODE_TERRITORY_EXISTS, CODE_TERRITORY_LIMIT. */
int territory_hand_over(struct ctx *ctx, Territory *territory, const struct addr *to, const char *name,
                        struct err *err);

/* --- checks --- */
int territory_check_name(const char *name, struct err *err);                            /* CODE_TERRITORY_NAME */
int territory_check_term(const struct ctx *ctx, uint64_t term, struct err *err);        /* CODE_TERRITORY_TERM */
int territory_need_owner(struct ctx *ctx, const Territory *territory, struct err *err); /* CODE_TERRITORY_OWNER */
int territory_need_status(const Territory *territory, int status, int or_status, struct err *err);
int territory_need_unsold(const Territory *territory, struct err *err); /* CODE_TERRITORY_STATUS while it is for sale */
/* Nothing flows, nothing is locked. CODE_TERRITORY_USED. */
int territory_need_empty(struct ctx *ctx, const Territory *territory, struct err *err);

/* --- money: what each message takes, and what quotes say --- */
int territory_cost_mint(const struct ctx *ctx, uint64_t capacity, uint64_t term, uint64_t *ret, struct err *err);
int territory_cost_expand(const struct ctx *ctx, const Territory *territory, uint64_t bytes, uint64_t *ret,
                          struct err *err);
int territory_cost_renew(const struct ctx *ctx, const Territory *territory, uint64_t term, uint64_t *ret,
                         struct err *err);
/* From the payer into the purse, which pays up to the territory's ends_at from now on. */
int territory_pay(struct ctx *ctx, const Territory *territory, const struct addr *payer, uint64_t cost,
                  struct err *err);

/* --- what the purse asks --- */
/* May so much be locked for an object? CODE_TERRITORY_STATUS, CODE_TERRITORY_FULL. */
int territory_may_lock(struct ctx *ctx, const PaymentAccount *purse, uint64_t amount, struct err *err);
/* May so much flow? CODE_TERRITORY_STATUS, CODE_TERRITORY_FULL. */
int territory_may_flow(struct ctx *ctx, const PaymentAccount *purse, u128 rate, struct err *err);
int territory_use(struct ctx *ctx, uint64_t id, TerritoryUseAnswer **ret, struct err *err);

int territory_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
int territory_check_purse(struct ctx *ctx, const struct addr *addr, const PaymentAccount *purse, struct err *err);
int territory_invariants(struct ctx *ctx, struct err *err);

#endif
