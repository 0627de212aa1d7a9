/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/core.h"

#include "chain/base/limits.h"
#include "chain/node/core_rooms.h"
#include "chain/node/twin.h"
#include "chain/os/crash.h"

#include <stdlib.h>

enum {
    REBROADCAST_MS = 1000,
    TIMEOUT_MAX_MS = 60000,
};

/* --- heights --- */

static uint32_t until(uint64_t at_ms, uint64_t now_ms) {
    uint64_t left = at_ms > now_ms ? at_ms - now_ms : 0;
    return left > 3600000 ? 3600000 : (uint32_t)left;
}

struct bft_start core_start(struct core *c) {
    const struct app_info *info = &c->head->info;
    const ConsensusParams *cp = info->consensus;
    uint64_t now = c->host.real_ms(c->host.ctx);
    for (uint16_t i = 0; i < info->validators.n; i++)
        c->powers[i] = info->validators.at[i].power;
    uint16_t self = c->signer != NULL ? validator_set_find(&info->validators, &c->self) : VALIDATOR_NONE;
    uint32_t delta = (uint32_t)cp->timeout_delta_ms;
    return (struct bft_start){
        .height = c->head->height + 1,
        .powers = c->powers,
        .validators = info->validators.n,
        .self = self == VALIDATOR_NONE ? BFT_SELF_NONE : self,
        .wait_ms = until(info->header_time + cp->min_interval_ms, now),
        .heartbeat_ms = until(info->header_time + cp->heartbeat_ms + 1, now),
        .due = info->had_txs || c->host.ready(c->host.ctx),
        .config = {.propose_ms = (uint32_t)cp->timeout_propose_ms,
                   .propose_delta_ms = delta,
                   .prevote_ms = (uint32_t)cp->timeout_prevote_ms,
                   .prevote_delta_ms = delta,
                   .precommit_ms = (uint32_t)cp->timeout_precommit_ms,
                   .precommit_delta_ms = delta,
                   .timeout_max_ms = TIMEOUT_MAX_MS,
                   .rebroadcast_ms = REBROADCAST_MS},
    };
}

int core_begin(struct core *c, struct err *err) {
    struct bft_start start = core_start(c);
    return driver_start(c->driver, &start, err);
}

/* The end of every input: what it put on the arena goes. */
static int done(struct core *c, int rc) {
    arena_reset(&c->arena);
    return rc;
}

int core_committed(struct core *c, struct head *head, struct err *err) {
    if (c->halted)
        return CODE_OK;
    uint64_t before = c->head->info.header_time;
    uint16_t self = validator_set_find(&head->last_validators, &c->self);
    int rc = c->alone ? twin_check_certificate(&c->signer->last, self, &head->certificate, err) : CODE_OK;
    if (rc != CODE_OK)
        return rc;
    head_unref(c->head);
    c->head = head_ref(head);
    late_committed(c);
    c->deciding = false;
    c->round = 0;
    bodies_clear(&c->bodies, head->height);
    assemble_clear(&c->assemble, head->height);
    c->needed = (struct hash){{0}};
    metric_add(c->metrics.blocks, 1);
    metric_set(c->metrics.height, (double)head->height);
    metric_set(c->metrics.missing, 0);
    metric_observe(c->metrics.block_interval, (double)(head->info.header_time - before) / 1000);
    block_sync_advance(c);
    rc = c->sync.active ? CODE_OK : core_begin(c, err);
    crash_point(CRASH_HEIGHT_TAKEN);
    return done(c, rc);
}

/* --- bodies --- */

struct body *core_keep(struct core *c, struct block *b, enum body_state state) {
    struct body *body = bodies_keep(&c->bodies, b, state);
    if (body != NULL)
        return body;
    bodies_spare(&c->bodies, c->bft);
    return bodies_keep(&c->bodies, b, state);
}

/* --- answers of the ledger --- */

static int built(struct core *c, uint64_t height, uint32_t round, struct block *block, struct err *err) {
    struct hash none = {{0}};
    if (c->halted || height != c->head->height + 1 || c->deciding || c->sync.active)
        return CODE_OK;
    struct body *b = block != NULL ? core_keep(c, block, BODY_VALID) : NULL;
    if (b == NULL)
        return driver_built(c->driver, height, round, &none, err);
    b->state = BODY_VALID;
    int rc = outputs_log_body(c, block, err);
    return rc == CODE_OK ? driver_built(c->driver, height, round, &block->header.id, err) : rc;
}

int core_built(struct core *c, uint64_t height, uint32_t round, struct block *block, struct err *err) {
    return done(c, built(c, height, round, block, err));
}

