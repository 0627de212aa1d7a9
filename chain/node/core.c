/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/core.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    EVENT_ARENA = 64 << 20, /* a proposal taken apart */
    LAGGARD_MS = 300,       /* the same block is not sent to the same peer more often */
    BATCH = 256,
    REBROADCAST_MS = 1000,
    TIMEOUT_MAX_MS = 60000,
};

/* --- bodies of this height --- */

static struct body *body_find(struct node *n, const struct hash *value) {
    for (size_t i = 0; i < BODIES_MAX; i++)
        if (n->bodies[i].block != NULL && hash_eq(&n->bodies[i].block->header.id, value))
            return &n->bodies[i];
    return NULL;
}

static void body_drop(struct body *b) {
    block_unref(b->block);
    *b = (struct body){0};
}

/* Keeps a reference of the caller's block. When all places are taken, one that proved invalid or was never asked for
 * goes. */
static struct body *body_keep(struct node *n, struct block *block, enum body_state state) {
    struct body *b = body_find(n, &block->header.id);
    if (b != NULL)
        return b;
    struct body *place = NULL;
    for (size_t i = 0; i < BODIES_MAX && place == NULL; i++)
        if (n->bodies[i].block == NULL)
            place = &n->bodies[i];
    for (size_t i = 0; i < BODIES_MAX && place == NULL; i++)
        if (n->bodies[i].state == BODY_INVALID || n->bodies[i].state == BODY_HERE)
            place = &n->bodies[i];
    if (place == NULL)
        return NULL;
    body_drop(place);
    place->block = block_ref(block);
    place->state = state;
    return place;
}

/* Forgets the bodies of heights up to `height`; one of the next may have come early. */
static void bodies_clear(struct node *n, uint64_t height) {
    for (size_t i = 0; i < BODIES_MAX; i++)
        if (n->bodies[i].block != NULL && n->bodies[i].block->header.height <= height)
            body_drop(&n->bodies[i]);
    n->needed = (struct hash){{0}};
}

static int log_body(struct node *n, const struct block *b, struct err *err) {
    return wal_append(n->wal, LOG_BODY, b->encoded, err);
}

/* --- the driver's environment --- */

static int env_log_begin(void *ctx, uint64_t height, struct err *err) {
    struct node *n = ctx;
    return wal_reset(n->wal, height, err);
}

static int env_log_append(void *ctx, struct bytes record, struct err *err) {
    struct node *n = ctx;
    return wal_append(n->wal, LOG_RECORD, record, err);
}

static int env_log_sync(void *ctx, struct err *err) {
    struct node *n = ctx;
    return wal_sync(n->wal, err);
}

static void env_timer_arm(void *ctx, const struct bft_timer *timer) {
    struct node *n = ctx;
    n->timers[timer->kind] =
        (struct node_timer){.armed = true, .deadline_ns = deadline_in_ms(timer->delay_ms), .timer = *timer};
}

static void env_timer_cancel(void *ctx, enum bft_timer_kind kind) {
    struct node *n = ctx;
    n->timers[kind].armed = false;
}

static int env_sign(void *ctx, const struct bft_sign *request, struct sig *ret_sig, bool *ret_refused,
                    struct err *err) {
    struct node *n = ctx;
    if (!n->signs) {
        *ret_refused = true;
        return CODE_OK;
    }
    bool proposal = request->type == VOTE_PROPOSAL;
    struct hash digest =
        proposal ? proposal_digest(&n->chain_tag, &request->proposal) : vote_digest(&n->chain_tag, &request->vote);
    uint64_t height = proposal ? request->proposal.height : request->vote.height;
    uint32_t round = proposal ? request->proposal.round : request->vote.round;
    int rc = signer_sign(&n->signer, height, round, (enum signer_step)request->type, &digest, ret_sig, err);
    if (rc != CODE_CONFLICT)
        return rc;
    log_warn("node", "signature refused", "why=%s", log_quote(err_text(err)).s);
    *ret_refused = true;
    return CODE_OK;
}

static void broadcast(struct node *n, uint8_t kind, struct bytes payload) {
    net_broadcast(n->net, NET_PEER_NONE, wire_class(kind), kind, payload);
}

static void send_proposal(struct node *n, const struct proposal *p) {
    struct body *b = body_find(n, &p->value);
    struct bytes out;
    if (b == NULL || b->state != BODY_VALID || !b->block->opened)
        return; /* a restart during its round: the body is in the log, but others will propose it */
    if (wire_proposal_encode(p, b->block, &n->arena, &out, NULL) == CODE_OK)
        broadcast(n, WIRE_PROPOSAL, out);
}

