/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's environment of a node: its log, timers, signer, links and ledger are models, or the shipped log and
 * signer on a model disk. */
#include "tests/sim/full.h"
#include "tests/sim/oracle.h"

#include <stdlib.h>

/* --- the model log
 * --------------------------------------------------------------------------------------------------------- */

static void log_reserve(struct log *log, size_t len) {
    if (log->n == log->room) {
        log->room = log->room ? 2 * log->room : 64;
        log->records = realloc(log->records, log->room * sizeof *log->records);
    }
    if (log->bytes_len + len > log->bytes_room) {
        log->bytes_room = 2 * log->bytes_room + (uint32_t)len + 4096;
        log->bytes = realloc(log->bytes, log->bytes_room);
    }
    if (!log->records || !log->bytes)
        abort();
}

static void log_put(struct log *log, struct bytes bytes, uint32_t block) {
    log_reserve(log, bytes.len);
    log->records[log->n++] = (struct log_record){.offset = log->bytes_len, .len = (uint32_t)bytes.len, .block = block};
    if (bytes.len > 0)
        memcpy(log->bytes + log->bytes_len, bytes.data, bytes.len);
    log->bytes_len += (uint32_t)bytes.len;
}

bool sim_node_log_has_body(const struct log *log, uint32_t records, uint32_t block) {
    for (uint32_t i = 0; i < records; i++)
        if (log->records[i].len == 0 && log->records[i].block == block)
            return true;
    return false;
}

bool sim_node_has_judged_body(const struct sim_node *n, uint32_t block) {
    return sim_node_log_has_body(&n->log, n->log.n, block);
}

bool sim_node_has_durable_body(const struct sim_node *n, uint32_t block) {
    uint64_t height = n->sim->blocks[block].height;
    if (height <= n->committed)
        return n->store[height].block == block;
    return sim_node_log_has_body(&n->log, n->log.synced, block);
}

/* --- the environment: log, timers, signer
 * ---------------------------------------------------------------------------------------- */

static int env_log_begin(void *ctx, uint64_t height, struct err *err) {
    struct sim_node *n = ctx;
    if (sim_node_dies_here(n, "before a new log"))
        return CODE_INTERNAL;
    n->log.height = height;
    n->log.n = n->log.synced = n->log.bytes_len = 0;
    return n->wal ? wal_reset(n->wal, height, err) : CODE_OK;
}

static int env_log_append(void *ctx, struct bytes record, struct err *err) {
    struct sim_node *n = ctx;
    if (sim_node_dies_here(n, "before an append"))
        return CODE_INTERNAL;
    log_put(&n->log, record, 0);
    return n->wal ? wal_append(n->wal, WAL_EVENT, record, err) : CODE_OK;
}

static int log_body(struct sim_node *n, uint32_t block) {
    uint8_t bytes[4];
    store_le32(bytes, block);
    log_put(&n->log, BYTES_NONE, block);
    return n->wal ? wal_append(n->wal, WAL_BODY, bytes_of(bytes, sizeof bytes), NULL) : CODE_OK;
}

static int env_log_sync(void *ctx, struct err *err) {
    struct sim_node *n = ctx;
    if (sim_node_dies_here(n, "before a sync"))
        return CODE_INTERNAL;
    int rc = n->wal ? wal_sync(n->wal, err) : sim_node_disk_fails(n, CODE_IO);
    if (rc)
        return rc;
    n->log.synced = n->log.n;
    return sim_node_dies_here(n, "after a sync") ? CODE_INTERNAL : CODE_OK;
}

uint64_t sim_node_wait(const struct sim_node *n, uint64_t ms) {
    return ms * 1000 / (uint64_t)(1000 + n->drift);
}

static void env_timer_arm(void *ctx, const struct bft_timer *timer) {
    struct sim_node *n = ctx;
    struct sim *s = n->sim;
    n->timers[timer->kind] = *timer;
    n->timer_generation[timer->kind] = ++s->seq;
    sim_at(s, sim_node_wait(n, timer->delay_ms),
           &(struct sim_event){.what = AT_TIMER,
                               .node = n->index,
                               .life = n->life,
                               .a = n->timer_generation[timer->kind],
                               .b = timer->kind});
}

static void env_timer_cancel(void *ctx, enum bft_timer_kind kind) {
    struct sim_node *n = ctx;
    n->timer_generation[kind] = 0;
}

static int order(const struct mark *last, uint64_t height, uint32_t round, uint8_t type) {
    if (last->height != height)
        return last->height < height ? -1 : 1;
    if (last->round != round)
        return last->round < round ? -1 : 1;
    return last->type < type ? -1 : last->type > type;
}

/* The real signer must do as the model: refuse what comes before, give the same signature for the same. When the
 * process died inside it, it may remember one signature more than the model. */
