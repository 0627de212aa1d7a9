/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/sync/sync.h"

#include <assert.h>

static struct sync_slot *slot_at(struct sync *s, uint64_t height) {
    return &s->slots[sync_slot_of(height)];
}

static void slot_clear(struct sync *s, struct sync_slot *b) {
    s->held_len -= b->len;
    *b = (struct sync_slot){0};
}

bool sync_held(const struct sync *s, uint64_t height) {
    const struct sync_slot *b = &s->slots[sync_slot_of(height)];
    return b->state != SYNC_FREE && b->height == height;
}

static enum sync_state state_at(const struct sync *s, uint64_t height) {
    return sync_held(s, height) ? s->slots[sync_slot_of(height)].state : SYNC_FREE;
}

void sync_init(struct sync *s, uint64_t next, uint64_t now_ms) {
    *s = (struct sync){.next = next, .check = next, .execute = next, .next_since_ms = now_ms};
}

void sync_advance(struct sync *s, uint64_t height, uint64_t now_ms) {
    assert(height >= s->next);
    if (height > s->next)
        s->next_since_ms = now_ms;
    s->next = height;
    s->check = s->check > height ? s->check : height;
    s->execute = s->execute > height ? s->execute : height;
    for (size_t i = 0; i < SYNC_WINDOW; i++)
        if (s->slots[i].state != SYNC_FREE && s->slots[i].height < height)
            slot_clear(s, &s->slots[i]);
}

/* --- peers ------------------------------------------------------------------------------------------------------ */

static struct sync_peer *peer_of(struct sync *s, uint32_t id) {
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        if (s->peers[i].id == id)
            return &s->peers[i];
    return NULL;
}

/* Its place, a new one if it has none; NULL when all are taken. */
static struct sync_peer *place_of(struct sync *s, uint32_t peer) {
    assert(peer != 0);
    struct sync_peer *p = peer_of(s, peer);
    if (p == NULL && (p = peer_of(s, 0)) != NULL)
        *p = (struct sync_peer){.id = peer};
    return p;
}

void sync_owed(struct sync *s, uint32_t peer, unsigned n) {
    struct sync_peer *p = n > 0 ? place_of(s, peer) : NULL;
    if (p != NULL)
        p->owed += n;
}

void sync_claim(struct sync *s, uint32_t peer, uint64_t height, uint64_t earliest) {
    struct sync_peer *p = place_of(s, peer);
    if (p == NULL)
        return;
    if (height > p->height)
        p->height = height;
    if (earliest > 0)
        p->earliest = earliest;
}

void sync_gone(struct sync *s, uint32_t peer) {
    struct sync_peer *p = peer != 0 ? peer_of(s, peer) : NULL;
    if (p != NULL)
        *p = (struct sync_peer){0};
}

/* How far claims go, of all peers or of those that have kept theirs. */
static uint64_t claimed(const struct sync *s, bool honest) {
    uint64_t best = s->next;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++) {
        const struct sync_peer *p = &s->peers[i];
        if (p->id != 0 && p->height > best && (!honest || (p->failures == 0 && p->lies == 0)))
            best = p->height;
    }
    return best - s->next;
}

uint64_t sync_behind(const struct sync *s) {
    return claimed(s, true);
}