static void send_status(struct node *n, net_peer peer, uint64_t height, uint32_t round) {
    PeerStatus pb = PEER_STATUS__INIT;
    struct bytes out;
    pb.height = height;
    pb.round = round;
    pb.earliest = store_first_block(n->store);
    if (pb_encode(&pb, &n->arena, &out, NULL) != CODE_OK)
        return;
    if (peer == NET_PEER_NONE)
        broadcast(n, WIRE_STATUS, out);
    else
        net_send(n->net, peer, wire_class(WIRE_STATUS), WIRE_STATUS, out);
}

static void env_send(void *ctx, const struct bft_send *send) {
    struct node *n = ctx;
    struct arena_mark mark = arena_mark(&n->arena);
    struct bytes out;
    switch (send->kind) {
    case BFT_SEND_PROPOSAL:
        send_proposal(n, &send->proposal);
        break;
    case BFT_SEND_VOTE:
        if (wire_vote_encode(&send->vote, &n->arena, &out, NULL) == CODE_OK)
            broadcast(n, WIRE_VOTE, out);
        break;
    case BFT_SEND_CERTIFICATE:
        if (wire_certificate_encode(send->certificate, n->head->info.validators.n, &n->arena, &out, NULL) == CODE_OK)
            broadcast(n, WIRE_CERTIFICATE, out);
        break;
    case BFT_SEND_STATUS:
        send_status(n, NET_PEER_NONE, send->status.height, send->status.round);
        break;
    }
    arena_rewind(&n->arena, mark);
}

static void env_build(void *ctx, uint64_t height, uint32_t round) {
    struct node *n = ctx;
    atomic_store(&n->round, round);
    job_post(n, &(struct job){.kind = JOB_BUILD, .height = height, .round = round});
}

static void judge(struct node *n, struct body *b) {
    switch (b->state) {
    case BODY_HERE:
        b->state = BODY_JUDGING;
        job_post(n, &(struct job){.kind = JOB_JUDGE, .height = n->head->height + 1, .block = block_ref(b->block)});
        break;
    case BODY_JUDGING:
        break;
    case BODY_VALID:
        driver_body(n->driver, &b->block->header.id, BFT_VERDICT_VALID, NULL);
        break;
    case BODY_INVALID:
        driver_body(n->driver, &b->block->header.id, BFT_VERDICT_INVALID, NULL);
        break;
    }
}

static void env_validate(void *ctx, uint64_t height, uint32_t round, const struct hash *value) {
    struct node *n = ctx;
    (void)height;
    atomic_store(&n->round, round);
    struct body *b = body_find(n, value);
    if (b != NULL)
        judge(n, b);
}

static void env_need(void *ctx, uint64_t height, uint32_t round, const struct hash *value) {
    struct node *n = ctx;
    struct body *b = body_find(n, value);
    if (b != NULL) {
        judge(n, b);
        return;
    }
    n->needed = *value;
    BodyRequest pb = BODY_REQUEST__INIT;
    struct bytes out;
    pb.height = height;
    pb.round = round;
    pb.value_id = pb_data(hash_bytes(value));
    if (pb_encode(&pb, &n->arena, &out, NULL) == CODE_OK)
        broadcast(n, WIRE_BODY_REQUEST, out);
}

static int env_decide(void *ctx, uint64_t height, const struct hash *value, const struct certificate *certificate,
                      struct err *err) {
    struct node *n = ctx;
    struct body *b = body_find(n, value);
    if (b == NULL)
        return err_set(err, CODE_INTERNAL, "height %" PRIu64 " is decided, but its body is not here", height);
    struct job job = {.kind = JOB_COMMIT, .height = height, .block = block_ref(b->block)};
    certificate_copy(&job.certificate, certificate);
    n->deciding = true;
    metric_add(n->m_rounds, certificate->round);
    job_post(n, &job);
    return CODE_OK;
}

static int vote_evidence(const struct bft_evidence *e, struct arena *arena, Evidence *pb) {
    pb->kind = EVIDENCE_KIND_DOUBLE_VOTE;
    int rc = vote_to_pb(&e->votes[0], arena, &pb->vote_a, NULL);
    return rc == CODE_OK ? vote_to_pb(&e->votes[1], arena, &pb->vote_b, NULL) : rc;
}

