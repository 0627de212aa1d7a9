/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"
#include "tests/sim/oracle.h"

#include <stdlib.h>

static uint64_t local_clock(const struct sim *s, const struct sim_node *n) {
    return (uint64_t)((int64_t)(GENESIS_CLOCK + s->now) + n->clock_offset);
}

/* NULL: genesis. */
static const struct sim_block *parent_of(const struct sim *s, const struct sim_node *n) {
    return n->committed ? &s->blocks[n->store[n->committed].block] : NULL;
}

static uint32_t txs_committed(const struct sim *s, const struct sim_node *n) {
    const struct sim_block *parent = parent_of(s, n);
    return parent ? parent->txs_end : 0;
}

/* --- crash points
 * ------------------------------------------------------------------------------------------------------------ */

bool sim_node_dies_here(struct sim_node *n, const char *where) {
    struct sim *s = n->sim;
    if (n->up && !n->dying && !s->calm && n->nature == HONEST &&
        rng_chance(&s->faults, s->drawn.crash_inside, 100000)) {
        n->dying = true;
        trace(s, n, 0, 0, "crash point: %s", where);
    }
    return n->dying;
}

int sim_node_disk_fails(struct sim_node *n, int code) {
    struct sim *s = n->sim;
    if (!n->up || n->dying || s->calm || n->nature != HONEST || !rng_chance(&s->faults, s->drawn.disk_fails, 100000))
        return CODE_OK;
    n->disk_failed = true;
    trace(s, n, (uint64_t)code, 0, "the disk fails: %s", code_name(code));
    return code;
}

/* A node whose disk failed has to stop, and starts again later. */
static void after_step(struct sim_node *n, int rc) {
    if (n->disk_failed && !n->dying && !rc)
        check_fail(n->sim, "node %u goes on after its disk failed", n->index);
    else if (n->dying || n->disk_failed)
        sim_node_crash(n->sim, n, false);
    else if (rc)
        check_fail(n->sim, "node %u: the driver failed with code %d", n->index, rc);
}

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

static bool log_has_body(const struct log *log, uint32_t records, uint32_t block) {
    for (uint32_t i = 0; i < records; i++)
        if (log->records[i].len == 0 && log->records[i].block == block)
            return true;
    return false;
}

bool sim_node_has_judged_body(const struct sim_node *n, uint32_t block) {
    return log_has_body(&n->log, n->log.n, block);
}

bool sim_node_has_durable_body(const struct sim_node *n, uint32_t block) {
    uint64_t height = n->sim->blocks[block].height;
    if (height <= n->committed)
        return n->store[height].block == block;
    return log_has_body(&n->log, n->log.synced, block);
}

/* --- the environment: log, timers, signer
 * ---------------------------------------------------------------------------------------- */

enum { WAL_EVENT = 1, WAL_BODY = 2 };

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

static int judge_now(struct sim_node *n, uint32_t block) {
    struct sim *s = n->sim;
    n->judging[block] = false;
    if (!n->asked[block] || s->blocks[block].height != n->committed + 1)
        return CODE_OK;
    n->asked[block] = false;
    bool valid = sim_block_is_valid(s, block, n->committed + 1, parent_of(s, n));
    if (valid && sim_node_dies_here(n, "before a body"))
        return CODE_OK;
    if (valid && log_body(n, block))
        return CODE_INTERNAL;
    return driver_body(&n->driver, &s->blocks[block].id, valid ? BFT_VERDICT_VALID : BFT_VERDICT_INVALID, NULL);
}

