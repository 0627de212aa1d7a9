/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include "chain/bft/proposer.h"

/* A validator that follows no rules, but can sign with its own key only. What it sends is drawn; the seeds find the
 * combinations. */

static void note(struct sim_node *n, uint64_t height, uint32_t round, const struct hash *value) {
    if (height > n->seen_height || (height == n->seen_height && round > n->seen_round)) {
        if (height > n->seen_height)
            memset(n->seen_values, 0, sizeof n->seen_values);
        n->seen_height = height;
        n->seen_round = round;
    }
    if (height != n->seen_height || !value || hash_is_zero(value))
        return;
    for (int i = 0; i < 4; i++)
        if (hash_eq(&n->seen_values[i], value))
            return;
    memmove(&n->seen_values[1], &n->seen_values[0], 3 * sizeof *value);
    n->seen_values[0] = *value;
}

static struct hash some_value(struct sim *s, struct sim_node *n) {
    uint64_t draw = rng_below(&s->byz, 8);
    if (draw < 4)
        return n->seen_values[draw];
    if (draw == 4) {
        struct hash garbage;
        rng_fill(&s->byz, garbage.b, sizeof garbage.b);
        return garbage;
    }
    if (draw == 5)
        return (struct hash){0};
    return n->seen_values[0];
}

/* Its index in the set of the height that it has overheard. */
static bool own_index(const struct sim *s, const struct sim_node *n, uint16_t *ret) {
    const struct full_set *set = s->full ? full_set_at(s, n->seen_height) : NULL;
    *ret = !s->full ? n->validator : set ? set->index[n->validator] : VALIDATOR_NONE;
    return *ret != VALIDATOR_NONE;
}

static struct vote make_vote(struct sim *s, struct sim_node *n, uint8_t type, uint32_t round,
                             const struct hash *value) {
    struct vote v = {.height = n->seen_height, .round = round, .type = type, .value = *value};
    own_index(s, n, &v.validator);
    key_sign_vote(s, n->validator, &v);
    check_signed(s, n, &(struct bft_sign){.type = type, .vote = v});
    return v;
}

static void send_vote(struct sim *s, struct sim_node *n, uint8_t type, uint32_t round, const struct hash *value,
                      uint32_t to) {
    struct vote vote = make_vote(s, n, type, round, value);
    if (rng_chance(&s->byz, 1, 30))
        vote.sig.b[rng_below(&s->byz, 16)] ^= 1;
    if (s->full) {
        full_byz_vote(&s->full->nodes[n->index], &vote, to);
        return;
    }
    struct msg *m = msg_new(s, MSG_VOTE, n->index);
    m->vote = vote;
    links_send(s, m, to);
    msg_release(m);
}

/* A vote to everybody: the same one, or one of two, or each another. */
static void vote_around(struct sim *s, struct sim_node *n, uint8_t type, uint32_t round) {
    uint16_t index;
    if (!own_index(s, n, &index))
        return;
    struct hash a = n->seen_values[0], b = some_value(s, n);
    uint64_t how = rng_below(&s->byz, 4);
    for (uint32_t to = 0; to < s->nodes_n; to++) {
        struct hash each = some_value(s, n);
        if (to != n->index)
            send_vote(s, n, type, round, how == 0 ? &a : how == 1 ? (to % 2 ? &a : &b) : how == 2 ? &each : &b, to);
    }
}

void byz_hears_proposal(struct sim *s, struct sim_node *n, uint64_t height, uint32_t round, const struct hash *value) {
    note(n, height, round, value);
    if (!rng_chance(&s->byz, 3, 4))
        return;
    vote_around(s, n, VOTE_PREVOTE, round);
    if (rng_chance(&s->byz, 3, 4))
        vote_around(s, n, VOTE_PRECOMMIT, round);
}

void byz_hears_vote(struct sim *s, struct sim_node *n, uint64_t height, uint32_t round, const struct hash *value) {
    note(n, height, round, value);
    if (rng_chance(&s->byz, 1, 8))
        vote_around(s, n, rng_chance(&s->byz, 1, 2) ? VOTE_PREVOTE : VOTE_PRECOMMIT, n->seen_round);
}