/* Proposals without their headers: the ids and signatures are in two votes-like halves. */
static void proposal_half(const struct proposal *p, Proposal *pb) {
    proposal__init(pb);
    pb->height = p->height;
    pb->round = p->round;
    pb->pol_round = p->pol_round;
    pb->proposer = p->validator;
    pb->signature = pb_data(sig_bytes(&p->sig));
    pb->value_id = pb_data(hash_bytes(&p->value));
}

/* Kept as a file: the transaction that carries evidence comes with the slashing rules. */
static void env_evidence(void *ctx, const struct bft_evidence *e) {
    struct node *n = ctx;
    Evidence pb = EVIDENCE__INIT;
    Proposal a, b;
    struct bytes bytes;
    struct err err;
    int rc = CODE_OK;
    if (e->type == VOTE_PROPOSAL) {
        proposal_half(&e->proposals[0], &a);
        proposal_half(&e->proposals[1], &b);
        pb.kind = EVIDENCE_KIND_DOUBLE_PROPOSAL;
        pb.proposal_a = &a;
        pb.proposal_b = &b;
    } else {
        rc = vote_evidence(e, &n->arena, &pb);
    }
    if (rc == CODE_OK)
        rc = pb_encode(&pb, &n->arena, &bytes, &err);
    if (rc != CODE_OK)
        return;
    struct hash id = hash_of(DOMAIN_EVIDENCE, bytes);
    char path[PATH_LEN_MAX + 96];
    snprintf(path, sizeof path, "%s/evidence/%s.pb", n->data_dir, hash_hex(&id).s);
    rc = file_write_new(path, bytes, 0600, &err);
    metric_add(n->m_evidence, 1);
    log_error("node", "a validator signed two contradicting messages", "height=%" PRIu64 " validator=%u kept=%s",
              e->type == VOTE_PROPOSAL ? e->proposals[0].height : e->votes[0].height,
              e->type == VOTE_PROPOSAL ? e->proposals[0].validator : e->votes[0].validator,
              rc == CODE_OK ? hash_hex(&id).s : code_name(rc));
}

static void env_diverged(void *ctx, uint64_t height, const struct hash *value) {
    struct node *n = ctx;
    struct err err;
    int rc = err_set(&err, CODE_INTEGRITY,
                     "more than two thirds decided block %s at height %" PRIu64
                     ", which is invalid by this node's ledger: its state or program differs; see the log",
                     hash_hex(value).s, height);
    node_fail(n, rc, &err);
}

static void env_behind(void *ctx, driver_peer peer, uint64_t height) {
    struct node *n = ctx;
    if (peer != DRIVER_PEER_SELF)
        sync_claim(&n->sync, peer, height, 0);
}

static struct node_peer *peer_find(struct node *n, net_peer peer) {
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        if (n->peers[i].peer == peer)
            return &n->peers[i];
    return NULL;
}

static void env_laggard(void *ctx, driver_peer peer, uint64_t height) {
    struct node *n = ctx;
    struct node_peer *p = peer_find(n, peer);
    uint64_t now = clock_mono_ms();
    if (p == NULL || height == 0 || height > n->head->height ||
        (p->laggard_height == height && now < p->laggard_ms + LAGGARD_MS))
        return;
    p->laggard_height = height;
    p->laggard_ms = now;
    serve_post(n, SERVE_DECIDED, peer, height, 1);
}

static void env_rejected(void *ctx, driver_peer peer, const char *reason) {
    struct node *n = ctx;
    if (peer != DRIVER_PEER_SELF)
        net_report(n->net, peer, 25, reason);
}

/* --- heights --- */

static uint32_t until(uint64_t at_ms, uint64_t now_ms) {
    uint64_t left = at_ms > now_ms ? at_ms - now_ms : 0;
    return left > 3600000 ? 3600000 : (uint32_t)left;
}

