/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"

#include <stdlib.h>

/* A full node's life. Every input ends in `after`: who died inside is torn down there, who failed has failed the seed,
 * and the core's next deadline goes into the queue of the world. */

enum { PULSE_MS = 500, RENEWAL_EVERY = 64 };

static struct full *full_of(struct sim *s, const struct sim_node *n) {
    return &s->full->nodes[n->index];
}

/* --- the core's host
 * ------------------------------------------------------------------------------------------------------------ */

static uint64_t host_mono_ns(void *ctx) {
    struct full *f = ctx;
    return (f->sim->now + 1000000) * 1000 * (uint64_t)(1000 + f->node->drift);
}

static uint64_t host_real_ms(void *ctx) {
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

static void job_later(struct full *f) {
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
        job_later(f);
}

static bool host_ready(void *ctx) {
    struct full *f = ctx;
    return admit_ready(f->admit);
}

static void admit_soon(struct full *f, uint64_t delay) {
    sim_at(f->sim, delay, &(struct sim_event){.what = AT_ADMIT, .node = f->node->index, .life = f->node->life});
}

/* The door's thread looks around when nothing comes. */
static void pulse(struct full *f) {
    sim_at(f->sim, PULSE_MS,
           &(struct sim_event){.what = AT_ADMIT, .node = f->node->index, .life = f->node->life, .b = 1});
}

static void host_respread(void *ctx) {
    struct full *f = ctx;
    admit_respread(f->admit);
    admit_soon(f, 1);
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

static void import_later(struct full *f) {
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
        import_later(f);
}

static const struct join_host join_host = {.mono_ns = host_mono_ns,
                                           .real_ms = host_real_ms,
                                           .send = host_join_send,
                                           .report = host_report,
                                           .import = host_import};

static const struct core_host host = {.mono_ns = host_mono_ns,
                                      .real_ms = host_real_ms,
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
    return host_mono_ns(arg) / 1000000;
}

static void door_spread(void *arg, struct bytes gather) {
    links_post(arg, NET_PEER_NONE, WIRE_TXS, gather);
}

static void door_misbehaved(void *arg, uint32_t peer, const char *why) {
    links_report(arg, peer, 20, why);
}

/* --- life
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void leave_join(struct full *f) {
    for (; f->imports_n > 0; f->imports_n--, f->imports_head = (f->imports_head + 1) % FULL_IMPORTS_MAX) {
        free(f->imports[f->imports_head]->data);
        free(f->imports[f->imports_head]);
    }
    store_import_close(f->import);
    f->import = NULL;
    join_close(&f->join);
    f->join = (struct join){0};
}

static void process_close(struct full *f) {
    if (!f->open)
        return;
    f->open = f->joining = false;
    leave_join(f);
    core_close(&f->core);
    f->core = (struct core){0};
    for (; f->jobs_n > 0; f->jobs_n--, f->jobs_head = (f->jobs_head + 1) % FULL_JOBS_MAX) {
        block_unref(f->jobs[f->jobs_head]->block);
        free(f->jobs[f->jobs_head]);
    }
    f->check = NULL; /* the core's */
    if (f->admit) {
        admit_stop(f->admit);
        admit_free(f->admit);
        f->admit = NULL;
    }
    executor_close(&f->executor);
    store_close(f->store);
    f->store = NULL;
    if (f->node->signer.disk)
        signer_release(&f->node->signer);
    wal_free(f->node->wal);
    f->node->wal = NULL;
}

void full_release(struct sim *s) {
    struct full_world *w = s->full;
    if (!w)
        return;
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        struct full *f = &w->nodes[i];
        if (!f->sim)
            continue;
        process_close(f);
        kv_close(f->kv);
        block_unref(f->seen);
        accuser_release(&f->accuser);
    }
    links_release(s);
    for (uint32_t i = 0; i < w->sets_n; i++)
        free(w->sets[i]);
    arena_release(&w->setup);
    arena_release(&w->scratch);
    verify_free(w->verify);
    free(w);
    s->full = NULL;
}

void full_setup(struct sim *s) {
    struct full_world *w = s->full = calloc(1, sizeof *w);
    struct err err;
    if (!w)
        abort();
    arena_init(&w->setup, 64 << 20);
    arena_init(&w->scratch, 64 << 20);
    full_app(s);
    if (verify_new(0, &w->verify, &err) || full_genesis(s, &err))
        check_fail(s, "no genesis: %s", err_text(&err));
    for (uint32_t i = 0; i < s->nodes_n; i++) {
        struct full *f = &w->nodes[i];
        uint8_t raw[32] = {1, 'n', 'o', 'd', 'e'};
        store_be32(raw + 8, i);
        f->sim = s;
        f->node = &s->nodes[i];
        if (seckey_init(&f->node_key, raw, NULL) || kv_open_mem(STORE_FAMILIES, &f->kv, NULL))
            abort();
        f->node_pub = seckey_pubkey(&f->node_key);
    }
}

