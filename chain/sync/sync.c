/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/sync/sync.h"

#include <limits.h>
#include <stdlib.h>

static struct sync_block *slot_of(struct sync *s, uint64_t height) {
    return &s->window[height % SYNC_WINDOW];
}

static void slot_clear(struct sync *s, struct sync_block *b) {
    s->bytes -= b->len;
    free(b->data);
    *b = (struct sync_block){0};
}

static struct sync_peer *peer_of(struct sync *s, uint32_t id) {
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        if (s->peers[i].id == id)
            return &s->peers[i];
    return NULL;
}

void sync_init(struct sync *s) {
    *s = (struct sync){0};
}

void sync_release(struct sync *s) {
    for (size_t i = 0; i < SYNC_WINDOW; i++)
        slot_clear(s, &s->window[i]);
}

void sync_advance(struct sync *s, uint64_t height, uint64_t now_ms) {
    s->next = height;
    s->next_since_ms = now_ms;
    for (size_t i = 0; i < SYNC_WINDOW; i++)
        if (s->window[i].data != NULL && s->window[i].height < height)
            slot_clear(s, &s->window[i]);
}

void sync_claim(struct sync *s, uint32_t peer, uint64_t height, uint64_t earliest) {
    struct sync_peer *p = peer_of(s, peer);
    if (p == NULL) {
        p = peer_of(s, 0);
        if (p == NULL)
            return;
        *p = (struct sync_peer){.id = peer};
    }
    if (height > p->height)
        p->height = height;
    if (earliest > 0)
        p->earliest = earliest;
}

void sync_gone(struct sync *s, uint32_t peer) {
    struct sync_peer *p = peer_of(s, peer);
    if (p != NULL)
        *p = (struct sync_peer){0};
}

/* Is this height here, or on its way? */
static bool covered(struct sync *s, uint64_t height) {
    if (slot_of(s, height)->data != NULL && slot_of(s, height)->height == height)
        return true;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        if (s->peers[i].id != 0 && height >= s->peers[i].from && height < s->peers[i].to)
            return true;
    return false;
}

/* The idle peer that has `height` and failed least. */
static struct sync_peer *whom(struct sync *s, uint64_t height) {
    struct sync_peer *best = NULL;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++) {
        struct sync_peer *p = &s->peers[i];
        if (p->id != 0 && p->to == p->from && p->height > height && p->earliest <= height &&
            (best == NULL || p->failures < best->failures))
            best = p;
    }
    return best;
}

static void forget_claim(struct sync *s, struct sync_peer *p) {
    p->from = p->to = 0;
    p->height = s->next; /* until it claims anew */
    p->failures++;
}

/* How far claims go, of peers with at most so many failures. */
static uint64_t claimed(const struct sync *s, unsigned failures_max) {
    uint64_t best = s->next;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        if (s->peers[i].id != 0 && s->peers[i].failures <= failures_max && s->peers[i].height > best)
            best = s->peers[i].height;
    return best - s->next;
}

size_t sync_requests(struct sync *s, uint64_t now_ms, struct sync_request *ret, size_t max) {
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        if (s->peers[i].id != 0 && s->peers[i].to > s->peers[i].from && now_ms >= s->peers[i].deadline_ms)
            forget_claim(s, &s->peers[i]);
    uint64_t ahead = claimed(s, UINT_MAX);
    if (ahead == 0 || (ahead == 1 && now_ms < s->next_since_ms + SYNC_PATIENCE_MS))
        return 0;
    size_t n = 0;
    for (uint64_t h = s->next; n < max && h < s->next + SYNC_WINDOW && s->bytes < SYNC_WINDOW_BYTES; h++) {
        if (covered(s, h))
            continue;
        struct sync_peer *p = whom(s, h);
        if (p == NULL)
            continue;
        p->from = p->to = h;
        while (p->to < p->height && p->to < h + SYNC_RANGE && p->to < s->next + SYNC_WINDOW &&
               (p->to == h || !covered(s, p->to)))
            p->to++;
        p->deadline_ms = now_ms + SYNC_TIMEOUT_MS;
        ret[n++] = (struct sync_request){p->id, p->from, (uint32_t)(p->to - p->from)};
    }
    return n;
}

uint64_t sync_deadline(const struct sync *s, uint64_t now_ms) {
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < SYNC_PEERS_MAX; i++)
        if (s->peers[i].id != 0 && s->peers[i].to > s->peers[i].from && s->peers[i].deadline_ms < best)
            best = s->peers[i].deadline_ms;
    uint64_t patience = s->next_since_ms + SYNC_PATIENCE_MS;
    if (claimed(s, UINT_MAX) > 0 && patience >= now_ms && patience < best)
        best = patience;
    return best;
}

bool sync_answered(struct sync *s, uint32_t peer, uint64_t from, size_t count) {
    struct sync_peer *p = peer_of(s, peer);
    if (p == NULL || p->to == p->from || p->from != from)
        return false;
    if (count == 0) {
        forget_claim(s, p);
        return false;
    }
    p->from = p->to = 0;
    p->failures = 0;
    return true;
}

void sync_put(struct sync *s, uint32_t peer, uint64_t height, struct bytes stored) {
    struct sync_peer *p = peer_of(s, peer);
    if (p == NULL || height < p->from || height >= p->to || height < s->next || height >= s->next + SYNC_WINDOW)
        return;
    struct sync_block *b = slot_of(s, height);
    if (b->data != NULL || s->bytes + stored.len > 2 * (size_t)SYNC_WINDOW_BYTES)
        return;
    uint8_t *copy = malloc(stored.len + 1);
    if (copy == NULL)
        return;
    memcpy(copy, stored.data, stored.len);
    *b = (struct sync_block){.height = height, .peer = peer, .data = copy, .len = stored.len};
    s->bytes += stored.len;
}

const struct sync_block *sync_wanted(const struct sync *s) {
    const struct sync_block *b = &s->window[s->next % SYNC_WINDOW];
    return b->data != NULL && b->height == s->next ? b : NULL;
}

void sync_bad(struct sync *s) {
    struct sync_block *b = slot_of(s, s->next);
    struct sync_peer *p = peer_of(s, b->peer);
    if (p != NULL && b->peer != 0)
        forget_claim(s, p);
    slot_clear(s, b);
}

uint64_t sync_behind(const struct sync *s) {
    return claimed(s, 0);
}