static struct bft_start start_of(struct node *n) {
    const struct app_info *info = &n->head->info;
    const ConsensusParams *c = info->consensus;
    uint64_t now = clock_real_ms();
    for (uint16_t i = 0; i < info->validators.n; i++)
        n->powers[i] = info->validators.at[i].power;
    uint16_t self = n->signs ? validator_set_find(&info->validators, &n->self) : VALIDATOR_NONE;
    uint32_t delta = (uint32_t)c->timeout_delta_ms;
    return (struct bft_start){
        .height = n->head->height + 1,
        .powers = n->powers,
        .validators = info->validators.n,
        .self = self == VALIDATOR_NONE ? BFT_SELF_NONE : self,
        .wait_ms = until(info->header_time + c->min_interval_ms, now),
        .heartbeat_ms = until(info->header_time + c->heartbeat_ms + 1, now),
        .due = info->had_txs || admit_ready(n->admit),
        .config = {.propose_ms = (uint32_t)c->timeout_propose_ms,
                   .propose_delta_ms = delta,
                   .prevote_ms = (uint32_t)c->timeout_prevote_ms,
                   .prevote_delta_ms = delta,
                   .precommit_ms = (uint32_t)c->timeout_precommit_ms,
                   .precommit_delta_ms = delta,
                   .timeout_max_ms = TIMEOUT_MAX_MS,
                   .rebroadcast_ms = REBROADCAST_MS},
    };
}

static int take_head(struct node *n, struct head *head, struct err *err) {
    uint64_t before = n->head->info.header_time;
    head_unref(n->head);
    n->head = head;
    n->deciding = false;
    atomic_store(&n->due_posted, false);
    atomic_store(&n->round, 0);
    bodies_clear(n, head->height);
    metric_add(n->m_blocks, 1);
    metric_set(n->m_height, (double)head->height);
    metric_observe(n->m_block_interval, (double)(head->info.header_time - before) / 1000);
    sync_advance(&n->sync, head->height + 1, clock_mono_ms());
    struct bft_start start = start_of(n);
    return driver_start(n->driver, &start, err);
}

/* --- messages from peers --- */

static void misbehaved(struct node *n, net_peer peer, unsigned points, const char *what, const struct err *err) {
    char why[ERR_MSG_MAX + 80];
    snprintf(why, sizeof why, "%s: %s", what, err_text(err));
    net_report(n->net, peer, points, why);
}

/* The set and parsed keys of a height that is now or next; NULL for others. */
static const struct validator_set *set_at(const struct node *n, uint64_t height, const struct verifier **ret_keys) {
    switch (driver_when(n->driver, height)) {
    case DRIVER_NOW:
        *ret_keys = n->head->verifiers;
        return &n->head->info.validators;
    case DRIVER_NEXT:
        *ret_keys = n->head->next_verifiers;
        return &n->head->info.next_validators;
    case DRIVER_PAST:
    case DRIVER_FUTURE:
        break;
    }
    return NULL;
}

static int on_vote(struct node *n, const struct event *e, struct err *err) {
    struct vote v;
    struct err why;
    int rc = wire_vote_decode(bytes_of(e->payload, e->len), &n->arena, &v, &why);
    if (rc != CODE_OK) {
        misbehaved(n, e->peer, 50, "malformed vote", &why);
        return CODE_OK;
    }
    const struct verifier *keys = NULL;
    const struct validator_set *set = set_at(n, v.height, &keys);
    if (driver_when(n->driver, v.height) == DRIVER_PAST || (set != NULL && bft_has_vote(n->core, &v)))
        return CODE_OK;
    if (set != NULL) {
        struct hash digest = vote_digest(&n->chain_tag, &v);
        if (v.validator >= set->n || !verifier_check(&keys[v.validator], &digest, &v.sig)) {
            err_set(&why, CODE_BAD_SIGNATURE, "height %" PRIu64 " validator %u", v.height, v.validator);
            misbehaved(n, e->peer, 50, "forged vote", &why);
            return CODE_OK;
        }
    }
    return driver_vote(n->driver, e->peer, &v, err);
}

static int on_certificate(struct node *n, const struct event *e, struct err *err) {
    struct err why;
    uint16_t set_n = n->head->info.validators.n;
    int rc = wire_certificate_decode(bytes_of(e->payload, e->len), set_n, &n->arena, &n->cert, &why);
    if (rc != CODE_OK) /* of another height's set, perhaps: no reproach */
        return CODE_OK;
    if (driver_when(n->driver, n->cert.height) == DRIVER_NOW) {
        rc = certificate_check_signatures(&n->cert, &n->chain_tag, &n->head->info.validators, n->head->verifiers, &why);
        if (rc != CODE_OK) {
            misbehaved(n, e->peer, 50, "forged certificate", &why);
            return CODE_OK;
        }
    }
    return driver_certificate(n->driver, e->peer, &n->cert, err);
}

