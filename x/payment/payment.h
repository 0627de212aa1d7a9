/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_PAYMENT_H
#define CAIRN_X_PAYMENT_PAYMENT_H
/*
 * Who pays for storage, and how.
 *
 * A payment account has a free balance, a reserve, a lock, and a rate: what flows out, in 2^-64 pebble a millisecond.
 * Everybody's own account has the owner's address; it begins with the first deposit. A slot (of a bucket) has a rate
 * for every position; the account's rate is the sum over the slots that are charged to it. Owed is rate x ms, computed
 * when somebody looks, the fraction carried:
 *
 *     owed = rate x (now - settled_at) + remainder;  paid = owed >> 64;  remainder = the low 64 bits
 *
 * so the order and number of settlements change nothing. What an account pays lies in module payment's coins until the
 * positions are settled; they are settled up to the time that their account has paid for, never further, so no position
 * is given what was not paid.
 *
 * reserve = rate x reserve_time, rounded up, is held back while the rate is there. When the free balance runs out the
 * account freezes: nothing new is charged to it, flows go on and draw on the reserve. A deposit that fills the reserve
 * again resumes it. Frozen for frozen_time, its slots end, some objects a block, each flow drawing on the reserve until
 * it stops.
 *
 * Objects with a term are paid ahead (term.h): their slots are charged to an account of their bucket's that holds what
 * was paid for them and nothing else, so it needs no reserve and cannot run dry.
 *
 * Invariants: module payment's coins = balances + reserves + locks + incomes + what positions have not been given yet;
 * an active account's reserve is exactly what its rate asks; queue entries match accounts.
 */
#include "cairn/payment.h"
#include "cairn/sp.h"
#include "cairn/storage.h"
#include "x/base/module.h"

/* Caps that keep rate x ms below 2^127: a rate of 2^86 is 4 million pebble a millisecond; 2^40 ms are 34 years between
 * settlements. */
#define PAYMENT_RATE_MAX ((u128)1 << 86)
#define PAYMENT_MS_MAX   ((uint64_t)1 << 40)
#define PAYMENT_MONTH_MS (30ull * 86400000) /* of a read quota */

/* The price of a rate over a time, in pebble, rounded up: what locks, reserves and quotes are. CODE_FLOW. */
int payment_charge(u128 rate, uint64_t ms, uint64_t *ret_pebble, struct err *err);

/* CODE_PAYMENT_ACCOUNT_NOT_FOUND. */
int payment_get(struct ctx *ctx, const struct addr *addr, PaymentAccount **ret, struct err *err);

/* May `who` charge things to this account? Its owner may. CODE_PAYMENT_OWNER. An account that has no record yet belongs
 * to its address. */
int payment_may_charge(struct ctx *ctx, const struct addr *payer, const struct addr *who, struct err *err);

/* Holds back part of the free balance, and gives it back. CODE_PAYER_FROZEN, CODE_PAYMENT_FUNDS,
 * CODE_PAYMENT_ACCOUNT_NOT_FOUND. Unlocking more than is locked is a fault. */
int payment_lock(struct ctx *ctx, const struct addr *payer, uint64_t amount, struct err *err);
int payment_unlock(struct ctx *ctx, const struct addr *payer, uint64_t amount, struct err *err);

/*
 * Adds to (or takes from) a slot's rates by position, as many as the slot's group has members. Settles payer and slot
 * first; moves the reserve along. Changes the slot's record and the group's, which the caller puts. CODE_PAYER_FROZEN
 * and CODE_PAYMENT_FUNDS only when adding; CODE_FLOW when the account's rate would be too large.
 */
int payment_slot_change(struct ctx *ctx, const struct addr *payer, BucketSlot *slot, PlacementGroup *group,
                        const u128 *rates, bool add, struct err *err);
/* Gives the positions what they have earned so far: to who earned at that time (x/sp/sp.h). Changes the slot's record,
 * which the caller puts, and the group's, while it has handovers or vacant positions. */
int payment_slot_settle(struct ctx *ctx, const struct addr *payer, BucketSlot *slot, PlacementGroup *group,
                        struct err *err);

/*
 * Read quota of a bucket: a flow to its primary provider for so many bytes in 30 days, at the provider's read price.
 * Set for a bucket that has one, it replaces that: what flowed is settled and its reserve given back first, so this is
 * also how payer, provider or price change; a quota of 0 ends it. CODE_SP_NOT_FOUND, CODE_FLOW, CODE_PAYER_FROZEN,
 * CODE_PAYMENT_FUNDS, CODE_PAYMENT_ACCOUNT_NOT_FOUND; ending never fails for want of money.
 */
int payment_quota_set(struct ctx *ctx, const struct addr *payer, uint64_t bucket_id, uint32_t sp_id, uint64_t quota,
                      struct err *err);
/* May the bucket's owner change it to this? CODE_QUOTA_HELD while a quota that was raised must be kept. */
int payment_quota_may_change(struct ctx *ctx, uint64_t bucket_id, uint64_t quota, struct err *err);
/* *ret is NULL when the bucket has none. */
int payment_quota_find(struct ctx *ctx, uint64_t bucket_id, ReadQuota **ret, struct err *err);

extern const struct module payment_module;

#endif