unsigned sync_sources(const struct sync *s) {
    unsigned n = 0;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        n += s->peers[i].id != 0 && s->peers[i].height > s->next && s->peers[i].earliest <= s->next;
    return n;
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

static bool ask_open(const struct sync_ask *a) {
    return a->to > a->from && a->free_ms == 0;
}

/* Is this height on its way? */
static bool asked(const struct sync *s, uint64_t height) {
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        for (size_t k = 0; k < SYNC_ASKS_MAX; k++) {
            const struct sync_ask *a = &s->peers[i].asks[k];
            if (s->peers[i].id != 0 && ask_open(a) && height >= a->from && height < a->to)
                return true;
        }
    return false;
}

static bool covered(const struct sync *s, uint64_t height) {
    return sync_held(s, height) || asked(s, height);
}

static size_t asks_open(const struct sync *s) {
    size_t n = 0;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        for (size_t k = 0; k < SYNC_ASKS_MAX; k++)
            n += s->peers[i].id != 0 && ask_open(&s->peers[i].asks[k]);
    return n;
}

static struct sync_ask *free_ask(struct sync_peer *p) {
    for (size_t k = 0; k < SYNC_ASKS_MAX; k++)
        if (p->asks[k].free_ms != 0)
            return NULL; /* it owes us an answer: left alone */
    for (size_t k = 0; k < SYNC_ASKS_MAX; k++)
        if (p->asks[k].to == p->asks[k].from)
            return &p->asks[k];
    return NULL;
}

static bool idle(const struct sync_peer *p) {
    for (size_t k = 0; k < SYNC_ASKS_MAX; k++)
        if (p->asks[k].to > p->asks[k].from)
            return false;
    return true;
}

/* `a` before `b`: fewer lies, fewer failures, an idle one. */
static bool better(const struct sync_peer *a, const struct sync_peer *b) {
    if ((a->lies > 0) != (b->lies > 0))
        return b->lies > 0;
    if (a->failures != b->failures)
        return a->failures < b->failures;
    return idle(a) && !idle(b);
}

static bool asked_of(const struct sync_peer *p, uint64_t height) {
    for (size_t k = 0; k < SYNC_ASKS_MAX; k++)
        if (height >= p->asks[k].from && height < p->asks[k].to)
            return true;
    return false;
}

/* The best peer that has `height` and may be asked; none that was asked for it already. */
static struct sync_peer *whom(struct sync *s, uint64_t height) {
    struct sync_peer *best = NULL;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++) {
        struct sync_peer *p = &s->peers[i];
        if (p->id != 0 && p->height > height && p->earliest <= height && free_ask(p) != NULL && !asked_of(p, height) &&
            (best == NULL || better(p, best)))
            best = p;
    }
    return best;
}

static void failed(struct sync *s, struct sync_peer *p) {
    if (p->failures < 32)
        p->failures++;
    p->height = s->next; /* until it claims anew */
}

static void expire(struct sync *s, uint64_t now_ms) {
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++) {
        struct sync_peer *p = &s->peers[i];
        for (size_t k = 0; p->id != 0 && k < SYNC_ASKS_MAX; k++) {
            struct sync_ask *a = &p->asks[k];
            if (a->free_ms != 0 && now_ms >= a->free_ms) {
                *a = (struct sync_ask){0};
                p->owed++;
            }
            if (!ask_open(a) || now_ms < a->since_ms + SYNC_TIMEOUT_MS)
                continue;
            uint64_t alone = p->failures < 5 ? (uint64_t)SYNC_FORGET_MS << p->failures : SYNC_FORGET_MAX_MS;
            a->free_ms = now_ms + (alone < SYNC_FORGET_MAX_MS ? alone : SYNC_FORGET_MAX_MS);
            failed(s, p);
        }
    }
}

/* How many blocks of the mean size make a good answer. */
static uint64_t range_now(const struct sync *s) {
    if (s->mean_len == 0)
        return SYNC_RANGE_FIRST;
    uint64_t n = SYNC_ANSWER_WISH / s->mean_len;
    return n < 1 ? 1 : n > SYNC_RANGE_MAX ? SYNC_RANGE_MAX : n;
}

static struct sync_request ask(struct sync *s, struct sync_peer *p, uint64_t from, bool anyway, uint64_t now_ms) {
    struct sync_ask *a = free_ask(p);
    *a = (struct sync_ask){.from = from, .to = from, .since_ms = now_ms};
    uint64_t end = s->next + SYNC_WINDOW, range = range_now(s), to = from;
    while (to < p->height && to < from + range && to < end &&
           (to == from || (anyway ? !sync_held(s, to) : !covered(s, to))))
        to++;
    a->to = to;
    return (struct sync_request){p->id, from, (uint32_t)(to - from)};
}

