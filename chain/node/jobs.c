/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger thread: builds, judges and commits, one job after another; and the one that checks fetched blocks. */
#include "chain/node/threads.h"

#include "chain/os/clock.h"
#include "chain/os/crash.h"
#include "chain/os/log.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ACCUSE_MEMORY = 32 << 20 /* a stored block and its results */ };

void job_post(struct node *n, const struct job *job) {
    struct job *copy = malloc(sizeof *copy);
    struct err err;
    if (copy != NULL) {
        *copy = *job;
        if (queue_put(job->kind == JOB_CHECK ? &n->checks : &n->jobs, copy, DEADLINE_NEVER) == CODE_OK)
            return;
    } else {
        node_fail(n, err_set(&err, CODE_NO_MEMORY, "no memory for the ledger's work; give the node more"), &err);
    }
    free(copy);
    block_unref(job->block);
}

/* Judging and building have failed for a reason of this machine: the node cannot go on. */
static void job_failed(struct node *n, int code, const struct err *err) {
    node_fail(n, code, err);
}

static void job_build(struct node *n, const struct job *j) {
    struct executor *e = &n->executor;
    struct err err;
    err_clear(&err);
    const ConsensusParams *c = e->head->info.consensus;
    struct block *block = NULL;
    int rc = CODE_OK;
    if (j->height == e->head->height + 1) {
        struct admit_pins pins;
        executor_certified(e, &j->certificate);
        rc = admit_pin(n->admit, c->block_bytes_max, c->block_txs_max, &pins, &err);
        if (rc == CODE_OK) {
            rc = executor_build(e, clock_real_ms(), pins.wires, pins.n, &block, &err);
            if (rc == CODE_OK)
                admit_left_out(n->admit, &pins, block);
            admit_unpin(&pins);
        }
    }
    if (rc != CODE_OK) {
        job_failed(n, rc, &err);
        return;
    }
    struct event *ev = event_new(EVENT_BUILT, BYTES_NONE);
    struct block *own = block != NULL && j->round == 0 ? block_ref(block) : NULL;
    if (ev != NULL) {
        ev->height = j->height;
        ev->round = j->round;
        ev->block = block;
    } else {
        block_unref(block);
    }
    crash_point(CRASH_LEDGER_BUILT);
    core_post(n, ev);
    if (own != NULL) /* while votes travel */
        executor_run_ahead(e, own);
    block_unref(own);
}

/* The core learns what the ledger thinks of a block; when it refuses it, `why`. */
static void judged(struct node *n, const struct job *j, bool invalid, const struct err *why) {
    if (invalid)
        log_warn("node", "a block is invalid", "height=%" PRIu64 " id=%s why=%s", j->block->header.height,
                 hash_hex(&j->block->header.id).s, log_quote(err_text(why)).s);
    struct event *ev = event_new(EVENT_JUDGED, invalid ? bytes_str(err_text(why)) : BYTES_NONE);
    if (ev != NULL) {
        ev->height = j->height;
        ev->block = block_ref(j->block);
        ev->invalid = invalid;
    }
    crash_point(CRASH_LEDGER_JUDGED);
    core_post(n, ev);
}

static void job_judge(struct node *n, const struct job *j) {
    struct err err;
    err_clear(&err);
    bool invalid = false;
    int rc = executor_judge(&n->executor, j->block, &invalid, &err);
    if (rc != CODE_OK && !invalid)
        job_failed(n, rc, &err);
    else
        judged(n, j, invalid, &err);
    if (rc == CODE_OK && j->round == 0) /* while votes travel */
        executor_run_ahead(&n->executor, j->block);
}

#define RENEWAL_EVERY 64 /* heights: an unanswered renewal has expired by then */

/* Registers the next reveal chain in good time: an ordinary transaction of the validator's own account. */
static void renew_reveals(struct node *n, uint64_t height) {
    struct arena arena;
    struct bytes wire;
    struct hash id;
    struct err err;
    if (!n->signs || height % RENEWAL_EVERY != 0)
        return;
    err_clear(&err);
    arena_init(&arena, 1 << 20);
    int rc = executor_renewal(&n->executor, &n->signer.key, &arena, &wire, &err);
    if (rc == CODE_OK && wire.len > 0)
        rc = admit_submit(n->admit, wire, false, &id, &err);
    if (rc != CODE_OK)
        log_warn("node", "the next reveal chain is not registered", "height=%" PRIu64 " why=%s", height,
                 log_quote(err_text(&err)).s);
    else if (wire.len > 0)
        log_info("node", "registering the next reveal chain", "height=%" PRIu64 " tx=%s", height, hash_hex(&id).s);
    arena_release(&arena);
}

