/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/sync/state_sync.h"

#include <assert.h>
#include <limits.h>

void state_sync_init(struct state_sync *s, uint64_t now_ms) {
    *s = (struct state_sync){.progress_ms = now_ms};
}

void state_sync_prefer(struct state_sync *s, const struct state_sync_offer *offer) {
    s->prefer = *offer;
}

/* --- peers ------------------------------------------------------------------------------------------------------ */

static struct state_sync_peer *peer_of(struct state_sync *s, uint32_t id) {
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        if (s->peers[i].id == id)
            return &s->peers[i];
    return NULL;
}

/* Nobody has this chunk on its way any more. */
static bool chunk_asked(const struct state_sync *s, uint32_t index) {
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        for (size_t k = 0; s->peers[i].id != 0 && k < STATE_SYNC_ASKS_MAX; k++) {
            const struct state_sync_ask *a = &s->peers[i].asks[k];
            if (a->kind == STATE_SYNC_CHUNK && a->free_ms == 0 && a->height == s->target.height && a->index == index)
                return true;
        }
    return false;
}

static void chunk_set(struct state_sync *s, uint32_t index, enum state_sync_chunk to) {
    enum state_sync_chunk was = s->chunks[index];
    bool before = was == CHUNK_ASKED || was == CHUNK_HERE, after = to == CHUNK_ASKED || to == CHUNK_HERE;
    s->ahead = s->ahead - before + after;
    s->in = s->in - (was == CHUNK_IN) + (to == CHUNK_IN);
    s->chunks[index] = (uint8_t)to;
    if (to == CHUNK_MISSING && index < s->first)
        s->first = index;
}

/* The request is not awaited any more. */
static void release(struct state_sync *s, struct state_sync_ask *a) {
    struct state_sync_ask was = *a;
    a->kind = STATE_SYNC_NONE;
    if (was.kind == STATE_SYNC_CHUNK && s->phase == STATE_SYNC_CHUNKS && was.height == s->target.height &&
        was.index < s->target.chunks && s->chunks[was.index] == CHUNK_ASKED && !chunk_asked(s, was.index))
        chunk_set(s, was.index, CHUNK_MISSING);
}

void state_sync_up(struct state_sync *s, uint32_t peer) {
    assert(peer != 0);
    struct state_sync_peer *p = peer_of(s, peer);
    if (p == NULL)
        p = peer_of(s, 0);
    if (p != NULL && p->id == 0)
        *p = (struct state_sync_peer){.id = peer};
}

void state_sync_gone(struct state_sync *s, uint32_t peer) {
    struct state_sync_peer *p = peer != 0 ? peer_of(s, peer) : NULL;
    if (p == NULL)
        return;
    for (size_t k = 0; k < STATE_SYNC_ASKS_MAX; k++)
        release(s, &p->asks[k]);
    *p = (struct state_sync_peer){0};
}

void state_sync_bad(struct state_sync *s, uint32_t peer) {
    struct state_sync_peer *p = peer != 0 ? peer_of(s, peer) : NULL;
    if (p == NULL)
        return;
    for (size_t k = 0; k < STATE_SYNC_ASKS_MAX; k++)
        release(s, &p->asks[k]);
    p->bad = true;
    p->offers_n = 0;
}

static bool same(const struct state_sync_offer *a, const struct state_sync_offer *b) {
    return a->height == b->height && hash_eq(&a->root, &b->root) && hash_eq(&a->id, &b->id);
}

static bool offers(const struct state_sync_peer *p, const struct state_sync_offer *o) {
    for (unsigned i = 0; i < p->offers_n; i++)
        if (same(&p->offers[i], o))
            return true;
    return false;
}

static unsigned offerers(const struct state_sync *s, const struct state_sync_offer *o) {
    unsigned n = 0;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        n += s->peers[i].id != 0 && !s->peers[i].bad && offers(&s->peers[i], o);
    return n;
}

unsigned state_sync_sources(const struct state_sync *s) {
    return s->phase == STATE_SYNC_DISCOVER ? 0 : offerers(s, &s->target);
}

