/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/driver.h"

#include <assert.h>

void driver_init(struct driver *d, struct bft *core, const struct driver_env *env) {
    d->core = core;
    d->env = env;
    d->height = 0;
    d->started = d->decided = d->busy = false;
    d->failed = CODE_OK;
    d->peer = DRIVER_PEER_SELF;
    d->queue_head = d->queue_n = 0;
    d->early.height = d->early.n = 0;
    d->early.proposals_n = 0;
    memset(d->early.votes_n, 0, sizeof d->early.votes_n);
    d->look = (struct driver_look){0};
}

/* --- performing
 * ------------------------------------------------------------------------------------------------------------ */

static void queue_put(struct driver *d, const struct bft_event *event) {
    assert(d->queue_n < DRIVER_QUEUE_MAX);
    d->queue[(d->queue_head + d->queue_n++) % DRIVER_QUEUE_MAX] = *event;
}

static bool queue_take(struct driver *d, struct bft_event *ret_event) {
    if (d->queue_n == 0)
        return false;
    *ret_event = d->queue[d->queue_head];
    d->queue_head = (d->queue_head + 1) % DRIVER_QUEUE_MAX;
    d->queue_n--;
    return true;
}

static int perform_log(struct driver *d, const struct bft_event *event, struct err *err) {
    size_t len = bft_record_encode(event, d->record);
    return d->env->log_append(d->env->ctx, bytes_of(d->record, len), err);
}

static int perform_sign(struct driver *d, const struct bft_sign *request, struct err *err) {
    struct bft_event event = {.kind = BFT_EVENT_SIGNED, .sign = *request};
    struct sig sig;
    bool refused = false;
    int rc = d->env->sign(d->env->ctx, request, &sig, &refused, err);
    if (rc || refused)
        return rc;
    if (request->type == VOTE_PROPOSAL)
        event.sign.proposal.sig = sig;
    else
        event.sign.vote.sig = sig;
    queue_put(d, &event);
    return CODE_OK;
}

static int perform_decide(struct driver *d, const struct bft_output *out, struct err *err) {
    d->decided = true;
    return d->env->decide(d->env->ctx, out->decide.height, &out->decide.value, out->decide.certificate, err);
}

static int perform(struct driver *d, const struct bft_event *event, const struct bft_output *out, struct err *err) {
    const struct driver_env *env = d->env;
    switch (out->kind) {
    case BFT_OUT_LOG:
        return perform_log(d, event, err);
    case BFT_OUT_SYNC:
        return env->log_sync(env->ctx, err);
    case BFT_OUT_SIGN:
        return perform_sign(d, &out->sign, err);
    case BFT_OUT_DECIDE:
        return perform_decide(d, out, err);
    case BFT_OUT_ARM:
        env->timer_arm(env->ctx, &out->timer);
        return CODE_OK;
    case BFT_OUT_CANCEL:
        env->timer_cancel(env->ctx, (enum bft_timer_kind)out->timer.kind);
        return CODE_OK;
    case BFT_OUT_SEND:
        env->send(env->ctx, &out->send);
        return CODE_OK;
    case BFT_OUT_BUILD:
        env->build(env->ctx, out->build.height, out->build.round);
        return CODE_OK;
    case BFT_OUT_VALIDATE:
        env->validate(env->ctx, out->body.height, out->body.round, &out->body.value);
        return CODE_OK;
    case BFT_OUT_NEED:
        env->need(env->ctx, out->body.height, out->body.round, &out->body.value);
        return CODE_OK;
    case BFT_OUT_EVIDENCE:
        env->evidence(env->ctx, &out->evidence);
        return CODE_OK;
    case BFT_OUT_DIVERGED:
        env->diverged(env->ctx, out->body.height, &out->body.value);
        return CODE_OK;
    case BFT_OUT_REJECTED:
        env->rejected(env->ctx, d->peer, out->reason);
        return CODE_OK;
    }
    return CODE_OK;
}

