/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/admit.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/crash.h"
#include "chain/os/log.h"
#include "chain/os/queue.h"
#include "chain/os/random.h"

#include "cairn/net.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    RESPREAD_BLOCKS = 20,
    EXPIRE_BLOCKS = 16,
};

/* Who waits for an answer: on the stack of admit_submit. */
struct waiter {
    struct mutex lock;
    struct cond cond;
    bool done;
    int code;
    struct hash id;
    struct err err;
};

struct submission {
    struct waiter *waiter; /* NULL: nobody */
    uint32_t peer;
    bool local;
    size_t len;
    uint8_t wire[];
};

struct pooled {
    struct mempool_tx mp; /* first: what the pool gives back */
    atomic_uint refs;
    uint64_t admitted_ms;
    uint8_t wire[];
};

/* What of one origin waits in the queue. */
struct share {
    atomic_uint txs;
    atomic_size_t bytes;
};

struct admit {
    struct admit_config config;
    atomic_bool closed;
    struct share shares[MEMPOOL_ORIGINS];
    struct queue queue;
    struct thread thread;
    atomic_uint_least64_t admitted, refused, dropped;
    atomic_size_t queued_bytes;

    struct mutex lock; /* of all below */
    struct mempool pool;
    void *pool_memory;
    uint64_t committed; /* the newest height that was told */
    struct addr *touched;
    size_t touched_n;

    /* the thread's own */
    struct store_view *view;
    struct state *st;
    uint64_t st_height;
    void *check; /* the app's, over st */
    struct app_verifier verifier;
    struct arena check_arena;
    struct arena arena;
    struct buf gather;
    size_t gather_n;
    struct batch *batch;
    void **items; /* [ADMIT_BATCH_MAX] */
};

/* --- pooled transactions --- */

static void pooled_unref(struct pooled *p) {
    if (atomic_fetch_sub(&p->refs, 1) == 1)
        free(p);
}

static void on_drop(void *arg, struct mempool_tx *tx, enum mempool_drop why) {
    (void)arg;
    (void)why;
    pooled_unref((struct pooled *)tx);
}

static uint64_t now_ms(const struct admit *a) {
    return a->config.mono_ms != NULL ? a->config.mono_ms(a->config.arg) : clock_mono_ms();
}

/* 0: here; else by the link, whose place among the links is in its handle. */
static uint8_t origin_of(const struct submission *s) {
    return s->local ? 0 : (uint8_t)(1 + (s->peer - 1) % (MEMPOOL_ORIGINS - 1));
}

static struct pooled *pooled_new(struct admit *a, const struct submission *s, const struct tx *tx,
                                 const struct app_admission *adm) {
    struct pooled *p = calloc(1, sizeof *p + tx->wire.len);
    if (p == NULL)
        return NULL;
    atomic_init(&p->refs, 1);
    p->admitted_ms = now_ms(a);
    memcpy(p->wire, tx->wire.data, tx->wire.len);
    p->mp = (struct mempool_tx){.wire_hash = tx->wire_hash,
                                .tx_id = tx->id,
                                .sender = adm->sender,
                                .payer = tx_payer(tx),
                                .sequence = adm->sequence,
                                .fee = adm->fee,
                                .valid_until = adm->valid_until_height,
                                .wire = bytes_of(p->wire, tx->wire.len),
                                .local = s->local,
                                .origin = origin_of(s),
                                .height = a->st_height};
    return p;
}

/* No submission of this one is in the queue any more. */
static void queue_left(struct admit *a, const struct submission *s) {
    struct share *share = &a->shares[origin_of(s)];
    atomic_fetch_sub(&a->queued_bytes, s->len);
    atomic_fetch_sub(&share->bytes, s->len);
    atomic_fetch_sub(&share->txs, 1);
}

/* --- spreading --- */

static void gather_flush(struct admit *a) {
    if (a->gather_n > 0 && !buf_failed(&a->gather))
        a->config.spread(a->config.arg, buf_bytes(&a->gather));
    buf_clear(&a->gather);
    a->gather_n = 0;
}

