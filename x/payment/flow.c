/* SPDX-License-Identifier: Apache-2.0 */
#include "x/payment/flow.h"

#include <assert.h>

#define LOW64 (((u128)1 << 64) - 1)

int payment_charge(u128 rate, uint64_t ms, uint64_t *ret_pebble, struct err *err) {
    if (rate > PAYMENT_RATE_MAX || ms > PAYMENT_MS_MAX)
        return err_set(err, CODE_FLOW, "price, size and time together are more than an account can carry");
    u128 owed = rate * ms;
    u128 pebble = (owed >> 64) + ((owed & LOW64) != 0);
    if (pebble > UINT64_MAX)
        return err_set(err, CODE_FLOW, "price, size and time together cost more coins than there can be");
    *ret_pebble = (uint64_t)pebble;
    return CODE_OK;
}

uint64_t flow_accrue(u128 rate, uint64_t ms, uint64_t *remainder) {
    assert(rate <= PAYMENT_RATE_MAX && ms <= PAYMENT_MS_MAX);
    u128 owed = rate * ms + *remainder;
    *remainder = (uint64_t)owed;
    return (uint64_t)(owed >> 64);
}

uint64_t flow_affordable_ms(u128 rate, uint64_t remainder, uint64_t have) {
    u128 ms = ((((u128)have + 1) << 64) - 1 - remainder) / rate;
    if (have == UINT64_MAX)
        return PAYMENT_MS_MAX;
    return ms > PAYMENT_MS_MAX ? PAYMENT_MS_MAX : (uint64_t)ms;
}

int flow_rate_of_month(uint64_t price, uint64_t bytes, u128 *ret, struct err *err) {
    u128 rate = ((u128)price * bytes + (PAYMENT_MONTH_MS - 1)) / PAYMENT_MONTH_MS; /* 2^65 away from an overflow */
    if (rate > PAYMENT_RATE_MAX)
        return err_set(err, CODE_FLOW, "so many bytes a month cost more than an account can carry");
    *ret = rate;
    return CODE_OK;
}
