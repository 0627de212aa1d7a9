/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/oracle.h"

/* Forgets what was heard of the height before, and what came early for this one becomes what is heard. */
static struct oracle *at_height(struct sim_node *n) {
    struct oracle *o = n->oracle;
    if (o->height == n->driver.height)
        return o;
    bool next = o->height + 1 == n->driver.height;
    for (uint16_t v = 0; v < n->sim->validators; v++) {
        o->other[v] = next && o->next_heard[v];
        o->other_round[v] = o->next_round[v];
        o->heard[v] = o->next_heard[v] = o->prevoted[v] = false;
        o->lies_n[v] = 0;
    }
    o->height = n->driver.height;
    o->round = o->proposals_n = 0;
    return o;
}

void oracle_boot(struct sim_node *n) {
    struct oracle *o = n->oracle;
    o->height = 0;
    o->early_n = o->validated_n = 0;
    memset(o->next_heard, 0, sizeof o->next_heard);
}

static bool is_watched(const struct sim_node *n) {
    return n->nature == HONEST && n->up && !n->dying && !n->sim->failure[0];
}

/* --- L55 --- */

static void check_skip(struct sim_node *n, const struct oracle *o, uint32_t round) {
    struct sim *s = n->sim;
    struct bft_view view;
    uint64_t power = 0;
    for (uint16_t v = 0; v < s->validators; v++)
        if (o->heard[v] && o->newest_round[v] >= round)
            power += s->powers[v];
    if (power * 3 <= s->total)
        return;
    bft_view(n->core, &view);
    if (view.height == o->height && view.phase != BFT_PHASE_DECIDED && view.round < round)
        check_fail(s, "node %u stays in round %u of height %llu though more than a third is in round %u or beyond",
                   n->index, view.round, (unsigned long long)o->height, round);
}

/* --- L42 --- */

static void check_valid(struct sim_node *n, const struct oracle *o, const struct hash *value) {
    struct sim *s = n->sim;
    struct bft_view view;
    uint64_t power = 0;
    if (s->drawn.fork) /* liars of more than a third can make two polkas in one round: a node notes the first */
        return;
    for (uint16_t v = 0; v < s->validators; v++)
        if (o->prevoted[v] && hash_eq(&o->prevotes[v], value))
            power += s->powers[v];
    uint32_t block = sim_block_find(s, value);
    if (power * 3 <= 2 * s->total || block == UINT32_MAX || !sim_node_has_judged_body(n, block) || n->asked[block])
        return;
    bft_view(n->core, &view);
    if (view.height != o->height || view.round != o->round ||
        (view.phase != BFT_PHASE_PREVOTE && view.phase != BFT_PHASE_PRECOMMIT))
        return;
    if (view.valid_round != (int32_t)view.round || !hash_eq(&view.valid, value))
        check_fail(s, "node %u takes no note of a polka in height %llu round %u", n->index,
                   (unsigned long long)o->height, o->round);
}

static void note_prevote(struct sim_node *n, struct oracle *o, const struct vote *vote) {
    if (vote->round > o->round) {
        o->round = vote->round;
        memset(o->prevoted, 0, sizeof o->prevoted);
    }
    if (vote->round != o->round || !bft_has_vote(n->core, vote))
        return;
    o->prevoted[vote->validator] = true;
    o->prevotes[vote->validator] = vote->value;
    if (!hash_is_zero(&vote->value))
        check_valid(n, o, &vote->value);
}

/* --- evidence --- */

static void check_reported(struct sim_node *n, const struct oracle *o, uint16_t validator, uint32_t round,
                           uint8_t type) {
    for (uint32_t i = o->reported_n; i > 0 && i + ORACLE_REPORTED > o->reported_n; i--) {
        const struct reported *r = &o->reported[(i - 1) % ORACLE_REPORTED];
        if (r->height == o->height && r->round == round && r->type == type && r->validator == validator)
            return;
    }
    check_fail(n->sim, "node %u holds two contradicting messages of validator %u and does not report them", n->index,
               validator);
}

static void note_lie(struct sim_node *n, struct oracle *o, const struct vote *vote) {
    struct vote *lies = o->lies[vote->validator];
    uint32_t *count = &o->lies_n[vote->validator];
    for (uint32_t i = 0; i < ORACLE_HEARD && i < *count; i++)
        if (lies[i].round == vote->round && lies[i].type == vote->type && !hash_eq(&lies[i].value, &vote->value) &&
            bft_has_vote(n->core, &lies[i]) && bft_has_vote(n->core, vote))
            check_reported(n, o, vote->validator, vote->round, vote->type);
    lies[(*count)++ % ORACLE_HEARD] = *vote;
}

static void check_pair(struct sim_node *n, const struct oracle *o, const struct proposal *a, const struct proposal *b) {
    bool differ = a->pol_round != b->pol_round || !hash_eq(&a->value, &b->value);
    if (differ && a->round == b->round && a->validator == b->validator &&
        bft_proposer(n->core, a->round) == a->validator)
        check_reported(n, o, a->validator, a->round, VOTE_PROPOSAL);
}

/* --- early proposals --- */

void oracle_validates(struct sim_node *n, const struct hash *value) {
    n->oracle->validated[n->oracle->validated_n++ % ORACLE_HEARD] = *value;
}