/* --- choosing --------------------------------------------------------------------------------------------------- */

static bool excluded(const struct state_sync *s, const struct hash *id, uint64_t now_ms) {
    for (unsigned i = 0; i < STATE_SYNC_EXCLUDED_MAX && i < s->excluded_n; i++)
        if (hash_eq(&s->excluded[i].id, id) && now_ms < s->excluded[i].until_ms)
            return true;
    return false;
}

/* Anybody may offer what is not there, again and again: who did is believed after those who did not. */
static void came_to_nothing(struct state_sync *s) {
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        s->peers[i].stalls += s->peers[i].chosen;
}

void state_sync_abandon(struct state_sync *s, enum state_sync_end why, uint64_t now_ms) {
    if (s->phase != STATE_SYNC_DISCOVER)
        came_to_nothing(s);
    if (s->phase != STATE_SYNC_DISCOVER && why == STATE_SYNC_GONE) {
        s->prefer = s->target; /* what is in of it is not lost, should it come back */
    } else if (s->phase != STATE_SYNC_DISCOVER) {
        unsigned at = s->excluded_n++ % STATE_SYNC_EXCLUDED_MAX;
        s->excluded[at].id = s->target.id;
        s->excluded[at].until_ms = why == STATE_SYNC_WRONG ? UINT64_MAX : now_ms + STATE_SYNC_RETRY_MS;
    }
    s->turn++;
    s->phase = STATE_SYNC_DISCOVER;
    s->wants_header = s->wants_block = 0;
    s->in = s->ahead = s->first = 0;
    s->first_offer_ms = now_ms; /* what is known already is an offer; others may come */
    s->progress_ms = now_ms;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        s->peers[i].list_ms = 0; /* all are asked anew */
}

size_t state_sync_offerers(const struct state_sync *s, uint32_t *ret) {
    size_t n = 0;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        if (s->peers[i].id != 0 && !s->peers[i].bad && offers(&s->peers[i], &s->target))
            ret[n++] = s->peers[i].id;
    return n;
}

/* Of those who offer it the best: how often offers came to nothing. */
static unsigned stalls(const struct state_sync *s, const struct state_sync_offer *o) {
    unsigned least = UINT_MAX;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++) {
        const struct state_sync_peer *p = &s->peers[i];
        if (p->id != 0 && !p->bad && offers(p, o) && p->stalls < least)
            least = p->stalls;
    }
    return least;
}

/* a before b? */
static bool rather(const struct state_sync *s, const struct state_sync_offer *a, const struct state_sync_offer *b) {
    unsigned doubt_a = stalls(s, a), doubt_b = stalls(s, b);
    if (doubt_a != doubt_b)
        return doubt_a < doubt_b;
    if (same(a, &s->prefer) != same(b, &s->prefer))
        return same(a, &s->prefer);
    if (a->height != b->height)
        return a->height > b->height;
    return offerers(s, a) > offerers(s, b);
}

/* Does somebody say that there is none, and nobody who is still believed that there is one? What was verified against a
 * trusted header is there, whoever offers it. */
static void note_none(struct state_sync *s, uint64_t now_ms) {
    bool without = false, offered = false;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++) {
        const struct state_sync_peer *p = &s->peers[i];
        if (p->id == 0 || p->bad || !p->listed)
            continue;
        without = without || p->offers_n == 0;
        offered = offered || (p->offers_n > 0 && p->stalls == 0);
    }
    if (!without || offered || s->phase > STATE_SYNC_TRUST)
        s->none_ms = 0;
    else if (s->none_ms == 0)
        s->none_ms = now_ms > 0 ? now_ms : 1;
    s->none = s->phase == STATE_SYNC_DISCOVER && s->none_ms != 0 && now_ms >= s->none_ms + STATE_SYNC_NONE_MS;
}