/* "plausibility (precision 500 ms, a delay parameter growing per round) is judged at receipt, only for pol_round -1" */
static bool timely(const struct node *n, const struct proposal *p, uint64_t time_ms) {
    const ConsensusParams *c = n->head->info.consensus;
    uint64_t now = clock_real_ms(), late = c->precision_ms + c->message_delay_ms * (1 + (uint64_t)p->round);
    return time_ms <= now + c->precision_ms && now <= time_ms + late;
}

static int on_proposal(struct node *n, const struct event *e, struct err *err) {
    struct proposal p;
    struct block *b = NULL;
    struct err why;
    int rc = wire_proposal_decode(bytes_of(e->payload, e->len), &n->chain_tag, &n->arena, &p, &b, &why);
    if (rc != CODE_OK) {
        misbehaved(n, e->peer, 50, "malformed proposal", &why);
        return CODE_OK;
    }
    const struct verifier *keys = NULL;
    const struct validator_set *set = set_at(n, p.height, &keys);
    enum driver_when when = driver_when(n->driver, p.height);
    if (set != NULL) {
        struct hash digest = proposal_digest(&n->chain_tag, &p);
        if (p.validator >= set->n || !verifier_check(&keys[p.validator], &digest, &p.sig)) {
            err_set(&why, CODE_BAD_SIGNATURE, "height %" PRIu64 " validator %u", p.height, p.validator);
            misbehaved(n, e->peer, 50, "forged proposal", &why);
            block_unref(b);
            return CODE_OK;
        }
    }
    if (when == DRIVER_NOW || when == DRIVER_NEXT) {
        uint16_t last = when == DRIVER_NOW ? n->head->last_validators.n : n->head->info.validators.n;
        if (block_bind(b, last, &why) == CODE_OK)
            body_keep(n, b, BODY_HERE);
        else /* the proposal is its validator's, the body is not */
            misbehaved(n, e->peer, 50, "another body than the proposal's", &why);
    }
    if (when != DRIVER_PAST)
        rc = driver_proposal(n->driver, e->peer, &p, timely(n, &p, b->header.time), err);
    block_unref(b);
    return rc;
}

/* A body that was asked for, or a decided block with its certificate. CODE_STALE: of another height than the next. */
static int take_decided(struct node *n, net_peer peer, struct bytes encoded, const Certificate *cert, struct err *err) {
    struct block *b = NULL;
    struct err why;
    int rc = block_new(encoded, &n->chain_tag, &b, &why);
    if (rc == CODE_OK && b->header.height != n->head->height + 1) {
        err_set(err, CODE_STALE, "a block of height %" PRIu64, b->header.height);
        block_unref(b);
        return CODE_STALE;
    }
    if (rc == CODE_OK)
        rc = block_bind(b, n->head->last_validators.n, &why);
    if (rc == CODE_OK && cert != NULL) {
        rc = certificate_from_pb(cert, n->head->info.validators.n, &n->cert, &why);
        if (rc == CODE_OK && (n->cert.kind != CERTIFICATE_COMMIT || n->cert.height != b->header.height ||
                              !hash_eq(&n->cert.value, &b->header.id)))
            rc = err_set(&why, CODE_MALFORMED, "a certificate for something else");
        if (rc == CODE_OK)
            rc = certificate_verify(&n->cert, &n->chain_tag, &n->head->info.validators, &why);
    }
    if (rc != CODE_OK) {
        misbehaved(n, peer, 50, "bad block", &why);
        block_unref(b);
        return rc;
    }
    bool asked = hash_eq(&n->needed, &b->header.id);
    struct body *body = asked || cert != NULL ? body_keep(n, b, BODY_HERE) : NULL;
    block_unref(b);
    if (body != NULL && asked)
        judge(n, body);
    rc = driver_when(n->driver, n->head->height + 1) == DRIVER_NOW && cert != NULL
             ? driver_certificate(n->driver, peer, &n->cert, err)
             : CODE_OK;
    if (rc != CODE_OK)
        node_fail(n, rc, err);
    return CODE_OK;
}

static int on_decided(struct node *n, const struct event *e, struct err *err) {
    DecidedBlock *pb = NULL;
    struct err why;
    if (pb_decode(&decided_block__descriptor, bytes_of(e->payload, e->len), &n->arena, &pb, &why) != CODE_OK)
        misbehaved(n, e->peer, 50, "malformed block", &why);
    else if (!n->deciding)
        take_decided(n, e->peer, pb_bytes(pb->block), pb->certificate, err);
    return CODE_OK;
}

