/* SPDX-License-Identifier: Apache-2.0 */
/* MsgBond: the operator adds to its validator's bond. */
#include "x/validator/msgs.h"

#include "x/validator/stake.h"
#include "x/validator/validator.h"

int msg_bond_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgBond *msg = message;
    struct addr addr;
    int rc = addr_need(msg->validator, "validator", &addr, err);
    if (rc == CODE_OK && msg->amount == 0)
        rc = err_set(err, CODE_AMOUNT, "the amount must be 1 pebble or more");
    return rc;
}

int msg_bond_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgBond *msg = message;
    struct addr addr;
    Validator *v;
    int rc = validator_need_operator(ctx, msg->validator, &addr, &v, err);
    if (rc == CODE_OK && v->tombstoned)
        rc = err_set(err, CODE_VALIDATOR_JAILED, "the validator is jailed for good: a bond would never vote");
    if (rc == CODE_OK)
        rc = stake_bond(ctx, &addr, v, &ctx->signer, msg->amount, err);
    if (rc)
        return rc;
    ctx_event(ctx, "validator.bonded", "validator", ctx_addr_text(ctx, &addr), "amount", ctx_u64_text(ctx, msg->amount),
              "bond", ctx_u64_text(ctx, v->bond), "power", ctx_u64_text(ctx, v->power), NULL);
    return CODE_OK;
}
