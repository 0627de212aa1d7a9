/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/net/net.h"

#include "chain/base/limits.h"
#include "chain/net/link.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "chain/os/random.h"
#include "chain/os/thread.h"

#include <assert.h>
#include <nng/nng.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BACKOFF_MIN_MS = 50, /* after a restart on one machine the network is whole again at once */
    BACKOFF_MAX_MS = 2000,
    DIAL_GRACE_MS = 500, /* how long the higher id waits for the lower one, which may not know it */
    STEADY_MS = 10000,   /* a link that lasted so long starts the backoff anew */
    TICK_MS = 1000,
};

/* Somebody we may dial. Under net.lock, except for dialer and aio, which only the keeper thread touches. */
struct known {
    struct net_address address;
    struct net *net;
    nng_stream_dialer *dialer;
    nng_aio *aio;
    bool dialing, dialed; /* under way; finished, for the keeper to look at */
    uint64_t next_ms;     /* not before */
    uint32_t backoff_ms;
};

/* A place for a link. The handle is index + generation. Under net.lock. */
struct slot {
    struct net *net;
    struct link *link;
    struct known *known; /* whom we dialed, or NULL */
    uint32_t generation;
    bool up;           /* through the hello; the handler knows it */
    bool evicted;      /* closed for a newer one before its hello */
    uint64_t born;     /* counts up from link to link */
    atomic_bool ended; /* for the keeper to free */
    uint64_t up_ms;
};

/* What is remembered of a node's behaviour. */
struct record {
    struct addr node_id;
    unsigned points;
    uint64_t points_ms; /* when they were right */
    uint64_t banned_until_ms;
};

struct net {
    struct hash chain_tag;
    struct seckey key;
    struct pubkey pubkey;
    struct addr node_id;
    struct link_identity identity;
    struct net_handler handler;
    char listen[NET_ADDRESS_MAX];
    nng_stream_listener *listener;
    nng_aio *accept;

    struct mutex lock;
    struct thread keeper;
    bool stopping, accepting;
    uint64_t drain_until_ms;
    struct known known[NET_KNOWN_MAX];
    size_t known_n;
    struct slot slots[NET_PEERS_MAX];
    struct record records[NET_RECORDS_MAX];
    nng_stream *accepted[NET_HALF_OPEN_MAX];
    size_t accepted_n;
    uint64_t births;
    struct net_stats ended; /* of links that are over */

    struct mutex wake_lock; /* taken last, nothing is called under it */
    struct cond wake;
    bool wake_up;
};

static void keeper_wake(struct net *n) {
    mutex_lock(&n->wake_lock);
    n->wake_up = true;
    cond_signal(&n->wake);
    mutex_unlock(&n->wake_lock);
}

static net_peer slot_handle(const struct slot *s) {
    return s->generation * NET_PEERS_MAX + (uint32_t)(s - s->net->slots) + 1;
}

static struct slot *slot_of(struct net *n, net_peer peer) {
    if (peer == NET_PEER_NONE)
        return NULL;
    struct slot *s = &n->slots[(peer - 1) % NET_PEERS_MAX];
    return s->link != NULL && s->up && slot_handle(s) == peer ? s : NULL;
}

/* --- points and bans, under lock --- */

static struct record *record_of(struct net *n, const struct addr *id, bool make) {
    struct record *oldest = &n->records[0];
    for (size_t i = 0; i < NET_RECORDS_MAX; i++) {
        if (addr_eq(&n->records[i].node_id, id))
            return &n->records[i];
        if (n->records[i].points_ms < oldest->points_ms)
            oldest = &n->records[i];
    }
    if (!make)
        return NULL;
    *oldest = (struct record){.node_id = *id};
    return oldest;
}

static unsigned points_now(const struct record *r, uint64_t now_ms) {
    uint64_t faded = (now_ms - r->points_ms) / 1000;
    return faded >= r->points ? 0 : r->points - (unsigned)faded;
}

static bool banned(struct net *n, const struct addr *id, uint64_t now_ms) {
    const struct record *r = record_of(n, id, false);
    return r != NULL && now_ms < r->banned_until_ms;
}

/* --- links --- */