static int step_one(struct driver *d, const struct bft_event *event, struct err *err) {
    bft_step(d->core, event, &d->update);
    for (uint32_t i = 0; i < d->update.n; i++) {
        d->failed = perform(d, event, &d->update.outputs[i], err);
        if (d->failed)
            return d->failed;
    }
    return CODE_OK;
}

/* Steps the event, then what its outputs were answered with. From inside an environment's function: queues it. */
static int step(struct driver *d, driver_peer peer, const struct bft_event *event, struct err *err) {
    if (d->failed)
        return err_set(err, d->failed, "the consensus driver has stopped");
    if (d->busy) {
        assert(event->kind != BFT_EVENT_CERTIFICATE && event->kind != BFT_EVENT_START);
        queue_put(d, event);
        return CODE_OK;
    }
    d->busy = true;
    d->peer = peer;
    int rc = step_one(d, event, err);
    d->peer = DRIVER_PEER_SELF;
    struct bft_event next;
    while (!rc && queue_take(d, &next))
        rc = step_one(d, &next, err);
    d->busy = false;
    return rc;
}

/* --- relaying
 * --------------------------------------------------------------------------------------------------------------- */

static void look_later(struct driver *d) {
    d->env->timer_arm(
        d->env->ctx, &(struct bft_timer){.kind = DRIVER_TIMER_LOOK, .height = d->height, .delay_ms = d->look.every_ms});
}

static void look_begin(struct driver *d, const struct bft_config *config) {
    uint32_t every = config->rebroadcast_ms / DRIVER_LOOKS_PER_REBROADCAST;
    d->look = (struct driver_look){.every_ms = every > 0 ? every : 1};
    look_later(d);
}

/* The height stands where it stood at the last look, or a peer is further: the peers learn what is here, and add what
 * they hold. */
static void look(struct driver *d) {
    struct driver_look now = {.every_ms = d->look.every_ms, .phase = bft_phase(d->core)};
    bool work = bft_summarise(d->core, &now.summary);
    bool still = now.phase == d->look.phase && now.summary.round == d->look.summary.round;
    if (work && (still || d->look.curious))
        d->env->summary(d->env->ctx, &now.summary);
    d->look = now;
    look_later(d);
}

/* --- heights
 * ---------------------------------------------------------------------------------------------------------------- */

static int take_early(struct driver *d, struct err *err) {
    struct driver_early *early = &d->early;
    bool usable = early->height == d->height;
    int rc = CODE_OK;
    for (uint8_t i = 0; usable && !rc && i < early->proposals_n; i++)
        rc = step(d, DRIVER_PEER_SELF, &early->proposals[i], err);
    for (uint32_t v = 0; usable && !rc && early->n > 0 && v < VALIDATORS_MAX; v++) {
        for (uint8_t i = 0; !rc && i < early->votes_n[v]; i++) {
            struct bft_event event = {.kind = BFT_EVENT_VOTE, .vote = early->votes[v][i]};
            rc = step(d, DRIVER_PEER_SELF, &event, err);
        }
    }
    if (early->n > 0)
        memset(early->votes_n, 0, sizeof early->votes_n);
    early->proposals_n = 0;
    early->n = 0;
    early->height = d->height + 1;
    return rc;
}

int driver_start(struct driver *d, const struct bft_start *start, struct err *err) {
    assert(!d->busy && (d->started ? start->height > d->height : start->height >= d->height));
    if (d->failed)
        return err_set(err, d->failed, "the consensus driver has stopped");
    d->failed = d->env->log_begin(d->env->ctx, start->height, err);
    if (d->failed)
        return d->failed;
    d->height = start->height;
    d->started = true;
    d->decided = false;
    look_begin(d, &start->config);
    struct bft_event event = {.kind = BFT_EVENT_START, .start = *start};
    int rc = step(d, DRIVER_PEER_SELF, &event, err);
    return rc ? rc : take_early(d, err);
}

