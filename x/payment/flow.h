/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_FLOW_H
#define CAIRN_X_PAYMENT_FLOW_H
/*
 * The arithmetic of flows, and the one rounding rule of money that flows:
 *
 *     what is asked before (locks, reserves, prices, quotes) is rounded up:  payment_charge (payment.h)
 *     what is paid and earned is rounded down, the fraction carried:         flow_accrue
 *
 * so that who has put down what was asked can always pay what is owed, and nobody is given what was not paid. Nothing
 * else in x/ turns a rate into coins.
 */
#include "x/payment/payment.h"

/* What a flow pays over a time; the fraction is carried in *remainder. */
uint64_t flow_accrue(u128 rate, uint64_t ms, uint64_t *remainder);
/* The rate at which `bytes` a month cost their price (2^-64 pebble per byte), rounded up. CODE_FLOW. */
int flow_rate_of_month(uint64_t price, uint64_t bytes, u128 *ret, struct err *err);
/* The most milliseconds that `have` pebble pay for; rate is not 0. */
uint64_t flow_affordable_ms(u128 rate, uint64_t remainder, uint64_t have);

#endif