/* Of two nodes that know each other's address the lower id dials. Who listens nowhere cannot be waited for. */
static bool dials_first(const struct net *n, const struct addr *other) {
    return n->listen[0] == '\0' || addr_cmp(&n->node_id, other) < 0;
}

static struct known *known_of(struct net *n, const struct addr *id) {
    for (size_t i = 0; i < n->known_n; i++)
        if (addr_eq(&n->known[i].address.node_id, id))
            return &n->known[i];
    return NULL;
}

static bool connected_to(const struct net *n, const struct addr *id) {
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        if (n->slots[i].up && !n->slots[i].ended && addr_eq(link_node_id(n->slots[i].link), id))
            return true;
    return false;
}

/* Anybody can make node keys; no number of them may keep a configured node out. */
static bool crowded(const struct net *n) {
    size_t strangers = 0;
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        strangers += n->slots[i].up && !n->slots[i].ended && n->slots[i].known == NULL;
    return strangers >= NET_STRANGERS_MAX;
}

static bool on_ready(void *arg, struct link *l) {
    struct net *n = arg;
    struct slot *s = link_tag(l);
    const struct addr *id = link_node_id(l);
    mutex_lock(&n->lock);
    uint64_t now = clock_mono_ms();
    bool ok = !n->stopping && !banned(n, id, now);
    if (ok && s->known != NULL && !addr_eq(&s->known->address.node_id, id)) {
        log_warn("net", "another node answers at a configured address", "address=%s",
                 log_quote(s->known->address.host_port).s);
        ok = false;
    }
    struct link *old = NULL;
    for (size_t i = 0; ok && i < NET_PEERS_MAX; i++)
        if (&n->slots[i] != s && n->slots[i].up && !n->slots[i].ended && addr_eq(link_node_id(n->slots[i].link), id))
            old = n->slots[i].link;
    if (ok && s->known == NULL) {
        s->known = known_of(n, id);
        ok = s->known != NULL || old != NULL || !crowded(n);
    }
    if (ok) {
        s->up = true;
        s->up_ms = now;
        if (old != NULL)
            link_close(old, "replaced by a new link");
    }
    net_peer peer = slot_handle(s);
    mutex_unlock(&n->lock);
    if (ok)
        n->handler.up(n->handler.self, peer, id);
    return ok;
}

static void on_message(void *arg, struct link *l, enum net_class class, uint8_t kind, struct bytes payload) {
    struct net *n = arg;
    n->handler.message(n->handler.self, slot_handle(link_tag(l)), class, kind, payload);
}

static void on_ended(void *arg, struct link *l) {
    struct net *n = arg;
    atomic_store(&((struct slot *)link_tag(l))->ended, true);
    keeper_wake(n);
}

/* --- the keeper thread: all links are made and freed here --- */

static struct slot *slot_free(struct net *n) {
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        if (n->slots[i].link == NULL)
            return &n->slots[i];
    return NULL;
}

/* Takes the stream. Called without the lock. */
static void link_adopt(struct net *n, nng_stream *stream, struct known *k) {
    struct link_events events = {.arg = n, .ready = on_ready, .message = on_message, .ended = on_ended};
    struct link *l = NULL;
    mutex_lock(&n->lock);
    struct slot *s = slot_free(n);
    mutex_unlock(&n->lock);
    if (s == NULL) {
        nng_stream_free(stream);
        return;
    }
    if (link_new(stream, k != NULL, &n->identity, &events, &l, NULL) != CODE_OK)
        return;
    mutex_lock(&n->lock);
    s->link = l;
    s->known = k;
    s->up = false;
    atomic_store(&s->ended, false);
    s->born = ++n->births;
    s->evicted = false;
    s->generation = (s->generation + 1) % (UINT32_MAX / NET_PEERS_MAX - 1);
    mutex_unlock(&n->lock);
    link_set_tag(l, s);
    link_begin(l);
}

