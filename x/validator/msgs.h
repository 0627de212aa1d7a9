/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_MSGS_H
#define CAIRN_X_VALIDATOR_MSGS_H
/* The messages of x/validator, as module.c lists them. Private to the folder. */
#include "x/base/ctx.h"

int msg_set_reveal_chain_check(const void *message, const Params *params, struct err *err);
int msg_set_reveal_chain_run(struct ctx *ctx, const void *message, struct err *err);
int msg_create_validator_check(const void *message, const Params *params, struct err *err);
uint64_t msg_create_validator_signatures(const void *message);
int msg_create_validator_run(struct ctx *ctx, const void *message, struct err *err);
int msg_bond_check(const void *message, const Params *params, struct err *err);
int msg_bond_run(struct ctx *ctx, const void *message, struct err *err);
int msg_unbond_check(const void *message, const Params *params, struct err *err);
int msg_unbond_run(struct ctx *ctx, const void *message, struct err *err);
int msg_edit_validator_check(const void *message, const Params *params, struct err *err);
int msg_edit_validator_run(struct ctx *ctx, const void *message, struct err *err);
int msg_unjail_check(const void *message, const Params *params, struct err *err);
int msg_unjail_run(struct ctx *ctx, const void *message, struct err *err);
int msg_submit_evidence_check(const void *message, const Params *params, struct err *err);
uint64_t msg_submit_evidence_signatures(const void *message);
int msg_submit_evidence_run(struct ctx *ctx, const void *message, struct err *err);
int msg_withdraw_rewards_check(const void *message, const Params *params, struct err *err);
int msg_withdraw_rewards_run(struct ctx *ctx, const void *message, struct err *err);

#endif
