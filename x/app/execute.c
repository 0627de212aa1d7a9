/* SPDX-License-Identifier: Apache-2.0 */
#include "x/app/execute.h"

#include "chain/codec/pb.h"

static int run_messages(struct run *run, const struct tx *tx, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < tx->body->n_msgs; i++) {
        const Msg *msg = tx->body->msgs[i];
        rc = run->ledger->rules[msg->body_case]->run(&run->ctx, msg->send, err);
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
    ctx->signer = tx->sender;
    ctx->signer_key = tx->signer;
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