static void links_reap(struct net *n) {
    for (size_t i = 0; i < NET_PEERS_MAX; i++) {
        struct slot *s = &n->slots[i];
        mutex_lock(&n->lock);
        struct link *l = s->ended ? s->link : NULL;
        bool was_up = s->up;
        net_peer peer = slot_handle(s);
        if (l != NULL && s->known != NULL) {
            struct known *k = s->known;
            uint64_t now = clock_mono_ms();
            if (was_up && now - s->up_ms >= STEADY_MS)
                k->backoff_ms = BACKOFF_MIN_MS;
            k->next_ms = now + k->backoff_ms + random_u64() % (k->backoff_ms / 2 + 1);
            k->backoff_ms = k->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : k->backoff_ms * 2;
            if (!dials_first(n, &k->address.node_id))
                k->next_ms += DIAL_GRACE_MS;
        }
        mutex_unlock(&n->lock);
        if (l == NULL)
            continue;
        if (was_up)
            n->handler.down(n->handler.self, peer);
        struct link_stats stats = link_stats(l);
        mutex_lock(&n->lock);
        s->link = NULL;
        s->known = NULL;
        s->up = false;
        atomic_store(&s->ended, false);
        n->ended.sent += stats.sent;
        n->ended.received += stats.received;
        n->ended.dropped += stats.dropped;
        n->ended.refused += !was_up;
        mutex_unlock(&n->lock);
        link_free(l);
    }
}

static void dial_done(void *arg) {
    struct known *k = arg;
    mutex_lock(&k->net->lock);
    k->dialed = true;
    keeper_wake(k->net);
    mutex_unlock(&k->net->lock);
}

static int dial_prepare(struct known *k) {
    char url[NET_ADDRESS_MAX + 8];
    snprintf(url, sizeof url, "tcp://%s", k->address.host_port);
    if (k->aio == NULL && nng_aio_alloc(&k->aio, dial_done, k) != 0)
        return CODE_NO_MEMORY;
    if (k->dialer == NULL && nng_stream_dialer_alloc(&k->dialer, url) != 0)
        return CODE_INVALID_ARGUMENT;
    nng_stream_dialer_set_bool(k->dialer, NNG_OPT_TCP_NODELAY, true);
    nng_aio_set_timeout(k->aio, 3000);
    return CODE_OK;
}

static void dial_collect(struct net *n, struct known *k) {
    mutex_lock(&n->lock);
    bool done = k->dialed;
    k->dialed = false;
    if (done)
        k->dialing = false;
    mutex_unlock(&n->lock);
    if (!done)
        return;
    if (nng_aio_result(k->aio) == 0) {
        link_adopt(n, nng_aio_get_output(k->aio, 0), k);
        return;
    }
    mutex_lock(&n->lock);
    k->next_ms = clock_mono_ms() + k->backoff_ms + random_u64() % (k->backoff_ms / 2 + 1);
    k->backoff_ms = k->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : k->backoff_ms * 2;
    mutex_unlock(&n->lock);
}

/* Has this one a link, or one on its way? */
static bool busy_with(const struct net *n, const struct known *k) {
    if (k->dialing || connected_to(n, &k->address.node_id))
        return true;
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        if (n->slots[i].link != NULL && n->slots[i].known == k)
            return true;
    return false;
}

/* Dials whoever is due; returns when the next one will be. */
static uint64_t dial_due(struct net *n, uint64_t now_ms) {
    uint64_t next = now_ms + TICK_MS;
    for (size_t i = 0; i < n->known_n; i++) {
        struct known *k = &n->known[i];
        dial_collect(n, k);
        mutex_lock(&n->lock);
        bool skip = n->stopping || busy_with(n, k) || banned(n, &k->address.node_id, now_ms);
        bool due = !skip && k->next_ms <= now_ms;
        if (!skip && !due && k->next_ms < next)
            next = k->next_ms;
        k->dialing = k->dialing || due;
        mutex_unlock(&n->lock);
        if (!due)
            continue;
        if (dial_prepare(k) == CODE_OK) {
            nng_stream_dialer_dial(k->dialer, k->aio);
        } else {
            mutex_lock(&n->lock);
            k->dialing = false;
            k->next_ms = now_ms + BACKOFF_MAX_MS;
            mutex_unlock(&n->lock);
        }
    }
    return next;
}