int core_judged(struct core *c, struct block *block, bool invalid, struct err *err) {
    if (c->halted)
        return CODE_OK;
    if (c->sync.active) {
        if (invalid && block_sync_has(c, block))
            block_sync_refused(c, block, c->sync.fetched[sync_slot_of(block->header.height)].certificate);
        return CODE_OK;
    }
    struct body *b = bodies_find(&c->bodies, &block->header.id);
    if (b == NULL || b->state != BODY_JUDGING)
        return CODE_OK;
    b->state = invalid ? BODY_INVALID : BODY_VALID;
    int rc = invalid ? CODE_OK : outputs_log_body(c, b->block, err);
    struct hash id = b->block->header.id;
    if (rc == CODE_OK)
        rc = driver_body(c->driver, &id, invalid ? BFT_VERDICT_INVALID : BFT_VERDICT_VALID, err);
    return done(c, rc);
}

int core_due(struct core *c, struct err *err) {
    return c->halted || c->sync.active ? CODE_OK : done(c, driver_due(c->driver, err));
}

/* --- links --- */

struct core_peer *core_peer(struct core *c, net_peer peer) {
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        if (c->peers[i].peer == peer)
            return &c->peers[i];
    return NULL;
}

bool core_allows(struct core *c, net_peer peer, size_t len) {
    struct core_peer *p = core_peer(c, peer);
    uint64_t now = core_now_ms(c);
    if (p == NULL)
        return false;
    uint64_t ms = now - p->spent_ms, paid = ms < 1000 ? ms * BODY_ALLOWANCE / 1000 : BODY_ALLOWANCE;
    p->spent -= paid < p->spent ? paid : p->spent;
    p->spent_ms = now;
    bool allowed = p->spent + len <= BODY_ALLOWANCE;
    p->spent += allowed ? len : 0;
    return allowed;
}

void core_up(struct core *c, net_peer peer) {
    if (c->halted)
        return;
    struct core_peer *p = core_peer(c, NET_PEER_NONE);
    if (p != NULL)
        *p = (struct core_peer){.peer = peer};
    outputs_status(c, peer, c->head->height + 1, c->round);
    c->host.respread(c->host.ctx);
    done(c, CODE_OK);
}

void core_owed(struct core *c, net_peer peer, unsigned n) {
    if (!c->halted)
        sync_owed(&c->sync.plan, peer, n);
}

void core_down(struct core *c, net_peer peer) {
    if (c->halted)
        return;
    struct core_peer *p = core_peer(c, peer);
    if (p != NULL)
        *p = (struct core_peer){0};
    sync_gone(&c->sync.plan, peer);
}

/* --- timers --- */

static int timers_fire(struct core *c, struct err *err) {
    uint64_t now = c->host.mono_ns(c->host.ctx);
    for (unsigned i = 0; i < DRIVER_TIMERS; i++) {
        struct core_timer *t = &c->timers[i];
        if (!t->armed || t->deadline_ns > now)
            continue;
        t->armed = false;
        struct bft_timer timer = t->timer;
        crash_point(CRASH_CORE_TIMER);
        int rc = driver_timer(c->driver, &timer, err);
        if (rc != CODE_OK)
            return rc;
    }
    return CODE_OK;
}

int core_tick(struct core *c, struct err *err) {
    if (c->halted)
        return CODE_OK;
    if (c->twin.code != CODE_OK) {
        *err = c->twin;
        return c->twin.code;
    }
    int rc = timers_fire(c, err);
    proposals_step(c);
    return done(c, rc == CODE_OK ? block_sync_step(c, err) : rc);
}

uint64_t core_deadline(const struct core *c) {
    if (c->halted)
        return UINT64_MAX;
    uint64_t next = c->sync.due_ns, ask_ms = assemble_deadline(&c->assemble);
    if (ask_ms < UINT64_MAX / 1000000u && ask_ms * 1000000u < next)
        next = ask_ms * 1000000u;
    for (unsigned i = 0; i < DRIVER_TIMERS; i++)
        if (c->timers[i].armed && c->timers[i].deadline_ns < next)
            next = c->timers[i].deadline_ns;
    return next;
}

/* --- life --- */

int core_open(struct core *c, const struct core_options *options, struct err *err) {
    c->host = *options->host;
    c->chain_tag = options->chain_tag;
    c->wal = options->wal;
    c->signer = options->signer;
    c->self = options->self;
    c->alone = options->alone && options->signer != NULL;
    c->head = head_ref(options->head);
    late_committed(c);
    arena_init(&c->arena, CORE_INPUT_MEMORY);
    c->sync.trust = options->trust;
    int rc = block_sync_open(c, err);
    if (rc != CODE_OK)
        return rc;
    size_t size = bft_size(VALIDATORS_MAX);
    c->bft_memory = aligned_alloc(16, (size + 15) / 16 * 16);
    c->driver = calloc(1, sizeof *c->driver);
    if (c->bft_memory == NULL || c->driver == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the consensus core");
    c->bft = bft_init(c->bft_memory, VALIDATORS_MAX);
    outputs_init(c);
    driver_init(c->driver, c->bft, &c->env);
    return done(c, recover(c, options->listen_ms, err));
}

void core_close(struct core *c) {
    bodies_clear(&c->bodies, UINT64_MAX);
    assemble_release(&c->assemble);
    block_sync_close(c);
    arena_release(&c->arena);
    head_unref(c->head);
    free(c->driver);
    free(c->bft_memory);
}