void byz_deliver(struct sim *s, struct sim_node *n, const struct msg *m) {
    if (s->nodes[m->from].nature == SCRIPTED)
        return; /* liars that answer liars fill any network */
    switch (m->kind) {
    case MSG_PROPOSAL:
        byz_hears_proposal(s, n, m->proposal.height, m->proposal.round, &m->proposal.value);
        break;
    case MSG_VOTE:
        byz_hears_vote(s, n, m->vote.height, m->vote.round, &m->vote.value);
        break;
    case MSG_CERTIFICATE:
        note(n, m->cert->height, m->cert->round, &m->cert->value);
        break;
    case MSG_STATUS:
    case MSG_BODY_REQUEST:
    case MSG_BODY:
    case MSG_DECISION:
    case MSG_SUMMARY:
    case MSG_FRAME:
        break;
    }
}

/* The parent of the block at its height, if that is decided already. */
static const struct sim_block *seen_parent(const struct sim *s, const struct sim_node *n) {
    if (n->seen_height <= 1 || n->seen_height > HEIGHTS_MAX || hash_is_zero(&s->decided[n->seen_height - 1]))
        return NULL;
    return &s->blocks[sim_block_find(s, &s->decided[n->seen_height - 1])];
}

static struct hash make_block(struct sim *s, struct sim_node *n) {
    static const struct hash none;
    const struct sim_block *parent = seen_parent(s, n);
    uint32_t from = parent ? parent->txs_end : 0;
    uint64_t time = parent ? parent->time + 1 + rng_below(&s->byz, 2 * s->drawn.heartbeat_ms) : 1000000 + s->now;
    if (rng_chance(&s->byz, 1, 8))
        time += 1000000; /* from the future */
    uint32_t block = sim_block_new(s, n->seen_height, parent ? &parent->id : &none, time, from,
                                   from + (uint32_t)rng_below(&s->byz, 2), rng_chance(&s->byz, 1, 3));
    return s->blocks[block].id;
}

/* Proposals to everybody, of two values, whether it is its turn or not. */
static void propose_around(struct sim *s, struct sim_node *n) {
    uint32_t round = n->seen_round + (uint32_t)rng_below(&s->byz, 2);
    if (s->full) {
        struct proposal p = {
            .height = n->seen_height, .round = round, .pol_round = (int32_t)rng_below(&s->byz, round + 2) - 1};
        if (own_index(s, n, &p.validator))
            full_byz_propose(&s->full->nodes[n->index], &p, rng_chance(&s->byz, 1, 2));
        return;
    }
    struct hash two[2] = {rng_chance(&s->byz, 1, 2) ? some_value(s, n) : make_block(s, n), make_block(s, n)};
    bool both = rng_chance(&s->byz, 1, 2);
    for (uint32_t to = 0; to < s->nodes_n; to++) {
        struct msg *m = msg_new(s, MSG_PROPOSAL, n->index);
        m->proposal = (struct proposal){.height = n->seen_height,
                                        .round = round,
                                        .pol_round = (int32_t)rng_below(&s->byz, round + 2) - 1,
                                        .validator = n->validator,
                                        .value = two[both ? to % 2 : 0]};
        m->value = rng_chance(&s->byz, 3, 4) ? m->proposal.value : (struct hash){0}; /* may withhold the body */
        key_sign_proposal(s, n->validator, &m->proposal);
        links_send(s, m, to);
        msg_release(m);
    }
}

