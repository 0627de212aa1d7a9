/* SPDX-License-Identifier: Apache-2.0 */
#include "x/app/execute.h"

#include "chain/codec/pb.h"
#include "x/app/ante.h"
#include "x/auth/grant.h"

/* The grant is looked at here and not among the ante checks, since a message before it in the block may have given or
 * taken it. */
int execute_creator(struct run *run, const struct tx *tx, const Msg *msg, struct err *err) {
    struct ctx *ctx = &run->ctx;
    const void *inner = msg->send; /* every member of the oneof is a pointer to a message */
    struct addr creator;
    if (!addr_from(ante_creator(inner), &creator))
        return err_set(err, CODE_TX_CREATOR, "the message has no creator");
    ctx->signer = ctx->actor = tx->sender;
    ctx->signer_key = tx->signer;
    ctx->spent = ctx->spent_bytes = 0;
    ctx->rule = run->ledger->rules[msg->body_case];
    ctx->msg = inner;
    return addr_eq(&creator, &tx->sender) ? CODE_OK
                                          : grant_begin(ctx, run->ledger->rules[msg->body_case], inner, &creator, err);
}

static int run_message(struct run *run, const struct tx *tx, const Msg *msg, struct err *err) {
    struct ctx *ctx = &run->ctx;
    const struct msg_rule *rule = run->ledger->rules[msg->body_case];
    int rc = execute_creator(run, tx, msg, err);
    if (rc == CODE_OK)
        rc = rule->run(ctx, msg->send, err);
    if (rc == CODE_OK && !addr_eq(&ctx->signer, &ctx->actor))
        rc = grant_end(ctx, rule, err);
    return rc;
}

static int run_messages(struct run *run, const struct tx *tx, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < tx->body->n_msgs; i++) {
        rc = run_message(run, tx, tx->body->msgs[i], err);
        if (rc && tx->body->n_msgs > 1)
            err_wrap(err, rc, "message %zu", i);
    }
    return rc;
}

static int fill_result(struct ctx *ctx, TxResult *result, int rc, const struct err *why, uint64_t fee,
                       struct err *err) {
    result->code = (uint32_t)rc;
    result->cost = fee;
    if (rc) {
        event_vec_clear(&ctx->events);
        id_vec_clear(&ctx->ids);
        result->log = arena_strdup(ctx->results, err_text(why));
    }
    result->n_ids = ctx->ids.len;
    if (ctx->ids.len)
        result->ids = arena_dup(ctx->results, ctx->ids.at, ctx->ids.len * sizeof *result->ids);
    if ((ctx->ids.len && !result->ids) || !result->log)
        return err_set(err, CODE_NO_MEMORY, "no memory for the result of a transaction");
    return run_take_events(ctx, &result->events, &result->n_events, err);
}

int execute_tx(struct run *run, const struct tx *tx, TxResult **ret, struct err *err) {
    struct ctx *ctx = &run->ctx;
    struct err why = {0};
    TxResult *result = ARENA_NEW(ctx->results, TxResult);
    if (!result)
        return err_set(err, CODE_NO_MEMORY, "no memory for the result of a transaction");
    tx_result__init(result);
    event_vec_clear(&ctx->events);
    id_vec_clear(&ctx->ids);
    ctx->group_opened = 0;
    struct arena_mark memory = arena_mark(ctx->arena);
    size_t mark = state_mark(ctx->state);
    int rc = run_messages(run, tx, &why);
    if (rc)
        state_rollback(ctx->state, mark);
    else
        state_commit(ctx->state, mark);
    int failed = ctx_failed(ctx, err);
    if (failed == CODE_OK)
        failed = fill_result(ctx, result, rc, &why, tx->body->fee, err);
    arena_rewind(ctx->arena, memory);
    if (failed == CODE_OK)
        *ret = result;
    return failed;
}
