/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include <stdlib.h>

/* Links between full nodes. The model decides what arrives when; hello, sealing, parts and opening are the shipped
 * ones. What is dropped is dropped before it is sealed, as a full queue does; a link that was cut is made anew. */

enum { DIAL_MS = 200, BAN_MS = 60000, POINTS_MAX = 100 };

struct full_link *links_between(struct sim *s, uint32_t a, uint32_t b) {
    return a < b ? &s->full->links[a][b] : &s->full->links[b][a];
}

net_peer links_handle(const struct full_link *l, uint32_t other) {
    return l->life * 64 + other + 1;
}

static uint32_t handle_node(net_peer peer) {
    return (peer - 1) % 64;
}

static bool handle_is_live(const struct full_link *l, net_peer peer) {
    return l->up && (peer - 1) / 64 == l->life;
}

/* --- making and breaking
 * ------------------------------------------------------------------------------------------------------ */

static void try_later(struct sim *s, uint32_t a, uint32_t b, uint64_t delay) {
    struct full_link *l = links_between(s, a, b);
    if (l->waiting)
        return;
    l->waiting = true;
    sim_at(s, delay, &(struct sim_event){.what = AT_LINK, .node = a, .b = b});
}

/* One side's proof that it holds its node key, checked by the other. */
static bool proven(struct sim *s, const struct hello_keys *own, const struct hello_keys *theirs, uint8_t direction,
                   const struct full *who) {
    struct hash said = hello_proof_digest(&s->chain_tag, &own->transcript, direction);
    struct hash heard = hello_proof_digest(&s->chain_tag, &theirs->transcript, direction);
    struct sig sig = seckey_sign(&who->node_key, &said);
    struct verifier verifier;
    return verifier_init(&verifier, &who->node_pub, NULL) == CODE_OK && verifier_check(&verifier, &heard, &sig);
}

/* A liar tries it as somebody of another chain first. */
static bool foreign_is_refused(struct sim *s, const struct full *who) {
    struct hash tag = s->chain_tag;
    struct hello h;
    enum hello_role role;
    struct pubkey key;
    tag.b[rng_below(&s->byz, sizeof tag.b)] ^= 1;
    hello_make(&h, HELLO_VALIDATOR, &tag, &who->node_pub);
    return hello_read(h.bytes, &s->chain_tag, &role, &key, NULL) == CODE_CHAIN_MISMATCH;
}

/* The whole exchange of chain/net/hello.h; `a` dials. */
static bool shake_hands(struct sim *s, struct full_link *l, uint32_t a, uint32_t b) {
    const struct full *fa = &s->full->nodes[a], *fb = &s->full->nodes[b];
    struct hello ha, hb;
    enum hello_role role;
    struct pubkey key;
    hello_make(&ha, HELLO_VALIDATOR, &s->chain_tag, &fa->node_pub);
    hello_make(&hb, HELLO_VALIDATOR, &s->chain_tag, &fb->node_pub);
    if (s->nodes[a].nature == SCRIPTED && !foreign_is_refused(s, fa)) {
        check_fail(s, "node %u lets in a peer from another chain", b);
        return false;
    }
    struct hello first = ha; /* agreeing wipes the secret, not the bytes */
    return hello_read(hb.bytes, &s->chain_tag, &role, &key, NULL) == CODE_OK &&
           hello_read(first.bytes, &s->chain_tag, &role, &key, NULL) == CODE_OK &&
           hello_agree(&ha, hb.bytes, true, &s->chain_tag, &l->keys[a > b], NULL) == CODE_OK &&
           hello_agree(&hb, first.bytes, false, &s->chain_tag, &l->keys[b > a], NULL) == CODE_OK &&
           proven(s, &l->keys[a > b], &l->keys[b > a], HELLO_FROM_DIALER, fa) &&
           proven(s, &l->keys[b > a], &l->keys[a > b], HELLO_FROM_LISTENER, fb);
}

