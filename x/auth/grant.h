/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_AUTH_GRANT_H
#define CAIRN_X_AUTH_GRANT_H
/*
 * Grants: an account (the granter) lets another (the grantee) act in its name and spend what is its, within budgets.
 *
 * There are two ways to use one, each looked at in one place only:
 *
 * - A message names the granter as its creator, and the grantee signs. x/app/execute.c asks grant_begin before it runs
 *   the message and grant_end after: type, bucket, prefix and price are looked at before; bytes and money are what the
 *   message has taken by then (ctx_spend), so no rule has to know that it is watched. What is left is written with the
 *   message's own effects, and undone with them.
 * - The grantee names the granter as fee_payer. That is an ante effect (grant_take_fee): judged on what the blocks
 *   before left, at the ledger time of the block before, so that whoever builds a block knows what whoever judges it
 *   finds; the messages of the block, which run later, cannot make it fail.
 */
#include "cairn/auth.h"
#include "x/base/module.h"

/* The record; one that is over is not there any more. CODE_GRANT_NOT_FOUND. */
int grant_get(struct ctx *ctx, const struct addr *granter, const struct addr *grantee, Grant **ret, struct err *err);
/* Writes it in place of the one that the pair has; keeps indexes, count and the queue of ends. CODE_GRANT_LIMIT. */
int grant_put(struct ctx *ctx, Grant *grant, struct err *err);
/* CODE_GRANT_NOT_FOUND. */
int grant_delete(struct ctx *ctx, const struct addr *granter, const struct addr *grantee, struct err *err);

/* --- acting --- */

/* May the actor (ctx->actor) send this message in the name of `creator`? Then ctx is set to run it so.
 * CODE_TX_CREATOR, CODE_GRANT_SCOPE. */
int grant_begin(struct ctx *ctx, const struct msg_rule *rule, const void *msg, const struct addr *creator,
                struct err *err);
/* Takes what the message has spent from the budgets. CODE_GRANT_BUDGET. */
int grant_end(struct ctx *ctx, const struct msg_rule *rule, struct err *err);
/* The part of grant_begin that looks at the message: type, bucket, prefix, price. CODE_GRANT_SCOPE. */
int grant_covers(struct ctx *ctx, const Grant *grant, const struct msg_rule *rule, const void *msg, struct err *err);

/* Takes money from what the granter has granted the grantee for the running message, whoever sends it: the granter pays
 * for something of the grantee's. 0: only whether it would, and has money left. CODE_GRANT_NOT_FOUND, CODE_GRANT_SCOPE,
 * CODE_GRANT_BUDGET. */
int grant_pay(struct ctx *ctx, const struct addr *granter, const struct addr *grantee, uint64_t money, struct err *err);
/* Has the message of an actor who is not its creator a budget of money that ends? Then nothing may be agreed on that
 * the ledger charges later. */
bool grant_money_ends(struct ctx *ctx);

/* --- sponsoring --- */

/* Ante: takes the fee from payer and from its grant to who signed; `before` is the ledger time of the block before.
 * CODE_TX_FEE_PAYER, CODE_INSUFFICIENT_FUNDS; then nothing is written. */
int grant_take_fee(struct ctx *ctx, const struct addr *payer, const struct addr *sender, uint64_t fee, uint64_t before,
                   struct err *err);

/* For checks only, which undo it: the grant as it will be when what waits has been taken. CODE_TX_FEE_PAYER. */
int grant_assume_fees(struct ctx *ctx, const struct addr *payer, const struct addr *sender, uint64_t fees,
                      uint64_t before, struct err *err);

/* --- ends and checks --- */
int grant_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
uint64_t grant_due_cap(const struct ctx *ctx);
/* Counts, indexes and queue match the records. */
int grant_check(struct ctx *ctx, struct err *err);
int grant_query_list(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);

/* Does the ledger know a message of this name ("MsgSend")? */
bool grant_message_known(const char *name);

#endif
