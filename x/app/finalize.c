/* SPDX-License-Identifier: Apache-2.0 */
/* finalize: executes a decided block. */
#include "x/app/ops.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "x/app/execute.h"
#include "x/app/judge.h"
#include "x/auth/account.h"
#include "x/validator/validator.h"

/* What judge_txs took, when it has run before. */
static void fees_again(struct run *run, const struct app_block *block) {
    for (size_t i = 0; i < block->txs_count; i++)
        run->ctx.fees += block->txs[i]->body->fee;
}

/* Ante checks of everything on the state after the block before; then the seed moves. */
static int begin_block(struct run *run, const struct app_block *block, struct err *err) {
    run->ctx.proposer = block->proposer;
    run->ctx.last_certificate = block->last_certificate;
    int rc = judge_block(run, block, err);
    if (rc == CODE_OK && block->judged)
        fees_again(run, block);
    else if (rc == CODE_OK)
        rc = judge_txs(run, block, err);
    if (rc == CODE_OK)
        rc = account_collect_fees(&run->ctx, err);
    if (rc == CODE_OK)
        rc = reveal_take(&run->ctx, &block->proposer, &block->reveal, true, err);
    return rc;
}

static int run_txs(struct run *run, const struct app_block *block, BlockResults *results, struct err *err) {
    results->txs = arena_array(run->ctx.results, block->txs_count, sizeof *results->txs);
    if (!results->txs)
        return err_set(err, CODE_NO_MEMORY, "no memory for the results of %zu transactions", block->txs_count);
    int rc = CODE_OK;
    for (; rc == CODE_OK && results->n_txs < block->txs_count; results->n_txs++)
        rc = execute_tx(run, block->txs[results->n_txs], &results->txs[results->n_txs], err);
    return rc;
}

static int end_block(struct run *run, const struct app_block *block, const struct hash *results_hash, struct err *err) {
    ChainState *chain = run->chain;
    chain->height = block->height;
    chain->ledger_time = run->ctx.time;
    chain->header_time = block->time;
    chain->had_txs = block->txs_count > 0;
    chain->app_version = run->ctx.version;
    if (run->ctx.params_next)
        chain->params_version = run->ctx.params_next;
    chain->results_hash = pb_data(hash_bytes(results_hash));
    return run_put_chain(run, chain, err);
}

/* Sentences are for people: what they say may become better in a program that agrees with the others in everything that
 * counts (docs/decisions/0013). The logs are away for the encoding, which nobody keeps. */
static int hash_results(BlockResults *results, struct arena *arena, struct hash *ret, struct err *err) {
    struct arena_mark mark = arena_mark(arena);
    char **logs = arena_array(arena, results->n_txs, sizeof *logs);
    struct bytes encoded;
    if (!logs)
        return err_set(err, CODE_NO_MEMORY, "no memory for the logs of %zu transactions", results->n_txs);
    for (size_t i = 0; i < results->n_txs; i++) {
        logs[i] = results->txs[i]->log;
        results->txs[i]->log = pb_text("");
    }
    int rc = pb_encode(results, arena, &encoded, err);
    if (rc == CODE_OK)
        *ret = hash_of(DOMAIN_RESULTS, encoded);
    for (size_t i = 0; i < results->n_txs; i++)
        results->txs[i]->log = logs[i];
    arena_rewind(arena, mark);
    return rc;
}

static int run_block(struct run *run, const struct app_block *block, struct arena *arena, struct app_outcome *ret,
                     struct err *err) {
    BlockResults *results = ARENA_NEW(arena, BlockResults);
    if (!results)
        return err_set(err, CODE_NO_MEMORY, "no memory for a block's results");
    block_results__init(results);
    int rc = begin_block(run, block, err);
    if (rc == CODE_OK)
        rc = execute_hooks(run, EXECUTE_BEGIN, &results->begin_events, &results->n_begin_events, err);
    if (rc == CODE_OK)
        rc = run_txs(run, block, results, err);
    if (rc == CODE_OK)
        rc = execute_hooks(run, EXECUTE_END, &results->end_events, &results->n_end_events, err);
    if (rc == CODE_OK)
        rc = hash_results(results, arena, &ret->results_hash, err);
    if (rc == CODE_OK)
        rc = pb_encode(results, arena, &ret->results_bytes, err);
    if (rc)
        return rc;
    ret->results = results;
    rc = end_block(run, block, &ret->results_hash, err);
    return rc ? rc : ctx_failed(&run->ctx, err);
}

int op_finalize(void *app, struct state *st, const struct app_block *block, struct arena *arena,
                struct app_outcome *ret, struct err *err) {
    struct ledger *ledger = app;
    struct run run;
    int rc = run_open(&run, ledger, st, arena, err);
    if (rc)
        return rc;
    run.ctx.verifier = block->verifier;
    rc = run_block(&run, block, arena, ret, err);
    run_close(&run);
    if (rc == CODE_OK && ledger->options.invariants)
        rc = ledger_invariants(ledger, st, err);
    return rc;
}
