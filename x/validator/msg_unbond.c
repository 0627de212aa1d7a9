/* SPDX-License-Identifier: Apache-2.0 */
/* MsgUnbond: the operator takes from its validator's bond; the coins come when nothing can be slashed for any more. */
#include "x/validator/msgs.h"

#include "x/validator/stake.h"
#include "x/validator/validator.h"

int msg_unbond_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgUnbond *msg = message;
    struct addr addr;
    int rc = addr_need(msg->validator, "validator", &addr, err);
    if (rc == CODE_OK && msg->amount == 0)
        rc = err_set(err, CODE_AMOUNT, "the amount must be 1 pebble or more");
    return rc;
}

int msg_unbond_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgUnbond *msg = message;
    struct addr addr;
    Validator *v;
    uint64_t release_at = 0;
    int rc = validator_need_operator(ctx, msg->validator, &addr, &v, err);
    if (rc == CODE_OK)
        rc = stake_unbond(ctx, &addr, v, msg->amount, &release_at, err);
    if (rc)
        return rc;
    ctx_event(ctx, "validator.unbonding", "validator", ctx_addr_text(ctx, &addr), "amount",
              ctx_u64_text(ctx, msg->amount), "bond", ctx_u64_text(ctx, v->bond), "power", ctx_u64_text(ctx, v->power),
              "release_at", ctx_u64_text(ctx, release_at), NULL);
    return CODE_OK;
}
