/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/log.h"
#include "tests/sim/full.h"
#include "tests/sim/script.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the clock's queue
 * -------------------------------------------------------------------------------------------------------- */

static bool before(const struct sim_event *a, const struct sim_event *b) {
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

void sim_at(struct sim *s, uint64_t delay, const struct sim_event *event) {
    if (s->queue_n == s->queue_room) {
        s->queue_room = s->queue_room ? 2 * s->queue_room : 1024;
        s->queue = realloc(s->queue, s->queue_room * sizeof *s->queue);
        if (!s->queue)
            abort();
    }
    struct sim_event e = *event;
    e.at = s->now + delay;
    e.seq = ++s->seq;
    uint32_t i = s->queue_n++;
    for (; i > 0 && before(&e, &s->queue[(i - 1) / 2]); i = (i - 1) / 2)
        s->queue[i] = s->queue[(i - 1) / 2];
    s->queue[i] = e;
}

static struct sim_event queue_pop(struct sim *s) {
    struct sim_event first = s->queue[0], last = s->queue[--s->queue_n];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= s->queue_n)
            break;
        if (child + 1 < s->queue_n && before(&s->queue[child + 1], &s->queue[child]))
            child++;
        if (!before(&s->queue[child], &last))
            break;
        s->queue[i] = s->queue[child];
        i = child;
    }
    s->queue[i] = last;
    return first;
}

/* --- the nodes of a seed
 * ------------------------------------------------------------------------------------------------------ */

/* Real time is this much off, from now on. Timers run by another clock, which never steps. */
static void step_clock(struct sim *s, struct rng *r, uint32_t node) {
    s->nodes[node].clock_offset = (int64_t)rng_below(r, 2 * (uint64_t)s->drawn.skew_ms + 1) - (int64_t)s->drawn.skew_ms;
}

static void make_nodes(struct sim *s) {
    s->nodes_n = 0;
    for (uint16_t v = 0; v < s->validators; v++)
        sim_node_setup(s, s->nodes_n++, v, s->natures[v]);
    for (uint16_t v = 0; v < s->validators; v++)
        if (s->natures[v] == TWIN)
            sim_node_setup(s, s->nodes_n++, v, TWIN);
    for (uint16_t v = s->validators; v < s->keyed && s->nodes_n < NODES_MAX; v++)
        sim_node_setup(s, s->nodes_n++, v, HONEST);
    if (s->drawn.observer && s->nodes_n < NODES_MAX)
        sim_node_setup(s, s->nodes_n++, BFT_SELF_NONE, OBSERVER);
    for (uint32_t i = 0; i < s->nodes_n; i++) {
        step_clock(s, &s->faults, i);
        s->nodes[i].drift = (int32_t)rng_below(&s->faults, 2 * (uint64_t)s->drawn.drift + 1) - (int32_t)s->drawn.drift;
    }
    links_draw_dead(s);
}

void sim_prepare(struct sim *s, const struct options *options) {
    for (uint32_t i = 0; i < s->queue_n; i++)
        msg_release(s->queue[i].msg);
    s->options = *options;
    s->now = s->seq = 0;
    s->queue_n = 0;
    s->calm = false;
    s->blocks_n = s->txs_n = s->votes_n = 0;
    s->highest = s->goal = 0;
    s->failure[0] = 0;
    s->messages = s->relayed = s->steps = s->crashes = s->replays = s->evidence = s->rounds_max = s->empty_blocks = 0;
    s->trace_hash = mix64(options->seed);
    s->partition_life = 0;
    memset(s->decided, 0, sizeof s->decided);
    s->forked = s->cut = false;
    memset(s->blocked, 0, sizeof s->blocked);
    memset(s->clogged_until, 0, sizeof s->clogged_until);
    memset(s->votes_height, 0, sizeof s->votes_height);
    full_release(s);
    draw(s);
    make_nodes(s);
    if (s->drawn.kind == KIND_FULL)
        full_setup(s);
    s->deadline = s->drawn.faults_ms + 600000;
}

const char *sim_describe(const struct sim *s, char *text, size_t len) {
    drawn_print(&s->drawn, text, len);
    size_t n = strlen(text);
    if (n + 12 + s->nodes_n < len)
        n += (size_t)snprintf(text + n, len - n, ", natures ");
    for (uint32_t i = 0; i < s->nodes_n && n + 2 < len; i++)
        text[n++] = "hStaBo"[s->nodes[i].nature];
    text[n] = 0;
    return text;
}

/* --- faults
 * --------------------------------------------------------------------------------------------------------------------
 */