/* The lowest height that is not held. */
static uint64_t first_missing(const struct sync *s) {
    uint64_t h = s->next;
    while (h < s->next + SYNC_WINDOW && sync_held(s, h))
        h++;
    return h;
}

static uint64_t asked_since(const struct sync *s, uint64_t height) {
    uint64_t since = UINT64_MAX;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        for (size_t k = 0; k < SYNC_ASKS_MAX; k++) {
            const struct sync_ask *a = &s->peers[i].asks[k];
            if (s->peers[i].id != 0 && ask_open(a) && height >= a->from && height < a->to && a->since_ms < since)
                since = a->since_ms;
        }
    return since;
}

/* The lowest missing height waits for a slow peer: another one is asked too. */
static bool hedge(struct sync *s, uint64_t missing, uint64_t now_ms, struct sync_request *ret) {
    uint64_t since = asked_since(s, missing);
    if (since == UINT64_MAX || now_ms < since + SYNC_HEDGE_MS)
        return false;
    if (s->hedged == missing && now_ms < s->hedged_ms + SYNC_HEDGE_MS)
        return false;
    struct sync_peer *p = whom(s, missing);
    if (p == NULL)
        return false;
    s->hedged = missing;
    s->hedged_ms = now_ms;
    *ret = ask(s, p, missing, true, now_ms);
    return true;
}

size_t sync_requests(struct sync *s, uint64_t now_ms, struct sync_request *ret, size_t max) {
    expire(s, now_ms);
    uint64_t ahead = claimed(s, false);
    if (ahead == 0 || (ahead == 1 && now_ms < s->next_since_ms + SYNC_PATIENCE_MS))
        return 0;
    uint64_t missing = first_missing(s);
    size_t n = 0, open = asks_open(s);
    if (n < max && hedge(s, missing, now_ms, &ret[n]))
        n++;
    for (uint64_t h = missing; n < max && h < s->next + SYNC_WINDOW; h++) {
        if (h > missing && s->held_len + (open + 1) * SYNC_ANSWER_LEN > SYNC_HELD_LEN)
            break;
        if (covered(s, h))
            continue;
        struct sync_peer *p = whom(s, h);
        if (p == NULL)
            continue;
        ret[n++] = ask(s, p, h, false, now_ms);
        open++;
    }
    return n;
}

uint64_t sync_deadline(const struct sync *s, uint64_t now_ms) {
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        for (size_t k = 0; s->peers[i].id != 0 && k < SYNC_ASKS_MAX; k++) {
            const struct sync_ask *a = &s->peers[i].asks[k];
            uint64_t at = a->free_ms != 0 ? a->free_ms : a->since_ms + SYNC_TIMEOUT_MS;
            if (a->to > a->from && at < best)
                best = at;
        }
    if (claimed(s, false) == 0)
        return best;
    uint64_t since = asked_since(s, first_missing(s));
    uint64_t times[] = {s->next_since_ms + SYNC_PATIENCE_MS, since == UINT64_MAX ? since : since + SYNC_HEDGE_MS};
    for (size_t i = 0; i < 2; i++)
        if (times[i] > now_ms && times[i] < best)
            best = times[i];
    return best;
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

static struct sync_ask *ask_of(struct sync_peer *p, uint64_t from) {
    for (size_t k = 0; k < SYNC_ASKS_MAX; k++)
        if (p->asks[k].to > p->asks[k].from && p->asks[k].from == from)
            return &p->asks[k];
    return NULL;
}

static size_t total_of(const size_t *lens, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (lens[i] > SYNC_ANSWER_LEN - total)
            return SIZE_MAX;
        total += lens[i];
    }
    return total;
}

static bool keep(struct sync *s, uint32_t peer, uint64_t height, size_t len) {
    if (height < s->next || height >= s->next + SYNC_WINDOW || len == 0 || sync_held(s, height) ||
        s->held_len + len > SYNC_HELD_LEN + SYNC_ANSWER_LEN)
        return false;
    *slot_at(s, height) = (struct sync_slot){.height = height, .peer = peer, .len = (uint32_t)len, .state = SYNC_HERE};
    s->held_len += len;
    s->mean_len = s->mean_len == 0 ? len : (s->mean_len * 15 + len) / 16;
    return true;
}

