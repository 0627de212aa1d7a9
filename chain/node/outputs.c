/* SPDX-License-Identifier: Apache-2.0 */
/* What the consensus core asks for, done: the driver's environment. */
#include "chain/node/core_rooms.h"

#include "chain/codec/pb.h"
#include "chain/os/crash.h"
#include "chain/os/log.h"

#include <inttypes.h>

enum { LAGGARD_MS = 300 /* the same block is not sent to the same peer more often */ };

/* --- log --- */

int outputs_log_body(struct core *c, const struct block *b, struct err *err) {
    crash_point(CRASH_BODY_BEFORE_LOG);
    return wal_append(c->wal, LOG_BODY, b->encoded, err);
}

static int env_log_begin(void *ctx, uint64_t height, struct err *err) {
    struct core *c = ctx;
    return wal_reset(c->wal, height, err);
}

static int env_log_append(void *ctx, struct bytes record, struct err *err) {
    struct core *c = ctx;
    return wal_append(c->wal, LOG_RECORD, record, err);
}

static int env_log_sync(void *ctx, struct err *err) {
    struct core *c = ctx;
    return wal_sync(c->wal, err);
}

/* --- timers --- */

static void env_timer_arm(void *ctx, const struct bft_timer *timer) {
    struct core *c = ctx;
    c->timers[timer->kind] =
        (struct core_timer){.armed = true, .deadline_ns = core_in_ms(c, timer->delay_ms), .timer = *timer};
}

static void env_timer_cancel(void *ctx, enum bft_timer_kind kind) {
    struct core *c = ctx;
    c->timers[kind].armed = false;
}

/* --- signer --- */

static int env_sign(void *ctx, const struct bft_sign *request, struct sig *ret_sig, bool *ret_refused,
                    struct err *err) {
    struct core *c = ctx;
    if (c->signer == NULL || c->halted) {
        *ret_refused = true;
        return CODE_OK;
    }
    bool proposal = request->type == VOTE_PROPOSAL;
    struct hash digest =
        proposal ? proposal_digest(&c->chain_tag, &request->proposal) : vote_digest(&c->chain_tag, &request->vote);
    uint64_t height = proposal ? request->proposal.height : request->vote.height;
    uint32_t round = proposal ? request->proposal.round : request->vote.round;
    crash_point(CRASH_SIGN_ASKED);
    c->signer->log_records = wal_synced(c->wal);
    int rc = signer_sign(c->signer, height, round, (enum signer_step)request->type, &digest, ret_sig, err);
    crash_point(CRASH_SIGN_DONE);
    if (rc != CODE_CONFLICT)
        return rc;
    log_warn("node", "signature refused", "why=%s", log_quote(err_text(err)).s);
    *ret_refused = true;
    return CODE_OK;
}

/* --- network --- */

void outputs_status(struct core *c, net_peer peer, uint64_t height, uint32_t round) {
    PeerStatus pb = PEER_STATUS__INIT;
    struct bytes out;
    pb.height = height;
    pb.round = round;
    pb.earliest = c->host.earliest(c->host.ctx);
    if (pb_encode(&pb, &c->arena, &out, NULL) == CODE_OK)
        c->host.send(c->host.ctx, peer, WIRE_STATUS, out);
}

void outputs_send(struct core *c, net_peer peer, const struct bft_send *send) {
    struct arena_mark mark = arena_mark(&c->arena);
    struct bytes out;
    switch (send->kind) {
    case BFT_SEND_PROPOSAL:
        proposals_send(c, peer, &send->proposal);
        break;
    case BFT_SEND_VOTE:
        if (wire_vote_encode(&send->vote, &c->arena, &out, NULL) == CODE_OK)
            c->host.send(c->host.ctx, peer, WIRE_VOTE, out);
        break;
    case BFT_SEND_CERTIFICATE:
        if (wire_certificate_encode(send->certificate, c->head->info.validators.n, &c->arena, &out, NULL) == CODE_OK)
            c->host.send(c->host.ctx, peer, WIRE_CERTIFICATE, out);
        break;
    case BFT_SEND_STATUS:
        outputs_status(c, peer, send->status.height, send->status.round);
        break;
    }
    arena_rewind(&c->arena, mark);
}

static void env_send(void *ctx, const struct bft_send *send) {
    struct core *c = ctx;
    if (c->halted)
        return;
    crash_point(CRASH_SEND_BEFORE);
    outputs_send(c, NET_PEER_NONE, send);
    crash_point(CRASH_SEND_AFTER);
}

static void env_summary(void *ctx, const struct bft_summary *summary) {
    relay_summary(ctx, summary);
}

static void env_relay(void *ctx, driver_peer peer, const struct bft_send *send) {
    relay_send(ctx, peer, send);
}

