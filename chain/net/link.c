/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/net/link.h"

#include "chain/base/limits.h"
#include "chain/crypto/wipe.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "chain/os/thread.h"

#include <assert.h>
#include <stdlib.h>

enum {
    RX_CAP = 4 * FRAME_MAX,
    TX_CAP = 4 * FRAME_MAX,
};

/* Kind 0 of class votes is the link's own sign of life and never reaches the handler. */
enum { KIND_PING = 0 };

static const struct {
    uint32_t messages;
    uint32_t bytes;
} queue_caps[NET_CLASSES] = {
    [NET_VOTES] = {2048, 4 << 20},    /* a few rounds of 128 validators */
    [NET_PROPOSALS] = {16, 24 << 20}, /* a few rounds with whole bodies */
    [NET_BODIES] = {16, 24 << 20},    [NET_SYNC] = {32, 24 << 20}, [NET_MEMPOOL] = {256, 4 << 20},
};

struct class_queue {
    struct message **ring;
    uint32_t head, len;
    uint32_t bytes;
    uint32_t offset; /* of the head message: what has been sealed of it */
};

enum link_state { LINK_HELLO, LINK_PROOF, LINK_READY };

struct link {
    nng_stream *stream;
    nng_aio *rx, *tx;
    const struct link_identity *id;
    struct link_events events;
    void *tag;
    bool dialed;
    atomic_bool closing;
    atomic_int pending; /* callbacks under way: the receive chain and the send chain */
    atomic_bool was_ready;
    uint64_t born_ms;
    atomic_uint_least64_t last_rx_ms, last_tx_ms, received, sent;

    /* receiving: only the receive callback */
    enum link_state state;
    uint8_t *rx_buf;
    size_t rx_len;
    struct frame_join join[NET_CLASSES];
    struct hello hello;
    struct hello_keys keys; /* .send is under lock once ready */
    struct pubkey peer_key;
    struct addr node_id;

    /* sending: under lock */
    struct mutex lock;
    bool tx_busy, tx_sealed; /* sealed: the hello is out, frames may follow */
    uint8_t *tx_buf;
    size_t tx_len, tx_off;
    struct class_queue queue[NET_CLASSES];
    uint64_t dropped;
};

/* --- messages --- */

struct message *message_new(enum net_class class, uint8_t kind, struct bytes payload) {
    struct message *m = malloc(sizeof *m + payload.len);
    if (m == NULL)
        return NULL;
    atomic_init(&m->refs, 1);
    m->class = class;
    m->kind = kind;
    m->len = (uint32_t)payload.len;
    if (payload.len > 0)
        memcpy(m->data, payload.data, payload.len);
    return m;
}

void message_unref(struct message *m) {
    if (m != NULL && atomic_fetch_sub(&m->refs, 1) == 1)
        free(m);
}

/* --- queues, under lock --- */

static bool queue_push(struct class_queue *q, struct message *m) {
    if (q->len >= queue_caps[m->class].messages || (q->len > 0 && q->bytes + m->len > queue_caps[m->class].bytes))
        return false;
    if (q->ring == NULL && (q->ring = calloc(queue_caps[m->class].messages, sizeof *q->ring)) == NULL)
        return false;
    atomic_fetch_add(&m->refs, 1);
    q->ring[(q->head + q->len++) % queue_caps[m->class].messages] = m;
    q->bytes += m->len;
    return true;
}

static void queue_pop(struct class_queue *q) {
    struct message *m = q->ring[q->head];
    q->head = (q->head + 1) % queue_caps[m->class].messages;
    q->len--;
    q->bytes -= m->len;
    q->offset = 0;
    message_unref(m);
}

static void queue_release(struct class_queue *q) {
    while (q->len > 0)
        queue_pop(q);
    free(q->ring);
}

/* The next part of the queue's head message into the transmit buffer. */
static void queue_seal(struct link *l, struct class_queue *q) {
    struct message *m = q->ring[q->head];
    uint32_t left = m->len - q->offset, n = left < FRAME_PART_MAX ? left : FRAME_PART_MAX;
    struct frame f = {.class = m->class,
                      .first = q->offset == 0,
                      .last = n == left,
                      .kind = m->kind,
                      .total = m->len,
                      .part = bytes_of(m->data + q->offset, n)};
    l->tx_len += frame_seal(&l->keys.send, &f, l->tx_buf + l->tx_len);
    q->offset += n;
    if (f.last)
        queue_pop(q);
}