static int on_body_request(struct node *n, const struct event *e) {
    BodyRequest *pb = NULL;
    struct err why;
    struct hash id;
    int rc = pb_decode(&body_request__descriptor, bytes_of(e->payload, e->len), &n->arena, &pb, &why);
    if (rc == CODE_OK && !hash_from(pb_bytes(pb->value_id), &id))
        rc = err_set(&why, CODE_MALFORMED, "BodyRequest.value_id is missing");
    if (rc != CODE_OK) {
        misbehaved(n, e->peer, 50, "malformed request", &why);
        return CODE_OK;
    }
    const struct body *b = body_find(n, &id);
    if (b == NULL) {
        if (pb->height <= n->head->height)
            env_laggard(n, e->peer, pb->height);
        return CODE_OK;
    }
    DecidedBlock out = DECIDED_BLOCK__INIT;
    struct bytes bytes;
    out.block = pb_data(b->block->encoded);
    if (pb_encode(&out, &n->arena, &bytes, NULL) == CODE_OK)
        net_send(n->net, e->peer, wire_class(WIRE_DECIDED), WIRE_DECIDED, bytes);
    return CODE_OK;
}

static int on_status(struct node *n, const struct event *e, struct err *err) {
    PeerStatus *pb = NULL;
    struct err why;
    if (pb_decode(&peer_status__descriptor, bytes_of(e->payload, e->len), &n->arena, &pb, &why) != CODE_OK) {
        misbehaved(n, e->peer, 50, "malformed status", &why);
        return CODE_OK;
    }
    struct node_peer *p = peer_find(n, e->peer);
    if (p != NULL)
        p->height = pb->height;
    sync_claim(&n->sync, e->peer, pb->height, pb->earliest);
    return driver_status(n->driver, e->peer, pb->height, pb->round, err);
}

static int on_batch(struct node *n, const struct event *e) {
    BlockBatch *pb = NULL;
    struct err why;
    if (pb_decode(&block_batch__descriptor, bytes_of(e->payload, e->len), &n->arena, &pb, &why) != CODE_OK) {
        misbehaved(n, e->peer, 50, "malformed batch of blocks", &why);
        return CODE_OK;
    }
    for (size_t i = 0; i < pb->n_blocks; i++) {
        struct bytes stored;
        if (pb_encode(pb->blocks[i], &n->arena, &stored, NULL) == CODE_OK)
            sync_put(&n->sync, e->peer, pb->from + i, stored);
    }
    sync_answered(&n->sync, e->peer, pb->from, pb->n_blocks);
    return CODE_OK;
}

static int on_net(struct node *n, const struct event *e, struct err *err) {
    switch (e->wire) {
    case WIRE_VOTE:
        return on_vote(n, e, err);
    case WIRE_CERTIFICATE:
        return on_certificate(n, e, err);
    case WIRE_PROPOSAL:
        return on_proposal(n, e, err);
    case WIRE_DECIDED:
        return on_decided(n, e, err);
    case WIRE_BODY_REQUEST:
        return on_body_request(n, e);
    case WIRE_STATUS:
        return on_status(n, e, err);
    case WIRE_BLOCK_BATCH:
        return on_batch(n, e);
    default:
        return CODE_OK;
    }
}

/* --- answers of the other threads --- */

static int on_built(struct node *n, struct event *e, struct err *err) {
    struct hash none = {{0}};
    if (e->height != n->head->height + 1 || n->deciding)
        return CODE_OK;
    if (e->block == NULL)
        return driver_built(n->driver, e->height, e->round, &none, err);
    struct body *b = body_keep(n, e->block, BODY_VALID);
    if (b == NULL)
        return driver_built(n->driver, e->height, e->round, &none, err);
    b->state = BODY_VALID;
    int rc = log_body(n, e->block, err);
    return rc == CODE_OK ? driver_built(n->driver, e->height, e->round, &e->block->header.id, err) : rc;
}

static int on_judged(struct node *n, struct event *e, struct err *err) {
    struct body *b = body_find(n, &e->block->header.id);
    if (b == NULL || b->state != BODY_JUDGING)
        return CODE_OK;
    b->state = e->invalid ? BODY_INVALID : BODY_VALID;
    int rc = e->invalid ? CODE_OK : log_body(n, b->block, err);
    struct hash id = b->block->header.id;
    return rc == CODE_OK ? driver_body(n->driver, &id, e->invalid ? BFT_VERDICT_INVALID : BFT_VERDICT_VALID, err) : rc;
}