static void choose(struct state_sync *s, uint64_t now_ms) {
    const struct state_sync_offer *best = NULL;
    bool all = true;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++) {
        const struct state_sync_peer *p = &s->peers[i];
        if (p->id == 0 || p->bad)
            continue;
        all = all && p->listed;
        for (unsigned k = 0; k < p->offers_n; k++)
            if (!excluded(s, &p->offers[k].id, now_ms) && (best == NULL || rather(s, &p->offers[k], best)))
                best = &p->offers[k];
    }
    if (best == NULL || s->first_offer_ms == 0 || (!all && now_ms < s->first_offer_ms + STATE_SYNC_GATHER_MS))
        return;
    s->target = *best;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        s->peers[i].chosen = s->peers[i].id != 0 && offers(&s->peers[i], best);
    s->turn++;
    s->phase = STATE_SYNC_TRUST;
    s->progress_ms = now_ms;
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

static struct state_sync_ask *free_ask(struct state_sync_peer *p) {
    struct state_sync_ask *found = NULL;
    for (size_t k = 0; k < STATE_SYNC_ASKS_MAX; k++) {
        if (p->asks[k].kind != STATE_SYNC_NONE && p->asks[k].free_ms != 0)
            return NULL; /* it owes us an answer: left alone */
        if (p->asks[k].kind == STATE_SYNC_NONE)
            found = &p->asks[k];
    }
    return found;
}

static unsigned busy(const struct state_sync_peer *p) {
    unsigned n = 0;
    for (size_t k = 0; k < STATE_SYNC_ASKS_MAX; k++)
        n += p->asks[k].kind != STATE_SYNC_NONE;
    return n;
}

static bool asked_of(const struct state_sync_peer *p, enum state_sync_kind kind, uint64_t height, uint32_t index) {
    for (size_t k = 0; k < STATE_SYNC_ASKS_MAX; k++)
        if (p->asks[k].kind == kind && p->asks[k].height == height && p->asks[k].index == index)
            return true;
    return false;
}

/* The best peer for this: one that offers the target, where that is what it is about. */
static struct state_sync_peer *whom(struct state_sync *s, enum state_sync_kind kind, uint64_t height, uint32_t index,
                                    uint64_t now_ms) {
    struct state_sync_peer *best = NULL;
    bool of_target = kind == STATE_SYNC_MANIFEST || kind == STATE_SYNC_CHUNK;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++) {
        struct state_sync_peer *p = &s->peers[i];
        if (p->id == 0 || p->bad || now_ms < p->rest_ms || free_ask(p) == NULL || asked_of(p, kind, height, index) ||
            (of_target && !offers(p, &s->target)))
            continue;
        if (best == NULL || p->failures < best->failures || (p->failures == best->failures && busy(p) < busy(best)))
            best = p;
    }
    return best;
}

static struct state_sync_request ask(struct state_sync_peer *p, enum state_sync_kind kind, uint64_t height,
                                     uint32_t index, uint64_t now_ms) {
    *free_ask(p) = (struct state_sync_ask){.kind = kind, .height = height, .index = index, .since_ms = now_ms};
    return (struct state_sync_request){p->id, kind, height, index};
}

/* The first of what is under way to anybody; UINT64_MAX: it is not. */
static uint64_t asked_since(const struct state_sync *s, enum state_sync_kind kind, uint64_t height, uint32_t index) {
    uint64_t since = UINT64_MAX;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        for (size_t k = 0; s->peers[i].id != 0 && k < STATE_SYNC_ASKS_MAX; k++) {
            const struct state_sync_ask *a = &s->peers[i].asks[k];
            if (a->kind == kind && a->free_ms == 0 && a->height == height && a->index == index && a->since_ms < since)
                since = a->since_ms;
        }
    return since;
}

static unsigned asked_times(const struct state_sync *s, enum state_sync_kind kind, uint64_t height, uint32_t index) {
    unsigned n = 0;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        for (size_t k = 0; s->peers[i].id != 0 && k < STATE_SYNC_ASKS_MAX; k++) {
            const struct state_sync_ask *a = &s->peers[i].asks[k];
            n += a->kind == kind && a->free_ms == 0 && a->height == height && a->index == index;
        }
    return n;
}