static void check_early(struct sim_node *n, const struct oracle *o, const struct proposal *p) {
    if (p->height != n->driver.height || hash_is_zero(&p->value) || p->pol_round < POL_ROUND_NONE ||
        p->pol_round >= (int64_t)p->round || p->round > BFT_ROUNDS_AHEAD ||
        bft_proposer(n->core, p->round) != p->validator)
        return;
    for (uint32_t i = 0; i < ORACLE_HEARD && i < o->validated_n; i++)
        if (hash_eq(&o->validated[i], &p->value))
            return;
    check_fail(n->sim, "node %u lost a proposal of height %llu that came early", n->index,
               (unsigned long long)p->height);
}

void oracle_started(struct sim_node *n) {
    struct oracle *o = n->oracle;
    for (uint32_t i = 0; is_watched(n) && !n->driver.decided && i < o->early_n; i++)
        check_early(n, o, &o->early[i]);
    o->early_n = o->validated_n = 0;
}

void oracle_proposal(struct sim_node *n, const struct proposal *p, enum driver_when when) {
    if (is_watched(n) && when == DRIVER_NEXT && n->oracle->early_n < DRIVER_EARLY_PROPOSALS)
        n->oracle->early[n->oracle->early_n++] = *p;
    if (!is_watched(n) || when != DRIVER_NOW || n->driver.height != p->height)
        return;
    struct oracle *o = at_height(n);
    struct bft_view view;
    bft_view(n->core, &view);
    if (view.phase == BFT_PHASE_DECIDED || hash_is_zero(&p->value) || p->pol_round < POL_ROUND_NONE ||
        p->pol_round >= (int64_t)p->round || p->round < view.round || p->round > view.round + BFT_ROUNDS_AHEAD)
        return;
    for (uint32_t i = 0; i < ORACLE_HEARD && i < o->proposals_n; i++)
        check_pair(n, o, &o->proposals[i], p);
    o->proposals[o->proposals_n++ % ORACLE_HEARD] = *p;
}

void oracle_evidence(struct sim_node *n, const struct bft_evidence *e) {
    struct oracle *o = n->oracle;
    bool proposals = e->type == VOTE_PROPOSAL;
    o->reported[o->reported_n++ % ORACLE_REPORTED] =
        (struct reported){.height = proposals ? e->proposals[0].height : e->votes[0].height,
                          .round = proposals ? e->proposals[0].round : e->votes[0].round,
                          .validator = proposals ? e->proposals[0].validator : e->votes[0].validator,
                          .type = e->type};
}

/* --- votes --- */

static void note_newest(struct oracle *o, const struct vote *vote) {
    if (o->heard[vote->validator] && o->newest_round[vote->validator] >= vote->round)
        return;
    o->heard[vote->validator] = true;
    o->newest_round[vote->validator] = vote->round;
    o->newest[vote->validator] = *vote;
}

void oracle_vote(struct sim_node *n, const struct vote *vote, enum driver_when when) {
    struct sim *s = n->sim;
    if (!is_watched(n) || vote->validator >= s->validators || vote->round >= BFT_ROUND_MAX ||
        (vote->type != VOTE_PREVOTE && vote->type != VOTE_PRECOMMIT))
        return;
    struct oracle *o = at_height(n);
    if (when == DRIVER_NEXT && vote->height == o->height + 1 &&
        (!o->next_heard[vote->validator] || o->next_round[vote->validator] < vote->round)) {
        o->next_heard[vote->validator] = true;
        o->next_round[vote->validator] = vote->round;
    }
    if (when != DRIVER_NOW || vote->height != o->height)
        return;
    note_newest(o, vote);
    check_skip(n, o, vote->round);
    if (s->natures[vote->validator] != HONEST)
        note_lie(n, o, vote);
    if (vote->type == VOTE_PREVOTE)
        note_prevote(n, o, vote);
}

/* What a certificate brings is in the core if it took it; which of the two is not known here. */
void oracle_certificate(struct sim_node *n, const struct certificate *cert, enum driver_when when) {
    if (!is_watched(n) || when != DRIVER_NOW || cert->height != n->driver.height)
        return;
    struct oracle *o = at_height(n);
    for (uint16_t i = 0; i < cert->n; i++) {
        const struct vote *v = &cert->votes[i];
        if (v->validator < n->sim->validators && (!o->other[v->validator] || o->other_round[v->validator] < v->round)) {
            o->other[v->validator] = true;
            o->other_round[v->validator] = v->round;
        }
    }
}

/* Whatever was heard of honest validators for this round, early or not, is counted in it. */
void oracle_prevotes(struct sim_node *n, uint64_t height, uint32_t round) {
    struct sim *s = n->sim;
    struct oracle *o = n->oracle;
    if (!is_watched(n) || o->height != height)
        return;
    for (uint16_t v = 0; v < s->validators; v++)
        if (o->heard[v] && o->newest_round[v] == round && !(o->other[v] && o->other_round[v] >= round) &&
            s->natures[v] == HONEST && v != n->validator && !bft_has_vote(n->core, &o->newest[v]))
            check_fail(s, "node %u forgot a vote of validator %u when it came to round %u of height %llu", n->index, v,
                       round, (unsigned long long)height);
}