/* TxGather has one repeated field: encoding it piece by piece is its encoding as a whole. */
static void gather_add(struct admit *a, struct bytes wire) {
    if (a->gather.len + wire.len + 8 > ADMIT_GATHER_BYTES)
        gather_flush(a);
    TxGather one = TX_GATHER__INIT;
    ProtobufCBinaryData data = pb_data(wire);
    one.n_txs = 1;
    one.txs = &data;
    if (pb_append(&one, &a->gather, NULL) == CODE_OK)
        a->gather_n++;
}

static void respread_one(void *arg, const struct mempool_tx *tx) {
    gather_add(arg, tx->wire);
}

static const struct mempool_tx *next_local(const struct admit *a, const struct mempool_tx *tx) {
    for (tx = tx == NULL ? a->pool.all.first : tx->all_next; tx != NULL && !tx->local;)
        tx = tx->all_next;
    return tx;
}

/* --- the thread's state --- */

static int check_one(struct admit *a, const struct tx *tx, const struct app_waiting *waiting, struct app_admission *ret,
                     struct err *err) {
    return a->config.app->ops->check_tx(a->config.app->self, a->check, tx, waiting, ret, err);
}

/* After a block only the next one of a chain can have become bad by itself: those behind it are looked at when it is
 * their turn. Of the unordered ones likewise the oldest. */
static bool still_good(void *arg, const struct mempool_tx *mp) {
    struct admit *a = arg;
    if (mp != mp->owner->first && mp != mp->owner->loose_first)
        return true;
    struct arena_mark mark = arena_mark(&a->arena);
    struct tx tx;
    struct app_admission adm;
    bool ok = tx_parse(mp->wire, &a->config.chain_tag, &a->arena, &tx, NULL) == CODE_OK &&
              check_one(a, &tx, NULL, &adm, NULL) == CODE_OK;
    arena_rewind(&a->arena, mark);
    return ok;
}

static void state_close(struct admit *a) {
    a->config.app->ops->check_close(a->config.app->self, a->check);
    a->check = NULL;
    arena_release(&a->check_arena);
    state_free(a->st);
    a->st = NULL;
    store_view_close(a->view);
    a->view = NULL;
}

static int state_open(struct admit *a, struct err *err) {
    state_close(a);
    int rc = store_view_open(a->config.store, &a->view, err);
    if (rc == CODE_OK)
        rc = store_view_state(a->view, ADMIT_STATE_MEMORY, &a->st, err);
    if (rc == CODE_OK) {
        a->st_height = store_view_height(a->view);
        rc = a->config.app->ops->check_open(a->config.app->self, a->st, a->st_height + 1, &a->verifier, &a->check_arena,
                                            &a->check, err);
    }
    if (rc != CODE_OK)
        state_close(a);
    return rc;
}

/* After a block: a new state, and another look at the accounts that it touched. Under the lock. */
static int follow(struct admit *a, struct err *err) {
    if (a->check != NULL && a->st_height >= a->committed && state_failed(a->st, NULL) == CODE_OK)
        return CODE_OK;
    int rc = state_open(a, err);
    if (rc != CODE_OK)
        return rc;
    for (size_t i = 0; i < a->touched_n; i++)
        mempool_recheck(&a->pool, &a->touched[i], still_good, a);
    a->touched_n = 0;
    mempool_respread(&a->pool, a->st_height, RESPREAD_BLOCKS, respread_one, a);
    if (a->st_height % EXPIRE_BLOCKS == 0)
        mempool_expire(&a->pool, a->st_height + 1);
    return CODE_OK;
}

/* --- admitting --- */

/* Peers may bring an account's transactions in another order: what is missing in between is on its way. */
static struct app_waiting waiting_of(const struct admit *a, const struct submission *s, const struct tx *tx) {
    struct addr who = tx_payer(tx);
    const struct mempool_sender *sender = mempool_sender(&a->pool, &tx->sender),
                                *payer = mempool_sender(&a->pool, &who);
    struct app_waiting w = {.ahead = s->local ? 0 : MEMPOOL_GAP_MAX, .fees = payer != NULL ? payer->fees : 0};
    if (sender != NULL && sender->first != NULL)
        w.ahead += sender->end - sender->next;
    if (payer != sender)
        w.granted = mempool_fees(&a->pool, &tx->sender, &who);
    return w;
}

