/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/store.h"

#include "chain/bft/emit.h"
#include "chain/bft/round.h"

static struct tally *tally_of(struct round *round, enum vote_type type) {
    return type == VOTE_PREVOTE ? &round->prevotes : &round->precommits;
}

/* --- proposals
 * ---------------------------------------------------------------------------------------------------------- */

static bool same_proposal(const struct proposal *a, const struct proposal *b) {
    return a->pol_round == b->pol_round && hash_eq(&a->value, &b->value);
}

bool store_wants_proposal(struct bft *core, const struct proposal *proposal) {
    if (!round_is_kept(core, proposal->round))
        return false;
    const struct round *round = round_find(core, proposal->round);
    if (!round || round->proposals_n == 0)
        return true;
    return round->proposals_n == 1 && !same_proposal(&round->proposals[0].proposal, proposal);
}

const char *store_check_proposal(struct bft *core, const struct proposal *proposal) {
    if (hash_is_zero(&proposal->value))
        return "proposal of nil";
    if (proposal->pol_round < POL_ROUND_NONE || proposal->pol_round >= (int64_t)proposal->round)
        return "proposal's pol_round is not an earlier round";
    if (round_is_kept(core, proposal->round) && round_at(core, proposal->round)->proposer != proposal->validator)
        return "proposal of another than the round's proposer";
    return NULL;
}

void store_proposal(struct bft *core, const struct proposal *proposal, bool timely, struct bft_update *update) {
    struct round *round = round_at(core, proposal->round);
    assert(round->proposals_n < 2);
    round->proposals[round->proposals_n++] = (struct round_proposal){.proposal = *proposal, .timely = timely};
    if (round->proposals_n == 2 && emit_has_room(update)) {
        struct bft_output *out = emit(update, BFT_OUT_EVIDENCE);
        out->evidence.type = VOTE_PROPOSAL;
        out->evidence.proposals[0] = round->proposals[0].proposal;
        out->evidence.proposals[1] = *proposal;
    }
    bool added;
    values_add(&core->values, &proposal->value, proposal->round, &core->locked, &core->valid, &added);
    if (added)
        emit_body(core, update, BFT_OUT_VALIDATE, proposal->round, &proposal->value);
}

void store_want(struct bft *core, uint32_t round, const struct hash *value, struct bft_update *update) {
    bool added;
    struct value *at = values_add(&core->values, value, round, &core->locked, &core->valid, &added);
    if (at->verdict != VALUE_UNKNOWN || at->wanted)
        return;
    at->wanted = true;
    emit_body(core, update, BFT_OUT_NEED, round, value);
}

/* --- votes
 * -------------------------------------------------------------------------------------------------------------- */

/* The newest of its validator. Those of rounds that are not kept are counted, or a liar could sign one a round without
 * end. */
static bool is_newest(const struct bft *core, const struct vote *vote) {
    return (!core->heard[vote->validator] || vote->round > core->newest[vote->validator].round) &&
           (round_is_kept(core, vote->round) || core->far_left[vote->validator] > 0);
}

bool store_wants_vote(struct bft *core, const struct vote *vote) {
    if (is_newest(core, vote))
        return true;
    if (!round_is_kept(core, vote->round))
        return false;
    struct round *round = round_find(core, vote->round);
    return !round || tally_would(tally_of(round, vote->type), vote->validator, &vote->value) != TALLY_KNOWN;
}

const char *store_check_vote(const struct bft *core, const struct vote *vote) {
    if (vote->type != VOTE_PREVOTE && vote->type != VOTE_PRECOMMIT)
        return "vote of an unknown type";
    if (vote->validator >= core->validators)
        return "vote of an unknown validator";
    if (vote->round >= BFT_ROUND_MAX)
        return "vote of an absurd round";
    return NULL;
}

static void emit_double_vote(const struct tally *tally, const struct vote *vote, struct bft_update *update) {
    if (!emit_has_room(update))
        return;
    const struct tally_vote *first = &tally->votes[2 * vote->validator];
    struct bft_output *out = emit(update, BFT_OUT_EVIDENCE);
    out->evidence.type = vote->type;
    out->evidence.votes[0] = *vote;
    out->evidence.votes[0].value = first->value;
    out->evidence.votes[0].sig = first->sig;
    out->evidence.votes[1] = *vote;
}

void store_vote(struct bft *core, const struct vote *vote, bool certified, struct bft_update *update) {
    if (is_newest(core, vote)) {
        core->heard[vote->validator] = true;
        core->newest[vote->validator] = *vote;
        core->skip_possible = core->skip_possible || vote->round > core->round;
        if (!round_is_kept(core, vote->round))
            core->far_left[vote->validator]--;
    }
    if (!round_is_kept(core, vote->round))
        return;
    struct tally *tally = tally_of(round_at(core, vote->round), vote->type);
    if (tally_add(tally, vote, certified) == TALLY_DOUBLED)
        emit_double_vote(tally, vote, update);
}

void store_recall(struct bft *core, struct bft_update *update) {
    for (uint16_t v = 0; v < core->validators; v++)
        if (core->heard[v] && core->newest[v].round >= core->round && round_is_kept(core, core->newest[v].round))
            store_vote(core, &core->newest[v], false, update);
}

/* --- certificates
 * ------------------------------------------------------------------------------------------------------- */

