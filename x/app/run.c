/* SPDX-License-Identifier: Apache-2.0 */
#include "x/app/run.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_validator.h"
#include "x/gov/gov.h"
#include "x/params/params.h"
#include "x/validator/validator.h"

#include <inttypes.h>

void run_open_empty(struct run *run, const struct ledger *ledger, struct state *st, struct arena *results) {
    *run = (struct run){.ledger = ledger};
    arena_init(&run->scratch, RUN_SCRATCH_MAX);
    run->ctx.state = st;
    run->ctx.arena = &run->scratch;
    run->ctx.results = results;
    run->ctx.deps = ledger->deps;
    event_vec_init(&run->ctx.events, CTX_EVENTS_MAX);
    id_vec_init(&run->ctx.ids, CTX_IDS_MAX);
}

void run_close(struct run *run) {
    event_vec_release(&run->ctx.events);
    id_vec_release(&run->ctx.ids);
    arena_release(&run->scratch);
}

/* Of the block that comes next: a plan holds from its height on. */
static int load_version(struct run *run, struct err *err) {
    UpgradePlan *plan;
    int rc = gov_upgrade(&run->ctx, &plan, err);
    run->ctx.version = run->chain->app_version;
    if (rc == CODE_OK && run->chain->height + 1 >= plan->height)
        run->ctx.version = plan->version;
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

int run_check_version(const struct run *run, struct err *err) {
    uint64_t known = run->ledger->options.version ? run->ledger->options.version : LEDGER_VERSION;
    if (run->ctx.version <= known)
        return CODE_OK;
    return err_set(err, CODE_UPGRADE_NEEDED,
                   "from height %" PRIu64 " on the network goes by version %" PRIu64
                   " of the rules, this program knows them up to version %" PRIu64 ": upgrade it and start it again",
                   run->chain->height + 1, run->ctx.version, known);
}

static int load(struct run *run, struct err *err) {
    struct ctx *ctx = &run->ctx;
    struct key k;
    int rc = record_get(ctx, key_chain_state(&k), &chain_state__descriptor, &run->chain, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_NOT_READY, "the ledger has no genesis yet");
    if (rc)
        return rc;
    if (!hash_from(pb_bytes(run->chain->chain_tag), &ctx->chain_tag))
        return err_set(err, CODE_CORRUPT, "the chain state has no chain tag");
    ctx->height = run->chain->height;
    ctx->time = run->chain->ledger_time;
    ctx->header_time = run->chain->header_time;
    ctx->supply = run->chain->supply;
    rc = load_version(run, err);
    if (rc == CODE_OK)
        rc = params_get(ctx, run->chain->params_version, &ctx->params, err);
    if (rc == CODE_OK)
        rc = seed_get(ctx, &ctx->seed, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_CORRUPT, "the state lacks its parameters or seed") : rc;
}

int run_open(struct run *run, const struct ledger *ledger, struct state *st, struct arena *results, struct err *err) {
    run_open_empty(run, ledger, st, results);
    run->ctx.arena = results; /* what is loaded here lives as long as the run */
    int rc = load(run, err);
    run->ctx.arena = &run->scratch;
    if (rc)
        run_close(run);
    return rc;
}

/* "advances each block by min(header time gap, cap) x time_scale, so that a halt of the network expires, charges and
 * slashes nothing" */
void run_next_block(struct run *run, uint64_t height, uint64_t header_time) {
    const ConsensusParams *p = run->ctx.params->consensus;
    uint64_t gap = header_time > run->chain->header_time ? header_time - run->chain->header_time : 0;
    run->ctx.height = height;
    run->ctx.header_time = header_time;
    run->ctx.time = run->chain->ledger_time + u64_min(gap, params_time_step_max(p) / p->time_scale) * p->time_scale;
}

int run_put_chain(struct run *run, const ChainState *chain, struct err *err) {
    struct key k;
    return record_put(&run->ctx, key_chain_state(&k), chain, err);
}

int run_take_events(struct ctx *ctx, Event ***ret, size_t *ret_n, struct err *err) {
    size_t n = ctx->events.len;
    Event **list = NULL;
    if (n && !(list = arena_dup(ctx->results, ctx->events.at, n * sizeof *list)))
        return err_set(err, CODE_NO_MEMORY, "no memory for %zu events", n);
    event_vec_clear(&ctx->events);
    *ret = list;
    *ret_n = n;
    return CODE_OK;
}
