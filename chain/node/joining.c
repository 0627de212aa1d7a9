/* SPDX-License-Identifier: Apache-2.0 */
/* Joining by a snapshot, as cairnd does it: a thread that hosts join.h, and one that takes into the store what was
 * fetched. When the store stands, the node starts as it would have with it. */
#include "chain/node/joining.h"

#include "chain/node/threads.h"

#include "chain/os/clock.h"
#include "chain/os/log.h"

#include <inttypes.h>
#include <stdlib.h>

enum { BATCH = 64, IMPORTS_MAX = STATE_SYNC_AHEAD + 4 };

struct joining {
    struct node *n;
    struct join join;
    struct queue imports;
    struct thread thread, importer;
    struct store_import *import; /* the importer's */
    uint64_t since_ms;
    uint64_t bytes;    /* taken in since the start */
    unsigned underway; /* with the importer: its results are not here yet */
};

/* --- the importer --- */

static void result_post(struct node *n, const struct join_result *r, struct bytes have) {
    struct buf b;
    buf_init(&b, sizeof *r + have.len);
    buf_put(&b, r, sizeof *r);
    buf_put_bytes(&b, have);
    core_post(n, buf_failed(&b) ? NULL : event_new(EVENT_IMPORTED, buf_bytes(&b)));
    buf_release(&b);
}

static void do_import(struct joining *g, const struct join_job *j) {
    struct join_result r;
    struct buf have;
    buf_init(&have, SNAPSHOT_CHUNKS_MAX / 8 + 1);
    join_import(g->n->store, &g->import, j, &have, &r);
    result_post(g->n, &r, buf_bytes(&have));
    buf_release(&have);
}

static void importer_run(void *arg) {
    struct joining *g = arg;
    void *p;
    while (queue_take(&g->imports, DEADLINE_NEVER, &p) == CODE_OK) {
        struct join_job *j = p;
        do_import(g, j);
        free(j->data);
        free(j);
    }
}

/* --- the host --- */

static uint64_t host_mono_ns(void *ctx) {
    (void)ctx;
    return clock_mono_ns();
}

static uint64_t host_real_ms(void *ctx) {
    (void)ctx;
    return clock_real_ms();
}

static void host_send(void *ctx, net_peer peer, uint8_t wire_kind, struct bytes payload) {
    struct joining *g = ctx;
    net_send(g->n->net, peer, wire_class(wire_kind), wire_kind, payload);
}

static void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    struct joining *g = ctx;
    log_warn("node", "state sync: a peer misbehaved", "peer=%u points=%u why=%s", peer, points, log_quote(why).s);
    net_report(g->n->net, peer, points, why);
}

static void host_import(void *ctx, const struct join_job *job) {
    struct joining *g = ctx;
    struct join_job *copy = malloc(sizeof *copy);
    struct err err;
    if (copy != NULL) {
        *copy = *job;
        if (queue_put(&g->imports, copy, DEADLINE_NEVER) == CODE_OK) {
            g->underway++;
            return;
        }
    } else {
        node_fail(g->n, err_set(&err, CODE_NO_MEMORY, "no memory to take a snapshot in; give the node more"), &err);
    }
    free(copy);
    free(job->data);
}

/* --- the thread --- */

static int imported(struct joining *g, const struct event *e, struct err *err) {
    struct join_result r;
    g->underway--;
    memcpy(&r, e->payload, sizeof r);
    r.have = e->payload + sizeof r;
    if (r.kind == JOIN_CHUNK && r.code == CODE_OK)
        g->bytes += r.len;
    return join_imported(&g->join, &r, err);
}

static int on_event(struct joining *g, const struct event *e, struct err *err) {
    switch (e->kind) {
    case EVENT_NET:
        return join_message(&g->join, e->peer, e->wire, bytes_of(e->payload, e->len), err);
    case EVENT_UP:
        join_up(&g->join, e->peer);
        break;
    case EVENT_DOWN:
        join_down(&g->join, e->peer);
        break;
    case EVENT_IMPORTED:
        return imported(g, e, err);
    case EVENT_BUILT:
    case EVENT_JUDGED:
    case EVENT_COMMITTED:
    case EVENT_SETTLED:
    case EVENT_CHECKED:
    case EVENT_DUE:
    case EVENT_STOP:
        break;
    }
    return CODE_OK;
}

static void show(struct joining *g) {
    struct node *n = g->n;
    struct join_progress p = join_progress(&g->join);
    mutex_lock(&n->lock);
    n->sync.join = p;
    n->sync.since_ms = g->since_ms;
    mutex_unlock(&n->lock);
}

/* Nobody has a snapshot, and the importer rests: nobody else would take its results. */
static bool hopeless(const struct joining *g) {
    return join_none(&g->join) && g->underway == 0;
}

