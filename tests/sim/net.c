/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <stdlib.h>

struct msg *msg_new(struct sim *s, enum msg_kind kind, uint32_t from) {
    struct msg *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    (void)s;
    m->kind = kind;
    m->from = from;
    m->refs = 1;
    return m;
}

void msg_set_certificate(struct msg *m, const struct certificate *cert) {
    m->cert = malloc(offsetof(struct certificate, votes) + cert->n * sizeof *cert->votes);
    if (!m->cert)
        abort();
    certificate_copy(m->cert, cert);
}

void msg_release(struct msg *m) {
    if (!m || --m->refs > 0)
        return;
    free(m->cert);
    free(m->data);
    free(m);
}

/* Exponential around the mean, in whole milliseconds, at most 8 times it; and all that a clogged link holds back. */
static uint64_t draw_delay(struct sim *s, uint32_t from, uint32_t to) {
    uint64_t d = s->drawn.delay_min;
    for (int i = 0; i < 8; i++) {
        d += rng_below(&s->net, s->drawn.delay_mean + 1);
        if (rng_chance(&s->net, 1, 2))
            break;
    }
    uint64_t until = s->clogged_until[from][to];
    return until > s->now + d ? until - s->now : d;
}

void links_clog(struct sim *s) {
    uint32_t from = (uint32_t)rng_below(&s->faults, s->nodes_n), to = (uint32_t)rng_below(&s->faults, s->nodes_n);
    uint64_t ms = rng_range(&s->faults, 200, 8000);
    s->clogged_until[from][to] = s->now + ms;
    trace(s, NULL, from, to, "link %u>%u is clogged for %llu ms", from, to, (unsigned long long)ms);
}

void link_deliver_later(struct sim *s, struct msg *m, uint32_t to, uint32_t life) {
    m->refs++;
    sim_at(s, draw_delay(s, m->from, to), &(struct sim_event){.what = AT_DELIVER, .node = to, .a = life, .msg = m});
}

void links_send(struct sim *s, struct msg *m, uint32_t to) {
    if (to == m->from || !s->nodes[to].up || s->nodes[m->from].dying)
        return;
    s->messages++;
    if (s->dead[m->from][to] || s->blocked[m->from][to] || (!s->calm && rng_chance(&s->net, s->drawn.loss, 1000)))
        return;
    link_deliver_later(s, m, to, 0);
    if (!s->calm && rng_chance(&s->net, s->drawn.duplicate, 1000))
        link_deliver_later(s, m, to, 0);
}

void links_broadcast(struct sim *s, struct msg *m) {
    for (uint32_t to = 0; to < s->nodes_n; to++)
        links_send(s, m, to);
}

/* Cuts the nodes in two; sometimes only one direction. */
void links_partition(struct sim *s) {
    uint64_t side = rng_chance(&s->faults, 1, 2) ? 1ull << rng_below(&s->faults, s->nodes_n) : rng_u64(&s->faults);
    uint64_t ways = s->drawn.fork ? 0 : rng_below(&s->faults, 3);
    for (uint32_t i = 0; s->drawn.fork && i < s->nodes_n; i++)
        if (s->nodes[i].nature == TWIN) /* one of them on each side */
            side = i < s->validators ? side | 1ull << i : side & ~(1ull << i);
    for (uint32_t i = 0; i < s->nodes_n; i++)
        for (uint32_t j = 0; j < s->nodes_n; j++) {
            bool out = (side >> i & 1) && !(side >> j & 1);
            bool in = !(side >> i & 1) && (side >> j & 1);
            s->blocked[i][j] = (out && ways != 1) || (in && ways != 2);
        }
    trace(s, NULL, side, ways, "partition %llx%s", (unsigned long long)(side & ((1ull << s->nodes_n) - 1)),
          ways == 0   ? ""
          : ways == 1 ? ", hears nothing"
                      : ", is not heard");
}

void links_heal(struct sim *s) {
    memset(s->blocked, 0, sizeof s->blocked);
    trace(s, NULL, 0, 0, "partition heals");
}

/* A tree of the honest validators, at random; everybody else hangs on one of them. Beyond that each link may be dead.
 */
void links_draw_dead(struct sim *s) {
    uint32_t linked[NODES_MAX], n = 0;
    struct rng r;
    memset(s->dead, 0, sizeof s->dead);
    rng_init(&r, s->options.seed ^ 0x64656164);
    if (s->drawn.dead == 0)
        return;
    for (uint32_t i = 0; i < s->nodes_n; i++)
        for (uint32_t j = 0; j < i; j++)
            s->dead[i][j] = s->dead[j][i] = rng_chance(&r, s->drawn.dead, 1000);
    for (uint32_t i = 0; i < s->nodes_n; i++) {
        uint32_t to = n > 0 ? linked[rng_below(&r, n)] : i;
        s->dead[i][to] = s->dead[to][i] = false;
        if (s->nodes[i].nature == HONEST && i < s->validators)
            linked[n++] = i;
    }
    for (uint32_t i = 0; n > 0 && i < linked[0]; i++) /* liars that came before the first of them */
        s->dead[i][linked[0]] = s->dead[linked[0]][i] = false;
}
