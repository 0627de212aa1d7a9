/* SPDX-License-Identifier: Apache-2.0 */
#include "x/app/judge.h"

#include "x/app/ante.h"
#include "x/validator/sets.h"
#include "x/validator/validator.h"

#include <inttypes.h>

static int check_caps(const struct run *run, const struct app_block *block, struct err *err) {
    const ConsensusParams *p = run->ctx.params->consensus;
    if (block->bytes > p->block_bytes_max)
        return err_set(err, CODE_BLOCK_LIMIT, "the block has %zu bytes, at most %" PRIu64 " are allowed", block->bytes,
                       p->block_bytes_max);
    if (block->txs_count > p->block_txs_max)
        return err_set(err, CODE_BLOCK_LIMIT, "the block has %zu transactions, at most %" PRIu64 " are allowed",
                       block->txs_count, p->block_txs_max);
    return CODE_OK;
}

/* "an empty block is valid only if its predecessor had transactions (so that its app hash gets certified) or the
 * heartbeat has passed" */
static int check_due(const struct run *run, const struct app_block *block, struct err *err) {
    uint64_t before = run->chain->header_time;
    if (block->time <= before)
        return err_set(err, CODE_BLOCK_TIME, "the block's time %" PRIu64 " is not after %" PRIu64, block->time, before);
    if (block->txs_count || run->chain->had_txs || block->time - before >= run->ctx.params->consensus->heartbeat_ms)
        return CODE_OK;
    return err_set(err, CODE_BLOCK_EMPTY,
                   "an empty block is due %" PRIu64 " ms after the one before, this is %" PRIu64 " ms",
                   run->ctx.params->consensus->heartbeat_ms, block->time - before);
}

int judge_block(struct run *run, const struct app_block *block, struct err *err) {
    if (block->height != run->chain->height + 1)
        return err_set(err, CODE_CONFLICT, "block %" PRIu64 " cannot follow height %" PRIu64, block->height,
                       run->chain->height);
    int rc = run_check_version(run, err);
    if (rc == CODE_OK)
        rc = check_caps(run, block, err);
    if (rc == CODE_OK)
        rc = check_due(run, block, err);
    if (rc)
        return rc;
    run_next_block(run, block->height, block->time);
    SetStart set;
    rc = set_start_at(&run->ctx, block->height, &set, err);
    if (rc)
        return rc;
    run->ctx.validators = set.count;
    return reveal_take(&run->ctx, &block->proposer, &block->reveal, false, err);
}

int judge_txs(struct run *run, const struct app_block *block, struct err *err) {
    struct block_budget budget = block_budget(run->ctx.params->consensus);
    budget.bytes = SIZE_MAX; /* the encoded block was measured */
    for (size_t i = 0; i < block->txs_count; i++) {
        struct app_admission admission;
        int rc = ante_tx(run, block->txs[i], &admission, err);
        if (rc)
            return err_wrap(err, rc, "transaction %zu of the block", i);
        if (!block_budget_take(&budget, 0, admission.signatures))
            return err_set(err, CODE_BLOCK_LIMIT, "the block needs more than %" PRIu64 " signature checks",
                           run->ctx.params->consensus->block_signatures_max);
    }
    return CODE_OK;
}
