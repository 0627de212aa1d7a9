/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include <stdlib.h>

/* What threads of their own do in cairnd: the ledger's jobs, checking, taking in, keeping, the door. */

enum { RENEWAL_EVERY = 64 };

/* Most keep all, so that everybody finds what it lacks. Where links are dead its only neighbour may be one of these. */
bool full_prunes(const struct full *f) {
    return f->sim->drawn.pruned && !f->sim->drawn.dead && f->node->index % 4 == 3;
}

/* --- the ledger's jobs, as chain/node/jobs.c does them
 * ----------------------------------------------------------------------------- */

static int do_build(struct full *f, const struct job *j) {
    struct executor *e = &f->executor;
    const ConsensusParams *c = e->head->info.consensus;
    struct block *block = NULL;
    struct admit_pins pins;
    int rc = CODE_OK;
    if (j->height == e->head->height + 1) {
        executor_certified(e, &j->certificate);
        rc = admit_pin(f->admit, c->block_bytes_max, c->block_txs_max, &pins, &f->err);
        if (!rc) {
            rc = executor_build(e, full_real_ms(f), pins.wires, pins.n, &block, &f->err);
            if (!rc)
                admit_left_out(f->admit, &pins, block);
            admit_unpin(&pins);
        }
    }
    if (!rc && block)
        full_check_judged(f, &block->header, false);
    if (!rc && !sim_node_dies_here(f->node, "with a block built"))
        rc = core_built(&f->core, j->height, j->round, block, &f->err);
    if (!rc && block && j->round == 0 && !f->node->dying)
        executor_run_ahead(&f->executor, block);
    block_unref(block);
    return rc;
}

static int do_judge(struct full *f, const struct job *j) {
    bool invalid = false;
    int rc = executor_judge(&f->executor, j->block, &invalid, &f->err);
    if (rc && !invalid)
        return rc;
    if (j->block->header.height == f->executor.head->height + 1)
        full_check_judged(f, &j->block->header, invalid);
    trace(f->sim, f->node, load_be64(j->block->header.id.b), invalid, "judges %02x%02x%02x%02x %s",
          j->block->header.id.b[0], j->block->header.id.b[1], j->block->header.id.b[2], j->block->header.id.b[3],
          invalid ? err_text(&f->err) : "valid");
    if (sim_node_dies_here(f->node, "with a block judged"))
        return CODE_OK;
    rc = core_judged(&f->core, j->block, invalid, &f->err);
    if (!rc && !invalid && j->round == 0 && !f->node->dying)
        executor_run_ahead(&f->executor, j->block);
    return rc;
}

/* As cairnd's ledger thread does after a block: its own transactions. */
static void own_transactions(struct full *f) {
    struct sim_node *n = f->node;
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    struct accuser_view view = {.store = f->store,
                                .info = &f->executor.head->info,
                                .chain_tag = f->sim->chain_tag,
                                .self = f->executor.options.self,
                                .key = n->validator == BFT_SELF_NONE ? NULL : &n->signer.key};
    struct bytes wire;
    struct hash id;
    while (f->accuser.n > 0 && accuser_next(&f->accuser, &view, arena, &wire, NULL) == CODE_OK && wire.len > 0)
        admit_submit(f->admit, wire, false, &id, NULL);
    if (n->validator != BFT_SELF_NONE && f->executor.head->height % RENEWAL_EVERY == 0 &&
        executor_renewal(&f->executor, &n->signer.key, arena, &wire, NULL) == CODE_OK && wire.len > 0)
        admit_submit(f->admit, wire, false, &id, NULL);
    arena_rewind(arena, mark);
    full_admit_soon(f, 1);
}

static void keep_later(struct full *f) {
    sim_at(f->sim, 1 + rng_below(&f->sim->disk, f->sim->drawn.ledger_ms + 1),
           &(struct sim_event){.what = AT_KEEP, .node = f->node->index, .life = f->node->life});
}

int full_do_keep(struct full *f) {
    bool more = false;
    struct full_world *w = f->sim->full;
    int rc = store_keep(f->store, 64 << 10, &more, &f->err);
    if (!rc && store_first_block(f->store) > w->pruned && full_prunes(f))
        w->pruned = store_first_block(f->store);
    if (more && !rc)
        keep_later(f);
    return rc;
}

int full_do_import(struct full *f) {
    struct join_job *j = f->imports[f->imports_head];
    struct join_result r;
    struct buf have;
    int rc = CODE_OK;
    f->imports_head = (f->imports_head + 1) % FULL_IMPORTS_MAX;
    if (--f->imports_n > 0)
        full_import_later(f);
    buf_init(&have, SNAPSHOT_CHUNKS_MAX / 8 + 1);
    if (!sim_node_dies_here(f->node, "before a piece of a snapshot is taken in")) {
        join_import(f->store, &f->import, j, &have, &r);
        if (!sim_node_dies_here(f->node, "after a piece of a snapshot was taken in"))
            rc = join_imported(&f->join, &r, &f->err);
    }
    buf_release(&have);
    free(j->data);
    free(j);
    return rc;
}