int driver_replay_begin(struct driver *d, const struct bft_start *start, struct err *err) {
    assert(d->height == 0 && start->validators <= VALIDATORS_MAX);
    (void)err;
    d->height = start->height;
    d->start = *start;
    memcpy(d->powers, start->powers, start->validators * sizeof *d->powers);
    d->start.powers = d->powers;
    return CODE_OK;
}

/* The logged START carries the hints; the rest is what the state says. */
static int replay_start(struct driver *d, struct bft_event *event, struct err *err) {
    if (d->started || event->start.height != d->height)
        return err_set(err, CODE_CORRUPT, "consensus log: begins height %llu in the log of height %llu",
                       (unsigned long long)event->start.height, (unsigned long long)d->height);
    struct bft_start logged = event->start;
    event->start = d->start;
    event->start.wait_ms = logged.wait_ms;
    event->start.heartbeat_ms = logged.heartbeat_ms;
    event->start.due = logged.due;
    d->started = true;
    return CODE_OK;
}

int driver_replay(struct driver *d, struct bytes record, struct err *err) {
    struct bft_event event;
    if (!bft_record_decode(record.data, record.len, &d->certificate, &event))
        return err_set(err, CODE_CORRUPT, "consensus log: a record of %zu bytes is none", record.len);
    if (event.kind == BFT_EVENT_START) {
        int rc = replay_start(d, &event, err);
        if (rc)
            return rc;
    }
    bft_step(d->core, &event, &d->update);
    /* Only what changed the state was logged, so it must change it again. */
    for (uint32_t i = 0; i < d->update.n; i++)
        if (d->update.outputs[i].kind == BFT_OUT_LOG)
            return CODE_OK;
    return err_set(err, CODE_CORRUPT, "consensus log: a record of kind %d does not follow from those before it",
                   (int)event.kind);
}

int driver_replay_end(struct driver *d, struct err *err) {
    if (!d->started)
        return driver_start(d, &d->start, err);
    d->early.height = d->height + 1;
    look_begin(d, &d->start.config);
    struct bft_event event = {.kind = BFT_EVENT_RESUME};
    return step(d, DRIVER_PEER_SELF, &event, err);
}

/* --- inputs
 * ------------------------------------------------------------------------------------------------------------------ */

enum driver_when driver_when(const struct driver *d, uint64_t height) {
    if (height < d->height || (height == d->height && d->decided))
        return DRIVER_PAST;
    if (height == d->height)
        return DRIVER_NOW;
    return height == d->height + 1 ? DRIVER_NEXT : DRIVER_FUTURE;
}

int driver_proposal(struct driver *d, driver_peer peer, const struct proposal *proposal, bool timely, struct err *err) {
    struct bft_event event = {.kind = BFT_EVENT_PROPOSAL};
    event.proposal.proposal = *proposal;
    event.proposal.timely = timely;
    switch (driver_when(d, proposal->height)) {
    case DRIVER_PAST:
        return CODE_OK;
    case DRIVER_NOW:
        return step(d, peer, &event, err);
    case DRIVER_NEXT:
        if (d->early.proposals_n < DRIVER_EARLY_PROPOSALS) {
            d->early.proposals[d->early.proposals_n++] = event;
            d->early.n++;
        }
        return CODE_OK;
    case DRIVER_FUTURE:
        d->env->behind(d->env->ctx, peer, proposal->height);
        return CODE_OK;
    }
    return CODE_OK;
}

static bool same_vote(const struct vote *a, const struct vote *b) {
    return a->type == b->type && a->round == b->round && hash_eq(&a->value, &b->value);
}

static void keep_early_vote(struct driver_early *early, const struct vote *vote) {
    if (vote->validator >= VALIDATORS_MAX)
        return;
    uint8_t n = early->votes_n[vote->validator];
    for (uint8_t i = 0; i < n; i++)
        if (same_vote(&early->votes[vote->validator][i], vote))
            return;
    if (n == DRIVER_EARLY_VOTES)
        return;
    early->votes[vote->validator][n] = *vote;
    early->votes_n[vote->validator]++;
    early->n++;
}