static void accept_done(void *arg) {
    struct net *n = arg;
    int rv = nng_aio_result(n->accept);
    nng_stream *stream = rv == 0 ? nng_aio_get_output(n->accept, 0) : NULL;
    mutex_lock(&n->lock);
    bool again = !n->stopping && rv != NNG_ECLOSED && rv != NNG_ECANCELED;
    if (stream != NULL && again && n->accepted_n < NET_HALF_OPEN_MAX) {
        n->accepted[n->accepted_n++] = stream;
        stream = NULL;
        keeper_wake(n);
    }
    n->accepting = again;
    mutex_unlock(&n->lock);
    if (stream != NULL)
        nng_stream_free(stream);
    if (again)
        nng_stream_listener_accept(n->listener, n->accept);
}

/* Room for one more accepted link. Whoever opens links and says nothing must not keep out who comes with a hello, which
 * takes milliseconds: the oldest silent one goes. Under the lock. */
static bool half_open_room(struct net *n) {
    size_t half = 0;
    struct slot *oldest = NULL;
    for (size_t i = 0; i < NET_PEERS_MAX; i++) {
        struct slot *s = &n->slots[i];
        if (s->link == NULL || s->up)
            continue;
        half++;
        if (!link_dialed(s->link) && !s->evicted && (oldest == NULL || s->born < oldest->born))
            oldest = s;
    }
    if (half < NET_HALF_OPEN_MAX)
        return true;
    if (half >= 2 * NET_HALF_OPEN_MAX || oldest == NULL) /* those that go have not gone yet */
        return false;
    oldest->evicted = true;
    link_close(oldest->link, NULL);
    return true;
}

static void accepted_adopt(struct net *n) {
    for (;;) {
        mutex_lock(&n->lock);
        nng_stream *stream = n->accepted_n > 0 ? n->accepted[--n->accepted_n] : NULL;
        bool refuse = n->stopping || !half_open_room(n);
        mutex_unlock(&n->lock);
        if (stream == NULL)
            return;
        if (refuse)
            nng_stream_free(stream);
        else
            link_adopt(n, stream, NULL);
    }
}

static void links_tick(struct net *n, uint64_t now_ms) {
    mutex_lock(&n->lock);
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        if (n->slots[i].link != NULL && !n->slots[i].ended)
            link_tick(n->slots[i].link, now_ms);
    mutex_unlock(&n->lock);
}

/* While stopping: closes what is drained or out of time. True when no link is left. */
static bool links_close(struct net *n, uint64_t now_ms) {
    bool none = true;
    mutex_lock(&n->lock);
    for (size_t i = 0; i < NET_PEERS_MAX; i++) {
        struct slot *s = &n->slots[i];
        if (s->link == NULL)
            continue;
        none = false;
        if (!s->up || now_ms >= n->drain_until_ms || link_drained(s->link))
            link_close(s->link, NULL);
    }
    mutex_unlock(&n->lock);
    return none;
}

static void keeper(void *arg) {
    struct net *n = arg;
    uint64_t next_tick = 0;
    for (;;) {
        links_reap(n);
        accepted_adopt(n);
        uint64_t now = clock_mono_ms(), next = dial_due(n, now);
        if (now >= next_tick) {
            links_tick(n, now);
            next_tick = now + TICK_MS;
        }
        mutex_lock(&n->lock);
        bool stopping = n->stopping;
        mutex_unlock(&n->lock);
        if (stopping) {
            if (links_close(n, now))
                return;
            next = now + 5; /* a drained queue makes no noise */
        }
        uint64_t until = next < next_tick ? next : next_tick;
        uint64_t deadline = deadline_in_ms(until > now ? until - now : 0);
        mutex_lock(&n->wake_lock);
        while (!n->wake_up && cond_wait_until(&n->wake, &n->wake_lock, deadline))
            ;
        n->wake_up = false;
        mutex_unlock(&n->wake_lock);
    }
}

/* --- life --- */

static int listen_start(struct net *n, const char *host_port, struct err *err) {
    char url[NET_ADDRESS_MAX + 8];
    snprintf(url, sizeof url, "tcp://%s", host_port);
    int rv = nng_stream_listener_alloc(&n->listener, url);
    if (rv == 0)
        nng_stream_listener_set_bool(n->listener, NNG_OPT_TCP_NODELAY, true);
    if (rv == 0)
        rv = nng_stream_listener_listen(n->listener);
    if (rv == 0)
        rv = nng_aio_alloc(&n->accept, accept_done, n);
    if (rv != 0)
        return err_set(err, rv == NNG_EADDRINVAL ? CODE_CONFIG : CODE_UNAVAILABLE, "cannot listen on %s: %s", host_port,
                       nng_strerror(rv));
    int port = 0;
    const char *colon = strrchr(host_port, ':');
    nng_stream_listener_get_int(n->listener, NNG_OPT_TCP_BOUND_PORT, &port);
    snprintf(n->listen, sizeof n->listen, "%.*s:%d", colon != NULL ? (int)(colon - host_port) : 0, host_port, port);
    return CODE_OK;
}