/* One thing that is needed now: asked of one peer, and of a second one when the first is slow. */
static size_t ask_one(struct state_sync *s, enum state_sync_kind kind, uint64_t height, uint32_t index, uint64_t now_ms,
                      struct state_sync_request *ret) {
    uint64_t since = asked_since(s, kind, height, index);
    if (since != UINT64_MAX && (now_ms < since + STATE_SYNC_HEDGE_MS || asked_times(s, kind, height, index) > 1))
        return 0;
    struct state_sync_peer *p = whom(s, kind, height, index, now_ms);
    if (p == NULL)
        return 0;
    *ret = ask(p, kind, height, index, now_ms);
    return 1;
}

static void expire(struct state_sync *s, uint64_t now_ms) {
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++) {
        struct state_sync_peer *p = &s->peers[i];
        for (size_t k = 0; p->id != 0 && k < STATE_SYNC_ASKS_MAX; k++) {
            struct state_sync_ask *a = &p->asks[k];
            if (a->kind == STATE_SYNC_NONE)
                continue;
            if (a->free_ms != 0 && now_ms >= a->free_ms) {
                a->kind = STATE_SYNC_NONE;
                p->owed++;
            }
            if (a->free_ms != 0 || now_ms < a->since_ms + STATE_SYNC_TIMEOUT_MS)
                continue;
            uint64_t alone = p->failures < 5 ? (uint64_t)STATE_SYNC_FORGET_MS << p->failures : STATE_SYNC_FORGET_MAX_MS;
            struct state_sync_ask overdue = *a;
            overdue.free_ms = now_ms + (alone < STATE_SYNC_FORGET_MAX_MS ? alone : STATE_SYNC_FORGET_MAX_MS);
            release(s, a);
            *a = overdue;
            p->failures += p->failures < 32;
        }
    }
}

static size_t ask_lists(struct state_sync *s, uint64_t now_ms, struct state_sync_request *ret, size_t max) {
    size_t n = 0;
    for (size_t i = 0; n < max && i < STATE_SYNC_PEERS_MAX; i++) {
        struct state_sync_peer *p = &s->peers[i];
        if (p->id == 0 || p->bad || (p->list_ms != 0 && now_ms < p->list_ms + STATE_SYNC_LIST_MS) ||
            free_ask(p) == NULL || asked_of(p, STATE_SYNC_LIST, 0, 0))
            continue;
        p->list_ms = now_ms > 0 ? now_ms : 1;
        ret[n++] = ask(p, STATE_SYNC_LIST, 0, 0, now_ms);
    }
    return n;
}

static size_t ask_chunks(struct state_sync *s, uint64_t now_ms, struct state_sync_request *ret, size_t max) {
    size_t n = 0;
    uint32_t i = s->first;
    for (; n < max && i < s->target.chunks && s->ahead < STATE_SYNC_AHEAD; i++) {
        if (s->chunks[i] != CHUNK_MISSING)
            continue;
        struct state_sync_peer *p = whom(s, STATE_SYNC_CHUNK, s->target.height, i, now_ms);
        if (p == NULL)
            break;
        ret[n++] = ask(p, STATE_SYNC_CHUNK, s->target.height, i, now_ms);
        chunk_set(s, i, CHUNK_ASKED);
    }
    while (s->first < s->target.chunks && s->chunks[s->first] == CHUNK_IN)
        s->first++;
    if (i < s->target.chunks || s->ahead > STATE_SYNC_PEERS_MAX)
        return n;
    for (uint32_t k = s->first; n < max && k < s->target.chunks; k++) /* the last ones, which are on their way */
        if (s->chunks[k] == CHUNK_ASKED)
            n += ask_one(s, STATE_SYNC_CHUNK, s->target.height, k, now_ms, &ret[n]);
    return n;
}