static void joins_release(struct full_link *l) {
    for (int side = 0; side < 2; side++)
        for (int c = 0; c < NET_CLASSES; c++)
            frame_join_release(&l->joins[side][c]);
    memset(l->joins, 0, sizeof l->joins);
}

void links_end(struct sim *s, uint32_t a, uint32_t b) {
    struct full_link *l = links_between(s, a, b);
    if (!l->up)
        return;
    l->up = l->broken = false;
    joins_release(l);
    full_link_down(&s->full->nodes[a], links_handle(l, b));
    full_link_down(&s->full->nodes[b], links_handle(l, a));
}

static bool may_meet(const struct sim *s, uint32_t a, uint32_t b) {
    const struct full_world *w = s->full;
    return s->nodes[a].up && s->nodes[b].up && !s->dead[a][b] && !s->blocked[a][b] && !s->blocked[b][a] &&
           w->banned_until[a][b] <= s->now && w->banned_until[b][a] <= s->now;
}

void links_try(struct sim *s, uint32_t a, uint32_t b) {
    struct full_link *l = links_between(s, a, b);
    l->waiting = false;
    if (l->up || !s->nodes[a].up || !s->nodes[b].up)
        return; /* who starts again dials */
    if (!may_meet(s, a, b)) {
        try_later(s, a, b, 5 * DIAL_MS);
        return;
    }
    if (!shake_hands(s, l, a, b)) {
        check_fail(s, "nodes %u and %u do not agree on a link", a, b);
        return;
    }
    l->up = true;
    l->broken = false;
    l->life++;
    s->full->links_made++;
    trace(s, NULL, a, b, "link %u-%u", a, b);
    full_link_up(&s->full->nodes[a], links_handle(l, b));
    if (l->up)
        full_link_up(&s->full->nodes[b], links_handle(l, a));
}

void links_dial_all(struct sim *s, uint32_t node) {
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (i != node && s->nodes[i].up && s->nodes[i].nature != SILENT && !s->dead[node][i])
            try_later(s, node, i, rng_below(&s->net, DIAL_MS));
}

void links_drop_all(struct sim *s, uint32_t node) {
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (i != node)
            links_end(s, node, i);
}

void links_healed(struct sim *s) {
    for (uint32_t a = 0; a < s->nodes_n; a++)
        for (uint32_t b = a + 1; b < s->nodes_n; b++)
            if (s->full->links[a][b].broken) {
                links_end(s, a, b);
                try_later(s, a, b, rng_below(&s->net, DIAL_MS));
            }
}

void links_report(struct full *f, net_peer peer, unsigned points, const char *why) {
    struct sim *s = f->sim;
    uint32_t me = f->node->index, other = handle_node(peer);
    struct full_world *w = s->full;
    if (!handle_is_live(links_between(s, me, other), peer))
        return;
    w->reports++;
    trace(s, f->node, other, points, "reports node %u: %s", other, why);
    if (f->node->nature == HONEST && s->nodes[other].nature == HONEST)
        check_fail(s, "node %u reports honest node %u: %s", me, other, why);
    w->points[me][other] += points;
    if (w->points[me][other] < POINTS_MAX)
        return;
    w->points[me][other] = 0;
    w->banned_until[me][other] = s->now + BAN_MS;
    sim_at(s, 0, &(struct sim_event){.what = AT_LINK_DOWN, .node = me, .b = other});
    try_later(s, me, other, BAN_MS);
}

void links_release(struct sim *s) {
    for (uint32_t a = 0; a < NODES_MAX; a++)
        for (uint32_t b = a + 1; b < NODES_MAX; b++)
            joins_release(&s->full->links[a][b]);
    memset(s->full->links, 0, sizeof s->full->links);
}

/* --- frames
 * --------------------------------------------------------------------------------------------------------------------
 */