static void net_free(struct net *n) {
    if (n->accept != NULL)
        nng_aio_free(n->accept);
    if (n->listener != NULL)
        nng_stream_listener_free(n->listener);
    for (size_t i = 0; i < n->known_n; i++) {
        struct known *k = &n->known[i];
        if (k->dialer != NULL)
            nng_stream_dialer_close(k->dialer);
        if (k->aio != NULL) {
            nng_aio_stop(k->aio);
            if (k->dialed && nng_aio_result(k->aio) == 0)
                nng_stream_free(nng_aio_get_output(k->aio, 0));
            nng_aio_free(k->aio);
        }
        if (k->dialer != NULL)
            nng_stream_dialer_free(k->dialer);
    }
    for (size_t i = 0; i < n->accepted_n; i++)
        nng_stream_free(n->accepted[i]);
    cond_release(&n->wake);
    mutex_release(&n->wake_lock);
    mutex_release(&n->lock);
    seckey_wipe(&n->key);
    free(n);
}

static void known_init(struct net *n, const struct net_config *config) {
    uint64_t now = clock_mono_ms();
    for (size_t i = 0; i < config->known_n && n->known_n < NET_KNOWN_MAX; i++) {
        const struct net_address *a = &config->known[i];
        if (addr_eq(&a->node_id, &n->node_id))
            continue;
        n->known[n->known_n++] = (struct known){.address = *a,
                                                .net = n,
                                                .backoff_ms = BACKOFF_MIN_MS,
                                                .next_ms = dials_first(n, &a->node_id) ? now : now + DIAL_GRACE_MS};
    }
}