static int sign_really(struct sim_node *n, const struct bft_sign *request, uint64_t height, uint32_t round, int cmp,
                       struct sig *ret_sig, bool *ret_refused) {
    struct sim *s = n->sim;
    struct hash digest = request->type == VOTE_PROPOSAL ? proposal_digest(&s->chain_tag, &request->proposal)
                                                        : vote_digest(&s->chain_tag, &request->vote);
    bool ahead = n->tried.used && order(&n->tried, height, round, request->type) > 0;
    n->signer.log_records = wal_synced(n->wal);
    int rc = signer_sign(&n->signer, height, round, (enum signer_step)request->type, &digest, ret_sig, NULL);
    if (!ahead)
        n->tried = (struct mark){.used = true, .height = height, .round = round, .type = request->type};
    if (n->dying)
        return CODE_INTERNAL;
    if (rc && n->disk_failed)
        return rc;
    *ret_refused = rc == CODE_CONFLICT;
    if (rc && rc != CODE_CONFLICT)
        check_fail(s, "node %u: the signer answers %s", n->index, code_name(rc));
    else if ((cmp > 0) != *ret_refused && !ahead)
        check_fail(s, "node %u: the signer %s", n->index, cmp > 0 ? "did not refuse" : "refused");
    else if (cmp == 0 && !rc && !sig_eq(ret_sig, &n->mark.sig))
        check_fail(s, "node %u: the signer signed the same otherwise", n->index);
    return CODE_OK;
}

/* As chain/signer: durable before it returns; the same again gives the same signature; less than the last is refused.
 * To be asked to contradict itself would be the core's fault. */
static int env_sign(void *ctx, const struct bft_sign *request, struct sig *ret_sig, bool *ret_refused,
                    struct err *err) {
    struct sim_node *n = ctx;
    struct sim *s = n->sim;
    bool proposal = request->type == VOTE_PROPOSAL;
    uint64_t height = proposal ? request->proposal.height : request->vote.height;
    uint32_t round = proposal ? request->proposal.round : request->vote.round;
    int32_t pol_round = proposal ? request->proposal.pol_round : POL_ROUND_NONE;
    const struct hash *value = proposal ? &request->proposal.value : &request->vote.value;
    (void)err;
    if (sim_node_dies_here(n, "before signing"))
        return CODE_INTERNAL;
    int cmp = n->mark.used ? order(&n->mark, height, round, request->type) : -1;
    *ret_refused = cmp > 0;
    int rc = n->wal ? sign_really(n, request, height, round, cmp, ret_sig, ret_refused) : CODE_OK;
    /* After a crash it may be asked again for what it signed before that; in one life, for one after the other. */
    bool old = n->at_boot.used && order(&n->at_boot, height, round, request->type) >= 0;
    if (*ret_refused && n->nature == HONEST && !old)
        check_fail(s, "node %u was asked to sign what lies behind its last signature, in height %llu round %u",
                   n->index, (unsigned long long)height, round);
    if (rc || *ret_refused)
        return rc;
    if (request->type == VOTE_PREVOTE)
        oracle_prevotes(n, height, round);
    if (cmp == 0) {
        if (!hash_eq(&n->mark.value, value) || n->mark.pol_round != pol_round)
            check_fail(s, "node %u was asked to sign twice in height %llu round %u", n->index,
                       (unsigned long long)height, round);
        *ret_sig = n->mark.sig;
        return CODE_OK;
    }
    if (!n->wal && sim_node_disk_fails(n, CODE_IO))
        return CODE_IO;
    struct bft_sign signed_ = *request;
    if (proposal)
        key_sign_proposal(s, n->validator, &signed_.proposal);
    else
        key_sign_vote(s, n->validator, &signed_.vote);
    *ret_sig = proposal ? signed_.proposal.sig : signed_.vote.sig;
    n->mark = (struct mark){.used = true,
                            .height = height,
                            .round = round,
                            .type = request->type,
                            .value = *value,
                            .pol_round = pol_round,
                            .sig = *ret_sig};
    check_signed(s, n, &signed_);
    char name[12];
    if (proposal)
        trace(s, n, height, round, "PROPOSAL h %llu r %u %s vr %d", (unsigned long long)height, round,
              value_name(value, name), pol_round);
    else
        trace(s, n, height, round * 4ull + request->type, "%s h %llu r %u %s",
              request->type == VOTE_PREVOTE ? "PREVOTE" : "PRECOMMIT", (unsigned long long)height, round,
              value_name(value, name));
    return sim_node_dies_here(n, "after signing") ? CODE_INTERNAL : CODE_OK;
}

/* --- the environment: network
 * ------------------------------------------------------------------------------------------------------ */