static void judge_later(struct sim_node *n, uint32_t block) {
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
            (void)judge_now(n, block); /* some ledgers answer at once, from inside */
        else if (n->held[block])
            judge_later(n, block);
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

static int built(struct sim_node *n, uint64_t height, uint32_t round) {
    struct sim *s = n->sim;
    static const struct hash none;
    const struct sim_block *parent = parent_of(s, n);
    if (height != n->committed + 1)
        return CODE_OK;
    uint64_t time = local_clock(s, n);
    if (parent && time <= parent->time)
        time = parent->time + 1;
    uint32_t from = txs_committed(s, n);
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

/* --- life
 * ---------------------------------------------------------------------------------------------------------------------
 */

void sim_node_release(struct sim_node *n) {
    if (n->wal)
        wal_free(n->wal);
    if (n->signer.disk)
        signer_release(&n->signer);
    if (n->disk)
        n->disk->free(n->disk);
    n->wal = NULL;
    n->disk = NULL;
    n->signer = (struct signer){0};
}

static void make_disk(struct sim_node *n) {
    n->disk = disk_new(n);
    if (n->validator == BFT_SELF_NONE)
        return;
    if (signer_create(n->disk, &n->sim->pubkeys[n->validator], NULL))
        abort();
}

void sim_node_new_disk(struct sim_node *n) {
    n->disk->free(n->disk);
    make_disk(n);
}

void sim_node_setup(struct sim *s, uint32_t index, uint16_t validator, enum nature nature) {
    struct sim_node *n = &s->nodes[index];
    struct sim_node kept = {.memory = n->memory,
                            .store = n->store,
                            .held = n->held,
                            .asked = n->asked,
                            .judging = n->judging,
                            .oracle = n->oracle,
                            .log = n->log};
    if (!kept.memory) {
        kept.oracle = calloc(1, sizeof *kept.oracle);
        kept.memory = aligned_alloc(16, (bft_size(VALIDATORS_SIM_MAX) + 15) / 16 * 16);
        kept.store = calloc(HEIGHTS_MAX, sizeof *kept.store);
        kept.held = calloc(3, BLOCKS_MAX);
        if (!kept.memory || !kept.store || !kept.held || !kept.oracle)
            abort();
        kept.asked = kept.held + BLOCKS_MAX;
        kept.judging = kept.asked + BLOCKS_MAX;
    }
    sim_node_release(n);
    n->sim = s;
    n->index = index;
    n->validator = validator;
    n->nature = nature;
    n->up = n->dying = n->disk_failed = false;
    n->life = 0;
    n->memory = kept.memory;
    n->store = kept.store;
    n->held = kept.held;
    n->asked = kept.asked;
    n->judging = kept.judging;
    n->oracle = kept.oracle;
    oracle_boot(n);
    n->log = kept.log;
    n->log.height = 0;
    n->log.n = n->log.synced = n->log.bytes_len = 0;
    n->committed = 0;
    n->mark.used = n->tried.used = false;
    if (s->drawn.kind != KIND_SMALL && nature != SILENT && nature != SCRIPTED)
        make_disk(n);
    n->txs_known = 0;
    n->fingerprint = 0;
    n->seen_height = 0;
    n->seen_round = 0;
    memset(n->seen_values, 0, sizeof n->seen_values);
    n->clock_offset = 0;
    n->drift = 0;
    n->gone = false;
    n->sent_second = n->sent = 0;
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

static struct bft_start start_hints(const struct sim *s, const struct sim_node *n) {
    const struct sim_block *parent = parent_of(s, n);
    uint64_t clock = local_clock(s, n);
    struct bft_start start = {.height = n->committed + 1,
                              .powers = s->powers,
                              .validators = s->validators,
                              .self = n->validator,
                              .config = s->config};
    if (!parent) {
        start.due = true;
        return start;
    }
    uint64_t open = parent->time + s->drawn.interval_ms, beat = parent->time + s->drawn.heartbeat_ms;
    start.wait_ms = open > clock ? (uint32_t)(open - clock) : 0;
    start.heartbeat_ms = beat > clock ? (uint32_t)(beat - clock) : 0;
    start.due = parent->txs > 0 || n->txs_known > parent->txs_end;
    return start;
}

static void restore_bodies(struct sim_node *n) {
    memset(n->held, 0, 3 * BLOCKS_MAX); /* held, asked, judging are one piece */
    for (uint32_t i = 0; i < n->log.n; i++)
        if (n->log.records[i].len == 0)
            n->held[n->log.records[i].block] = true;
}

static int replay(struct sim *s, struct sim_node *n) {
    int rc = CODE_OK;
    for (uint32_t i = 0; i < n->log.n && !rc; i++) {
        const struct log_record *r = &n->log.records[i];
        if (r->len > 0)
            rc = driver_replay(&n->driver, bytes_of(n->log.bytes + r->offset, r->len), NULL);
    }
    if (rc) {
        check_fail(s, "node %u cannot replay its log: code %d", n->index, rc);
        return rc;
    }
    s->replays++;
    if (n->fingerprint && n->fingerprint != bft_fingerprint(n->core))
        check_fail(s, "node %u: the replayed state differs from the one before the crash", n->index);
    return CODE_OK;
}

struct readback {
    struct sim_node *n;
    uint32_t count;
};

/* Record by record, what the real log gives back is what the mirror says was appended. */
static int readback_record(void *arg, uint8_t kind, struct bytes payload) {
    struct readback *r = arg;
    const struct log *log = &r->n->log;
    const struct log_record *want =
        log->height == r->n->committed + 1 && r->count < log->n ? &log->records[r->count] : NULL;
    bool same = want && (kind == WAL_BODY ? want->len == 0 && load_le32(payload.data) == want->block
                                          : bytes_eq(payload, bytes_of(log->bytes + want->offset, want->len)));
    r->count++;
    if (!same)
        check_fail(r->n->sim, "node %u: record %u of its log is not what was written", r->n->index, r->count - 1);
    return CODE_OK;
}

/* The real log and signer, opened as at every start of the process. */
static int open_disk(struct sim_node *n, uint64_t height) {
    struct readback r = {.n = n};
    int rc = wal_new(n->disk, &n->wal, NULL);
    if (!rc && n->validator != BFT_SELF_NONE)
        rc = signer_open(&n->signer, n->disk, &n->sim->seckeys[n->validator], NULL);
    if (!rc)
        rc = wal_open(n->wal, height, readback_record, &r, NULL);
    if (!rc && n->validator != BFT_SELF_NONE)
        rc = signer_check_log(&n->signer, height, wal_synced(n->wal), NULL);
    if (rc)
        return rc;
    if (n->log.height == height && r.count < n->log.synced)
        check_fail(n->sim, "node %u: its log lost %u durable records", n->index, n->log.synced - r.count);
    n->log.n = r.count < n->log.n ? r.count : n->log.n;
    return CODE_OK;
}

void sim_node_boot(struct sim *s, struct sim_node *n) {
    if (s->full) {
        full_boot(s, n);
        return;
    }
    n->up = true;
    n->dying = n->disk_failed = false;
    n->at_boot = n->mark;
    n->life++;
    memset(n->timer_generation, 0, sizeof n->timer_generation);
    n->core = bft_init(n->memory, VALIDATORS_SIM_MAX);
    driver_init(&n->driver, n->core, &n->env);
    oracle_boot(n);
    struct bft_start start = start_hints(s, n);
    trace(s, n, start.height, n->log.n, "starts at h %llu, %u records in the log", (unsigned long long)start.height,
          n->log.height == start.height ? n->log.n : 0);
    int rc = n->disk ? open_disk(n, start.height) : CODE_OK;
    rc = rc ? rc : driver_replay_begin(&n->driver, &start, NULL);
    if (n->dying || n->disk_failed) {
        after_step(n, rc);
        return;
    }
    if (n->log.height == start.height) {
        restore_bodies(n);
        rc = rc ? rc : replay(s, n);
        n->log.synced = n->log.n;
    } else {
        n->log.n = n->log.synced = n->log.bytes_len = 0;
        restore_bodies(n);
    }
    n->fingerprint = 0;
    if (s->failure[0])
        return;
    after_step(n, rc ? rc : driver_replay_end(&n->driver, NULL));
}

static void crash_disk(struct sim_node *n, bool power_cut, bool forget_all) {
    wal_free(n->wal);
    n->wal = NULL;
    if (n->signer.disk)
        signer_release(&n->signer);
    if (power_cut)
        disk_power_cut(n->disk, &n->sim->faults);
    else
        disk_restart(n->disk);
    if (!forget_all)
        return;
    sim_node_new_disk(n);
}

uint64_t sim_down_time(struct sim *s) {
    return s->calm ? 0 : rng_chance(&s->faults, 1, 3) ? rng_below(&s->faults, 50) : rng_below(&s->faults, 8000);
}

/* The process dies; of what was not synced a part is lost, the last record perhaps torn (a torn record is dropped
 * whole). */
void sim_node_crash(struct sim *s, struct sim_node *n, bool forget_all) {
    if (s->full) {
        full_crash(s, n, forget_all);
        return;
    }
    uint32_t unsynced = n->log.n - n->log.synced;
    bool power_cut = rng_chance(&s->faults, 1, 2);
    if (n->disk) {
        crash_disk(n, power_cut, forget_all);
        unsynced = 0; /* what is lost the disk decides */
    }
    uint32_t lost = unsynced && rng_chance(&s->faults, 2, 3) ? (uint32_t)rng_range(&s->faults, 0, unsynced) : 0;
    n->fingerprint = !n->dying && !n->disk_failed && !n->disk && lost == 0 && n->log.height == n->committed + 1
                         ? bft_fingerprint(n->core)
                         : 0;
    n->log.n -= lost;
    n->log.bytes_len = n->log.n ? n->log.records[n->log.n - 1].offset + n->log.records[n->log.n - 1].len : 0;
    n->up = n->dying = n->disk_failed = false;
    n->life++;
    s->crashes++;
    trace(s, n, lost, unsynced, "crashes, loses %u of %u unsynced records", lost, unsynced);
    if (forget_all) {
        n->log.height = 0;
        n->log.n = n->log.synced = n->log.bytes_len = 0;
        n->mark.used = n->tried.used = false;
        n->fingerprint = 0;
    }
    sim_at(s, sim_down_time(s), &(struct sim_event){.what = AT_RESTART, .node = n->index, .life = n->life});
}

/* --- what happens to it
 * --------------------------------------------------------------------------------------------------------- */

static void body_arrives(struct sim_node *n, const struct hash *value) {
    uint32_t block = sim_block_find(n->sim, value);
    if (block == UINT32_MAX || n->sim->blocks[block].height <= n->committed)
        return;
    n->held[block] = true;
    judge_later(n, block);
}

static bool is_timely(const struct sim *s, const struct sim_node *n, const struct proposal *proposal) {
    uint32_t block = sim_block_find(s, &proposal->value);
    if (block == UINT32_MAX)
        return false;
    uint64_t clock = local_clock(s, n), time = s->blocks[block].time;
    uint64_t slack = TIMELY_MS + 2000 + 500 * (uint64_t)proposal->round;
    return time <= clock + TIMELY_MS && clock <= time + slack;
}

static int deliver_proposal(struct sim *s, struct sim_node *n, struct msg *m) {
    enum driver_when when = driver_when(&n->driver, m->proposal.height);
    if ((when == DRIVER_NOW || when == DRIVER_NEXT) && !key_check_msg(s, m))
        return CODE_OK;
    if (when == DRIVER_NOW || (when == DRIVER_NEXT && !s->drawn.forgetful))
        body_arrives(n, &m->value);
    int rc = driver_proposal(&n->driver, m->from, &m->proposal, is_timely(s, n, &m->proposal), NULL);
    oracle_proposal(n, &m->proposal, when);
    return rc;
}

static int deliver_vote(struct sim *s, struct sim_node *n, struct msg *m) {
    enum driver_when when = driver_when(&n->driver, m->vote.height);
    bool check = (when == DRIVER_NOW || when == DRIVER_NEXT) && !bft_has_vote(n->core, &m->vote);
    if (check && !key_check_msg(s, m))
        return CODE_OK;
    int rc = driver_vote(&n->driver, m->from, &m->vote, NULL);
    oracle_vote(n, &m->vote, when);
    return rc;
}

static int deliver_certificate(struct sim *s, struct sim_node *n, struct msg *m) {
    enum driver_when when = driver_when(&n->driver, m->cert->height);
    if (when == DRIVER_NOW && !key_check_msg(s, m))
        return CODE_OK;
    int rc = driver_certificate(&n->driver, m->from, m->cert, NULL);
    oracle_certificate(n, m->cert, when);
    return rc;
}

static void answer_body(struct sim *s, struct sim_node *n, const struct msg *m) {
    uint32_t block = sim_block_find(s, &m->value);
    if (block == UINT32_MAX)
        return;
    uint64_t height = s->blocks[block].height;
    bool have = height <= n->committed ? n->store[height].block == block
                                       : n->log.height == height && log_has_body(&n->log, n->log.n, block);
    if (!have)
        return;
    struct msg *answer = msg_new(s, MSG_BODY, n->index);
    answer->value = m->value;
    links_send(s, answer, m->from);
    msg_release(answer);
}

void sim_node_deliver(struct sim *s, struct sim_node *n, struct msg *m) {
    int rc = CODE_OK;
    if (n->nature == SCRIPTED) {
        byz_deliver(s, n, m);
        return;
    }
    switch (m->kind) {
    case MSG_PROPOSAL:
        rc = deliver_proposal(s, n, m);
        break;
    case MSG_VOTE:
        rc = deliver_vote(s, n, m);
        break;
    case MSG_CERTIFICATE:
        rc = deliver_certificate(s, n, m);
        break;
    case MSG_STATUS:
        rc = driver_status(&n->driver, m->from, m->height, m->round, NULL);
        break;
    case MSG_BODY_REQUEST:
        answer_body(s, n, m);
        break;
    case MSG_BODY:
        body_arrives(n, &m->value);
        break;
    case MSG_DECISION:
        if (driver_when(&n->driver, m->cert->height) == DRIVER_NOW)
            body_arrives(n, &m->value);
        rc = deliver_certificate(s, n, m);
        break;
    case MSG_SUMMARY:
        rc = driver_summary(&n->driver, m->from, &m->summary, NULL);
        break;
    case MSG_FRAME:
        return;
    }
    after_step(n, rc);
}

void sim_node_event(struct sim *s, struct sim_node *n, const struct sim_event *e) {
    int rc = CODE_OK;
    struct bft_timer timer;
    struct bft_start start;
    if (s->full) {
        full_event(s, n, e);
        return;
    }
    switch (e->what) {
    case AT_TIMER:
        if (n->timer_generation[e->b] != e->a)
            return;
        n->timer_generation[e->b] = 0;
        timer = n->timers[e->b];
        rc = driver_timer(&n->driver, &timer, NULL);
        break;
    case AT_BUILT:
        rc = built(n, e->a, e->b);
        break;
    case AT_JUDGED:
        rc = judge_now(n, e->b);
        break;
    case AT_NEXT_HEIGHT:
        n->oracle->validated_n = 0;
        start = start_hints(s, n);
        rc = driver_start(&n->driver, &start, NULL);
        if (!rc)
            oracle_started(n);
        break;
    case AT_TX:
        if (e->b > n->txs_known)
            n->txs_known = e->b;
        if (n->txs_known > txs_committed(s, n))
            rc = driver_due(&n->driver, NULL);
        break;
    case AT_DELIVER:
    case AT_RESTART:
    case AT_FAULT:
    case AT_HEAL:
    case AT_BYZANTINE:
    case AT_CALM:
    case AT_TICK:
    case AT_JOB:
    case AT_CHECKED:
    case AT_IMPORTED:
    case AT_KEEP:
    case AT_ADMIT:
    case AT_LINK:
    case AT_LINK_DOWN:
        return;
    }
    after_step(n, rc);
}
