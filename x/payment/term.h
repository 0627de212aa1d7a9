/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_TERM_H
#define CAIRN_X_PAYMENT_TERM_H
/*
 * What is paid ahead for a bucket's objects with a term. Each object brings the whole price of its time,
 *
 *     paid = charge(rate, end - since)
 *
 * into one account of the bucket, from which its slots flow like any others; when it leaves, early or at its end, what
 * its time did not use goes back:
 *
 *     refund = paid - charge(rate, left - since)
 *
 * Charges are rounded up and flows carry their fraction, so the account always holds the refunds of all that is in it,
 * and at most a pebble more for each that has left; that goes to the last one. The account pays for no time behind
 * `stop_at`, the first end of an object that is still there, so that an end which the ledger comes to late (its work is
 * capped per block) uses nothing that others have paid.
 */
#include "x/payment/payment.h"

/* The account; nobody has a key to it, and x/payment lets nobody withdraw from it. */
struct addr payment_term_address(uint64_t bucket_id);

/* May objects with a term be charged to it? CODE_TERM: a territory; CODE_PAYMENT_ACCOUNT_NOT_FOUND. */
int payment_term_may(struct ctx *ctx, const struct addr *payer, struct err *err);

/* Takes `amount` from the payer, for an object that flows from now on: its rate is added (payment_slot_change) behind
 * this call. CODE_PAYER_FROZEN, CODE_PAYMENT_FUNDS, CODE_PAYMENT_ACCOUNT_NOT_FOUND; CODE_TERM_BACKLOG while an object
 * of the bucket is over that the ledger has not come to yet. */
int payment_term_pay(struct ctx *ctx, const struct addr *payer, uint64_t bucket_id, uint64_t amount, struct err *err);

/* What the time since `since` has cost, up to what the account is settled to. */
int payment_term_used(struct ctx *ctx, uint64_t bucket_id, u128 rate, uint64_t since, uint64_t *ret, struct err *err);

/* From now on a rate is another, lower one: what the time since *since has used at the old one stays paid; of the rest
 * of *paid the time up to `end` costs at the new one; *since and *paid are set to that, and *ret_free is what is left
 * over, to be given back. False in *ret_good, and nothing set, when rounding leaves less than nothing. */
int payment_term_lower(struct ctx *ctx, uint64_t bucket_id, u128 before, u128 after, uint64_t end, uint64_t *since,
                       uint64_t *paid, uint64_t *ret_free, bool *ret_good, struct err *err);

/* Gives `amount` back to the payer, and with the last flow what fractions left behind; the account without flows is
 * forgotten. The object's rate has been taken away already. */
int payment_term_refund(struct ctx *ctx, const struct addr *payer, uint64_t bucket_id, uint64_t amount,
                        struct err *err);

/* The first end of the objects that are there; 0: there are none. */
int payment_term_stop(struct ctx *ctx, uint64_t bucket_id, uint64_t stop_at, struct err *err);

/* What an account has free, settled to now; 0 when there is none. */
int payment_free(struct ctx *ctx, const struct addr *addr, uint64_t *ret, struct err *err);

#endif