static struct msg *send_as_msg(struct sim_node *n, const struct bft_send *send) {
    struct sim *s = n->sim;
    struct msg *m = NULL;
    switch (send->kind) {
    case BFT_SEND_PROPOSAL:
        m = msg_new(s, MSG_PROPOSAL, n->index);
        m->proposal = send->proposal;
        m->value = send->proposal.value;
        break;
    case BFT_SEND_VOTE:
        m = msg_new(s, MSG_VOTE, n->index);
        m->vote = send->vote;
        break;
    case BFT_SEND_CERTIFICATE:
        m = msg_new(s, MSG_CERTIFICATE, n->index);
        msg_set_certificate(m, send->certificate);
        break;
    case BFT_SEND_STATUS:
        m = msg_new(s, MSG_STATUS, n->index);
        m->height = send->status.height;
        m->round = send->status.round;
        break;
    }
    return m;
}

static void env_send(void *ctx, const struct bft_send *send) {
    struct sim_node *n = ctx;
    struct sim *s = n->sim;
    if (sim_node_dies_here(n, "before a send"))
        return;
    check_sends(s, n);
    struct msg *m = send_as_msg(n, send);
    if (n->nature == HONEST && !key_check_msg(s, m))
        check_fail(s, "node %u sends what it did not sign", n->index);
    links_broadcast(s, m);
    msg_release(m);
}

static void env_summary(void *ctx, const struct bft_summary *summary) {
    struct sim_node *n = ctx;
    if (sim_node_dies_here(n, "before a summary"))
        return;
    check_sends(n->sim, n);
    struct msg *m = msg_new(n->sim, MSG_SUMMARY, n->index);
    m->summary = *summary;
    links_broadcast(n->sim, m);
    msg_release(m);
}

/* What others signed. A proposal goes with its body. */
static void env_relay(void *ctx, driver_peer peer, const struct bft_send *send) {
    struct sim_node *n = ctx;
    struct sim *s = n->sim;
    uint32_t block = send->kind == BFT_SEND_PROPOSAL ? sim_block_find(s, &send->proposal.value) : 0;
    if (sim_node_dies_here(n, "before relaying") || block == UINT32_MAX ||
        (send->kind == BFT_SEND_PROPOSAL && !n->held[block]))
        return;
    struct msg *m = send_as_msg(n, send);
    if (!key_check_msg(s, m))
        check_fail(s, "node %u relays what nobody signed", n->index);
    s->relayed++;
    links_send(s, m, peer);
    msg_release(m);
}

static void env_laggard(void *ctx, driver_peer peer, uint64_t height) {
    struct sim_node *n = ctx;
    struct sim *s = n->sim;
    if (height == 0 || height > n->committed || peer >= s->nodes_n)
        return;
    struct msg *m = msg_new(s, MSG_DECISION, n->index);
    m->value = s->blocks[n->store[height].block].id;
    msg_set_certificate(m, n->store[height].cert);
    links_send(s, m, peer);
    msg_release(m);
}

static void env_behind(void *ctx, driver_peer peer, uint64_t height) {
    (void)ctx, (void)peer, (void)height; /* our own status brings the answer */
}

static void env_rejected(void *ctx, driver_peer peer, const char *reason) {
    struct sim_node *n = ctx;
    if (peer < n->sim->nodes_n && n->sim->nodes[peer].nature == HONEST)
        check_fail(n->sim, "node %u rejected a message of honest node %u: %s", n->index, peer, reason);
}

/* --- the environment: ledger
 * -------------------------------------------------------------------------------------------------------- */

int sim_node_judge_now(struct sim_node *n, uint32_t block) {
    struct sim *s = n->sim;
    n->judging[block] = false;
    if (!n->asked[block] || s->blocks[block].height != n->committed + 1)
        return CODE_OK;
    n->asked[block] = false;
    bool valid = sim_block_is_valid(s, block, n->committed + 1, sim_node_parent(s, n));
    if (valid && sim_node_dies_here(n, "before a body"))
        return CODE_OK;
    if (valid && log_body(n, block))
        return CODE_INTERNAL;
    return driver_body(&n->driver, &s->blocks[block].id, valid ? BFT_VERDICT_VALID : BFT_VERDICT_INVALID, NULL);
}

void sim_node_judge_later(struct sim_node *n, uint32_t block) {
    struct sim *s = n->sim;
    if (!n->asked[block] || !n->held[block] || n->judging[block])
        return;
    n->judging[block] = true;
    sim_at(s, rng_below(&s->disk, s->drawn.ledger_ms + 1),
           &(struct sim_event){.what = AT_JUDGED, .node = n->index, .life = n->life, .b = block});
}