static int on_up(struct node *n, const struct event *e) {
    struct node_peer *p = peer_find(n, NET_PEER_NONE);
    if (p != NULL)
        *p = (struct node_peer){.peer = e->peer};
    send_status(n, e->peer, n->head->height + 1, atomic_load(&n->round));
    admit_respread(n->admit);
    return CODE_OK;
}

static int on_down(struct node *n, const struct event *e) {
    struct node_peer *p = peer_find(n, e->peer);
    if (p != NULL)
        *p = (struct node_peer){0};
    sync_gone(&n->sync, e->peer);
    return CODE_OK;
}

static int on_event(struct node *n, struct event *e, struct err *err) {
    switch (e->kind) {
    case EVENT_NET:
        return on_net(n, e, err);
    case EVENT_UP:
        return on_up(n, e);
    case EVENT_DOWN:
        return on_down(n, e);
    case EVENT_BUILT:
        return on_built(n, e, err);
    case EVENT_JUDGED:
        return on_judged(n, e, err);
    case EVENT_COMMITTED: {
        struct head *head = e->head;
        e->head = NULL;
        return take_head(n, head, err);
    }
    case EVENT_DUE:
        return driver_due(n->driver, err);
    case EVENT_STOP:
        break;
    }
    return CODE_OK;
}

/* --- sync --- */

static void sync_feed(struct node *n, struct err *err) {
    const struct sync_block *s = sync_wanted(&n->sync);
    if (s == NULL || n->deciding || n->fed == s->height)
        return;
    n->fed = s->height;
    StoredBlock *pb = NULL;
    struct err why;
    int rc = pb_decode(&stored_block__descriptor, bytes_of(s->data, s->len), &n->arena, &pb, &why);
    if (rc == CODE_OK && pb->certificate == NULL)
        rc = CODE_MALFORMED;
    if (rc == CODE_OK)
        rc = take_decided(n, s->peer, pb_bytes(pb->block), pb->certificate, err);
    if (rc != CODE_OK) {
        sync_bad(&n->sync);
        n->fed = 0;
    }
}

static uint64_t sync_step(struct node *n, struct err *err) {
    sync_feed(n, err);
    uint64_t now = clock_mono_ms();
    struct sync_request asks[8];
    size_t k = sync_requests(&n->sync, now, asks, 8);
    for (size_t i = 0; i < k; i++) {
        BlockRequest pb = BLOCK_REQUEST__INIT;
        struct bytes out;
        pb.from = asks[i].from;
        pb.count = asks[i].count;
        if (pb_encode(&pb, &n->arena, &out, NULL) == CODE_OK)
            net_send(n->net, asks[i].peer, wire_class(WIRE_BLOCK_REQUEST), WIRE_BLOCK_REQUEST, out);
    }
    uint64_t behind = sync_behind(&n->sync);
    atomic_store(&n->behind, behind > 1 ? behind : 0);
    uint64_t next = sync_deadline(&n->sync, now);
    return next == UINT64_MAX ? DEADLINE_NEVER : deadline_in_ms(next > now ? next - now : 1);
}

/* --- the loop --- */

static int timers_fire(struct node *n, struct err *err) {
    uint64_t now = clock_mono_ns();
    for (unsigned i = 0; i < BFT_TIMER_KINDS; i++) {
        struct node_timer *t = &n->timers[i];
        if (!t->armed || t->deadline_ns > now)
            continue;
        t->armed = false;
        struct bft_timer timer = t->timer;
        int rc = driver_timer(n->driver, &timer, err);
        if (rc != CODE_OK)
            return rc;
    }
    return CODE_OK;
}

static uint64_t timers_next(const struct node *n) {
    uint64_t next = DEADLINE_NEVER;
    for (unsigned i = 0; i < BFT_TIMER_KINDS; i++)
        if (n->timers[i].armed && n->timers[i].deadline_ns < next)
            next = n->timers[i].deadline_ns;
    return next;
}

static int events_take(struct node *n, void **events, size_t k, bool *ret_stop, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; i < k; i++) {
        struct event *e = events[i];
        if (e->kind == EVENT_NET)
            peers_taken(n, e);
        *ret_stop = *ret_stop || e->kind == EVENT_STOP;
        if (rc == CODE_OK && !*ret_stop)
            rc = on_event(n, e, err);
        arena_reset(&n->arena);
        event_free(e);
    }
    return rc;
}