static bool has_core(const struct sim_node *n) {
    return n->nature != SILENT && n->nature != SCRIPTED;
}

static void crash_some(struct sim *s) {
    bool all = rng_chance(&s->faults, 1, 8);
    uint32_t one = (uint32_t)rng_below(&s->faults, s->nodes_n);
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if ((all || i == one) && s->nodes[i].up && has_core(&s->nodes[i]))
            sim_node_crash(s, &s->nodes[i], s->nodes[i].nature == AMNESIAC);
}

static void fault_tick(struct sim *s) {
    if (s->calm)
        return;
    if (rng_chance(&s->faults, s->drawn.crash, 1000))
        crash_some(s);
    if (rng_chance(&s->faults, 1, 20))
        step_clock(s, &s->faults, (uint32_t)rng_below(&s->faults, s->nodes_n));
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (s->nodes[i].nature == AMNESIAC && s->nodes[i].up && rng_chance(&s->faults, 1, 10))
            sim_node_crash(s, &s->nodes[i], true);
    if (rng_chance(&s->faults, s->drawn.clog, 1000))
        links_clog(s);
    if (rng_chance(&s->faults, s->drawn.partition, 1000) && !(s->drawn.fork && s->cut)) {
        links_partition(s);
        s->cut = true;
        sim_at(s, rng_range(&s->faults, s->drawn.fork ? 3000 : 100, 6000),
               &(struct sim_event){.what = AT_HEAL, .a = ++s->partition_life});
    }
    sim_at(s, 100, &(struct sim_event){.what = AT_FAULT});
}

static void heal(struct sim *s) {
    s->cut = false;
    links_heal(s);
    if (s->full)
        links_healed(s);
}

/* Together with the liars, and those who lost their ledgers, less than a third of the power. Where links are dead
 * anybody may be what connects the others. */
static void lose_some(struct sim *s) {
    uint64_t lost = s->bad + (s->full ? full_lacking(s, NULL) : 0);
    for (uint32_t tries = 0; tries < s->validators; tries++) {
        struct sim_node *n = &s->nodes[rng_below(&s->faults, s->validators)];
        if (n->nature != HONEST || n->gone || (lost + s->powers[n->validator]) * 3 >= s->total)
            continue;
        lost += s->powers[n->validator];
        n->gone = true;
        trace(s, n, 0, 0, "is gone for good");
        if (n->up)
            sim_node_crash(s, n, false);
    }
}

/* Faults stop; what was cut heals; who is down comes back, but for those who are gone; liars go on lying. Now the chain
 * must grow. */
static void calm_down(struct sim *s) {
    s->calm = true;
    heal(s);
    memset(s->clogged_until, 0, sizeof s->clogged_until);
    if (s->drawn.gone && !s->drawn.fork && !s->drawn.dead)
        lose_some(s);
    s->goal = s->highest + 3;
    trace(s, NULL, s->goal, 0, "calm: every honest node must reach height %llu", (unsigned long long)s->goal);
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (!s->nodes[i].up && has_core(&s->nodes[i]) && !s->nodes[i].gone)
            sim_node_boot(s, &s->nodes[i]);
}

/* --- load
 * ----------------------------------------------------------------------------------------------------------------------
 */

/* A transaction, known to the nodes one after another; bursts and idle times. */
static void add_transaction(struct sim *s) {
    s->txs_n++;
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (s->nodes[i].up && has_core(&s->nodes[i]) && !rng_chance(&s->load, 1, 20))
            sim_at(s, rng_below(&s->load, 100),
                   &(struct sim_event){.what = AT_TX, .node = i, .life = s->nodes[i].life, .b = s->txs_n});
}

static void load_tick(struct sim *s) {
    for (uint64_t n = 1 + rng_below(&s->load, s->drawn.load); n > 0 && s->txs_n < TXS_MAX; n--) {
        if (s->full) {
            s->txs_n++;
            full_load(s);
        } else {
            add_transaction(s);
        }
    }
    uint64_t pause = rng_chance(&s->load, 1, 4) ? rng_range(&s->load, 1000, 6000) : rng_below(&s->load, 300);
    if (s->txs_n < TXS_MAX)
        sim_at(s, pause, &(struct sim_event){.what = AT_TX, .node = UINT32_MAX});
}

/* --- the course of one seed
 * ----------------------------------------------------------------------------------------------------- */