enum sync_verdict sync_answer(struct sync *s, uint32_t peer, uint64_t from, const size_t *lens, size_t count,
                              uint64_t now_ms, bool *ret_keep) {
    (void)now_ms;
    for (size_t i = 0; i < count; i++)
        ret_keep[i] = false;
    struct sync_peer *p = peer != 0 ? peer_of(s, peer) : NULL;
    struct sync_ask *a = p != NULL ? ask_of(p, from) : NULL;
    if (a == NULL && p != NULL && p->owed > 0) { /* links keep their order, but may give nothing for long */
        p->owed--;
        return SYNC_TAKEN;
    }
    if (a == NULL)
        return SYNC_UNASKED;
    struct sync_ask answered = *a;
    *a = (struct sync_ask){0};
    if (count == 0) {
        if (answered.from >= s->next) { /* it may have pruned what we no longer want */
            failed(s, p);
            p->lies++;
        }
        return SYNC_EMPTY;
    }
    if (count > answered.to - answered.from || total_of(lens, count) > SYNC_ANSWER_LEN) {
        failed(s, p);
        p->lies++;
        return SYNC_TOO_BIG;
    }
    for (size_t i = 0; i < count; i++)
        ret_keep[i] = keep(s, peer, from + i, lens[i]);
    p->failures = 0;
    return SYNC_TAKEN;
}

/* --- checking and executing ------------------------------------------------------------------------------------- */

/* Bytes that are checked, or about to be, and not committed. */
static size_t ahead_len(const struct sync *s) {
    size_t len = 0;
    for (uint64_t h = s->next; h < s->check; h++)
        len += sync_held(s, h) ? s->slots[sync_slot_of(h)].len : 0;
    return len;
}

size_t sync_hand(struct sync *s, size_t count_max, size_t len_max, uint64_t *ret_from) {
    size_t n = 0, len = 0, ahead = ahead_len(s);
    if (ahead >= SYNC_AHEAD_LEN)
        return 0;
    while (n < count_max && state_at(s, s->check + n) == SYNC_HERE) {
        const struct sync_slot *b = slot_at(s, s->check + n);
        if (n > 0 && len + b->len > len_max)
            break;
        len += b->len;
        n++;
    }
    for (size_t i = 0; i < n; i++)
        slot_at(s, s->check + i)->state = SYNC_CHECKING;
    *ret_from = s->check;
    s->check += n;
    return n;
}

uint32_t sync_checked(struct sync *s, uint64_t from, size_t good, size_t count, bool bad) {
    assert(good <= count);
    uint32_t blame = 0;
    for (uint64_t h = from; h < from + count; h++) {
        if (state_at(s, h) != SYNC_CHECKING)
            continue; /* committed meanwhile, by consensus itself */
        struct sync_slot *b = slot_at(s, h);
        b->state = h < from + good ? SYNC_GOOD : SYNC_HERE;
        if (h != from + good || !bad)
            continue;
        blame = b->peer;
        struct sync_peer *p = peer_of(s, blame);
        if (p != NULL) {
            failed(s, p);
            p->lies++;
        }
        slot_clear(s, b);
    }
    if (good < count && s->check > from + good)
        s->check = from + good > s->next ? from + good : s->next;
    return blame;
}

uint64_t sync_execute(struct sync *s) {
    if (state_at(s, s->execute) != SYNC_GOOD)
        return 0;
    slot_at(s, s->execute)->state = SYNC_EXECUTING;
    return s->execute++;
}

size_t sync_run(const struct sync *s) {
    size_t n = 0;
    while (n < SYNC_WINDOW && (state_at(s, s->next + n) == SYNC_GOOD || state_at(s, s->next + n) == SYNC_EXECUTING))
        n++;
    return n;
}