int driver_vote(struct driver *d, driver_peer peer, const struct vote *vote, struct err *err) {
    struct bft_event event = {.kind = BFT_EVENT_VOTE, .vote = *vote};
    switch (driver_when(d, vote->height)) {
    case DRIVER_PAST:
        return CODE_OK;
    case DRIVER_NOW:
        return step(d, peer, &event, err);
    case DRIVER_NEXT:
        keep_early_vote(&d->early, vote);
        return CODE_OK;
    case DRIVER_FUTURE:
        d->env->behind(d->env->ctx, peer, vote->height);
        return CODE_OK;
    }
    return CODE_OK;
}

int driver_certificate(struct driver *d, driver_peer peer, const struct certificate *certificate, struct err *err) {
    struct bft_event event = {.kind = BFT_EVENT_CERTIFICATE, .certificate = certificate};
    switch (driver_when(d, certificate->height)) {
    case DRIVER_PAST:
    case DRIVER_NEXT: /* will be repeated */
        return CODE_OK;
    case DRIVER_NOW:
        return step(d, peer, &event, err);
    case DRIVER_FUTURE:
        d->env->behind(d->env->ctx, peer, certificate->height);
        return CODE_OK;
    }
    return CODE_OK;
}

int driver_status(struct driver *d, driver_peer peer, uint64_t height, uint32_t round, struct err *err) {
    (void)round;
    if (d->failed)
        return err_set(err, d->failed, "the consensus driver has stopped");
    if (driver_when(d, height) == DRIVER_PAST)
        d->env->laggard(d->env->ctx, peer, height);
    else if (height > d->height)
        d->env->behind(d->env->ctx, peer, height);
    return CODE_OK;
}

int driver_summary(struct driver *d, driver_peer peer, const struct bft_summary *summary, struct err *err) {
    int rc = driver_status(d, peer, summary->height, summary->round, err);
    if (rc || driver_when(d, summary->height) != DRIVER_NOW)
        return rc;
    uint32_t n = bft_lacking(d->core, summary, d->relay, RELAY_MAX);
    for (uint32_t i = 0; i < n; i++)
        d->env->relay(d->env->ctx, peer, &d->relay[i]);
    d->look.curious = d->look.curious || bft_lacks(d->core, summary);
    return CODE_OK;
}

int driver_body(struct driver *d, const struct hash *value, enum bft_verdict verdict, struct err *err) {
    struct bft_event event = {.kind = BFT_EVENT_BODY};
    event.body.value = *value;
    event.body.verdict = (uint8_t)verdict;
    return step(d, DRIVER_PEER_SELF, &event, err);
}

int driver_built(struct driver *d, uint64_t height, uint32_t round, const struct hash *value_or_nil, struct err *err) {
    struct bft_event event = {.kind = BFT_EVENT_BUILT};
    event.built.height = height;
    event.built.round = round;
    event.built.value = *value_or_nil;
    return step(d, DRIVER_PEER_SELF, &event, err);
}

int driver_timer(struct driver *d, const struct bft_timer *timer, struct err *err) {
    if (timer->kind == DRIVER_TIMER_LOOK) {
        if (d->failed)
            return err_set(err, d->failed, "the consensus driver has stopped");
        if (timer->height == d->height && !d->decided)
            look(d);
        return CODE_OK;
    }
    struct bft_event event = {.kind = BFT_EVENT_TIMER, .timer = *timer};
    return step(d, DRIVER_PEER_SELF, &event, err);
}

int driver_due(struct driver *d, struct err *err) {
    struct bft_event event = {.kind = BFT_EVENT_DUE};
    return step(d, DRIVER_PEER_SELF, &event, err);
}