static int admit_one(struct admit *a, const struct submission *s, const struct tx *tx, struct err *err) {
    int rc = follow(a, err);
    if (rc != CODE_OK)
        return rc;
    if (mempool_find(&a->pool, &tx->wire_hash) != NULL ||
        (tx->body->sequence == 0 && mempool_find_id(&a->pool, &tx->id) != NULL))
        return err_set(err, CODE_TX_KNOWN, "this transaction is waiting already");
    struct app_waiting waiting = waiting_of(a, s, tx);
    struct app_admission adm;
    rc = check_one(a, tx, &waiting, &adm, err);
    if (rc != CODE_OK)
        return rc;
    struct pooled *p = pooled_new(a, s, tx, &adm);
    if (p == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a transaction");
    rc = mempool_add(&a->pool, &p->mp, adm.next, err);
    if (rc != CODE_OK)
        free(p);
    else if (adm.signatures > 1)
        a->config.app->ops->check_nested(a->config.app->self, a->check, tx);
    return rc;
}

static void answer(struct submission *s, int code, const struct hash *id, const struct err *err) {
    struct waiter *w = s->waiter;
    if (w != NULL) {
        mutex_lock(&w->lock);
        w->done = true;
        w->code = code;
        if (id != NULL)
            w->id = *id;
        if (err != NULL)
            w->err = *err;
        cond_signal(&w->cond);
        mutex_unlock(&w->lock);
    }
    free(s);
}

struct batch {
    struct submission *subs[ADMIT_BATCH_MAX];
    struct tx txs[ADMIT_BATCH_MAX];
    const struct tx *list[ADMIT_BATCH_MAX];
    bool good[ADMIT_BATCH_MAX];
    size_t n;
};

/* Takes the submissions apart; those that cannot be are answered at once and leave the batch. */
static void batch_parse(struct admit *a, struct batch *b, void **items, size_t n) {
    b->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct submission *s = items[i];
        struct err err;
        err_clear(&err);
        struct arena_mark mark = arena_mark(&a->arena);
        int rc = tx_parse(bytes_of(s->wire, s->len), &a->config.chain_tag, &a->arena, &b->txs[b->n], &err);
        if (rc != CODE_OK) {
            arena_rewind(&a->arena, mark);
            atomic_fetch_add(&a->refused, 1);
            if (!s->local && rc != CODE_NO_MEMORY)
                a->config.misbehaved(a->config.arg, s->peer, "sent a malformed transaction");
            answer(s, rc, NULL, &err);
            continue;
        }
        b->subs[b->n] = s;
        b->list[b->n] = &b->txs[b->n];
        b->n++;
    }
}

static void batch_admit(struct admit *a, struct batch *b) {
    bool any = false;
    for (size_t i = 0; i < b->n; i++) {
        struct submission *s = b->subs[i];
        struct err err;
        err_clear(&err);
        int rc;
        if (!b->good[i]) {
            rc = err_set(&err, CODE_BAD_SIGNATURE, "the transaction's signature does not verify");
            if (!s->local)
                a->config.misbehaved(a->config.arg, s->peer, "sent a transaction with a forged signature");
        } else {
            mutex_lock(&a->lock);
            crash_point(CRASH_ADMIT_BEFORE_POOL);
            rc = admit_one(a, s, &b->txs[i], &err);
            mutex_unlock(&a->lock);
        }
        if (rc == CODE_OK && s->local)
            gather_add(a, b->txs[i].wire);
        any = any || rc == CODE_OK;
        atomic_fetch_add(rc == CODE_OK ? &a->admitted : &a->refused, 1);
        crash_point(CRASH_ADMIT_BEFORE_ANSWER);
        answer(s, rc, &b->txs[i].id, &err);
    }
    if (any)
        a->config.due(a->config.arg);
}

