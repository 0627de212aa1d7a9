/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include <stdlib.h>

/* What a full node is hosted by: the simulation, as its core, its join and its door see it. */

enum { PULSE_MS = 500 };

/* --- the core's host
 * ------------------------------------------------------------------------------------------------------------ */

uint64_t full_mono_ns(void *ctx) {
    struct full *f = ctx;
    return (f->sim->now + 1000000) * 1000 * (uint64_t)(1000 + f->node->drift);
}

uint64_t full_real_ms(void *ctx) {
    struct full *f = ctx;
    return (uint64_t)((int64_t)(FULL_GENESIS_TIME + f->sim->now) + f->node->clock_offset);
}

static void host_send(void *ctx, net_peer peer, uint8_t wire_kind, struct bytes payload) {
    struct full *f = ctx;
    if (sim_node_dies_here(f->node, "before a send"))
        return;
    full_check_sent(f, peer == NET_PEER_NONE, wire_kind, payload);
    if (peer == NET_PEER_NONE)
        check_sends(f->sim, f->node);
    links_post(f, peer, wire_kind, payload);
}

static void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    links_report(ctx, peer, points, why);
}

void full_job_later(struct full *f) {
    sim_at(f->sim, rng_below(&f->sim->disk, f->sim->drawn.ledger_ms + 1),
           &(struct sim_event){.what = AT_JOB, .node = f->node->index, .life = f->node->life});
}

static void host_job(void *ctx, const struct job *job) {
    struct full *f = ctx;
    if (job->kind == JOB_CHECK) { /* beside the others */
        f->check = job->check;
        sim_at(f->sim, rng_below(&f->sim->disk, f->sim->drawn.ledger_ms + 1),
               &(struct sim_event){.what = AT_CHECKED, .node = f->node->index, .life = f->node->life});
        return;
    }
    if (sim_node_dies_here(f->node, "before a job") || f->jobs_n == FULL_JOBS_MAX) {
        if (!f->node->dying)
            check_fail(f->sim, "node %u: more than %d jobs wait", f->node->index, FULL_JOBS_MAX);
        block_unref(job->block);
        return;
    }
    struct job *copy = malloc(sizeof *copy);
    if (!copy)
        abort();
    *copy = *job;
    f->jobs[(f->jobs_head + f->jobs_n++) % FULL_JOBS_MAX] = copy;
    if (f->jobs_n == 1)
        full_job_later(f);
}

static bool host_ready(void *ctx) {
    struct full *f = ctx;
    return admit_ready(f->admit);
}

void full_admit_soon(struct full *f, uint64_t delay) {
    sim_at(f->sim, delay, &(struct sim_event){.what = AT_ADMIT, .node = f->node->index, .life = f->node->life});
}

/* The door's thread looks around when nothing comes. */
void full_pulse(struct full *f) {
    sim_at(f->sim, PULSE_MS,
           &(struct sim_event){.what = AT_ADMIT, .node = f->node->index, .life = f->node->life, .b = 1});
}

static void host_respread(void *ctx) {
    struct full *f = ctx;
    admit_respread(f->admit);
    full_admit_soon(f, 1);
}

static void host_txs(void *ctx, const struct hash *wire_hashes, size_t n, struct arena *arena, struct bytes *ret_wires,
                     uint32_t *ret_age_ms) {
    struct full *f = ctx;
    admit_find(f->admit, wire_hashes, n, arena, ret_wires, ret_age_ms);
}

static uint64_t host_earliest(void *ctx) {
    struct full *f = ctx;
    return store_first_block(f->store);
}

static void host_serve_decided(void *ctx, net_peer peer, uint64_t height) {
    struct full *f = ctx;
    struct bytes out;
    struct arena_mark mark = arena_mark(&f->sim->full->scratch);
    if (serve_decided(f->store, height, &f->sim->full->scratch, &out, NULL) == CODE_OK)
        links_post(f, peer, WIRE_DECIDED, out);
    arena_rewind(&f->sim->full->scratch, mark);
}

static void host_evidence(void *ctx, uint64_t height, uint16_t validator, struct bytes encoded) {
    full_check_evidence(ctx, height, validator, encoded);
}

static void host_diverged(void *ctx, uint64_t height, const struct hash *value, const struct block *block,
                          const struct certificate *certificate) {
    struct full *f = ctx;
    (void)value, (void)block, (void)certificate;
    check_fail(f->sim, "node %u: a quorum precommitted an invalid block at height %llu", f->node->index,
               (unsigned long long)height);
}

/* --- the join's host
 * ------------------------------------------------------------------------------------------------------------ */

static void host_join_send(void *ctx, net_peer peer, uint8_t wire_kind, struct bytes payload) {
    links_post(ctx, peer, wire_kind, payload);
}

void full_import_later(struct full *f) {
    sim_at(f->sim, 1 + rng_below(&f->sim->disk, f->sim->drawn.ledger_ms + 1),
           &(struct sim_event){.what = AT_IMPORTED, .node = f->node->index, .life = f->node->life});
}

static void host_import(void *ctx, const struct join_job *job) {
    struct full *f = ctx;
    struct join_job *copy = malloc(sizeof *copy);
    if (!copy)
        abort();
    *copy = *job;
    if (f->imports_n == FULL_IMPORTS_MAX) {
        check_fail(f->sim, "node %u: more than %d pieces of a snapshot wait", f->node->index, FULL_IMPORTS_MAX);
        free(job->data);
        free(copy);
        return;
    }
    f->imports[(f->imports_head + f->imports_n++) % FULL_IMPORTS_MAX] = copy;
    if (f->imports_n == 1)
        full_import_later(f);
}

const struct join_host full_join_host = {.mono_ns = full_mono_ns,
                                         .real_ms = full_real_ms,
                                         .send = host_join_send,
                                         .report = host_report,
                                         .import = host_import};

const struct core_host full_core_host = {.mono_ns = full_mono_ns,
                                         .real_ms = full_real_ms,
                                         .send = host_send,
                                         .report = host_report,
                                         .job = host_job,
                                         .ready = host_ready,
                                         .respread = host_respread,
                                         .txs = host_txs,
                                         .earliest = host_earliest,
                                         .serve_decided = host_serve_decided,
                                         .evidence = host_evidence,
                                         .diverged = host_diverged};

/* --- the door's owner
 * ----------------------------------------------------------------------------------------------------------- */

static void door_due(void *arg) {
    struct full *f = arg;
    f->due = true;
}

static uint64_t door_mono_ms(void *arg) {
    return full_mono_ns(arg) / 1000000;
}

static void door_spread(void *arg, struct bytes gather) {
    links_post(arg, NET_PEER_NONE, WIRE_TXS, gather);
}

static void door_misbehaved(void *arg, uint32_t peer, const char *why) {
    links_report(arg, peer, 20, why);
}

int full_door_open(struct full *f) {
    struct full_world *w = f->sim->full;
    struct admit_config c = {.store = f->store,
                             .app = &w->programs[f->program].app,
                             .verify = w->verify,
                             .chain_tag = f->sim->chain_tag,
                             .limits = {.txs_max = 1024, .bytes_max = 1 << 20, .sender_max = 64, .by_fee = true},
                             .arg = f,
                             .due = door_due,
                             .spread = door_spread,
                             .misbehaved = door_misbehaved,
                             .mono_ms = door_mono_ms,
                             .threadless = true};
    return admit_new(&c, f->executor.head->height, &f->admit, &f->err);
}