/* --- sending --- */

/* A chain of callbacks has ended; the last one reports. */
static void chain_end(struct link *l) {
    if (atomic_fetch_sub(&l->pending, 1) == 1)
        l->events.ended(l->events.arg, l);
}

/* Hands the aio to nng. A receive or send that begins on a stream that is being closed at the same moment would never
 * complete (nng 1.5.2), so whoever submits looks once more and aborts; `pending` keeps the link alive until then. */
static void submit(struct link *l, nng_aio *aio, void (*start)(nng_stream *, nng_aio *)) {
    atomic_fetch_add(&l->pending, 1);
    start(l->stream, aio);
    if (atomic_load(&l->closing))
        nng_aio_abort(aio, NNG_ECLOSED);
    chain_end(l);
}

static void tx_submit(struct link *l) {
    nng_iov iov = {.iov_buf = l->tx_buf + l->tx_off, .iov_len = l->tx_len - l->tx_off};
    nng_aio_set_iov(l->tx, 1, &iov);
    submit(l, l->tx, nng_stream_send);
}

/* Fills the buffer and says whether there is something to send; sets tx_busy then. Under lock. */
static bool tx_fill(struct link *l) {
    if (l->tx_busy || atomic_load(&l->closing))
        return false;
    if (l->tx_off == l->tx_len)
        l->tx_off = l->tx_len = 0;
    while (l->tx_sealed && l->tx_len + FRAME_MAX <= TX_CAP) {
        unsigned c = 0;
        while (c < NET_CLASSES && l->queue[c].len == 0)
            c++;
        if (c == NET_CLASSES)
            break;
        queue_seal(l, &l->queue[c]);
    }
    if (l->tx_len == 0)
        return false;
    l->tx_busy = true;
    atomic_fetch_add(&l->pending, 1);
    return true;
}

static void tx_pump(struct link *l) {
    mutex_lock(&l->lock);
    bool go = tx_fill(l);
    mutex_unlock(&l->lock);
    if (go)
        tx_submit(l);
}

static void tx_done(void *arg) {
    struct link *l = arg;
    int rv = nng_aio_result(l->tx);
    if (rv != 0)
        link_close(l, NULL);
    if (atomic_load(&l->closing)) {
        chain_end(l);
        return;
    }
    size_t n = nng_aio_count(l->tx);
    atomic_fetch_add(&l->sent, n);
    atomic_store(&l->last_tx_ms, clock_mono_ms());
    l->tx_off += n;
    if (l->tx_off < l->tx_len) {
        tx_submit(l);
        return;
    }
    mutex_lock(&l->lock);
    l->tx_busy = false;
    bool more = tx_fill(l);
    mutex_unlock(&l->lock);
    if (more)
        tx_submit(l);
    chain_end(l);
}

bool link_send(struct link *l, struct message *m) {
    mutex_lock(&l->lock);
    bool ok = !atomic_load(&l->closing) && queue_push(&l->queue[m->class], m);
    bool go = ok && tx_fill(l);
    if (!ok)
        l->dropped++;
    mutex_unlock(&l->lock);
    if (go)
        tx_submit(l);
    return ok;
}

/* Puts bytes before everything that is queued: the hello. */
static void tx_raw(struct link *l, const void *data, size_t len) {
    mutex_lock(&l->lock);
    assert(l->tx_len + len <= TX_CAP && !l->tx_sealed);
    memcpy(l->tx_buf + l->tx_len, data, len);
    l->tx_len += len;
    mutex_unlock(&l->lock);
}

/* --- the hello --- */

static int proof_send(struct link *l) {
    uint8_t dir = l->dialed ? HELLO_FROM_DIALER : HELLO_FROM_LISTENER;
    struct hash digest = hello_proof_digest(l->id->chain_tag, &l->keys.transcript, dir);
    struct sig sig = seckey_sign(l->id->key, &digest);
    struct message *m = message_new(NET_VOTES, KIND_PING, sig_bytes(&sig));
    if (m == NULL)
        return CODE_NO_MEMORY;
    mutex_lock(&l->lock);
    l->tx_sealed = true;
    queue_push(&l->queue[NET_VOTES], m);
    mutex_unlock(&l->lock);
    message_unref(m);
    tx_pump(l);
    return CODE_OK;
}

