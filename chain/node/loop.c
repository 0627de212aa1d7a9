/* SPDX-License-Identifier: Apache-2.0 */
/* The core's thread: events go in, and what the core asks of its host goes to the other threads. */
#include "chain/node/threads.h"

#include "chain/codec/bech32.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 256, BEHIND_CLOSED = 4 /* heights: then no transactions are taken in */ };

/* --- the core's host --- */

static uint64_t host_mono_ns(void *ctx) {
    (void)ctx;
    return clock_mono_ns();
}

static uint64_t host_real_ms(void *ctx) {
    (void)ctx;
    return clock_real_ms();
}

static void host_send(void *ctx, net_peer peer, uint8_t wire_kind, struct bytes payload) {
    struct node *n = ctx;
    if (peer == NET_PEER_NONE)
        net_broadcast(n->net, NET_PEER_NONE, wire_class(wire_kind), wire_kind, payload);
    else
        net_send(n->net, peer, wire_class(wire_kind), wire_kind, payload);
}

static void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    struct node *n = ctx;
    net_report(n->net, peer, points, why);
}

static void host_job(void *ctx, const struct job *job) {
    job_post(ctx, job);
}

static bool host_ready(void *ctx) {
    struct node *n = ctx;
    return admit_ready(n->admit);
}

static void host_txs(void *ctx, const struct hash *wire_hashes, size_t count, struct arena *arena,
                     struct bytes *ret_wires, uint32_t *ret_age_ms) {
    struct node *n = ctx;
    admit_find(n->admit, wire_hashes, count, arena, ret_wires, ret_age_ms);
}

static void host_respread(void *ctx) {
    struct node *n = ctx;
    admit_respread(n->admit);
}

static uint64_t host_earliest(void *ctx) {
    struct node *n = ctx;
    return store_first_block(n->store);
}

static void host_serve_decided(void *ctx, net_peer peer, uint64_t height) {
    serve_post(ctx, SERVE_DECIDED, peer, height, 1);
}

/* The ledger's thread submits what is kept. */
static void host_evidence(void *ctx, uint64_t height, uint16_t validator, struct bytes encoded) {
    struct node *n = ctx;
    const struct addr *culprit = &n->core.head->info.validators.at[validator].addr;
    struct err err;
    char text[ADDR_TEXT_MAX];
    addr_to_text(culprit, text);
    int rc = accuser_keep(n->data_dir, culprit, encoded, &err);
    if (rc == CODE_ALREADY_EXISTS)
        return;
    if (rc == CODE_OK)
        atomic_store(&n->evidence_new, true);
    log_error("node", "a validator signed two contradicting messages", "height=%" PRIu64 " validator=%s kept=%s",
              height, text, code_name(rc));
}

static void host_diverged(void *ctx, uint64_t height, const struct hash *id, const struct block *block,
                          const struct certificate *certificate) {
    struct node *n = ctx;
    struct err err;
    struct quarantine_case c = {.height = height,
                                .id = id,
                                .block = block,
                                .certificate = certificate,
                                .verdict = hash_eq(id, &n->refused_id) ? n->refused_why : NULL,
                                .head = n->core.head,
                                .store = n->store,
                                .time_ms = clock_real_ms(),
                                .version = n->options.version};
    err_clear(&err);
    int rc = quarantine_begin(n->data_dir, &c, &err);
    if (rc == CODE_OK)
        rc = quarantine_load(n->data_dir, &n->mark_arena, &n->mark, &err);
    if (rc != CODE_OK) { /* without the mark it would vote again after a restart */
        node_fail(n, rc, &err);
        return;
    }
    atomic_store(&n->quarantined, true);
    log_error("node", "in quarantine: no votes any more, only reads",
              "height=%" PRIu64 " dump=%s/quarantine/%" PRIu64 " why=%s", height, n->data_dir, height,
              log_quote(n->mark->reason).s);
}