static void post_one(struct sim *s, struct msg *m, uint32_t to) {
    struct full_link *l = links_between(s, m->from, to);
    if (!l->up)
        return;
    s->messages++;
    if (s->blocked[m->from][to]) {
        l->broken = true;
        return;
    }
    if (!s->calm && rng_chance(&s->net, s->drawn.loss, 1000))
        return;
    link_deliver_later(s, m, to, l->life);
    /* A link gives nothing twice; nodes say some things again. */
    bool repeated = wire_class(m->wire) == NET_VOTES || wire_class(m->wire) == NET_PROPOSALS;
    if (!s->calm && rng_chance(&s->net, s->drawn.duplicate, 1000) && repeated)
        link_deliver_later(s, m, to, l->life);
}

void links_post(struct full *f, net_peer peer, uint8_t kind, struct bytes payload) {
    struct sim *s = f->sim;
    if (f->node->dying)
        return;
    if (payload.len > net_class_cap(wire_class(kind))) {
        check_fail(s, "node %u sends %zu bytes of kind %u", f->node->index, payload.len, kind);
        return;
    }
    struct msg *m = msg_new(s, MSG_FRAME, f->node->index);
    m->wire = kind;
    m->data = malloc(payload.len + 1);
    if (!m->data)
        abort();
    if (payload.len)
        memcpy(m->data, payload.data, payload.len);
    m->data_len = payload.len;
    for (uint32_t to = 0; to < s->nodes_n; to++)
        if (to != f->node->index &&
            (peer == NET_PEER_NONE ||
             (handle_node(peer) == to && handle_is_live(links_between(s, f->node->index, to), peer))))
            post_one(s, m, to);
    msg_release(m);
}

/* Opens one sealed frame at the receiver; the message, when it was its last part. False: the link ends. */
static bool open_frame(struct full_link *l, int to_side, uint8_t *wire, size_t len, bool *ret_done, uint8_t *ret_kind,
                       struct bytes *ret_message, enum net_class *ret_class) {
    struct frame frame;
    if (frame_length(wire) != len || frame_open(&l->keys[to_side].receive, wire, len, &frame, NULL) != CODE_OK)
        return false;
    *ret_class = frame.class;
    return frame_join_take(&l->joins[to_side][frame.class], &frame, ret_done, ret_kind, ret_message, NULL) == CODE_OK;
}

/* A liar's bytes on a link of its own: cut, changed, or noise. */
static void spoil(struct sim *s, uint8_t *wire, size_t len) {
    if (rng_chance(&s->byz, 1, 2))
        wire[rng_below(&s->byz, len)] ^= (uint8_t)(1u << rng_below(&s->byz, 8));
    else
        rng_fill(&s->byz, wire, len);
}

void links_arrive(struct sim *s, uint32_t to, const struct msg *m, uint32_t life) {
    static uint8_t wire[FRAME_MAX];
    struct full_link *l = links_between(s, m->from, to);
    if (!l->up || l->life != life)
        return;
    int from_side = m->from > to, to_side = to > m->from;
    enum net_class class = wire_class(m->wire);
    bool spoiled = s->nodes[m->from].nature == SCRIPTED && s->drawn.garbage && rng_chance(&s->byz, 1, 100);
    size_t off = 0;
    bool done = false;
    do {
        size_t n = m->data_len - off < FRAME_PART_MAX ? m->data_len - off : FRAME_PART_MAX;
        struct frame frame = {.class = class,
                              .first = off == 0,
                              .last = off + n == m->data_len,
                              .kind = m->wire,
                              .total = (uint32_t)m->data_len,
                              .part = bytes_of(m->data + off, n)};
        size_t len = frame_seal(&l->keys[from_side].send, &frame, wire);
        uint8_t kind;
        struct bytes message;
        if (spoiled)
            spoil(s, wire, len);
        if (!open_frame(l, to_side, wire, len, &done, &kind, &message, &class)) {
            if (!spoiled)
                check_fail(s, "a frame from node %u to node %u does not open", m->from, to);
            links_end(s, m->from, to);
            try_later(s, to, m->from, DIAL_MS);
            return;
        }
        if (spoiled)
            check_fail(s, "a changed frame from node %u to node %u opens", m->from, to);
        if (done)
            full_message(&s->full->nodes[to], links_handle(l, m->from), class, kind, message);
        off += n;
    } while (off < m->data_len && l->up && l->life == life);
}