/* Takes the requests to spread again out of what came; returns what is left. */
static size_t take_marks(struct admit *a, void **items, size_t n) {
    size_t left = 0;
    bool again = false;
    for (size_t i = 0; i < n; i++) {
        struct submission *s = items[i];
        queue_left(a, s);
        if (s->len > 0) {
            items[left++] = s;
            continue;
        }
        again = true;
        free(s);
    }
    if (again) {
        mutex_lock(&a->lock);
        for (const struct mempool_tx *tx = NULL; (tx = next_local(a, tx)) != NULL;)
            gather_add(a, tx->wire);
        mutex_unlock(&a->lock);
    }
    return left;
}

static void pulse(struct admit *a) {
    struct err err;
    mutex_lock(&a->lock);
    if (a->pool.count > 0 && follow(a, &err) != CODE_OK)
        log_warn("node", "the waiting transactions cannot be checked", "why=%s", log_quote(err_text(&err)).s);
    mutex_unlock(&a->lock);
}

int admit_pass(struct admit *a, uint64_t deadline_ns) {
    size_t n;
    int rc = queue_take_many(&a->queue, deadline_ns, a->items, ADMIT_BATCH_MAX, &n);
    if (rc == CODE_CLOSED)
        return rc;
    if (rc == CODE_OK) {
        n = take_marks(a, a->items, n);
        batch_parse(a, a->batch, a->items, n);
        verify_txs(a->config.verify, a->batch->list, a->batch->n, a->batch->good);
        batch_admit(a, a->batch);
    } else {
        pulse(a);
    }
    gather_flush(a);
    arena_reset(&a->arena);
    return rc;
}

static void run(void *arg) {
    /* a pulse without work lets waiting ones be spread again after blocks */
    while (admit_pass(arg, deadline_in_ms(500)) != CODE_CLOSED)
        continue;
}

/* --- life --- */

