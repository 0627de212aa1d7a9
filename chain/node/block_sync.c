/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block sync: the plan (chain/sync) told what comes and asked what to do; fetched blocks to the checker, checked ones
 * to consensus when it is one, past it when there are more.
 *
 * Consensus never rests for what a peer claims: only when two certified blocks are here. It rests until no more come,
 * so that catching up over a gap does not switch forth and back.
 */
#include "chain/node/core_rooms.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/os/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
    RUN_MIN = 2,     /* so many checked blocks let consensus rest */
    LEAVE_MS = 1000, /* without progress for so long it begins again, though somebody may claim more */
    ASKS = 16,
};

/* What peers did, in points of 100. */
enum { POINTS_FORGED = 100, POINTS_MALFORMED = 50, POINTS_TOO_BIG = 50, POINTS_UNASKED = 20, POINTS_EMPTY = 10 };

int block_sync_open(struct core *c, struct err *err) {
    struct core_sync *s = &c->sync;
    sync_init(&s->plan, c->head->height + 1, core_now_ms(c));
    s->fetched = calloc(SYNC_WINDOW, sizeof *s->fetched);
    return s->fetched != NULL ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for block sync");
}

static void fetched_clear(struct core_fetched *f) {
    free(f->stored);
    block_unref(f->block);
    free(f->certificate);
    *f = (struct core_fetched){0};
}

void block_sync_close(struct core *c) {
    struct core_sync *s = &c->sync;
    for (size_t i = 0; s->fetched != NULL && i < SYNC_WINDOW; i++)
        fetched_clear(&s->fetched[i]);
    free(s->fetched);
    s->fetched = NULL;
    check_free(s->check);
    s->check = NULL;
}

static struct core_fetched *fetched_at(struct core *c, uint64_t height) {
    return &c->sync.fetched[sync_slot_of(height)];
}

/* --- answers of peers --- */

static const struct {
    unsigned points;
    const char *what;
} faults[] = {
    [SYNC_TAKEN] = {0, NULL},
    [SYNC_EMPTY] = {POINTS_EMPTY, "no blocks of a height that it claims to have"},
    [SYNC_TOO_BIG] = {POINTS_TOO_BIG, "more blocks than were asked for"},
    [SYNC_UNASKED] = {POINTS_UNASKED, "blocks that nobody asked for"},
};