static int hello_take(struct link *l, const uint8_t *theirs, struct err *err) {
    enum hello_role role;
    int rc = hello_read(theirs, l->id->chain_tag, &role, &l->peer_key, err);
    if (rc != CODE_OK)
        return rc;
    if (pubkey_eq(&l->peer_key, l->id->pubkey))
        return err_set(err, CODE_CONFLICT, "this node dialed itself");
    if (!l->dialed)
        tx_raw(l, l->hello.bytes, HELLO_BYTES);
    rc = hello_agree(&l->hello, theirs, l->dialed, l->id->chain_tag, &l->keys, err);
    if (rc != CODE_OK)
        return rc;
    l->node_id = hello_node_id(&l->peer_key);
    l->state = LINK_PROOF;
    rc = proof_send(l);
    return rc == CODE_OK ? CODE_OK : err_set(err, rc, "no memory for a hello");
}

static int proof_take(struct link *l, const struct frame *f, struct err *err) {
    struct sig sig;
    if (f->class != NET_VOTES || !f->first || !f->last || f->kind != KIND_PING || !sig_from(f->part, &sig))
        return err_set(err, CODE_MALFORMED, "a link must begin with its proof");
    uint8_t dir = l->dialed ? HELLO_FROM_LISTENER : HELLO_FROM_DIALER;
    struct hash digest = hello_proof_digest(l->id->chain_tag, &l->keys.transcript, dir);
    if (!key_verify(&l->peer_key, &digest, &sig))
        return err_set(err, CODE_BAD_SIGNATURE, "the peer does not hold the key that it named");
    l->state = LINK_READY;
    if (!l->events.ready(l->events.arg, l))
        return err_set(err, CODE_DENIED, "the peer is not wanted now");
    atomic_store(&l->was_ready, true);
    return CODE_OK;
}

/* --- receiving --- */

static int frame_take(struct link *l, uint8_t *wire, size_t len, struct err *err) {
    struct frame f;
    int rc = frame_open(&l->keys.receive, wire, len, &f, err);
    if (rc != CODE_OK)
        return rc;
    if (l->state == LINK_PROOF)
        return proof_take(l, &f, err);
    bool done;
    uint8_t kind;
    struct bytes message;
    rc = frame_join_take(&l->join[f.class], &f, &done, &kind, &message, err);
    if (rc == CODE_OK && done && !(f.class == NET_VOTES && kind == KIND_PING))
        l->events.message(l->events.arg, l, f.class, kind, message);
    return rc;
}

/* Takes everything whole out of the receive buffer. */
static int rx_take(struct link *l, struct err *err) {
    size_t at = 0;
    int rc = CODE_OK;
    while (rc == CODE_OK && !atomic_load(&l->closing)) {
        size_t left = l->rx_len - at;
        if (l->state == LINK_HELLO) {
            if (left < HELLO_BYTES)
                break;
            rc = hello_take(l, l->rx_buf + at, err);
            at += HELLO_BYTES;
            continue;
        }
        if (left < FRAME_HEAD)
            break;
        size_t n = frame_length(l->rx_buf + at);
        if (n == 0)
            return err_set(err, CODE_MALFORMED, "a frame of impossible length");
        if (left < n)
            break;
        rc = frame_take(l, l->rx_buf + at, n, err);
        at += n;
    }
    memmove(l->rx_buf, l->rx_buf + at, l->rx_len - at);
    l->rx_len -= at;
    return rc;
}

static void rx_submit(struct link *l) {
    assert(l->rx_len < RX_CAP);
    nng_iov iov = {.iov_buf = l->rx_buf + l->rx_len, .iov_len = RX_CAP - l->rx_len};
    nng_aio_set_iov(l->rx, 1, &iov);
    submit(l, l->rx, nng_stream_recv);
}

static void rx_done(void *arg) {
    struct link *l = arg;
    size_t n = nng_aio_count(l->rx);
    if (nng_aio_result(l->rx) != 0 || n == 0)
        link_close(l, NULL);
    if (atomic_load(&l->closing)) {
        chain_end(l);
        return;
    }
    l->rx_len += n;
    atomic_fetch_add(&l->received, n);
    atomic_store(&l->last_rx_ms, clock_mono_ms());
    struct err err;
    err_clear(&err);
    int rc = rx_take(l, &err);
    if (rc != CODE_OK) {
        log_info("net", "link refused", "state=%d code=%s why=%s", (int)l->state, code_name(rc),
                 log_quote(err_text(&err)).s);
        link_close(l, NULL);
        chain_end(l);
        return;
    }
    rx_submit(l);
}