size_t state_sync_requests(struct state_sync *s, uint64_t now_ms, struct state_sync_request *ret, size_t max) {
    expire(s, now_ms);
    if (s->phase == STATE_SYNC_DONE)
        return 0;
    if (s->phase != STATE_SYNC_DISCOVER && offerers(s, &s->target) == 0)
        state_sync_abandon(s, STATE_SYNC_GONE, now_ms);
    if (s->phase != STATE_SYNC_DISCOVER && now_ms >= s->progress_ms + STATE_SYNC_STALL_MS)
        state_sync_abandon(s, STATE_SYNC_STALLED, now_ms);
    note_none(s, now_ms);
    size_t n = ask_lists(s, now_ms, ret, max);
    if (s->phase == STATE_SYNC_DISCOVER)
        choose(s, now_ms);
    if (s->phase == STATE_SYNC_TRUST && s->wants_header != 0 && n < max)
        n += ask_one(s, STATE_SYNC_HEADER, s->wants_header, 0, now_ms, &ret[n]);
    if (s->phase == STATE_SYNC_TRUST && s->wants_block != 0 && n < max)
        n += ask_one(s, STATE_SYNC_BLOCK, s->wants_block, 0, now_ms, &ret[n]);
    if (s->phase == STATE_SYNC_MANIFESTS && n < max)
        n += ask_one(s, STATE_SYNC_MANIFEST, s->target.height, 0, now_ms, &ret[n]);
    if (s->phase == STATE_SYNC_CHUNKS && n < max)
        n += ask_chunks(s, now_ms, ret + n, max - n);
    return n;
}

uint64_t state_sync_deadline(const struct state_sync *s, uint64_t now_ms) {
    if (s->phase == STATE_SYNC_DONE)
        return UINT64_MAX;
    uint64_t best = now_ms + STATE_SYNC_GATHER_MS; /* lists, the choice, what is left alone: none of it is urgent */
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        for (size_t k = 0; s->peers[i].id != 0 && k < STATE_SYNC_ASKS_MAX; k++) {
            const struct state_sync_ask *a = &s->peers[i].asks[k];
            uint64_t at = a->free_ms != 0 ? a->free_ms : a->since_ms + STATE_SYNC_HEDGE_MS;
            if (a->kind != STATE_SYNC_NONE && at > now_ms && at < best)
                best = at;
            if (s->peers[i].rest_ms > now_ms && s->peers[i].rest_ms < best)
                best = s->peers[i].rest_ms;
        }
    return best;
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

bool state_sync_answered(struct state_sync *s, uint32_t peer, enum state_sync_kind kind, uint64_t height,
                         uint32_t index, uint64_t now_ms) {
    (void)now_ms;
    struct state_sync_peer *p = peer != 0 ? peer_of(s, peer) : NULL;
    for (size_t k = 0; p != NULL && k < STATE_SYNC_ASKS_MAX; k++) {
        struct state_sync_ask *a = &p->asks[k];
        if (a->kind != kind || a->height != height || a->index != index)
            continue;
        a->kind = STATE_SYNC_NONE;
        p->failures = 0;
        return true;
    }
    return false;
}

bool state_sync_late(struct state_sync *s, uint32_t peer) {
    struct state_sync_peer *p = peer != 0 ? peer_of(s, peer) : NULL;
    bool late = p != NULL && p->owed > 0;
    if (late)
        p->owed--;
    return late;
}

unsigned state_sync_owed(const struct state_sync *s, uint32_t peer) {
    unsigned n = 0;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++) {
        const struct state_sync_peer *p = &s->peers[i];
        if (p->id == 0 || p->id != peer)
            continue;
        n = p->owed;
        for (size_t k = 0; k < STATE_SYNC_ASKS_MAX; k++)
            n += p->asks[k].kind == STATE_SYNC_BLOCK;
    }
    return n;
}

