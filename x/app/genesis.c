/* SPDX-License-Identifier: Apache-2.0 */
/* info and init_chain: where a chain begins, and what its next header must say. */
#include "x/app/ops.h"

#include "chain/codec/pb.h"
#include "x/app/run.h"
#include "x/params/params.h"
#include "x/validator/sets.h"

static int check_genesis(const Genesis *genesis, struct err *err) {
    size_t len = strlen(genesis->chain_id);
    if (genesis->version != 1)
        return err_set(err, CODE_INVALID_ARGUMENT, "genesis version must be 1");
    if (len == 0 || len > CHAIN_ID_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "chain_id must have 1 to %d bytes", CHAIN_ID_MAX);
    if (genesis->time == 0 || genesis->time >= (uint64_t)1 << 52)
        return err_set(err, CODE_INVALID_ARGUMENT, "genesis time must be a time in milliseconds");
    return params_check(genesis->params, err);
}

static int put_first_state(struct run *run, const Genesis *genesis, const struct hash *tag, struct err *err) {
    static const struct hash none;
    ChainState chain = CHAIN_STATE__INIT;
    chain.ledger_time = genesis->time;
    chain.header_time = genesis->time;
    chain.genesis_time = genesis->time;
    chain.results_hash = pb_data(hash_bytes(&none));
    chain.params_version = genesis->params->version;
    chain.chain_tag = pb_data(hash_bytes(tag));
    chain.chain_id = genesis->chain_id;
    chain.supply = run->ctx.supply;
    chain.app_version = 1;
    return run_put_chain(run, &chain, err);
}

static int run_genesis(struct run *run, const Genesis *genesis, const struct hash *tag, struct err *err) {
    struct ctx *ctx = &run->ctx;
    ctx->chain_tag = *tag;
    ctx->seed = *tag;
    ctx->time = ctx->header_time = genesis->time;
    ctx->params = genesis->params;
    ctx->version = 1;
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < run->ledger->modules_n; i++) {
        const struct module *module = run->ledger->modules[i];
        if (module->genesis && (rc = module->genesis(ctx, genesis, err)))
            err_wrap(err, rc, "genesis");
    }
    if (rc == CODE_OK)
        rc = put_first_state(run, genesis, tag, err);
    return rc ? rc : ctx_failed(ctx, err);
}

int op_init_chain(void *app, struct state *st, const Genesis *genesis, const struct hash *tag, struct err *err) {
    struct run run;
    struct arena results;
    int rc = check_genesis(genesis, err);
    if (rc)
        return rc;
    arena_init(&results, RUN_SCRATCH_MAX);
    run_open_empty(&run, app, st, &results);
    size_t mark = state_mark(st);
    rc = run_genesis(&run, genesis, tag, err);
    if (rc)
        state_rollback(st, mark);
    else
        state_commit(st, mark);
    run_close(&run);
    arena_release(&results);
    if (rc == CODE_OK)
        rc = ledger_invariants(app, st, err);
    return rc;
}

static int fill_info(struct run *run, struct app_info *ret, struct err *err) {
    struct ctx *ctx = &run->ctx;
    err_clear(&ret->stop);
    run_check_version(run, &ret->stop);
    ret->height = ctx->height;
    ret->ledger_time = ctx->time;
    ret->header_time = ctx->header_time;
    ret->had_txs = run->chain->had_txs;
    ret->chain_tag = ctx->chain_tag;
    ret->consensus = ctx->params->consensus;
    if (!hash_from(pb_bytes(run->chain->results_hash), &ret->results_hash))
        return err_set(err, CODE_CORRUPT, "the chain state has no results hash");
    int rc = params_hash(ctx, ctx->params, &ret->params_hash, err);
    if (rc == CODE_OK)
        rc = set_at(ctx, ctx->height + 1, &ret->validators, err);
    if (rc == CODE_OK)
        rc = set_at(ctx, ctx->height + 2, &ret->next_validators, err);
    return rc;
}

int op_info(void *app, struct state *st, struct arena *arena, struct app_info *ret, struct err *err) {
    struct run run;
    int rc = run_open(&run, app, st, arena, err);
    if (rc)
        return rc;
    rc = fill_info(&run, ret, err);
    run_close(&run);
    return rc;
}

static int check_modules(struct run *run, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < run->ledger->modules_n; i++) {
        const struct module *module = run->ledger->modules[i];
        struct arena_mark mark = arena_mark(run->ctx.arena);
        if (module->invariants && (rc = module->invariants(&run->ctx, err)))
            err_wrap(err, rc, "invariant of %s", module->name);
        arena_rewind(run->ctx.arena, mark);
    }
    return rc ? rc : ctx_failed(&run->ctx, err);
}

int ledger_invariants(struct ledger *ledger, struct state *st, struct err *err) {
    struct run run;
    struct arena results;
    arena_init(&results, RUN_SCRATCH_MAX);
    int rc = run_open(&run, ledger, st, &results, err);
    if (rc == CODE_OK) {
        rc = check_modules(&run, err);
        run_close(&run);
    }
    arena_release(&results);
    return rc;
}
