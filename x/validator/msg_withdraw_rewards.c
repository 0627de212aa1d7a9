/* SPDX-License-Identifier: Apache-2.0 */
/* MsgWithdrawRewards: the operator takes its validator's share of the fees. */
#include "x/validator/msgs.h"

#include "x/validator/reward.h"
#include "x/validator/validator.h"

int msg_withdraw_rewards_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    struct addr addr;
    return addr_need(((const MsgWithdrawRewards *)message)->validator, "validator", &addr, err);
}

int msg_withdraw_rewards_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgWithdrawRewards *msg = message;
    struct addr addr;
    Validator *v;
    uint64_t amount;
    int rc = validator_need_operator(ctx, msg->validator, &addr, &v, err);
    if (rc == CODE_OK)
        rc = reward_withdraw(ctx, &addr, &ctx->signer, &amount, err);
    if (rc)
        return rc;
    ctx_event(ctx, "validator.paid", "validator", ctx_addr_text(ctx, &addr), "operator",
              ctx_addr_text(ctx, &ctx->signer), "amount", ctx_u64_text(ctx, amount), NULL);
    return CODE_OK;
}
