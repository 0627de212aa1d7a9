/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"

#include <stdlib.h>

/* A full node's life. Every input ends in `after`: who died inside is torn down there, who failed has failed the seed,
 * and the core's next deadline goes into the queue of the world. */

static struct full *full_of(struct sim *s, const struct sim_node *n) {
    return &s->full->nodes[n->index];
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
        f->program = s->drawn.upgrade && i % 3 == 2; /* whose operator reads the news */
        if (seckey_init(&f->node_key, raw, NULL) || kv_open_mem(STORE_FAMILIES, &f->kv, NULL))
            abort();
        f->node_pub = seckey_pubkey(&f->node_key);
    }
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
    int rc = executor_open(&f->executor, f->store, &w->programs[f->program].app, w->verify, &o, w->genesis,
                           &s->chain_tag, &f->err);
    if (!rc)
        rc = open_signer(f);
    if (!rc)
        rc = wal_new(f->node->disk, &f->node->wal, &f->err);
    if (!rc)
        rc = full_door_open(f);
    struct core_options c = {.chain_tag = s->chain_tag, .wal = f->node->wal, .self = o.self};
    if (rc)
        return rc;
    full_check_head(f);
    struct core_host h = full_core_host;
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
    struct join_host h = full_join_host;
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

static int process_open(struct full *f) {
    struct store_options o = {.snapshot_every = f->sim->drawn.snapshots};
    uint64_t height;
    if (full_prunes(f))
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
    uint64_t at = f->joining ? join_deadline(&f->join) : core_deadline(&f->core), now = full_mono_ns(f);
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
    if (rc == CODE_UPGRADE_NEEDED && f->program + 1 < FULL_PROGRAMS) {
        f->program++;
        s->full->upgraded++;
        trace(s, n, f->program, 0, "stops, and gets another program: %s", err_text(&f->err));
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
        full_pulse(f);
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
        full_admit_soon(f, 1);
        return;
    }
    after(f, core_message(&f->core, peer, kind, payload, &f->err));
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
        rc = full_do_job(f);
        break;
    case AT_CHECKED:
        rc = full_do_check(f);
        break;
    case AT_IMPORTED:
        rc = full_do_import(f);
        break;
    case AT_KEEP:
        rc = full_do_keep(f);
        break;
    case AT_ADMIT:
        if (f->joining) {
            if (e->b == 1)
                full_pulse(f);
            return;
        }
        full_do_admit(f, e->b == 1);
        if (!f->due)
            return;
        break;
    default:
        return;
    }
    after(f, rc);
}