void core_run(void *node) {
    struct node *n = node;
    void *events[BATCH];
    struct err err;
    bool stop = false;
    uint64_t sync_due = 0;
    int rc = CODE_OK;
    while (!stop) {
        uint64_t deadline = timers_next(n);
        if (sync_due < deadline)
            deadline = sync_due;
        size_t k = 0;
        if (queue_take_many(&n->events, deadline, events, BATCH, &k) == CODE_CLOSED)
            break;
        err_clear(&err);
        if (rc == CODE_OK)
            rc = events_take(n, events, k, &stop, &err);
        else
            events_take(n, events, k, &stop, &err);
        if (rc == CODE_OK && !stop)
            rc = timers_fire(n, &err);
        if (rc != CODE_OK) {
            node_fail(n, rc, &err);
            break;
        }
        sync_due = sync_step(n, &err);
        arena_reset(&n->arena);
    }
}

struct event *event_new(enum event_kind kind, struct bytes payload) {
    struct event *e = calloc(1, sizeof *e + payload.len);
    if (e == NULL)
        return NULL;
    e->kind = kind;
    e->len = payload.len;
    if (payload.len > 0)
        memcpy(e->payload, payload.data, payload.len);
    return e;
}

void event_free(struct event *e) {
    if (e == NULL)
        return;
    block_unref(e->block);
    head_unref(e->head);
    free(e);
}

void core_post(struct node *n, struct event *e) {
    if (e == NULL || queue_put(&n->events, e, DEADLINE_NEVER) != CODE_OK)
        event_free(e);
}

/* --- opening --- */

struct recovery {
    struct node *n;
    unsigned records, bodies;
    struct err *err;
};

static int recover_one(void *arg, uint8_t kind, struct bytes payload) {
    struct recovery *r = arg;
    if (kind == LOG_RECORD) {
        r->records++;
        return driver_replay(r->n->driver, payload, r->err);
    }
    struct block *b = NULL;
    int rc = block_new(payload, &r->n->chain_tag, &b, r->err);
    if (rc == CODE_OK)
        rc = block_open(b, r->n->head->last_validators.n, r->err);
    if (rc == CODE_OK)
        body_keep(r->n, b, BODY_VALID);
    block_unref(b);
    r->bodies++;
    return rc == CODE_OK ? CODE_OK : err_wrap(r->err, CODE_CORRUPT, "a body in the durability log");
}

static void env_init(struct node *n) {
    n->env = (struct driver_env){
        .ctx = n,
        .log_begin = env_log_begin,
        .log_append = env_log_append,
        .log_sync = env_log_sync,
        .timer_arm = env_timer_arm,
        .timer_cancel = env_timer_cancel,
        .sign = env_sign,
        .send = env_send,
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

int core_open(struct node *n, struct err *err) {
    arena_init(&n->arena, EVENT_ARENA);
    sync_init(&n->sync);
    sync_advance(&n->sync, n->head->height + 1, clock_mono_ms());
    size_t size = bft_size(VALIDATORS_MAX);
    n->core_memory = aligned_alloc(16, (size + 15) / 16 * 16);
    n->driver = calloc(1, sizeof *n->driver);
    if (n->core_memory == NULL || n->driver == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the consensus core");
    n->core = bft_init(n->core_memory, VALIDATORS_MAX);
    env_init(n);
    driver_init(n->driver, n->core, &n->env);
    struct bft_start start = start_of(n);
    int rc = driver_replay_begin(n->driver, &start, err);
    struct recovery r = {.n = n, .err = err};
    if (rc == CODE_OK)
        rc = wal_open(n->wal, start.height, recover_one, &r, err);
    if (rc == CODE_OK)
        rc = driver_replay_end(n->driver, err);
    if (rc == CODE_OK && r.records > 0)
        log_info("node", "recovered from the durability log", "height=%" PRIu64 " records=%u bodies=%u torn=%" PRIu64,
                 start.height, r.records, r.bodies, wal_stats(n->wal).torn);
    return rc;
}

void core_close(struct node *n) {
    bodies_clear(n, UINT64_MAX);
    sync_release(&n->sync);
    arena_release(&n->arena);
    head_unref(n->head);
    free(n->driver);
    free(n->core_memory);
}