/* --- ledger --- */

static void env_build(void *ctx, uint64_t height, uint32_t round) {
    struct core *c = ctx;
    c->round = round;
    struct job job = {.kind = JOB_BUILD, .height = height, .round = round};
    certificate_copy(&job.certificate, &c->late);
    c->host.job(c->host.ctx, &job);
}

void outputs_judge(struct core *c, struct body *b) {
    switch (b->state) {
    case BODY_HERE:
        b->state = BODY_JUDGING;
        c->host.job(c->host.ctx, &(struct job){.kind = JOB_JUDGE,
                                               .height = c->head->height + 1,
                                               .round = c->round,
                                               .block = block_ref(b->block)});
        break;
    case BODY_JUDGING:
        break;
    case BODY_VALID:
        driver_body(c->driver, &b->block->header.id, BFT_VERDICT_VALID, NULL);
        break;
    case BODY_INVALID:
        driver_body(c->driver, &b->block->header.id, BFT_VERDICT_INVALID, NULL);
        break;
    }
}

static void env_validate(void *ctx, uint64_t height, uint32_t round, const struct hash *value) {
    struct core *c = ctx;
    (void)height;
    c->round = round;
    struct body *b = bodies_find(&c->bodies, value);
    if (b != NULL)
        outputs_judge(c, b);
    else
        proposals_want(c, value);
}

static void env_need(void *ctx, uint64_t height, uint32_t round, const struct hash *value) {
    struct core *c = ctx;
    struct body *b = bodies_find(&c->bodies, value);
    if (b != NULL)
        outputs_judge(c, b);
    else if (!proposals_want(c, value))
        proposals_ask_body(c, NET_PEER_NONE, height, round, value);
}

static int env_decide(void *ctx, uint64_t height, const struct hash *value, const struct certificate *certificate,
                      struct err *err) {
    struct core *c = ctx;
    struct body *b = bodies_find(&c->bodies, value);
    if (b == NULL)
        return err_set(err, CODE_INTERNAL, "height %" PRIu64 " is decided, but its body is not here", height);
    struct job job = {.kind = JOB_COMMIT, .height = height, .block = block_ref(b->block)};
    crash_point(CRASH_DECIDED);
    certificate_copy(&job.certificate, certificate);
    late_begin(c, certificate);
    c->deciding = true;
    metric_add(c->metrics.rounds, certificate->round);
    c->host.job(c->host.ctx, &job);
    return CODE_OK;
}

/* --- what went wrong, and peers --- */

static void env_evidence(void *ctx, const struct bft_evidence *e) {
    evidence_emit(ctx, e);
}

static void env_diverged(void *ctx, uint64_t height, const struct hash *value) {
    struct core *c = ctx;
    if (c->halted)
        return;
    c->halted = true;
    const struct body *b = bodies_find(&c->bodies, value);
    bool certified = bft_commit_of(c->bft, value, &c->cert);
    c->host.diverged(c->host.ctx, height, value, b != NULL ? b->block : NULL, certified ? &c->cert : NULL);
}

static void env_behind(void *ctx, driver_peer peer, uint64_t height) {
    struct core *c = ctx;
    if (peer != DRIVER_PEER_SELF)
        sync_claim(&c->sync.plan, peer, height, 0);
}

void outputs_laggard(struct core *c, net_peer peer, uint64_t height) {
    struct core_peer *p = core_peer(c, peer);
    uint64_t now = core_now_ms(c);
    if (p == NULL || height == 0 || height > c->head->height ||
        (p->laggard_height == height && now < p->laggard_ms + LAGGARD_MS))
        return;
    p->laggard_height = height;
    p->laggard_ms = now;
    c->host.serve_decided(c->host.ctx, peer, height);
}

static void env_laggard(void *ctx, driver_peer peer, uint64_t height) {
    outputs_laggard(ctx, peer, height);
}

static void env_rejected(void *ctx, driver_peer peer, const char *reason) {
    struct core *c = ctx;
    if (peer != DRIVER_PEER_SELF)
        c->host.report(c->host.ctx, peer, 25, reason);
}

void outputs_init(struct core *c) {
    c->env = (struct driver_env){
        .ctx = c,
        .log_begin = env_log_begin,
        .log_append = env_log_append,
        .log_sync = env_log_sync,
        .timer_arm = env_timer_arm,
        .timer_cancel = env_timer_cancel,
        .sign = env_sign,
        .send = env_send,
        .summary = env_summary,
        .relay = env_relay,
        .build = env_build,
        .validate = env_validate,
        .need = env_need,
        .decide = env_decide,
        .evidence = env_evidence,
        .diverged = env_diverged,
        .behind = env_behind,
        .laggard = env_laggard,
        .rejected = env_rejected,
    };
}