/* Until the store stands, or nobody has a snapshot. *ret_stopped: the node is stopping. */
static int fetch(struct joining *g, bool *ret_stopped, struct err *err) {
    struct node *n = g->n;
    void *events[BATCH];
    int rc = CODE_OK;
    join_step(&g->join);
    while (rc == CODE_OK && !join_done(&g->join) && !hopeless(g)) {
        size_t k = 0;
        *ret_stopped = queue_take_many(&n->events, join_deadline(&g->join), events, BATCH, &k) == CODE_CLOSED;
        if (*ret_stopped)
            break;
        for (size_t i = 0; i < k; i++) {
            struct event *e = events[i];
            if (e->kind == EVENT_NET)
                peers_taken(n, e);
            if (rc == CODE_OK)
                rc = on_event(g, e, err);
            event_free(e);
        }
        if (rc == CODE_OK)
            join_step(&g->join);
        show(g);
    }
    return rc;
}

static void joined(const struct joining *g) {
    log_info("node", "joined by a snapshot", "height=%" PRIu64 " bytes=%" PRIu64 " ms=%" PRIu64,
             g->join.plan.target.height, g->bytes, clock_mono_ms() - g->since_ms);
}

/* What was half taken in goes: the blocks begin at an empty state. */
static int fall_back(struct joining *g, struct err *err) {
    log_warn("node", "state sync: no peer has a snapshot; all blocks are taken instead", "seconds=%" PRIu64,
             (clock_mono_ms() - g->since_ms) / 1000);
    queue_close(&g->imports);
    thread_join(&g->importer);
    store_import_close(g->import);
    g->import = NULL;
    return joining_drop(g->n, err);
}

static void thread_run(void *arg) {
    struct joining *g = arg;
    struct node *n = g->n;
    struct err err;
    bool stopped = false;
    err_clear(&err);
    int rc = fetch(g, &stopped, &err);
    if (rc == CODE_OK && !stopped) {
        struct node_link links[STATE_SYNC_PEERS_MAX];
        size_t links_n = 0;
        for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++) {
            net_peer peer = g->join.plan.peers[i].id;
            if (peer != NET_PEER_NONE)
                links[links_n++] = (struct node_link){peer, state_sync_owed(&g->join.plan, peer)};
        }
        if (join_done(&g->join))
            joined(g);
        else
            rc = fall_back(g, &err);
        if (rc == CODE_OK)
            rc = node_go(n, links, links_n, &err);
    }
    if (rc != CODE_OK)
        node_fail(n, rc, &err);
}

/* --- life --- */

bool joining_due(struct node *n) {
    uint64_t height;
    return n->options.state_sync && n->mark == NULL && !store_height(n->store, &height);
}

int joining_drop(struct node *n, struct err *err) {
    struct arena arena;
    struct bytes manifest;
    uint64_t height;
    if (store_height(n->store, &height))
        return CODE_OK;
    arena_init(&arena, 2 * SNAPSHOT_MANIFEST_LEN_MAX);
    int rc = store_import_pending(n->store, &arena, &manifest, err);
    arena_release(&arena);
    if (rc == CODE_NOT_FOUND)
        return CODE_OK;
    if (rc != CODE_OK)
        return rc;
    log_warn("node", "a snapshot that was half taken in is dropped: this node takes all blocks", "home=%s",
             n->data_dir);
    return store_import_drop(n->store, err);
}

static int open_join(struct joining *g, struct err *err) {
    struct node *n = g->n;
    struct arena arena;
    struct join_host host = {.ctx = g,
                             .mono_ns = host_mono_ns,
                             .real_ms = host_real_ms,
                             .send = host_send,
                             .report = host_report,
                             .import = host_import};
    struct join_options o = {.host = &host,
                             .chain_tag = n->chain_tag,
                             .genesis = n->options.genesis,
                             .trust_height = n->options.trust_height,
                             .trust_id = n->options.trust_id};
    arena_init(&arena, 2 * SNAPSHOT_MANIFEST_LEN_MAX);
    int rc = store_import_pending(n->store, &arena, &o.pending, err);
    if (rc == CODE_NOT_FOUND) {
        o.pending = BYTES_NONE;
        rc = CODE_OK;
    }
    if (rc == CODE_OK)
        rc = join_open(&g->join, &o, err);
    arena_release(&arena);
    return rc;
}

int joining_start(struct node *n, struct err *err) {
    struct joining *g = calloc(1, sizeof *g);
    if (g == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to join");
    g->n = n;
    g->since_ms = clock_mono_ms();
    n->joining_state = g;
    int rc = queue_init(&g->imports, IMPORTS_MAX, err);
    if (rc == CODE_OK)
        rc = open_join(g, err);
    show(g);
    if (rc == CODE_OK)
        rc = thread_start(&g->importer, "import", importer_run, g, err);
    if (rc == CODE_OK)
        rc = thread_start(&g->thread, "join", thread_run, g, err);
    return rc;
}

void joining_stop(struct node *n) {
    struct joining *g = n->joining_state;
    void *p;
    if (g == NULL)
        return;
    thread_join(&g->thread);
    queue_close(&g->imports);
    thread_join(&g->importer);
    while (queue_take(&g->imports, 0, &p) == CODE_OK) {
        free(((struct join_job *)p)->data);
        free(p);
    }
    store_import_close(g->import);
    join_close(&g->join);
    queue_release(&g->imports);
    free(g);
    n->joining_state = NULL;
}