void state_sync_listed(struct state_sync *s, uint32_t peer, const struct state_sync_offer *in, size_t n,
                       uint64_t now_ms) {
    struct state_sync_peer *p = peer_of(s, peer);
    if (p == NULL || p->bad)
        return;
    p->listed = true;
    p->offers_n = 0;
    for (size_t i = 0; i < n && p->offers_n < STATE_SYNC_OFFERS_MAX; i++)
        if (in[i].height > 0 && in[i].chunks > 0 && in[i].chunks <= SNAPSHOT_CHUNKS_MAX)
            p->offers[p->offers_n++] = in[i];
    if (p->offers_n > 0 && s->first_offer_ms == 0)
        s->first_offer_ms = now_ms > 0 ? now_ms : 1;
}

static void offer_drop(struct state_sync_peer *p, const struct state_sync_offer *o) {
    unsigned n = 0;
    for (unsigned i = 0; i < p->offers_n; i++)
        if (!same(&p->offers[i], o))
            p->offers[n++] = p->offers[i];
    p->offers_n = n;
}

void state_sync_lacks(struct state_sync *s, uint32_t peer, enum state_sync_kind kind, uint64_t now_ms) {
    struct state_sync_peer *p = peer_of(s, peer);
    if (p == NULL)
        return;
    p->rest_ms = now_ms + STATE_SYNC_REST_MS;
    if (s->phase == STATE_SYNC_DISCOVER || (kind != STATE_SYNC_MANIFEST && kind != STATE_SYNC_CHUNK))
        return;
    offer_drop(p, &s->target);
    for (uint32_t i = 0; s->phase == STATE_SYNC_CHUNKS && i < s->target.chunks; i++)
        if (s->chunks[i] == CHUNK_ASKED && !chunk_asked(s, i))
            chunk_set(s, i, CHUNK_MISSING);
}

/* --- trust ------------------------------------------------------------------------------------------------------ */

void state_sync_want(struct state_sync *s, uint64_t header, uint64_t block, uint64_t now_ms) {
    if (header != s->wants_header || block != s->wants_block)
        s->progress_ms = now_ms;
    s->wants_header = header;
    s->wants_block = block;
}

void state_sync_trusted(struct state_sync *s, uint64_t now_ms) {
    assert(s->phase == STATE_SYNC_TRUST);
    s->progress_ms = now_ms;
    s->phase = STATE_SYNC_MANIFESTS;
    s->wants_header = s->wants_block = 0;
}

/* --- manifest, chunks ------------------------------------------------------------------------------------------- */

static void finish(struct state_sync *s) {
    if (s->in == s->target.chunks)
        s->phase = STATE_SYNC_DONE;
}

void state_sync_manifest(struct state_sync *s, uint32_t chunks, bool (*in)(void *ctx, uint32_t index), void *ctx,
                         uint64_t now_ms) {
    assert(s->phase == STATE_SYNC_MANIFESTS && chunks >= 1 && chunks <= SNAPSHOT_CHUNKS_MAX);
    s->phase = STATE_SYNC_CHUNKS;
    s->target.chunks = chunks;
    s->in = s->ahead = s->first = 0;
    s->progress_ms = now_ms;
    for (uint32_t i = 0; i < chunks; i++) {
        s->chunks[i] = in(ctx, i) ? CHUNK_IN : CHUNK_MISSING;
        s->in += s->chunks[i] == CHUNK_IN;
    }
    finish(s);
}

bool state_sync_here(struct state_sync *s, uint32_t index) {
    if (s->phase != STATE_SYNC_CHUNKS || index >= s->target.chunks || s->chunks[index] == CHUNK_HERE ||
        s->chunks[index] == CHUNK_IN || (s->chunks[index] == CHUNK_MISSING && s->ahead >= STATE_SYNC_AHEAD))
        return false;
    chunk_set(s, index, CHUNK_HERE);
    return true;
}

void state_sync_taken(struct state_sync *s, uint32_t index, bool in, uint64_t now_ms) {
    if (s->phase != STATE_SYNC_CHUNKS || index >= s->target.chunks || s->chunks[index] != CHUNK_HERE)
        return; /* of a snapshot that was left */
    chunk_set(s, index, in ? CHUNK_IN : CHUNK_MISSING);
    if (in)
        s->progress_ms = now_ms;
    finish(s);
}