static int open_admit(struct full *f) {
    struct full_world *w = f->sim->full;
    struct admit_config c = {.store = f->store,
                             .app = &w->app,
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

static int open_signer(struct full *f) {
    struct sim_node *n = f->node;
    return n->validator == BFT_SELF_NONE ? CODE_OK
                                         : signer_open(&n->signer, n->disk, &f->sim->seckeys[n->validator], &f->err);
}

/* With a store that stands, in the order in which cairnd opens the rest. */
static int process_go(struct full *f) {
    struct sim *s = f->sim;
    struct full_world *w = s->full;
    struct executor_options o = {0};
    bool signs = f->node->validator != BFT_SELF_NONE;
    if (signs) {
        o.self = addr_of_key(&s->pubkeys[f->node->validator]);
        o.reveal_secret = full_reveal_secret(f->node->validator);
    }
    int rc = executor_open(&f->executor, f->store, &w->app, w->verify, &o, w->genesis, &s->chain_tag, &f->err);
    if (!rc)
        rc = open_signer(f);
    if (!rc)
        rc = wal_new(f->node->disk, &f->node->wal, &f->err);
    if (!rc)
        rc = open_admit(f);
    struct core_options c = {.chain_tag = s->chain_tag, .wal = f->node->wal, .self = o.self};
    if (rc)
        return rc;
    full_check_head(f);
    struct core_host h = host;
    h.ctx = f;
    c.host = &h;
    c.signer = signs ? &f->node->signer : NULL;
    c.head = f->executor.head;
    c.alone = f->node->nature == HONEST;
    return core_open(&f->core, &c, &f->err);
}

/* An empty node that may, asks for a snapshot first. */
static int process_join(struct full *f) {
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    struct join_host h = join_host;
    h.ctx = f;
    struct join_options o = {.host = &h, .chain_tag = f->sim->chain_tag, .genesis = f->sim->full->genesis};
    int rc = store_import_pending(f->store, arena, &o.pending, &f->err);
    if (rc == CODE_NOT_FOUND) {
        o.pending = BYTES_NONE;
        rc = CODE_OK;
    }
    if (!rc)
        rc = join_open(&f->join, &o, &f->err);
    arena_rewind(arena, mark);
    f->joining = true;
    return rc;
}

/* Most keep all, so that everybody finds what it lacks. Where links are dead its only neighbour may be one of these. */
static bool prunes(const struct full *f) {
    return f->sim->drawn.pruned && !f->sim->drawn.dead && f->node->index % 4 == 3;
}

static int process_open(struct full *f) {
    struct store_options o = {.snapshot_every = f->sim->drawn.snapshots};
    uint64_t height;
    if (prunes(f))
        o.keep_blocks = f->sim->drawn.pruned;
    f->open = true;
    f->jobs_head = f->jobs_n = f->imports_head = f->imports_n = 0;
    f->due = false;
    int rc = store_open_kv(f->kv, &o, &f->store, &f->err);
    if (rc)
        return rc;
    return o.snapshot_every && f->fresh && !store_height(f->store, &height) ? process_join(f) : process_go(f);
}

/* The store stands, or nobody has a snapshot: the node starts as it would have with it, or with none. */
static int joined(struct full *f) {
    struct sim *s = f->sim;
    bool by_snapshot = join_done(&f->join);
    leave_join(f);
    f->joining = false;
    int rc = by_snapshot ? CODE_OK : store_import_drop(f->store, &f->err);
    if (!rc)
        rc = process_go(f);
    if (by_snapshot) {
        s->full->joined++;
        trace(s, f->node, store_next(f->store), 0, "has joined by a snapshot of h %llu",
              (unsigned long long)store_next(f->store) - 1);
    } else {
        trace(s, f->node, 0, 0, "finds no snapshot and takes all blocks");
    }
    for (uint32_t i = 0; !rc && i < s->nodes_n; i++) {
        const struct full_link *l = i == f->node->index ? NULL : links_between(s, f->node->index, i);
        if (l && l->up)
            core_up(&f->core, links_handle(l, i));
    }
    return rc;
}

static void schedule_tick(struct full *f) {
    struct sim *s = f->sim;
    uint64_t at = f->joining ? join_deadline(&f->join) : core_deadline(&f->core), now = host_mono_ns(f);
    f->tick_generation = ++s->seq;
    if (at == UINT64_MAX)
        return;
    uint64_t delay = at > now ? sim_node_wait(f->node, (at - now + 999999) / 1000000) + 1 : 1;
    sim_at(
        s, delay,
        &(struct sim_event){.what = AT_TICK, .node = f->node->index, .life = f->node->life, .a = f->tick_generation});
}

/* The end of every input. */
static void after(struct full *f, int rc) {
    struct sim *s = f->sim;
    struct sim_node *n = f->node;
    if (!rc && f->joining)
        join_step(&f->join);
    if (!rc && f->joining && (join_done(&f->join) || (join_none(&f->join) && f->imports_n == 0)))
        rc = joined(f);
    if (f->joining && !rc && !n->dying) {
        schedule_tick(f);
        return;
    }
    if (!rc && !n->dying && f->due) {
        f->due = false;
        rc = core_due(&f->core, &f->err);
    }
    if (!rc && !n->dying)
        rc = core_tick(&f->core, &f->err);
    if (s->failure[0])
        return;
    if (n->disk_failed && !n->dying && !rc)
        check_fail(s, "node %u goes on after its disk failed", n->index);
    if (n->dying || n->disk_failed) {
        full_crash(s, n, false);
        return;
    }
    if (rc) {
        check_fail(s, "node %u stops: %s: %s", n->index, code_name(rc), err_text(&f->err));
        return;
    }
    schedule_tick(f);
}

void full_boot(struct sim *s, struct sim_node *n) {
    struct full *f = full_of(s, n);
    n->up = true;
    n->dying = n->disk_failed = false;
    n->life++;
    err_clear(&f->err);
    int rc = process_open(f);
    trace(s, n, f->store ? store_next(f->store) : 0, n->life, "starts at h %llu",
          f->store ? (unsigned long long)store_next(f->store) : 0);
    if (rc && (n->dying || n->disk_failed)) {
        full_crash(s, n, false);
        return;
    }
    after(f, rc);
    if (n->up && !s->failure[0]) {
        links_dial_all(s, n->index);
        pulse(f);
    }
}

uint64_t full_lacking(const struct sim *s, const struct sim_node *also) {
    uint64_t power = 0;
    for (uint32_t i = 0; i < s->nodes_n; i++) {
        const struct sim_node *n = &s->nodes[i];
        if (n->validator < s->validators && n->nature == HONEST &&
            (n == also || n->gone || s->full->nodes[i].lost_height > 0))
            power += s->powers[n->validator];
    }
    return power;
}

/* The database is gone, log and signer are not. Those who lack what they had, and the liars, are less than a third. Who
 * has nothing yet loses nothing. */
static void lose_ledger(struct full *f) {
    struct sim *s = f->sim;
    if (f->node->nature != HONEST || f->node->committed == 0 || s->drawn.valset ||
        (s->bad + full_lacking(s, f->node)) * 3 >= s->total)
        return;
    kv_close(f->kv);
    if (kv_open_mem(STORE_FAMILIES, &f->kv, NULL))
        abort();
    f->lost_height = f->lost_height > f->node->committed ? f->lost_height : f->node->committed;
    f->fresh = true;
    f->node->committed = 0;
    trace(s, f->node, f->lost_height, 0, "has lost its ledger");
}

void full_crash(struct sim *s, struct sim_node *n, bool forget_all) {
    struct full *f = full_of(s, n);
    bool power_cut = rng_chance(&s->faults, 1, 2);
    process_close(f);
    n->up = n->dying = n->disk_failed = false;
    n->life++;
    s->crashes++;
    trace(s, n, power_cut, 0, "crashes%s", power_cut ? ", the power is cut" : "");
    if (power_cut || kv_failed(f->kv, NULL))
        kv_mem_crash(f->kv);
    if (power_cut)
        disk_power_cut(n->disk, &s->faults);
    else
        disk_restart(n->disk);
    if (forget_all)
        sim_node_new_disk(n);
    else if (rng_chance(&s->faults, s->drawn.lost_ledger, 100))
        lose_ledger(f);
    links_drop_all(s, n->index);
    sim_at(s, sim_down_time(s), &(struct sim_event){.what = AT_RESTART, .node = n->index, .life = n->life});
}

/* --- what happens to it
 * --------------------------------------------------------------------------------------------------------- */

void full_link_up(struct full *f, net_peer peer) {
    if (!f->open)
        return;
    if (f->joining)
        join_up(&f->join, peer);
    else
        core_up(&f->core, peer);
    after(f, CODE_OK);
}

void full_link_down(struct full *f, net_peer peer) {
    if (f->open && f->joining)
        join_down(&f->join, peer);
    else if (f->open)
        core_down(&f->core, peer);
}

static void serve_request(struct full *f, net_peer peer, uint8_t kind, struct bytes payload) {
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    struct serve ask;
    struct bytes out;
    if (serve_parse(kind, payload, arena, &ask, NULL) != CODE_OK) {
        links_report(f, peer, 50, "malformed request");
    } else {
        uint8_t answer = serve_answer(f->store, &ask, arena, &out);
        if (answer != 0 && out.len <= net_class_cap(wire_class(answer)))
            links_post(f, peer, answer, out);
    }
    arena_rewind(arena, mark);
}

/* As chain/node/peers.c sorts them. */
void full_message(struct full *f, net_peer peer, enum net_class class, uint8_t kind, struct bytes payload) {
    if (f->node->nature == SCRIPTED) {
        full_byz_message(f, (peer - 1) % 64, kind, payload);
        return;
    }
    if (!f->open)
        return;
    if (wire_class(kind) != class) {
        links_report(f, peer, 50, "a message of unknown kind, or in the wrong class");
        return;
    }
    if (f->joining) {
        if (wire_of_join(kind) || kind == WIRE_BLOCK_BATCH)
            after(f, join_message(&f->join, peer, kind, payload, &f->err));
        return;
    }
    if (wire_of_join(kind)) {
        if (!f->fresh) /* an answer may come late to who has joined */
            links_report(f, peer, 20, "a part of a snapshot that nobody asked for");
        return;
    }
    if (serve_takes(kind)) {
        serve_request(f, peer, kind, payload);
        return;
    }
    if (kind == WIRE_TXS) {
        admit_gather(f->admit, peer, payload);
        admit_soon(f, 1);
        return;
    }
    after(f, core_message(&f->core, peer, kind, payload, &f->err));
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
            rc = executor_build(e, host_real_ms(f), pins.wires, pins.n, &block, &f->err);
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
    admit_soon(f, 1);
}

static void keep_later(struct full *f) {
    sim_at(f->sim, 1 + rng_below(&f->sim->disk, f->sim->drawn.ledger_ms + 1),
           &(struct sim_event){.what = AT_KEEP, .node = f->node->index, .life = f->node->life});
}

static int do_keep(struct full *f) {
    bool more = false;
    struct full_world *w = f->sim->full;
    int rc = store_keep(f->store, 64 << 10, &more, &f->err);
    if (!rc && store_first_block(f->store) > w->pruned && prunes(f))
        w->pruned = store_first_block(f->store);
    if (more && !rc)
        keep_later(f);
    return rc;
}

static int do_import(struct full *f) {
    struct join_job *j = f->imports[f->imports_head];
    struct join_result r;
    struct buf have;
    int rc = CODE_OK;
    f->imports_head = (f->imports_head + 1) % FULL_IMPORTS_MAX;
    if (--f->imports_n > 0)
        import_later(f);
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
    if (f->sim->drawn.snapshots || prunes(f))
        keep_later(f);
    return core_committed(&f->core, f->executor.head, &f->err);
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

static int do_check(struct full *f) {
    struct check *k = f->check;
    f->check = NULL;
    check_run(k, f->sim->full->verify);
    if (k->failed && k->certified)
        check_fail(f->sim, "node %u: a certified block of height %llu is refused: %s", f->node->index,
                   (unsigned long long)(k->from + k->good), err_text(&k->why));
    return core_checked(&f->core, k, &f->err);
}

static int do_job(struct full *f) {
    struct job *j = f->jobs[f->jobs_head];
    int rc = CODE_OK;
    f->jobs_head = (f->jobs_head + 1) % FULL_JOBS_MAX;
    if (--f->jobs_n > 0)
        job_later(f);
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

static void do_admit(struct full *f, bool again) {
    if (again)
        pulse(f);
    if (admit_pass(f->admit, 0) == CODE_TIMEOUT)
        return;
    struct admit_stats stats = admit_stats(f->admit);
    if (stats.txs > 1024 || stats.bytes > 1 << 20)
        check_fail(f->sim, "node %u: %llu transactions of %llu bytes wait", f->node->index,
                   (unsigned long long)stats.txs, (unsigned long long)stats.bytes);
}

void full_event(struct sim *s, struct sim_node *n, const struct sim_event *e) {
    struct full *f = full_of(s, n);
    int rc = CODE_OK;
    switch (e->what) {
    case AT_TICK:
        if (e->a != f->tick_generation)
            return;
        break;
    case AT_JOB:
        rc = do_job(f);
        break;
    case AT_CHECKED:
        rc = do_check(f);
        break;
    case AT_IMPORTED:
        rc = do_import(f);
        break;
    case AT_KEEP:
        rc = do_keep(f);
        break;
    case AT_ADMIT:
        if (f->joining) {
            if (e->b == 1)
                pulse(f);
            return;
        }
        do_admit(f, e->b == 1);
        if (!f->due)
            return;
        break;
    default:
        return;
    }
    after(f, rc);
}