static void handle(struct sim *s, const struct sim_event *e) {
    struct sim_node *n = e->node < s->nodes_n ? &s->nodes[e->node] : NULL;
    switch (e->what) {
    case AT_FAULT:
        fault_tick(s);
        return;
    case AT_HEAL:
        if (e->a == s->partition_life)
            heal(s);
        return;
    case AT_CALM:
        calm_down(s);
        return;
    case AT_TX:
        if (!n) {
            load_tick(s);
            return;
        }
        break;
    case AT_DELIVER:
        if (e->msg->kind == MSG_FRAME)
            links_arrive(s, e->node, e->msg, (uint32_t)e->a);
        else if (n->up && n->nature != SILENT)
            sim_node_deliver(s, n, e->msg);
        return;
    case AT_LINK:
        links_try(s, e->node, e->b);
        return;
    case AT_LINK_DOWN:
        links_end(s, e->node, e->b);
        return;
    case AT_RESTART:
        if (!n->up && n->life == e->life && !n->gone)
            sim_node_boot(s, n);
        return;
    case AT_BYZANTINE:
        byz_tick(s, n);
        return;
    case AT_TIMER:
    case AT_BUILT:
    case AT_JUDGED:
    case AT_NEXT_HEIGHT:
    case AT_TICK:
    case AT_JOB:
    case AT_CHECKED:
    case AT_IMPORTED:
    case AT_KEEP:
    case AT_ADMIT:
        break;
    }
    if (n->up && n->life == e->life)
        sim_node_event(s, n, e);
}

static bool goal_reached(const struct sim *s) {
    if (s->forked)
        return true;
    if (!s->calm)
        return false;
    if (s->drawn.fork && s->now > s->drawn.faults_ms + 5000)
        return true; /* nobody promised that it goes on */
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if ((s->nodes[i].nature == HONEST || s->nodes[i].nature == OBSERVER) && !s->nodes[i].gone &&
            s->nodes[i].committed < s->goal)
            return false;
    return true;
}

static void start_all(struct sim *s) {
    for (uint32_t i = 0; i < s->nodes_n && !s->failure[0]; i++) {
        struct sim_node *n = &s->nodes[i];
        if (s->full && s->drawn.snapshots && (n->nature == OBSERVER || i >= s->validators) && n->nature != TWIN) {
            s->full->nodes[i].fresh = true; /* comes later */
            sim_at(s, s->drawn.faults_ms / 2, &(struct sim_event){.what = AT_RESTART, .node = i, .life = n->life});
        } else if (has_core(n)) {
            sim_node_boot(s, n);
        } else if (n->nature == SCRIPTED) {
            n->up = true;
            sim_at(s, 10, &(struct sim_event){.what = AT_BYZANTINE, .node = i});
            if (s->full)
                links_dial_all(s, i);
        }
    }
    sim_at(s, 100, &(struct sim_event){.what = AT_FAULT});
    if (s->drawn.load)
        sim_at(s, 50, &(struct sim_event){.what = AT_TX, .node = UINT32_MAX});
    sim_at(s, s->drawn.faults_ms, &(struct sim_event){.what = AT_CALM});
}

bool sim_run(struct sim *s, const struct options *options) {
    sim_prepare(s, options);
    start_all(s);
    while (!s->failure[0] && !goal_reached(s)) {
        if (s->queue_n == 0) {
            check_fail(s, "liveness: nothing will happen any more");
            break;
        }
        struct sim_event e = queue_pop(s);
        s->now = e.at;
        if (mutes_has(options->mutes, s->steps++) && script_may_mute(s, &e)) {
            msg_release(e.msg);
            continue;
        }
        trace_event(s, &e);
        if (s->now > s->deadline)
            check_fail(s, "liveness: height %llu not reached by all honest nodes %llu s after the faults stopped",
                       (unsigned long long)s->goal, (unsigned long long)(s->deadline - s->drawn.faults_ms) / 1000);
        else
            handle(s, &e);
        msg_release(e.msg);
    }
    if (s->full && !s->failure[0])
        full_check_end(s);
    return !s->failure[0];
}

struct sim *sim_new(void) {
    struct sim *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    if (!getenv("CAIRN_LOG"))
        log_set_level(LOG_NONE); /* what the nodes say is not news here */
    return s;
}

void sim_free(struct sim *s) {
    full_release(s);
    for (uint32_t i = 0; i < s->queue_n; i++)
        msg_release(s->queue[i].msg);
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        struct sim_node *n = &s->nodes[i];
        for (uint32_t h = 0; n->store && h < HEIGHTS_MAX; h++)
            free(n->store[h].cert);
        free(n->memory);
        free(n->oracle);
        free(n->store);
        free(n->held);
        free(n->log.records);
        free(n->log.bytes);
        sim_node_release(n);
    }
    free(s->queue);
    free(s->votes);
    free(s);
}