const char *store_check_certificate(const struct bft *core, const struct certificate *cert) {
    if (!certificate_well_formed(cert, core->validators))
        return "malformed certificate";
    uint64_t before = 0, within = 0; /* power of precommits of the round before; of votes of the round or later */
    for (uint16_t i = 0; i < cert->n; i++) {
        const struct vote *vote = &cert->votes[i];
        if (vote->round >= BFT_ROUND_MAX)
            return "certificate of an absurd round";
        *(vote->round < cert->round ? &before : &within) += core->powers[vote->validator];
    }
    bool enough = cert->kind == CERTIFICATE_ROUND
                      ? power_is_quorum(before, core->total) || power_has_honest(within, core->total)
                      : power_is_quorum(within, core->total);
    return enough ? NULL : "certificate without the power that it needs";
}

static struct certificate *far_slot(struct bft *core, const struct certificate *cert) {
    if (round_is_kept(core, cert->round))
        return NULL;
    switch ((enum certificate_kind)cert->kind) {
    case CERTIFICATE_POLKA:
        return core->far_polka;
    case CERTIFICATE_COMMIT:
        return core->far_commit;
    case CERTIFICATE_ROUND:
        return NULL;
    }
    return NULL;
}

static bool wants_certified(struct bft *core, const struct vote *vote) {
    if (store_wants_vote(core, vote))
        return true;
    struct round *round = round_find(core, vote->round);
    if (!round)
        return false;
    const struct tally *tally = tally_of(round, vote->type);
    const struct tally_vote *held = &tally->votes[2 * vote->validator];
    return tally->held[vote->validator] == 2 && !hash_eq(&held[0].value, &vote->value) &&
           !hash_eq(&held[1].value, &vote->value);
}

/* Later rounds are few, there has to be a polka in each; two certificates that take each other's place in turn are not.
 */
static bool takes_place(const struct bft *core, const struct certificate *far, const struct certificate *cert) {
    if (far->n == 0 || far->round < cert->round)
        return true;
    return (far->round > cert->round || !hash_eq(&far->value, &cert->value)) && core->far_certificates_left > 0;
}

bool store_wants_certificate(struct bft *core, const struct certificate *cert) {
    const struct certificate *far = far_slot(core, cert);
    if (far && takes_place(core, far, cert))
        return true;
    for (uint16_t i = 0; i < cert->n; i++)
        if (cert->kind == CERTIFICATE_ROUND ? store_wants_vote(core, &cert->votes[i])
                                            : wants_certified(core, &cert->votes[i]))
            return true;
    return false;
}

void store_certificate(struct bft *core, const struct certificate *cert, struct bft_update *update) {
    struct certificate *far = far_slot(core, cert);
    if (far && takes_place(core, far, cert)) {
        if (far->n > 0 && far->round >= cert->round)
            core->far_certificates_left--;
        certificate_copy(far, cert);
    }
    for (uint16_t i = 0; i < cert->n; i++)
        store_vote(core, &cert->votes[i], cert->kind != CERTIFICATE_ROUND, update);
}

bool store_has_polka(struct bft *core, uint32_t round, const struct hash *value) {
    const struct round *heard = round_find(core, round);
    if (heard && heard->prevotes.quorum && hash_eq(&heard->prevotes.quorum_value, value))
        return true;
    if (core->valid_round == (int32_t)round && hash_eq(&core->valid, value))
        return true; /* valid_polka outlives the votes that it was made of */
    return core->far_polka->n > 0 && core->far_polka->round == round && hash_eq(&core->far_polka->value, value);
}

static void collect_value(const struct bft *core, const struct round *round, const struct tally *tally,
                          enum certificate_kind kind, struct certificate *ret_cert) {
    assert(tally->quorum);
    ret_cert->height = core->height;
    ret_cert->round = round->number;
    ret_cert->kind = (uint8_t)kind;
    ret_cert->value = tally->quorum_value;
    tally_collect(tally, core->height, round->number, kind == CERTIFICATE_POLKA ? VOTE_PREVOTE : VOTE_PRECOMMIT,
                  &tally->quorum_value, ret_cert);
}

void store_polka(const struct bft *core, const struct round *round, struct certificate *ret_cert) {
    collect_value(core, round, &round->prevotes, CERTIFICATE_POLKA, ret_cert);
}

void store_commit_cert(const struct bft *core, const struct round *round, struct certificate *ret_cert) {
    collect_value(core, round, &round->precommits, CERTIFICATE_COMMIT, ret_cert);
}

void store_justify(struct bft *core, uint32_t round, struct certificate *ret_cert) {
    ret_cert->height = core->height;
    ret_cert->round = round;
    ret_cert->kind = CERTIFICATE_ROUND;
    ret_cert->value = (struct hash){0};
    ret_cert->n = 0;
    if (round == 0)
        return;
    const struct round *before = round_find(core, round - 1);
    if (before && power_is_quorum(before->precommits.power, core->total)) {
        tally_collect(&before->precommits, core->height, round - 1, VOTE_PRECOMMIT, NULL, ret_cert);
        return;
    }
    for (uint16_t v = 0; v < core->validators; v++)
        if (core->heard[v] && core->newest[v].round >= round)
            ret_cert->votes[ret_cert->n++] = core->newest[v];
}
