/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/downtime.h"
#include "x/validator/genesis.h"
#include "x/validator/msgs.h"
#include "x/validator/queries.h"
#include "x/validator/reward.h"
#include "x/validator/sets.h"
#include "x/validator/stake.h"
#include "x/validator/validator.h"
#include "x/validator/voting.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_SET_REVEAL_CHAIN,
     .desc = &msg_set_reveal_chain__descriptor,
     .check = msg_set_reveal_chain_check,
     .run = msg_set_reveal_chain_run},
    {.kind = MSG__BODY_CREATE_VALIDATOR,
     .desc = &msg_create_validator__descriptor,
     .check = msg_create_validator_check,
     .signatures = msg_create_validator_signatures,
     .run = msg_create_validator_run},
    {.kind = MSG__BODY_BOND, .desc = &msg_bond__descriptor, .check = msg_bond_check, .run = msg_bond_run},
    {.kind = MSG__BODY_UNBOND, .desc = &msg_unbond__descriptor, .check = msg_unbond_check, .run = msg_unbond_run},
    {.kind = MSG__BODY_EDIT_VALIDATOR,
     .desc = &msg_edit_validator__descriptor,
     .check = msg_edit_validator_check,
     .run = msg_edit_validator_run},
    {.kind = MSG__BODY_UNJAIL, .desc = &msg_unjail__descriptor, .check = msg_unjail_check, .run = msg_unjail_run},
    {.kind = MSG__BODY_SUBMIT_EVIDENCE,
     .desc = &msg_submit_evidence__descriptor,
     .check = msg_submit_evidence_check,
     .signatures = msg_submit_evidence_signatures,
     .run = msg_submit_evidence_run},
    {.kind = MSG__BODY_WITHDRAW_REWARDS,
     .desc = &msg_withdraw_rewards__descriptor,
     .check = msg_withdraw_rewards_check,
     .run = msg_withdraw_rewards_run},
};

static uint64_t once(const struct ctx *ctx) {
    (void)ctx;
    return 1;
}

static uint64_t releases(const struct ctx *ctx) {
    return ctx->params->validator->releases_per_block;
}

static const struct hook begin_hooks[] = {
    {.name = "validator.downtime", .cap = once, .step = downtime_step},
    {.name = "validator.voting", .cap = once, .step = voting_step},
    {.name = "validator.release", .cap = releases, .module = KEY_VALIDATOR, .queue = 'q', .due = stake_release},
};

static const struct hook end_hooks[] = {
    {.name = "validator.fees", .cap = once, .step = reward_share_step},
    {.name = "validator.set", .cap = once, .step = set_next_step},
    {.name = "validator.history", .cap = once, .step = set_history_step},
};

static int invariants(struct ctx *ctx, struct err *err) {
    int rc = stake_invariants(ctx, err);
    if (rc == CODE_OK)
        rc = set_invariants(ctx, err);
    if (rc == CODE_OK)
        rc = downtime_invariants(ctx, err);
    return rc ? rc : reward_invariants(ctx, err);
}

const struct module validator_module = {
    .name = "validator",
    .id = KEY_VALIDATOR,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .queries = validator_queries,
    .queries_n = VALIDATOR_QUERIES,
    .begin = begin_hooks,
    .begin_n = COUNT_OF(begin_hooks),
    .end = end_hooks,
    .end_n = COUNT_OF(end_hooks),
    .genesis = validator_genesis,
    .invariants = invariants,
};
