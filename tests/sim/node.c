/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"
#include "tests/sim/oracle.h"

#include <stdlib.h>

uint64_t sim_node_clock(const struct sim *s, const struct sim_node *n) {
    return (uint64_t)((int64_t)(GENESIS_CLOCK + s->now) + n->clock_offset);
}

/* NULL: genesis. */
const struct sim_block *sim_node_parent(const struct sim *s, const struct sim_node *n) {
    return n->committed ? &s->blocks[n->store[n->committed].block] : NULL;
}

uint32_t sim_node_txs_committed(const struct sim *s, const struct sim_node *n) {
    const struct sim_block *parent = sim_node_parent(s, n);
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
    sim_node_env(n);
}

static struct bft_start start_hints(const struct sim *s, const struct sim_node *n) {
    const struct sim_block *parent = sim_node_parent(s, n);
    uint64_t clock = sim_node_clock(s, n);
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
    sim_node_judge_later(n, block);
}

static bool is_timely(const struct sim *s, const struct sim_node *n, const struct proposal *proposal) {
    uint32_t block = sim_block_find(s, &proposal->value);
    if (block == UINT32_MAX)
        return false;
    uint64_t clock = sim_node_clock(s, n), time = s->blocks[block].time;
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
                                       : n->log.height == height && sim_node_log_has_body(&n->log, n->log.n, block);
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
        rc = sim_node_built(n, e->a, e->b);
        break;
    case AT_JUDGED:
        rc = sim_node_judge_now(n, e->b);
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
        if (n->txs_known > sim_node_txs_committed(s, n))
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
