/* SPDX-License-Identifier: Apache-2.0 */
/* Checks, prepare and process: what may wait, what goes into a block, which block may be voted for. */
#include "x/app/ops.h"

#include "x/app/ante.h"
#include "x/app/execute.h"
#include "x/app/judge.h"
#include "x/auth/account.h"
#include "x/auth/grant.h"
#include "x/validator/validator.h"

#include <inttypes.h>

int op_check_open(void *app, struct state *st, uint64_t height, const struct app_verifier *verifier,
                  struct arena *arena, void **ret_check, struct err *err) {
    struct run *run = ARENA_NEW(arena, struct run);
    if (!run)
        return err_set(err, CODE_NO_MEMORY, "no memory to check transactions");
    int rc = run_open(run, app, st, arena, err);
    if (rc)
        return rc;
    run->ctx.height = height;
    run->ctx.verifier = verifier;
    *ret_check = run;
    return CODE_OK;
}

/* Not a rule of blocks: what nobody has granted would be in one, fail there and cost its fee. */
static int check_creators(struct run *run, const struct tx *tx, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < tx->body->n_msgs; i++)
        rc = execute_creator(run, tx, tx->body->msgs[i], err);
    return rc;
}

/* A mempool's ledger time is the last block's: a free answer is judged again in its block. */
int op_check_tx(void *app, void *check, const struct tx *tx, const struct app_waiting *waiting,
                struct app_admission *ret, struct err *err) {
    (void)app;
    struct run *run = check;
    struct arena_mark memory = arena_mark(run->ctx.arena);
    size_t mark = state_mark(run->ctx.state);
    uint64_t next = 0;
    struct addr payer = tx_payer(tx);
    int rc = account_assume(&run->ctx, &tx->sender, &payer, tx->body->sequence, waiting, &next, err);
    if (rc == CODE_OK && waiting && waiting->granted > 0)
        rc = grant_assume_fees(&run->ctx, &payer, &tx->sender, waiting->granted, run->chain->ledger_time, err);
    if (rc == CODE_OK)
        rc = ante_tx(run, tx, ret, err);
    if (rc == CODE_OK)
        rc = check_creators(run, tx, err);
    ret->next = rc == CODE_OK ? next : 0;
    run->ctx.fees = 0;
    state_rollback(run->ctx.state, mark);
    arena_rewind(run->ctx.arena, memory);
    return rc;
}

void op_check_nested(void *app, void *check, const struct tx *tx) {
    (void)app;
    struct run *run = check;
    struct arena results;
    struct arena *before = run->ctx.results;
    size_t mark = state_mark(run->ctx.state);
    TxResult *ret;
    arena_init(&results, RUN_SCRATCH_MAX);
    run->ctx.results = &results;
    (void)execute_tx(run, tx, &ret, NULL);
    run->ctx.results = before;
    run->ctx.fault = (struct err){0}; /* a state that failed says so itself */
    state_rollback(run->ctx.state, mark);
    arena_release(&results);
}

void op_check_close(void *app, void *check) {
    (void)app;
    if (check)
        run_close(check);
}

/* What ordinary transactions may take: the block without the reserved share, as far as candidates would use that share.
 */
struct shares {
    struct block_budget all, ordinary;
};

static bool looks_free(const struct ledger *ledger, const struct tx *tx) {
    if (tx->body->fee)
        return false;
    for (size_t i = 0; i < tx->body->n_msgs; i++) {
        unsigned kind = (unsigned)tx->body->msgs[i]->body_case;
        if (kind >= LEDGER_RULES_MAX || !ledger->rules[kind] || !ledger->rules[kind]->free_ante)
            return false;
    }
    return true;
}

static struct shares shares_of(const struct run *run, const struct tx *const *candidates, size_t count) {
    struct block_budget all = block_budget(run->ctx.params->consensus);
    struct block_budget reserved = {.bytes = all.bytes / RESERVED_SHARE,
                                    .txs = all.txs / RESERVED_SHARE,
                                    .signatures = all.signatures / RESERVED_SHARE};
    struct block_budget left = reserved;
    for (size_t i = 0; i < count; i++)
        if (looks_free(run->ledger, candidates[i]))
            block_budget_take(&left, ante_block_len(candidates[i]), 1);
    struct block_budget ordinary = {.bytes = all.bytes - (reserved.bytes - left.bytes),
                                    .txs = all.txs - (reserved.txs - left.txs),
                                    .signatures = all.signatures - (reserved.signatures - left.signatures)};
    return (struct shares){.all = all, .ordinary = ordinary};
}

static bool choose(struct run *run, struct shares *shares, const struct tx *tx) {
    struct app_admission admission;
    struct shares after = *shares;
    if (after.all.bytes < ante_block_len(tx) || after.all.txs < 1 || after.all.signatures < 1)
        return false; /* before its effects are taken */
    struct arena_mark memory = arena_mark(run->ctx.arena);
    size_t mark = state_mark(run->ctx.state);
    uint64_t fees = run->ctx.fees;
    bool ok = ante_tx(run, tx, &admission, NULL) == CODE_OK &&
              block_budget_take(&after.all, ante_block_len(tx), admission.signatures) &&
              (admission.reserved || block_budget_take(&after.ordinary, ante_block_len(tx), admission.signatures));
    if (ok) {
        state_commit(run->ctx.state, mark);
        *shares = after;
    } else {
        state_rollback(run->ctx.state, mark);
        run->ctx.fees = fees;
    }
    arena_rewind(run->ctx.arena, memory);
    return ok;
}

int op_prepare(void *app, struct state *st, uint64_t height, const struct tx *const *candidates, size_t count,
               bool *ret_chosen, struct err *err) {
    struct run run;
    struct arena results;
    arena_init(&results, MIB);
    int rc = run_open(&run, app, st, &results, err);
    if (rc == CODE_OK) {
        run.ctx.height = height;
        struct shares shares = shares_of(&run, candidates, count);
        for (size_t i = 0; i < count; i++)
            ret_chosen[i] = choose(&run, &shares, candidates[i]);
        rc = ctx_failed(&run.ctx, err);
        run_close(&run);
    }
    arena_release(&results);
    return rc;
}

int op_process(void *app, struct state *st, const struct app_block *block, struct err *err) {
    struct run run;
    struct arena results;
    arena_init(&results, MIB);
    int rc = run_open(&run, app, st, &results, err);
    if (rc == CODE_OK) {
        rc = judge_block(&run, block, err);
        if (rc == CODE_OK)
            rc = judge_txs(&run, block, err);
        run_close(&run);
    }
    arena_release(&results);
    return rc;
}