struct core_host core_host_of(struct node *n) {
    return (struct core_host){.ctx = n,
                              .mono_ns = host_mono_ns,
                              .real_ms = host_real_ms,
                              .send = host_send,
                              .report = host_report,
                              .job = host_job,
                              .ready = host_ready,
                              .txs = host_txs,
                              .respread = host_respread,
                              .earliest = host_earliest,
                              .serve_decided = host_serve_decided,
                              .evidence = host_evidence,
                              .diverged = host_diverged};
}

/* --- the loop --- */

/* Why the ledger refuses a block: for the record, should it be decided. */
static void refused(struct node *n, const struct hash *id, const char *why) {
    n->refused_id = *id;
    snprintf(n->refused_why, sizeof n->refused_why, "%s", why);
}

static int on_event(struct node *n, struct event *e, struct err *err) {
    struct core *c = &n->core;
    switch (e->kind) {
    case EVENT_NET:
        return core_message(c, e->peer, e->wire, bytes_of(e->payload, e->len), err);
    case EVENT_UP:
        core_up(c, e->peer);
        break;
    case EVENT_DOWN:
        core_down(c, e->peer);
        break;
    case EVENT_BUILT:
        return core_built(c, e->height, e->round, e->block, err);
    case EVENT_JUDGED:
        if (e->invalid) {
            char why[ERR_MSG_MAX];
            snprintf(why, sizeof why, "%.*s", (int)e->len, (const char *)e->payload);
            refused(n, &e->block->header.id, why);
        }
        return core_judged(c, e->block, e->invalid, err);
    case EVENT_COMMITTED:
        atomic_store(&n->due_posted, false);
        return core_committed(c, e->head, err);
    case EVENT_SETTLED:
        return core_settled(c, err);
    case EVENT_CHECKED:
        if (e->check->certified && e->check->failed != CODE_OK)
            refused(n, &e->check->blocks[e->check->good].block->header.id, err_text(&e->check->why));
        return core_checked(c, e->check, err);
    case EVENT_DUE:
        return core_due(c, err);
    case EVENT_IMPORTED: /* joining is over */
    case EVENT_STOP:
        break;
    }
    return CODE_OK;
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
        event_free(e);
    }
    return rc;
}

/* For the other threads. */
static void show(struct node *n) {
    const struct core *c = &n->core;
    if (c->head == NULL)
        return; /* in quarantine since the start: it was never opened */
    atomic_store(&n->behind, c->behind);
    admit_close(n->admit, c->behind > BEHIND_CLOSED);
    atomic_store(&n->round, c->round);
    atomic_store(&n->resting, c->sync.active);
    mutex_lock(&n->lock);
    n->sync = (struct node_sync){.active = c->sync.active,
                                 .from = c->sync.from,
                                 .target = c->head->height + sync_behind(&c->sync.plan),
                                 .since_ms = c->sync.since_ms,
                                 .sources = sync_sources(&c->sync.plan)};
    mutex_unlock(&n->lock);
}

void core_run(void *node) {
    struct node *n = node;
    void *events[BATCH];
    struct err err;
    bool stop = false;
    int rc = CODE_OK;
    while (!stop && rc == CODE_OK) {
        size_t k = 0;
        if (queue_take_many(&n->events, core_deadline(&n->core), events, BATCH, &k) == CODE_CLOSED)
            break;
        err_clear(&err);
        rc = events_take(n, events, k, &stop, &err);
        if (rc == CODE_OK && !stop)
            rc = core_tick(&n->core, &err);
        show(n);
    }
    if (rc != CODE_OK)
        node_fail(n, rc, &err);
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
    struct err err;
    if (e == NULL)
        node_fail(n, err_set(&err, CODE_NO_MEMORY, "no memory for what the core waits for; give the node more"), &err);
    else if (queue_put(&n->events, e, DEADLINE_NEVER) != CODE_OK)
        event_free(e);
}