/* --- life --- */

int link_new(nng_stream *stream, bool dialed, const struct link_identity *id, const struct link_events *events,
             struct link **ret_link, struct err *err) {
    struct link *l = calloc(1, sizeof *l);
    if (l == NULL) {
        nng_stream_free(stream);
        return err_set(err, CODE_NO_MEMORY, "no memory for a link");
    }
    l->stream = stream;
    l->dialed = dialed;
    l->id = id;
    l->events = *events;
    l->born_ms = clock_mono_ms();
    atomic_store(&l->last_rx_ms, l->born_ms);
    atomic_store(&l->last_tx_ms, l->born_ms);
    mutex_init(&l->lock);
    l->rx_buf = malloc(RX_CAP);
    l->tx_buf = malloc(TX_CAP);
    if (l->rx_buf == NULL || l->tx_buf == NULL || nng_aio_alloc(&l->rx, rx_done, l) != 0 ||
        nng_aio_alloc(&l->tx, tx_done, l) != 0) {
        link_free(l);
        return err_set(err, CODE_NO_MEMORY, "no memory for a link");
    }
    hello_make(&l->hello, id->role, id->chain_tag, id->pubkey);
    *ret_link = l;
    return CODE_OK;
}

void link_begin(struct link *l) {
    atomic_store(&l->pending, 1); /* the receive chain */
    if (l->dialed) {
        tx_raw(l, l->hello.bytes, HELLO_BYTES);
        tx_pump(l);
    }
    rx_submit(l);
}

void link_tick(struct link *l, uint64_t now_ms) {
    if (!atomic_load(&l->was_ready)) {
        if (now_ms > l->born_ms + LINK_HELLO_MS)
            link_close(l, "no hello");
        return;
    }
    if (now_ms > atomic_load(&l->last_rx_ms) + LINK_SILENT_MS) {
        link_close(l, "silent");
        return;
    }
    if (now_ms > atomic_load(&l->last_tx_ms) + LINK_QUIET_MS) {
        struct message *m = message_new(NET_VOTES, KIND_PING, BYTES_NONE);
        if (m != NULL)
            link_send(l, m);
        message_unref(m);
    }
}

void link_close(struct link *l, const char *why) {
    /* Under the lock: a send that has begun is counted before, none begins after. */
    mutex_lock(&l->lock);
    bool again = atomic_exchange(&l->closing, true);
    mutex_unlock(&l->lock);
    if (again)
        return;
    if (why != NULL)
        log_info("net", "link closed", "why=%s", log_quote(why).s);
    nng_stream_close(l->stream);
}

void link_free(struct link *l) {
    if (l == NULL)
        return;
    if (l->stream != NULL)
        nng_stream_close(l->stream);
    if (l->rx != NULL)
        nng_aio_free(l->rx); /* waits for a callback under way */
    if (l->tx != NULL)
        nng_aio_free(l->tx);
    nng_stream_free(l->stream);
    for (unsigned c = 0; c < NET_CLASSES; c++) {
        queue_release(&l->queue[c]);
        frame_join_release(&l->join[c]);
    }
    mutex_release(&l->lock);
    free(l->rx_buf);
    free(l->tx_buf);
    wipe(l, sizeof *l);
    free(l);
}

void *link_tag(const struct link *l) {
    return l->tag;
}

void link_set_tag(struct link *l, void *tag) {
    l->tag = tag;
}

const struct addr *link_node_id(const struct link *l) {
    return &l->node_id;
}

bool link_dialed(const struct link *l) {
    return l->dialed;
}

bool link_drained(struct link *l) {
    mutex_lock(&l->lock);
    bool drained = !l->tx_busy;
    for (unsigned c = 0; c < NET_CLASSES; c++)
        drained = drained && l->queue[c].len == 0;
    mutex_unlock(&l->lock);
    return drained || atomic_load(&l->closing);
}

struct link_stats link_stats(struct link *l) {
    struct link_stats s = {.sent = atomic_load(&l->sent), .received = atomic_load(&l->received)};
    mutex_lock(&l->lock);
    for (unsigned c = 0; c < NET_CLASSES; c++)
        s.queued += l->queue[c].bytes;
    s.dropped = l->dropped;
    mutex_unlock(&l->lock);
    return s;
}