static int keep(struct core *c, uint64_t height, struct bytes stored, struct err *err) {
    struct core_fetched *f = fetched_at(c, height);
    assert(f->stored == NULL && f->block == NULL);
    f->stored = malloc(stored.len);
    f->len = stored.len;
    if (f->stored == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a fetched block");
    memcpy(f->stored, stored.data, stored.len);
    return CODE_OK;
}

int block_sync_batch(struct core *c, net_peer peer, struct bytes payload, struct err *err) {
    BlockBatch *pb = NULL;
    struct err why;
    size_t lens[SYNC_RANGE_MAX];
    bool keeps[SYNC_RANGE_MAX] = {false};
    int rc = pb_decode(&block_batch__descriptor, payload, &c->arena, &pb, &why);
    if (rc == CODE_OK && pb->n_blocks > SYNC_RANGE_MAX)
        rc = err_set(&why, CODE_TOO_LARGE, "%zu blocks", pb->n_blocks);
    if (rc != CODE_OK) {
        inputs_misbehaved(c, peer, POINTS_MALFORMED, "malformed batch of blocks", &why);
        return CODE_OK;
    }
    for (size_t i = 0; i < pb->n_blocks; i++)
        lens[i] = pb->blocks[i].len;
    enum sync_verdict v = sync_answer(&c->sync.plan, peer, pb->from, lens, pb->n_blocks, core_now_ms(c), keeps);
    if (faults[v].points > 0)
        c->host.report(c->host.ctx, peer, faults[v].points, faults[v].what);
    for (size_t i = 0; rc == CODE_OK && i < pb->n_blocks; i++)
        if (keeps[i])
            rc = keep(c, pb->from + i, pb_bytes(pb->blocks[i]), err);
    return rc;
}

/* --- checking --- */

static int check_next(struct core *c, struct err *err) {
    struct core_sync *s = &c->sync;
    uint64_t from;
    if (s->check != NULL)
        return CODE_OK;
    size_t n = sync_hand(&s->plan, CHECK_BLOCKS_MAX, SYNC_CHECK_LEN, &from);
    if (n == 0)
        return CODE_OK;
    if (from == c->head->height + 1)
        check_point_of(c->head, &s->point);
    s->check = check_new(&c->chain_tag, &s->point, from);
    if (s->check == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to check fetched blocks");
    s->check->count = n;
    s->check->trust = s->trust;
    for (size_t i = 0; i < n; i++) {
        struct core_fetched *f = fetched_at(c, from + i);
        s->check->blocks[i].stored = f->stored;
        s->check->blocks[i].len = f->len;
        f->stored = NULL;
    }
    c->host.job(c->host.ctx, &(struct job){.kind = JOB_CHECK, .height = from, .check = s->check});
    return CODE_OK;
}

/* Blocks that are good wait for their turn, those behind a bad one for the next check; those that consensus has decided
 * meanwhile go with the check. */
static void take_back(struct core *c, struct check *k) {
    for (size_t i = 0; i < k->count; i++) {
        struct check_block *cb = &k->blocks[i];
        uint64_t height = k->from + i;
        if (!sync_held(&c->sync.plan, height))
            continue;
        *fetched_at(c, height) = (struct core_fetched){
            .stored = cb->stored, .len = cb->len, .block = cb->block, .certificate = cb->certificate};
        *cb = (struct check_block){.len = cb->len};
    }
}

bool block_sync_has(const struct core *c, const struct block *b) {
    uint64_t height = b->header.height;
    return sync_held(&c->sync.plan, height) && c->sync.fetched[sync_slot_of(height)].block == b;
}

void block_sync_refused(struct core *c, const struct block *b, const struct certificate *cert) {
    if (c->halted)
        return;
    c->halted = true;
    c->host.diverged(c->host.ctx, b->header.height, &b->header.id, b, cert);
}

int core_checked(struct core *c, struct check *check, struct err *err) {
    struct core_sync *s = &c->sync;
    assert(check == s->check);
    s->check = NULL;
    if (c->halted) {
        check_free(check);
        return CODE_OK;
    }
    s->point = check->point;
    if (check->good > 0)
        s->progress_ms = core_now_ms(c);
    bool bad = check->failed != CODE_OK;
    if (bad && check->certified) { /* by more than two thirds, and invalid: their ledger is not this one's */
        const struct check_block *cb = &check->blocks[check->good];
        int rc = check->failed == CODE_NO_MEMORY ? err_set(err, CODE_NO_MEMORY, "no memory to check a block") : CODE_OK;
        if (rc == CODE_OK)
            block_sync_refused(c, cb->block, cb->certificate);
        check_free(check);
        return rc;
    }
    take_back(c, check);
    uint32_t blame = sync_checked(&s->plan, check->from, check->good, check->count, bad);
    if (blame != 0) {
        fetched_clear(fetched_at(c, check->from + check->good));
        inputs_misbehaved(c, blame, POINTS_FORGED, "forged block", &check->why);
    }
    check_free(check);
    return CODE_OK;
}

/* --- executing --- */

void block_sync_advance(struct core *c) {
    struct core_sync *s = &c->sync;
    uint64_t next = c->head->height + 1, was = s->plan.next;
    sync_advance(&s->plan, next, core_now_ms(c));
    s->progress_ms = core_now_ms(c);
    for (uint64_t h = was; h < next; h++)
        fetched_clear(fetched_at(c, h));
}

static bool executing(const struct core *c) {
    return c->sync.plan.execute > c->sync.plan.next;
}

/* One block, and nothing behind it: consensus decides by its certificate. */
static int feed_one(struct core *c, struct err *err) {
    struct sync *plan = &c->sync.plan;
    if (sync_held(plan, plan->next + 1) || sync_execute(plan) == 0)
        return CODE_OK;
    const struct core_fetched *f = fetched_at(c, plan->next);
    net_peer peer = plan->slots[sync_slot_of(plan->next)].peer;
    return catch_up_feed(c, peer, f->block, f->certificate, err);
}

static void rest(struct core *c) {
    struct core_sync *s = &c->sync;
    s->active = true;
    s->from = c->head->height;
    s->since_ms = s->progress_ms = core_now_ms(c);
    for (unsigned i = 0; i < DRIVER_TIMERS; i++)
        c->timers[i].armed = false;
    bodies_clear(&c->bodies, UINT64_MAX);
    c->needed = (struct hash){{0}};
    log_info("node", "catching up by blocks", "from=%" PRIu64 " behind=%" PRIu64, s->from, sync_behind(&s->plan));
}

static void apply(struct core *c, uint64_t height) {
    struct core_sync *s = &c->sync;
    struct core_fetched *f = fetched_at(c, height);
    struct job job = {.kind = JOB_APPLY, .height = height, .block = block_ref(f->block)};
    certificate_copy(&job.certificate, f->certificate);
    s->unsettled += f->len;
    job.durable = s->unsettled >= SYNC_SETTLE_LEN;
    if (job.durable)
        s->unsettled = 0;
    c->host.job(c->host.ctx, &job);
}

/* Nothing left to execute, and nothing more to be expected. */
static bool over(const struct core *c, uint64_t now_ms) {
    const struct core_sync *s = &c->sync;
    if (executing(c) || sync_next_held(&s->plan))
        return false;
    return sync_behind(&s->plan) == 0 || now_ms >= s->progress_ms + LEAVE_MS;
}

static int execute(struct core *c, uint64_t now_ms, struct err *err) {
    struct core_sync *s = &c->sync;
    if (c->deciding || s->settling)
        return CODE_OK;
    if (!s->active && sync_run(&s->plan) >= RUN_MIN && !executing(c))
        rest(c);
    if (!s->active)
        return feed_one(c, err);
    for (uint64_t height; (height = sync_execute(&s->plan)) != 0;)
        apply(c, height);
    if (over(c, now_ms)) {
        s->settling = true;
        c->host.job(c->host.ctx, &(struct job){.kind = JOB_SETTLE});
    }
    return CODE_OK;
}

int core_settled(struct core *c, struct err *err) {
    struct core_sync *s = &c->sync;
    if (c->halted)
        return CODE_OK;
    uint64_t blocks = c->head->height - s->from, ms = core_now_ms(c) - s->since_ms;
    log_info("node", "caught up by blocks", "height=%" PRIu64 " blocks=%" PRIu64 " ms=%" PRIu64, c->head->height,
             blocks, ms);
    s->active = s->settling = false;
    s->unsettled = 0;
    int rc = core_begin(c, err);
    arena_reset(&c->arena);
    return rc;
}

/* --- the step --- */

static void ask(struct core *c, uint64_t now_ms) {
    struct sync_request asks[ASKS];
    size_t k = sync_requests(&c->sync.plan, now_ms, asks, ASKS);
    for (size_t i = 0; i < k; i++) {
        BlockRequest pb = BLOCK_REQUEST__INIT;
        struct bytes out;
        pb.from = asks[i].from;
        pb.count = asks[i].count;
        if (pb_encode(&pb, &c->arena, &out, NULL) == CODE_OK)
            c->host.send(c->host.ctx, asks[i].peer, WIRE_BLOCK_REQUEST, out);
    }
}

int block_sync_step(struct core *c, struct err *err) {
    struct core_sync *s = &c->sync;
    uint64_t now = core_now_ms(c);
    ask(c, now);
    int rc = check_next(c, err);
    if (rc == CODE_OK)
        rc = execute(c, now, err);
    uint64_t behind = sync_behind(&s->plan), next = sync_deadline(&s->plan, now);
    c->behind = s->active || behind > 1 ? behind : 0;
    if (s->active && !s->settling && s->progress_ms + LEAVE_MS < next)
        next = s->progress_ms + LEAVE_MS;
    s->due_ns = next == UINT64_MAX ? UINT64_MAX : core_in_ms(c, next > now ? next - now : 1);
    return rc;
}
