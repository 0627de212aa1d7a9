/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_ACCOUNT_H
#define CAIRN_X_PAYMENT_ACCOUNT_H
/* One payment account: settling, freezing, resuming, its place in the queue. Private to x/payment. Functions change the
 * record; it reaches the state by payment_put, which also moves its entry in the queue. */
#include "x/payment/payment.h"

/* The record settled to now; a fresh one (owner: the address) when there is none and create is set. */
int payment_open(struct ctx *ctx, const struct addr *addr, bool create, PaymentAccount **ret, struct err *err);
/* Puts the record and its queue entry, after resuming it if it can be. */
int payment_close(struct ctx *ctx, const struct addr *addr, PaymentAccount *account, struct err *err);

/* Pays what is owed up to now, from the balance and then from the reserve; without enough for all, up to the last
 * millisecond that it can pay. Freezes an active account whose balance ran out. */
void payment_settle(struct ctx *ctx, PaymentAccount *account);

/* Sets the account's rate; moves the reserve to what it asks. CODE_PAYMENT_FUNDS and CODE_FLOW when it grows. */
int payment_set_rate(struct ctx *ctx, PaymentAccount *account, u128 rate, struct err *err);

/* The entry of an account in the queue is due: freeze it, or go on ending its slots. */
int payment_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
/* "frozen for T days -> End": some of what is charged to the account ends, as much as a block may, each flow paid until
 * it stops. */
int payment_end_slots(struct ctx *ctx, const struct addr *addr, struct err *err);
/* A slot is due to be settled. */
int payment_slot_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* --- withdrawal.c --- */
/* Takes coins out of the free balance for the owner: at once, or, when more leaves within the window than may, after
 * the delay; *ret_at is 0 or when. CODE_PAYMENT_FUNDS, CODE_PAYMENT_WITHDRAWING. The caller closes the account. */
int payment_take_out(struct ctx *ctx, const struct addr *addr, PaymentAccount *account, uint64_t amount,
                     uint64_t *ret_at, struct err *err);
/* A large withdrawal has waited its time. */
int payment_withdrawal_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* Its record is there and belongs to the signer. CODE_PAYMENT_ACCOUNT_NOT_FOUND, CODE_PAYMENT_OWNER. */
int payment_own(struct ctx *ctx, const struct addr *addr, PaymentAccount **ret, struct err *err);

int payment_invariants(struct ctx *ctx, struct err *err);

#endif