/* Everybody learns of the new head. */
static int committed(struct full *f, const struct job *j, const struct head *before) {
    full_check_committed(f, before, &j->certificate);
    f->node->committed = f->executor.head->height;
    f->lost_height = f->node->committed > f->lost_height ? 0 : f->lost_height;
    if (sim_node_dies_here(f->node, "after the commit"))
        return CODE_OK;
    f->sim->full->txs_committed += j->block->txs_n;
    admit_committed(f->admit, j->block);
    own_transactions(f);
    if (f->sim->drawn.snapshots || full_prunes(f))
        keep_later(f);
    return core_committed(&f->core, f->executor.head, &f->err);
}

/* A node whose program does not know the rules of the next height ends with what it has committed. */
static int ends(struct full *f, const struct job *j, const struct head *before, int rc) {
    if (rc == CODE_UPGRADE_NEEDED && f->executor.head->height == j->height)
        full_check_committed(f, before, &j->certificate);
    return rc;
}

static int do_commit(struct full *f, const struct job *j) {
    struct head *before = head_ref(f->executor.head);
    int rc = CODE_OK;
    if (sim_node_disk_fails(f->node, CODE_IO))
        kv_mem_fail_write(f->kv, 1, CODE_IO);
    if (!sim_node_dies_here(f->node, "before the commit"))
        rc = executor_commit(&f->executor, j->block, &j->certificate, &f->err);
    if (!rc && !f->node->dying)
        rc = committed(f, j, before);
    rc = ends(f, j, before, rc);
    head_unref(before);
    return rc;
}

static int do_apply(struct full *f, const struct job *j) {
    struct head *before = head_ref(f->executor.head);
    bool invalid = false;
    int rc = CODE_OK;
    if (j->height == before->height + 1 && !sim_node_dies_here(f->node, "before a synced block is applied")) {
        rc = executor_apply(&f->executor, j->block, &j->certificate, j->durable, &invalid, &f->err);
        if (invalid)
            check_fail(f->sim, "node %u refuses block %llu that it got by block sync: %s", f->node->index,
                       (unsigned long long)j->height, err_text(&f->err));
        else if (!rc)
            rc = committed(f, j, before);
        rc = ends(f, j, before, rc);
        f->sim->full->applied++;
    }
    head_unref(before);
    return rc;
}

static int do_settle(struct full *f) {
    if (sim_node_dies_here(f->node, "before synced blocks are durable"))
        return CODE_OK;
    int rc = executor_settle(&f->executor, &f->err);
    return rc || sim_node_dies_here(f->node, "after synced blocks are durable") ? rc : core_settled(&f->core, &f->err);
}

int full_do_check(struct full *f) {
    struct check *k = f->check;
    f->check = NULL;
    check_run(k, f->sim->full->verify);
    if (k->failed && k->certified)
        check_fail(f->sim, "node %u: a certified block of height %llu is refused: %s", f->node->index,
                   (unsigned long long)(k->from + k->good), err_text(&k->why));
    return core_checked(&f->core, k, &f->err);
}

int full_do_job(struct full *f) {
    struct job *j = f->jobs[f->jobs_head];
    int rc = CODE_OK;
    f->jobs_head = (f->jobs_head + 1) % FULL_JOBS_MAX;
    if (--f->jobs_n > 0)
        full_job_later(f);
    switch (j->kind) {
    case JOB_BUILD:
        rc = do_build(f, j);
        break;
    case JOB_JUDGE:
        rc = do_judge(f, j);
        break;
    case JOB_COMMIT:
        rc = do_commit(f, j);
        break;
    case JOB_APPLY:
        rc = do_apply(f, j);
        break;
    case JOB_SETTLE:
        rc = do_settle(f);
        break;
    case JOB_CHECK:
    case JOB_STOP:
        break;
    }
    block_unref(j->block);
    free(j);
    return rc;
}

void full_do_admit(struct full *f, bool again) {
    if (again)
        full_pulse(f);
    if (admit_pass(f->admit, 0) == CODE_TIMEOUT)
        return;
    struct admit_stats stats = admit_stats(f->admit);
    if (stats.txs > 1024 || stats.bytes > 1 << 20)
        check_fail(f->sim, "node %u: %llu transactions of %llu bytes wait", f->node->index,
                   (unsigned long long)stats.txs, (unsigned long long)stats.bytes);
}