/* Brings to the ledger what others signed twice. */
static void accuse(struct node *n) {
    const struct head *head = n->executor.head;
    struct accuser_view view = {.store = n->store,
                                .info = &head->info,
                                .chain_tag = n->chain_tag,
                                .self = n->self,
                                .key = n->signs ? &n->signer.key : NULL};
    struct arena arena;
    struct bytes wire;
    struct hash id;
    struct err err;
    if (atomic_exchange(&n->evidence_new, false))
        accuser_load(&n->accuser, head->height);
    arena_init(&arena, ACCUSE_MEMORY);
    for (bool more = n->accuser.n > 0; more; arena_reset(&arena)) {
        err_clear(&err);
        int rc = accuser_next(&n->accuser, &view, &arena, &wire, &err);
        more = rc == CODE_OK && wire.len > 0;
        if (more)
            rc = admit_submit(n->admit, wire, false, &id, &err);
        if (rc != CODE_OK)
            log_warn("node", "evidence is not submitted", "height=%" PRIu64 " why=%s", head->height,
                     log_quote(err_text(&err)).s);
        else if (more)
            log_info("node", "evidence submitted", "height=%" PRIu64 " tx=%s", head->height, hash_hex(&id).s);
    }
    arena_release(&arena);
}

/* A block has been committed: everybody learns of the new head. */
static void committed(struct node *n, const struct job *j, uint64_t begin_ns) {
    struct head *head = n->executor.head;
    crash_point(CRASH_COMMIT_DONE);
    admit_committed(n->admit, j->block);
    metric_add(n->m_txs, j->block->txs_n);
    metric_observe(n->m_commit_seconds, (double)(clock_mono_ns() - begin_ns) / 1e9);
    mutex_lock(&n->lock);
    head_unref(n->newest);
    n->newest = head_ref(head);
    cond_broadcast(&n->changed);
    mutex_unlock(&n->lock);
    crash_point(CRASH_COMMIT_PUBLISHED);
    struct event *ev = event_new(EVENT_COMMITTED, BYTES_NONE);
    if (ev != NULL)
        ev->head = head_ref(head);
    core_post(n, ev);
}

static void job_commit(struct node *n, const struct job *j) {
    struct err err;
    err_clear(&err);
    uint64_t begin = clock_mono_ns();
    crash_point(CRASH_COMMIT_BEFORE_EXECUTE);
    int rc = executor_commit(&n->executor, j->block, &j->certificate, &err);
    if (rc != CODE_OK) {
        job_failed(n, rc, &err);
        return;
    }
    const struct head *head = n->executor.head;
    if (j->block->txs_n > 0 || log_enabled(LOG_DEBUG))
        log_info("node", "block committed", "height=%" PRIu64 " round=%u txs=%zu app_hash=%s", head->height,
                 j->certificate.round, j->block->txs_n, hash_hex(&head->app_hash).s);
    renew_reveals(n, head->height);
    committed(n, j, begin);
    accuse(n);
}

/* Those behind one that was refused are not the next: they are passed over. */
static void job_apply(struct node *n, const struct job *j) {
    struct err err;
    err_clear(&err);
    uint64_t begin = clock_mono_ns();
    bool invalid = false;
    if (j->height != n->executor.head->height + 1)
        return;
    int rc = executor_apply(&n->executor, j->block, &j->certificate, j->durable, &invalid, &err);
    if (invalid)
        judged(n, j, true, &err);
    else if (rc != CODE_OK)
        job_failed(n, rc, &err);
    else
        committed(n, j, begin);
}

static void job_settle(struct node *n) {
    struct err err;
    err_clear(&err);
    int rc = executor_settle(&n->executor, &err);
    if (rc != CODE_OK)
        job_failed(n, rc, &err);
    else
        core_post(n, event_new(EVENT_SETTLED, BYTES_NONE));
}

void check_thread_run(void *node) {
    struct node *n = node;
    void *p;
    while (queue_take(&n->checks, DEADLINE_NEVER, &p) == CODE_OK) {
        struct job *j = p;
        check_run(j->check, n->verify);
        struct event *ev = event_new(EVENT_CHECKED, BYTES_NONE);
        if (ev != NULL)
            ev->check = j->check;
        core_post(n, ev);
        free(j);
    }
}

void ledger_run(void *node) {
    struct node *n = node;
    void *p;
    bool stop = false;
    while (!stop && queue_take(&n->jobs, DEADLINE_NEVER, &p) == CODE_OK) {
        struct job *j = p;
        switch (j->kind) {
        case JOB_BUILD:
            job_build(n, j);
            break;
        case JOB_JUDGE:
            job_judge(n, j);
            break;
        case JOB_COMMIT:
            job_commit(n, j);
            break;
        case JOB_APPLY:
            job_apply(n, j);
            break;
        case JOB_SETTLE:
            job_settle(n);
            break;
        case JOB_CHECK: /* has a thread of its own */
            break;
        case JOB_STOP:
            stop = true;
            break;
        }
        block_unref(j->block);
        free(j);
    }
}