/* A certificate made of its own vote and copies of it, or of somebody else's votes under another heading. */
static void forge_certificate(struct sim *s, struct sim_node *n) {
    struct certificate *cert = &s->scratch;
    const struct full_set *set = s->full ? full_set_at(s, n->seen_height) : NULL;
    uint16_t members = s->full ? (set ? set->set.n : 0) : s->validators, self;
    if (!own_index(s, n, &self))
        return;
    cert->kind = (uint8_t)rng_range(&s->byz, CERTIFICATE_POLKA, CERTIFICATE_ROUND);
    cert->height = n->seen_height;
    cert->round = n->seen_round + (uint32_t)rng_below(&s->byz, 40);
    cert->value = cert->kind == CERTIFICATE_ROUND ? (struct hash){0} : some_value(s, n);
    cert->n = 0;
    for (uint16_t v = 0; v < members; v++) {
        struct vote vote = {.height = cert->height,
                            .round = cert->round,
                            .validator = v,
                            .type = cert->kind == CERTIFICATE_POLKA ? VOTE_PREVOTE : VOTE_PRECOMMIT,
                            .value = cert->value};
        if (v == self)
            key_sign_vote(s, n->validator, &vote);
        else
            rng_fill(&s->byz, vote.sig.b, 16);
        if (v == self || rng_chance(&s->byz, 4, 5))
            cert->votes[cert->n++] = vote;
    }
    if (rng_chance(&s->byz, 1, 2)) { /* well signed, but alone, or the same again and again */
        cert->n = rng_chance(&s->byz, 1, 2) ? 1 : (uint16_t)(members + 1);
        struct vote own = {.height = cert->height,
                           .round = cert->round,
                           .validator = self,
                           .type = cert->kind == CERTIFICATE_POLKA ? VOTE_PREVOTE : VOTE_PRECOMMIT,
                           .value = cert->value};
        key_sign_vote(s, n->validator, &own);
        check_signed(s, n, &(struct bft_sign){.type = own.type, .vote = own});
        for (uint16_t i = 0; i < cert->n; i++)
            cert->votes[i] = own;
    }
    if (s->full) {
        full_byz_certificate(&s->full->nodes[n->index], cert);
        return;
    }
    struct msg *m = msg_new(s, MSG_CERTIFICATE, n->index);
    msg_set_certificate(m, cert);
    links_broadcast(s, m);
    msg_release(m);
}

static void lie_about_height(struct sim *s, struct sim_node *n) {
    uint64_t height = rng_below(&s->byz, n->seen_height + 10);
    if (s->full) {
        full_byz_status(&s->full->nodes[n->index], height);
        return;
    }
    struct msg *m = msg_new(s, MSG_STATUS, n->index);
    m->height = height;
    links_broadcast(s, m);
    msg_release(m);
}

/* Who it asks for what it has, or boasts of what nobody has. */
static void lie_about_votes(struct sim *s, struct sim_node *n) {
    struct bft_summary lie = {.height = rng_range(&s->byz, n->seen_height, n->seen_height + 1),
                              .round = n->seen_round + (uint32_t)rng_below(&s->byz, 3),
                              .proposal = rng_chance(&s->byz, 1, 2)};
    if (rng_chance(&s->byz, 1, 2)) {
        rng_fill(&s->byz, lie.prevotes, sizeof lie.prevotes);
        rng_fill(&s->byz, lie.precommits, sizeof lie.precommits);
    }
    if (s->full) {
        full_byz_summary(&s->full->nodes[n->index], &lie);
        return;
    }
    struct msg *m = msg_new(s, MSG_SUMMARY, n->index);
    m->summary = lie;
    links_broadcast(s, m);
    msg_release(m);
}

static bool is_its_turn(const struct sim *s, const struct sim_node *n) {
    return !s->full && n->validator < s->validators &&
           proposer_draw(n->seen_height, n->seen_round, s->powers, s->validators) == n->validator;
}

void byz_tick(struct sim *s, struct sim_node *n) {
    if (n->seen_height <= s->highest)
        note(n, s->highest + 1, 0, NULL); /* where nobody spoke yet, and it may be the first */
    if (n->seen_height > s->highest + 1)
        n->seen_height = s->highest + 1; /* somebody's lie, perhaps its own */
    switch (is_its_turn(s, n) && rng_chance(&s->byz, 1, 2) ? 0 : rng_below(&s->byz, 7)) {
    case 0:
        propose_around(s, n);
        break;
    case 1:
        forge_certificate(s, n);
        break;
    case 2:
        lie_about_height(s, n);
        break;
    case 3: /* a round far ahead */
        vote_around(s, n, VOTE_PREVOTE, n->seen_round + (uint32_t)rng_below(&s->byz, 2000000));
        break;
    case 4: /* an old one */
        vote_around(s, n, VOTE_PRECOMMIT, (uint32_t)rng_below(&s->byz, n->seen_round + 1));
        break;
    case 5:
        vote_around(s, n, VOTE_PREVOTE, n->seen_round);
        break;
    case 6:
        lie_about_votes(s, n);
        break;
    }
    sim_at(s, rng_range(&s->byz, 20, 400),
           &(struct sim_event){.what = AT_BYZANTINE, .node = n->index, .life = n->life});
}
