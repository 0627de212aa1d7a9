/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/quote.h"

#include "chain/types/layout.h"
#include "x/payment/payment.h"

#define DAY_MS (24ull * 3600 * 1000)

int quote_lock(struct ctx *ctx, const Profile *profile, uint64_t size, uint64_t price, uint64_t term,
               uint64_t *ret_pebble, struct err *err) {
    u128 rate = (u128)layout_billed_bytes(profile, size) * price;
    uint64_t ms = ctx->params->payment->reserve_time_ms;
    if (term)
        ms = term > PAYMENT_MS_MAX ? term : term + ctx->params->storage->grace_ms;
    return payment_charge(rate, ms, ret_pebble, err);
}

int quote_answer(struct ctx *ctx, const Profile *profile, uint64_t size, uint64_t price, uint64_t term,
                 QuoteAnswer **ret, struct err *err) {
    QuoteAnswer *a = CTX_NEW(ctx, QuoteAnswer);
    quote_answer__init(a);
    a->billed_bytes = layout_billed_bytes(profile, size);
    u128 rate = (u128)a->billed_bytes * price;
    a->rate = ctx_u128(ctx, rate);
    int rc = quote_lock(ctx, profile, size, price, term, &a->locked, err);
    a->term_cost = rc == CODE_OK && term ? a->locked : 0;
    if (rc == CODE_OK)
        rc = payment_charge(rate, DAY_MS, &a->per_day, err);
    if (rc == CODE_OK)
        *ret = a;
    return rc;
}