int net_start(const struct net_config *config, const struct net_handler *handler, struct net **ret_net,
              struct err *err) {
    if (sodium_init() < 0)
        return err_set(err, CODE_INTERNAL, "libsodium does not start");
    struct net *n = calloc(1, sizeof *n);
    if (n == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the network");
    n->chain_tag = config->chain_tag;
    n->key = config->node_key;
    n->pubkey = seckey_pubkey(&n->key);
    n->node_id = hello_node_id(&n->pubkey);
    n->identity = (struct link_identity){&n->chain_tag, &n->key, &n->pubkey, config->role};
    n->handler = *handler;
    mutex_init(&n->lock);
    mutex_init(&n->wake_lock);
    cond_init(&n->wake);
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        n->slots[i].net = n;
    int rc = CODE_OK;
    if (config->listen != NULL && config->listen[0] != '\0')
        rc = listen_start(n, config->listen, err);
    if (rc == CODE_OK)
        known_init(n, config);
    if (rc == CODE_OK)
        rc = thread_start(&n->keeper, "net", keeper, n, err);
    if (rc != CODE_OK) {
        net_free(n);
        return rc;
    }
    *ret_net = n;
    if (n->listener != NULL) {
        n->accepting = true;
        nng_stream_listener_accept(n->listener, n->accept);
    }
    return CODE_OK;
}

void net_stop(struct net *n, unsigned drain_ms) {
    if (n == NULL)
        return;
    mutex_lock(&n->lock);
    n->stopping = true;
    n->drain_until_ms = clock_mono_ms() + drain_ms;
    keeper_wake(n);
    mutex_unlock(&n->lock);
    if (n->listener != NULL)
        nng_stream_listener_close(n->listener);
    if (n->accept != NULL)
        nng_aio_stop(n->accept);
    thread_join(&n->keeper);
    net_free(n);
}

const char *net_listen_address(const struct net *n) {
    return n->listen;
}

/* --- sending --- */

bool net_send(struct net *n, net_peer peer, enum net_class class, uint8_t kind, struct bytes payload) {
    assert(class < NET_CLASSES && payload.len <= net_class_cap(class));
    struct message *m = message_new(class, kind, payload);
    if (m == NULL)
        return false;
    mutex_lock(&n->lock);
    struct slot *s = slot_of(n, peer);
    bool ok = s != NULL && link_send(s->link, m);
    mutex_unlock(&n->lock);
    message_unref(m);
    return ok;
}

unsigned net_broadcast(struct net *n, net_peer except, enum net_class class, uint8_t kind, struct bytes payload) {
    assert(class < NET_CLASSES && payload.len <= net_class_cap(class));
    struct message *m = message_new(class, kind, payload);
    if (m == NULL)
        return 0;
    unsigned taken = 0;
    mutex_lock(&n->lock);
    for (size_t i = 0; i < NET_PEERS_MAX; i++) {
        struct slot *s = &n->slots[i];
        if (s->link != NULL && s->up && !s->ended && slot_handle(s) != except)
            taken += link_send(s->link, m);
    }
    mutex_unlock(&n->lock);
    message_unref(m);
    return taken;
}

void net_report(struct net *n, net_peer peer, unsigned points, const char *reason) {
    uint64_t now = clock_mono_ms();
    mutex_lock(&n->lock);
    struct slot *s = slot_of(n, peer);
    if (s != NULL && !banned(n, link_node_id(s->link), now)) { /* what it sent before it was cut off is one offence */
        struct record *r = record_of(n, link_node_id(s->link), true);
        r->points = points_now(r, now) + points;
        r->points_ms = now;
        if (r->points >= NET_POINTS_MAX) {
            r->banned_until_ms = now + NET_BAN_MS;
            r->points = 0;
            log_warn("net", "peer banned", "peer=%u seconds=%d why=%s", peer, NET_BAN_MS / 1000, log_quote(reason).s);
            link_close(s->link, NULL);
        } else {
            log_info("net", "peer misbehaved", "peer=%u points=%u why=%s", peer, r->points, log_quote(reason).s);
        }
    }
    mutex_unlock(&n->lock);
}

/* --- looking --- */

static void info_of_slot(struct net *n, struct slot *s, struct net_peer_info *ret) {
    struct link_stats st = link_stats(s->link);
    *ret = (struct net_peer_info){.peer = slot_handle(s),
                                  .node_id = *link_node_id(s->link),
                                  .dialed = link_dialed(s->link),
                                  .sent = st.sent,
                                  .received = st.received,
                                  .queued = st.queued,
                                  .dropped = st.dropped};
    const struct record *r = record_of(n, &ret->node_id, false);
    if (r != NULL)
        ret->points = points_now(r, clock_mono_ms());
    if (s->known != NULL)
        memcpy(ret->address, s->known->address.host_port, sizeof ret->address);
}

size_t net_peers(struct net *n, struct net_peer_info *ret_infos, size_t max) {
    size_t count = 0;
    mutex_lock(&n->lock);
    for (size_t i = 0; i < NET_PEERS_MAX && count < max; i++)
        if (n->slots[i].link != NULL && n->slots[i].up && !n->slots[i].ended)
            info_of_slot(n, &n->slots[i], &ret_infos[count++]);
    for (size_t i = 0; i < n->known_n && count < max; i++) {
        if (connected_to(n, &n->known[i].address.node_id))
            continue;
        ret_infos[count] = (struct net_peer_info){.node_id = n->known[i].address.node_id};
        memcpy(ret_infos[count].address, n->known[i].address.host_port, sizeof ret_infos[count].address);
        count++;
    }
    mutex_unlock(&n->lock);
    return count;
}

unsigned net_connected(struct net *n) {
    unsigned count = 0;
    mutex_lock(&n->lock);
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        count += n->slots[i].link != NULL && n->slots[i].up && !n->slots[i].ended;
    mutex_unlock(&n->lock);
    return count;
}

struct net_stats net_stats(struct net *n) {
    mutex_lock(&n->lock);
    struct net_stats t = n->ended;
    for (size_t i = 0; i < NET_PEERS_MAX; i++) {
        if (n->slots[i].link == NULL)
            continue;
        struct link_stats s = link_stats(n->slots[i].link);
        t.sent += s.sent;
        t.received += s.received;
        t.dropped += s.dropped;
    }
    mutex_unlock(&n->lock);
    return t;
}