int admit_new(const struct admit_config *config, uint64_t height, struct admit **ret, struct err *err) {
    struct admit *a = calloc(1, sizeof *a);
    if (a == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the mempool");
    a->config = *config;
    a->verifier = verify_nested(config->verify);
    a->committed = height;
    mutex_init(&a->lock);
    arena_init(&a->arena, ADMIT_BATCH_MEMORY);
    arena_init(&a->check_arena, ADMIT_CHECK_MEMORY);
    buf_init(&a->gather, 2 * TX_LEN_MAX);
    a->touched = calloc(ADMIT_TOUCHED_MAX, sizeof *a->touched);
    a->pool_memory = calloc(1, mempool_memory(&config->limits));
    a->batch = calloc(1, sizeof *a->batch);
    a->items = calloc(ADMIT_BATCH_MAX, sizeof *a->items);
    int rc = a->touched != NULL && a->pool_memory != NULL && a->batch != NULL && a->items != NULL
                 ? queue_init(&a->queue, ADMIT_QUEUE_MAX, err)
                 : err_set(err, CODE_NO_MEMORY, "no memory for the mempool");
    if (rc != CODE_OK) {
        free(a->batch);
        free(a->items);
        free(a->touched);
        free(a->pool_memory);
        free(a);
        return rc;
    }
    mempool_init(&a->pool, &config->limits, a->pool_memory, random_u64(), on_drop, a);
    rc = config->threadless ? CODE_OK : thread_start(&a->thread, "admit", run, a, err);
    if (rc != CODE_OK) {
        admit_free(a);
        return rc;
    }
    *ret = a;
    return CODE_OK;
}

void admit_stop(struct admit *a) {
    queue_close(&a->queue);
    if (!a->config.threadless)
        thread_join(&a->thread);
    void *s;
    struct err err;
    err_set(&err, CODE_CLOSED, "the node is stopping");
    while (queue_take(&a->queue, 0, &s) == CODE_OK)
        answer(s, CODE_CLOSED, NULL, &err);
}

void admit_free(struct admit *a) {
    if (a == NULL)
        return;
    mempool_clear(&a->pool);
    state_close(a);
    queue_release(&a->queue);
    arena_release(&a->arena);
    buf_release(&a->gather);
    mutex_release(&a->lock);
    free(a->batch);
    free(a->items);
    free(a->touched);
    free(a->pool_memory);
    free(a);
}

/* --- in --- */

static int submit(struct admit *a, struct bytes wire, bool local, uint32_t peer, struct waiter *w) {
    struct submission *s = malloc(sizeof *s + wire.len);
    if (s == NULL)
        return CODE_NO_MEMORY;
    s->waiter = w;
    s->peer = peer;
    s->local = local;
    s->len = wire.len;
    if (wire.len > 0)
        memcpy(s->wire, wire.data, wire.len);
    struct share *share = &a->shares[origin_of(s)];
    bool room = atomic_fetch_add(&share->txs, 1) < ADMIT_SHARE_TXS_MAX;
    room = atomic_fetch_add(&share->bytes, wire.len) + wire.len <= ADMIT_SHARE_BYTES_MAX && room;
    room = atomic_fetch_add(&a->queued_bytes, wire.len) + wire.len <= ADMIT_QUEUE_BYTES_MAX && room;
    int rc = room ? queue_put(&a->queue, s, 0) : CODE_TIMEOUT;
    if (rc != CODE_OK) {
        queue_left(a, s);
        free(s);
        atomic_fetch_add(&a->dropped, 1);
    }
    return rc;
}

int admit_submit(struct admit *a, struct bytes wire, bool wait, struct hash *ret_id, struct err *err) {
    if (wire.len < TX_FRAME_LEN || wire.len > TX_LEN_MAX)
        return err_set(err, wire.len > TX_LEN_MAX ? CODE_TOO_LARGE : CODE_MALFORMED, "a transaction of %zu bytes",
                       wire.len);
    if (atomic_load(&a->closed))
        return err_set(err, CODE_NOT_READY, "this node is catching up; ask another one, or again later");
    struct waiter w = {0};
    mutex_init(&w.lock);
    cond_init(&w.cond);
    int rc = submit(a, wire, true, 0, wait ? &w : NULL);
    if (rc == CODE_OK && wait) {
        mutex_lock(&w.lock);
        while (!w.done)
            cond_wait(&w.cond, &w.lock);
        mutex_unlock(&w.lock);
        *ret_id = w.id;
        rc = w.code;
        if (err != NULL)
            *err = w.err;
    } else if (rc == CODE_OK) {
        *ret_id = tx_id_of(&a->config.chain_tag, bytes_of(wire.data + 4, wire.len - TX_FRAME_LEN));
    } else {
        rc = rc == CODE_TIMEOUT ? err_set(err, CODE_BUSY, "too many transactions wait to be checked; try again later")
                                : err_set(err, rc, "%s", code_sentence(rc));
    }
    cond_release(&w.cond);
    mutex_release(&w.lock);
    return rc;
}

void admit_gather(struct admit *a, uint32_t peer, struct bytes gather) {
    struct arena arena;
    if (atomic_load(&a->closed))
        return;
    arena_init(&arena, 4 << 20);
    TxGather *msg;
    if (pb_decode(&tx_gather__descriptor, gather, &arena, &msg, NULL) != CODE_OK) {
        a->config.misbehaved(a->config.arg, peer, "sent a malformed gather of transactions");
    } else {
        for (size_t i = 0; i < msg->n_txs; i++)
            if (msg->txs[i].len >= TX_FRAME_LEN && msg->txs[i].len <= TX_LEN_MAX)
                submit(a, pb_bytes(msg->txs[i]), false, peer, NULL);
    }
    arena_release(&arena);
}

void admit_close(struct admit *a, bool closed) {
    atomic_store(&a->closed, closed);
}

void admit_respread(struct admit *a) {
    submit(a, BYTES_NONE, true, 0, NULL);
}

/* --- out --- */

void admit_committed(struct admit *a, const struct block *b) {
    mutex_lock(&a->lock);
    for (size_t i = 0; i < b->txs_n; i++)
        mempool_committed(&a->pool, &b->txs[i].wire_hash);
    for (size_t i = 0; i < b->txs_n; i++) {
        const struct tx *tx = &b->txs[i];
        if (tx->body->sequence > 0)
            mempool_sender_moved(&a->pool, &tx->sender, tx->body->sequence + 1);
        if (a->touched_n < ADMIT_TOUCHED_MAX && mempool_sender(&a->pool, &tx->sender) != NULL)
            a->touched[a->touched_n++] = tx->sender;
    }
    a->committed = b->header.height;
    mutex_unlock(&a->lock);
}

int admit_pin(struct admit *a, uint64_t bytes_max, size_t txs_max, struct admit_pins *ret, struct err *err) {
    struct admit_pins pins = {.txs = calloc(txs_max, sizeof *pins.txs), .wires = calloc(txs_max, sizeof *pins.wires)};
    if (pins.txs == NULL || pins.wires == NULL) {
        admit_unpin(&pins);
        return err_set(err, CODE_NO_MEMORY, "no memory to pick transactions");
    }
    mutex_lock(&a->lock);
    pins.n = mempool_take(&a->pool, bytes_max, txs_max, pins.txs);
    for (size_t i = 0; i < pins.n; i++) {
        atomic_fetch_add(&((struct pooled *)(uintptr_t)pins.txs[i])->refs, 1);
        pins.wires[i] = pins.txs[i]->wire;
    }
    mutex_unlock(&a->lock);
    *ret = pins;
    return CODE_OK;
}

void admit_left_out(struct admit *a, const struct admit_pins *pins, const struct block *b) {
    size_t at = 0; /* what a block has of them is in their order */
    mutex_lock(&a->lock);
    for (size_t i = 0; i < pins->n; i++) {
        if (b != NULL && at < b->txs_n && hash_eq(&b->txs[at].wire_hash, &pins->txs[i]->wire_hash))
            at++;
        else if (a->touched_n < ADMIT_TOUCHED_MAX)
            a->touched[a->touched_n++] = pins->txs[i]->sender;
    }
    mutex_unlock(&a->lock);
}

void admit_unpin(struct admit_pins *pins) {
    for (size_t i = 0; i < pins->n; i++)
        pooled_unref((struct pooled *)(uintptr_t)pins->txs[i]);
    free(pins->txs);
    free(pins->wires);
    *pins = (struct admit_pins){0};
}

void admit_find(struct admit *a, const struct hash *wire_hashes, size_t n, struct arena *arena, struct bytes *ret_wires,
                uint32_t *ret_age_ms) {
    uint64_t now = now_ms(a);
    mutex_lock(&a->lock);
    for (size_t i = 0; i < n; i++) {
        const struct mempool_tx *tx = mempool_find(&a->pool, &wire_hashes[i]);
        uint64_t age = tx != NULL ? now - ((const struct pooled *)(const void *)tx)->admitted_ms : UINT32_MAX;
        if (ret_age_ms != NULL)
            ret_age_ms[i] = age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
        if (ret_wires != NULL && (tx == NULL || !arena_dup_bytes(arena, tx->wire, &ret_wires[i])))
            ret_wires[i] = BYTES_NONE;
    }
    mutex_unlock(&a->lock);
}

bool admit_ready(struct admit *a) {
    mutex_lock(&a->lock);
    bool ready = mempool_ready(&a->pool);
    mutex_unlock(&a->lock);
    return ready;
}

struct admit_stats admit_stats(struct admit *a) {
    mutex_lock(&a->lock);
    struct admit_stats s = {.txs = a->pool.count, .bytes = a->pool.bytes};
    mutex_unlock(&a->lock);
    s.admitted = atomic_load(&a->admitted);
    s.refused = atomic_load(&a->refused);
    s.dropped = atomic_load(&a->dropped);
    return s;
}

bool admit_waiting(struct admit *a, const struct hash *tx_id) {
    mutex_lock(&a->lock);
    bool found = mempool_find_id(&a->pool, tx_id) != NULL;
    mutex_unlock(&a->lock);
    return found;
}

uint64_t admit_next_sequence(struct admit *a, const struct addr *sender, uint64_t next) {
    mutex_lock(&a->lock);
    uint64_t n = mempool_next_sequence(&a->pool, sender, next);
    mutex_unlock(&a->lock);
    return n;
}