static void ask_for(struct sim_node *n, const struct hash *value, bool fetch) {
    struct sim *s = n->sim;
    uint32_t block = sim_block_find(s, value);
    if (block != UINT32_MAX) {
        n->asked[block] = true;
        if (n->held[block] && rng_chance(&s->disk, 1, 4))
            (void)sim_node_judge_now(n, block); /* some ledgers answer at once, from inside */
        else if (n->held[block])
            sim_node_judge_later(n, block);
        if (n->held[block])
            return;
    }
    if (!fetch)
        return;
    struct msg *m = msg_new(s, MSG_BODY_REQUEST, n->index);
    m->value = *value;
    links_broadcast(s, m);
    msg_release(m);
}

static void env_validate(void *ctx, uint64_t height, uint32_t round, const struct hash *value) {
    struct sim_node *n = ctx;
    (void)height, (void)round;
    oracle_validates(n, value);
    if (!sim_node_dies_here(n, "before a judgement"))
        ask_for(n, value, false);
}

static void env_need(void *ctx, uint64_t height, uint32_t round, const struct hash *value) {
    struct sim_node *n = ctx;
    (void)height, (void)round;
    if (!sim_node_dies_here(n, "before a request"))
        ask_for(n, value, true);
}

static void env_build(void *ctx, uint64_t height, uint32_t round) {
    struct sim_node *n = ctx;
    struct sim *s = n->sim;
    if (sim_node_dies_here(n, "before building"))
        return;
    sim_at(s, rng_below(&s->disk, s->drawn.ledger_ms + 1),
           &(struct sim_event){.what = AT_BUILT, .node = n->index, .life = n->life, .a = height, .b = round});
}

int sim_node_built(struct sim_node *n, uint64_t height, uint32_t round) {
    struct sim *s = n->sim;
    static const struct hash none;
    const struct sim_block *parent = sim_node_parent(s, n);
    if (height != n->committed + 1)
        return CODE_OK;
    uint64_t time = sim_node_clock(s, n);
    if (parent && time <= parent->time)
        time = parent->time + 1;
    uint32_t from = sim_node_txs_committed(s, n);
    uint32_t end = n->txs_known > from ? n->txs_known : from;
    if (parent && end == from && parent->txs == 0 && time < parent->time + s->drawn.heartbeat_ms)
        return driver_built(&n->driver, height, round, &none, NULL);
    uint32_t block = sim_block_new(s, height, parent ? &parent->id : &none, time, from, end, false);
    n->held[block] = true;
    if (sim_node_dies_here(n, "before the own body"))
        return CODE_OK;
    if (log_body(n, block))
        return CODE_INTERNAL;
    return driver_built(&n->driver, height, round, &s->blocks[block].id, NULL);
}

static int env_decide(void *ctx, uint64_t height, const struct hash *value, const struct certificate *cert,
                      struct err *err) {
    struct sim_node *n = ctx;
    struct sim *s = n->sim;
    char name[12];
    (void)err;
    trace(s, n, height, load_be32(value->b), "decides h %llu %s of r %u", (unsigned long long)height,
          value_name(value, name), cert->round);
    check_decided(s, n, height, value, cert);
    if (sim_node_dies_here(n, "before the commit"))
        return CODE_INTERNAL;
    if (height >= HEIGHTS_MAX || height != n->committed + 1) {
        check_fail(s, "node %u decides height %llu after %llu", n->index, (unsigned long long)height,
                   (unsigned long long)n->committed);
        return CODE_INTERNAL;
    }
    struct stored *stored = &n->store[height];
    stored->block = sim_block_find(s, value);
    stored->cert = realloc(stored->cert, offsetof(struct certificate, votes) + cert->n * sizeof *cert->votes);
    if (!stored->cert)
        abort();
    certificate_copy(stored->cert, cert);
    n->committed = height;
    if (sim_node_dies_here(n, "after the commit"))
        return CODE_INTERNAL;
    sim_at(s, rng_below(&s->disk, s->drawn.ledger_ms + 1),
           &(struct sim_event){.what = AT_NEXT_HEIGHT, .node = n->index, .life = n->life, .a = height + 1});
    return CODE_OK;
}

static void env_evidence(void *ctx, const struct bft_evidence *evidence) {
    struct sim_node *n = ctx;
    oracle_evidence(n, evidence);
    check_evidence(n->sim, n, evidence);
}

static void env_diverged(void *ctx, uint64_t height, const struct hash *value) {
    struct sim_node *n = ctx;
    (void)value;
    check_fail(n->sim, "node %u: a quorum precommitted an invalid value at height %llu", n->index,
               (unsigned long long)height);
}

void sim_node_env(struct sim_node *n) {
    n->env = (struct driver_env){.ctx = n,
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
                                 .rejected = env_rejected};
}
