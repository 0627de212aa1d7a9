/* SPDX-License-Identifier: Apache-2.0 */
/* Votes and proposals of others, passed on to peers who lack them; and what is missing when a height stands still. */
#include "chain/node/core_rooms.h"

#include "chain/codec/bech32.h"
#include "chain/os/log.h"

#include <inttypes.h>

enum {
    STALL_MS = 5000, /* a height that stands still this long is worth a line in the log */
    TELL_MS = 30000, /* and so often another one */
    NAMED_MAX = 8,   /* validators in it */
};

void relay_summary(struct core *c, const struct bft_summary *s) {
    struct bytes out;
    if (c->halted)
        return;
    struct arena_mark mark = arena_mark(&c->arena);
    if (wire_summary_encode(s, c->head->info.validators.n, &c->arena, &out, NULL) == CODE_OK)
        c->host.send(c->host.ctx, NET_PEER_NONE, WIRE_SUMMARY, out);
    arena_rewind(&c->arena, mark);
    relay_stalled(c, s);
}

void relay_send(struct core *c, net_peer peer, const struct bft_send *send) {
    if (!c->halted)
        outputs_send(c, peer, send);
}

int relay_take(struct core *c, net_peer peer, struct bytes payload, struct err *err) {
    struct bft_summary s;
    struct err why;
    if (wire_summary_decode(payload, &c->arena, &s, &why) != CODE_OK) {
        inputs_misbehaved(c, peer, 50, "malformed summary", &why);
        return CODE_OK;
    }
    struct core_peer *p = core_peer(c, peer);
    uint64_t now = core_now_ms(c);
    if (p == NULL || (p->summary_ms > 0 && now < p->summary_ms + RELAY_ANSWER_MS))
        return CODE_OK;
    p->summary_ms = now > 0 ? now : 1;
    return driver_summary(c->driver, peer, &s, err);
}

/* --- what is missing --- */

struct missing {
    const char *what;
    unsigned n;
    uint64_t power, total;
    char names[NAMED_MAX * ADDR_TEXT_MAX + 1]; /* of the first few, separated by commas */
};

static void missing_add(struct missing *m, const struct validator *v) {
    size_t len = strlen(m->names);
    m->power += v->power;
    if (m->n++ >= NAMED_MAX)
        return;
    if (len > 0)
        m->names[len++] = ',';
    addr_to_text(&v->addr, m->names + len);
}

/* The votes that the height waits for, as bits; NULL: for a proposal. */
static const uint8_t *waited_for(const struct core *c, const struct bft_summary *s, const char **ret_what) {
    switch (bft_phase(c->bft)) {
    case BFT_PHASE_PREVOTE:
        *ret_what = "prevote";
        return s->prevotes;
    case BFT_PHASE_PRECOMMIT:
        *ret_what = "precommit";
        return s->precommits;
    default:
        *ret_what = "proposal";
        return NULL;
    }
}

static void missing_find(const struct core *c, const struct bft_summary *s, struct missing *ret) {
    const struct validator_set *set = &c->head->info.validators;
    *ret = (struct missing){0};
    const uint8_t *votes = waited_for(c, s, &ret->what);
    uint16_t proposer = bft_proposer(c->bft, s->round);
    for (uint16_t v = 0; v < set->n; v++) {
        ret->total += set->at[v].power;
        if (votes != NULL ? !(votes[v / 8] >> v % 8 & 1) : v == proposer && !s->proposal)
            missing_add(ret, &set->at[v]);
    }
}

void relay_stalled(struct core *c, const struct bft_summary *s) {
    struct core_stall *stall = &c->stall;
    struct missing m;
    uint64_t now = core_now_ms(c);
    if (stall->height != s->height)
        *stall = (struct core_stall){.height = s->height, .since_ms = now};
    if (now < stall->since_ms + STALL_MS)
        return;
    missing_find(c, s, &m);
    metric_set(c->metrics.missing, m.n);
    if (stall->told_ms > 0 && now < stall->told_ms + TELL_MS)
        return;
    stall->told_ms = now;
    log_warn("node", "the height stands still: are these validators up and linked to others?",
             "height=%" PRIu64 " round=%u seconds=%" PRIu64 " waits_for=%s missing=%u power=%" PRIu64 " of=%" PRIu64
             " validators=%s",
             s->height, s->round, (now - stall->since_ms) / 1000, m.what, m.n, m.power, m.total, m.names);
}
