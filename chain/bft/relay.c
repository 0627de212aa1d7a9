/* SPDX-License-Identifier: Apache-2.0 */
/* What a core holds of its round, and what others lack of that: for peers that are not linked to each other. */
#include "chain/bft/round.h"

static const struct round *find(const struct bft *core, uint32_t number) {
    const struct round *r = &core->rounds[number % BFT_ROUNDS_KEPT];
    return round_is_kept(core, number) && r->used && r->number == number ? r : NULL;
}

static bool has_bit(const uint8_t *bits, uint16_t v) {
    return bits[v / 8] >> v % 8 & 1;
}

static void set_bits(const struct tally *tally, uint8_t *ret_bits) {
    for (uint16_t v = 0; v < tally->validators; v++)
        if (tally->held[v] > 0)
            ret_bits[v / 8] |= (uint8_t)(1u << v % 8);
}

bool bft_summarise(const struct bft *core, struct bft_summary *ret) {
    *ret = (struct bft_summary){.height = core->height, .round = core->round};
    if (core->phase < BFT_PHASE_PROPOSE || core->phase == BFT_PHASE_DECIDED)
        return false;
    const struct round *r = find(core, core->round);
    if (r) {
        ret->proposal = r->proposals_n > 0;
        set_bits(&r->prevotes, ret->prevotes);
        set_bits(&r->precommits, ret->precommits);
    }
    return core->due || core->round > 0 || (r && (ret->proposal || r->prevotes.power > 0 || r->precommits.power > 0));
}

struct list {
    struct bft_send *at;
    uint32_t n, max;
};

static struct bft_send *add(struct list *l, enum bft_send_kind kind) {
    struct bft_send *send = &l->at[l->n++];
    send->kind = kind;
    return send;
}

static void add_certificate(struct list *l, const struct certificate *cert) {
    if (l->n < l->max)
        add(l, BFT_SEND_CERTIFICATE)->certificate = cert;
}

/* A value that is proposed again goes with its polka, as its proposer sends it. */
static void add_proposal(const struct bft *core, const struct round *r, struct list *l) {
    const struct proposal *p = &r->proposals[0].proposal;
    if (p->pol_round >= 0 && core->valid_round == p->pol_round && hash_eq(&core->valid, &p->value))
        add_certificate(l, core->valid_polka);
    else if (p->pol_round >= 0 && core->far_polka->n > 0 && core->far_polka->round == (uint32_t)p->pol_round)
        add_certificate(l, core->far_polka);
    if (l->n < l->max)
        add(l, BFT_SEND_PROPOSAL)->proposal = *p;
}

/* Each who relays begins with another validator, so that several of them are not one too many. */
static void add_votes(const struct bft *core, const struct round *r, enum vote_type type, const uint8_t *theirs,
                      struct list *l) {
    const struct tally *tally = type == VOTE_PREVOTE ? &r->prevotes : &r->precommits;
    uint16_t first = is_validator(core) ? core->self : 0;
    for (uint16_t i = 0; i < core->validators; i++) {
        uint16_t v = (uint16_t)((first + i) % core->validators);
        for (unsigned k = 0; k < tally->held[v] && !has_bit(theirs, v) && l->n < l->max; k++)
            add(l, BFT_SEND_VOTE)->vote = (struct vote){.height = core->height,
                                                        .round = r->number,
                                                        .validator = v,
                                                        .type = (uint8_t)type,
                                                        .value = tally->votes[2 * v + k].value,
                                                        .sig = tally->votes[2 * v + k].sig};
    }
}

uint32_t bft_lacking(const struct bft *core, const struct bft_summary *theirs, struct bft_send *ret, uint32_t max) {
    struct list l = {.at = ret, .max = max};
    if (core->phase < BFT_PHASE_PROPOSE || core->phase == BFT_PHASE_DECIDED || theirs->height != core->height)
        return 0;
    if (theirs->round < core->round) { /* first into the round */
        if (core->round_cert->n > 0)
            add_certificate(&l, core->round_cert);
        return l.n;
    }
    const struct round *r = find(core, theirs->round);
    if (!r)
        return 0;
    if (!theirs->proposal && r->proposals_n > 0)
        add_proposal(core, r, &l);
    add_votes(core, r, VOTE_PREVOTE, theirs->prevotes, &l);
    add_votes(core, r, VOTE_PRECOMMIT, theirs->precommits, &l);
    return l.n;
}

bool bft_lacks(const struct bft *core, const struct bft_summary *theirs) {
    struct bft_summary own;
    bft_summarise(core, &own);
    if (core->phase < BFT_PHASE_PROPOSE || core->phase == BFT_PHASE_DECIDED || theirs->height != own.height ||
        theirs->round < own.round)
        return false;
    bool more = theirs->round > own.round || (theirs->proposal && !own.proposal);
    for (size_t i = 0; i < sizeof own.prevotes; i++)
        more = more || (theirs->prevotes[i] & ~own.prevotes[i]) || (theirs->precommits[i] & ~own.precommits[i]);
    return more;
}
