/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/rules.h"

#include "chain/bft/emit.h"
#include "chain/bft/round.h"
#include "chain/bft/store.h"

static const struct hash NIL;

/* Each rule answers whether it fired. The quotes are of the paper's algorithm 1. */
typedef bool rule(struct bft *core, struct bft_update *update);

static void report_diverged(struct bft *core, uint32_t round, const struct hash *id, struct bft_update *update) {
    struct value *value = values_find(&core->values, id);
    if (value->diverged)
        return;
    value->diverged = true;
    emit_body(core, update, BFT_OUT_DIVERGED, round, id);
}

/* May this value, with a quorum of precommits in `round`, be decided? If not, says what is missing. */
static bool decidable(struct bft *core, uint32_t round, const struct hash *value, struct bft_update *update) {
    switch (values_verdict(&core->values, value)) {
    case VALUE_VALID:
        return true;
    case VALUE_INVALID:
        report_diverged(core, round, value, update);
        return false;
    case VALUE_UNKNOWN:
        store_want(core, round, value, update);
        return false;
    }
    return false;
}

/* L49: "upon <PROPOSAL, h_p, r, v, *> from proposer(h_p, r) and 2f + 1 <PRECOMMIT, h_p, r, id(v)> while decision_p[h_p]
 * = nil", in any round r. The certificate proves the value, so its body is enough: the proposal's own signature adds
 * nothing. */
static bool rule_decide(struct bft *core, struct bft_update *update) {
    for (uint32_t i = 0; i < BFT_ROUNDS_KEPT; i++) {
        const struct round *round = round_find(core, rounds_low(core) + i);
        if (!round || !round->precommits.quorum || hash_is_zero(&round->precommits.quorum_value))
            continue;
        if (!decidable(core, round->number, &round->precommits.quorum_value, update))
            continue;
        store_commit_cert(core, round, core->commit);
        round_decide(core, update);
        return true;
    }
    const struct certificate *far = core->far_commit;
    if (far->n == 0 || !decidable(core, far->round, &far->value, update))
        return false;
    certificate_copy(core->commit, far);
    round_decide(core, update);
    return true;
}

/* The highest round that > 1/3 of the power has reached or passed. */
static uint32_t round_reached(const struct bft *core) {
    uint32_t reached = core->round;
    for (uint16_t v = 0; v < core->validators; v++) {
        if (!core->heard[v] || core->newest[v].round <= reached)
            continue;
        uint64_t power = 0;
        for (uint16_t w = 0; w < core->validators; w++)
            if (core->heard[w] && core->newest[w].round >= core->newest[v].round)
                power += core->powers[w];
        if (power_has_honest(power, core->total))
            reached = core->newest[v].round;
    }
    return reached;
}

/* L55: "upon f + 1 <*, h_p, round, *, *> with round > round_p". Votes of later rounds than `round` count too: who
 * signed them has passed it. So one vote a validator, its newest, is all that needs to be kept of rounds far ahead. */
static bool rule_skip(struct bft *core, struct bft_update *update) {
    if (!core->skip_possible)
        return false;
    core->skip_possible = false;
    uint32_t reached = round_reached(core);
    if (reached == core->round)
        return false;
    round_start(core, reached, update);
    core->skip_possible = true; /* not yet looked at from the new round */
    return true;
}

/* A proposal for round 0 ends the pause between heights: the proposer's interval is over, whatever our clock says. */
static bool rule_enter(struct bft *core, struct bft_update *update) {
    const struct round *round = round_find(core, 0);
    if (core->phase != BFT_PHASE_NEW_HEIGHT || !round || round->proposals_n == 0)
        return false;
    round_start(core, 0, update);
    return true;
}

/* L36: "upon <PROPOSAL, h_p, round_p, v, *> and 2f + 1 <PREVOTE, h_p, round_p, id(v)> while valid(v) and step_p >=
 * prevote for the first time". */
static bool rule_polka(struct bft *core, struct bft_update *update) {
    struct round *round = round_at(core, core->round);
    const struct hash *value = &round->prevotes.quorum_value;
    if (round->polka_seen || !round->prevotes.quorum || hash_is_zero(value))
        return false;
    enum value_verdict verdict = values_verdict(&core->values, value);
    if (verdict == VALUE_UNKNOWN)
        store_want(core, core->round, value, update); /* also when the proposal never came */
    if (verdict != VALUE_VALID || core->phase < BFT_PHASE_PREVOTE)
        return false;
    round_polka(core, round, update);
    return true;
}

/* L44: "upon 2f + 1 <PREVOTE, h_p, round_p, nil> while step_p = prevote". */
static bool rule_polka_nil(struct bft *core, struct bft_update *update) {
    const struct tally *prevotes = &round_at(core, core->round)->prevotes;
    if (core->phase != BFT_PHASE_PREVOTE || !prevotes->quorum || !hash_is_zero(&prevotes->quorum_value))
        return false;
    round_precommit(core, &NIL, update);
    return true;
}

/* L28: "upon <PROPOSAL, h_p, round_p, v, vr> and 2f + 1 <PREVOTE, h_p, vr, id(v)> while step_p = propose and (vr >= 0
 * and vr < round_p)". L22: "upon <PROPOSAL, h_p, round_p, v, -1> while step_p = propose". Of two proposals the first
 * that can be judged counts. */
static bool rule_proposal(struct bft *core, struct bft_update *update) {
    if (core->phase != BFT_PHASE_PROPOSE)
        return false;
    const struct round *round = round_at(core, core->round);
    for (uint8_t i = 0; i < round->proposals_n; i++) {
        const struct proposal *proposal = &round->proposals[i].proposal;
        enum value_verdict verdict = values_verdict(&core->values, &proposal->value);
        bool fresh = proposal->pol_round == POL_ROUND_NONE;
        if (verdict == VALUE_UNKNOWN ||
            (!fresh && !store_has_polka(core, (uint32_t)proposal->pol_round, &proposal->value)))
            continue;
        bool unlocked = core->locked_round <= proposal->pol_round || hash_eq(&core->locked, &proposal->value);
        bool good = verdict == VALUE_VALID && unlocked && (!fresh || round->proposals[i].timely);
        round_prevote(core, good ? &proposal->value : &NIL, update);
        return true;
    }
    return false;
}

/* Nothing can be decided in this round any more: go on at once. (The paper waits timeoutPrecommit.) */
static bool rule_precommits_nil(struct bft *core, struct bft_update *update) {
    const struct tally *precommits = &round_at(core, core->round)->precommits;
    if (!precommits->quorum || !hash_is_zero(&precommits->quorum_value))
        return false;
    round_start(core, core->round + 1, update);
    return true;
}

/* L34: "upon 2f + 1 <PREVOTE, h_p, round_p, *> while step_p = prevote for the first time". */
static bool rule_prevotes_any(struct bft *core, struct bft_update *update) {
    struct round *round = round_at(core, core->round);
    if (core->phase != BFT_PHASE_PREVOTE || round->prevotes_seen ||
        !power_is_quorum(round->prevotes.power, core->total))
        return false;
    round->prevotes_seen = true;
    round_arm_prevote(core, update);
    return true;
}

/* L47: "upon 2f + 1 <PRECOMMIT, h_p, round_p, *> for the first time". */
static bool rule_precommits_any(struct bft *core, struct bft_update *update) {
    struct round *round = round_at(core, core->round);
    if (core->phase == BFT_PHASE_NEW_HEIGHT || round->precommits_seen ||
        !power_is_quorum(round->precommits.power, core->total))
        return false;
    round->precommits_seen = true;
    round_arm_precommit(core, update);
    return true;
}

/* L14: "if proposer(h_p, round_p) = p". A value that was locked or nearly locked is proposed again at once; a new block
 * only when one is due. */
static bool rule_propose(struct bft *core, struct bft_update *update) {
    if (core->phase != BFT_PHASE_PROPOSE || !is_validator(core) || core->proposed || core->building ||
        round_at(core, core->round)->proposer != core->self || (core->valid_round < 0 && !core->due))
        return false;
    round_propose(core, update);
    return true;
}

/* L21, "schedule OnTimeoutPropose": when a block can be expected. That is when one is due here, in every later round,
 * and when others, at least one of them honest, already vote. */
static bool rule_await_proposal(struct bft *core, struct bft_update *update) {
    if (core->phase != BFT_PHASE_PROPOSE || core->propose_armed)
        return false;
    const struct round *round = round_at(core, core->round);
    if (!core->due && core->round == 0 && !power_has_honest(round->prevotes.power, core->total))
        return false;
    round_arm_propose(core, update);
    return true;
}

/* First come first: what ends the height, what leaves the round, what moves within it, what waits. The order is part of
 * the protocol's determinism (a replayed log must take the same way), not of its safety. */
static rule *const RULES[] = {
    rule_decide,         rule_skip,         rule_enter,          rule_polka,   rule_polka_nil,      rule_proposal,
    rule_precommits_nil, rule_prevotes_any, rule_precommits_any, rule_propose, rule_await_proposal,
};

void rules_run(struct bft *core, struct bft_update *update) {
    bool fired = true;
    while (fired && core->phase != BFT_PHASE_IDLE && core->phase != BFT_PHASE_DECIDED) {
        fired = false;
        for (size_t i = 0; i < sizeof RULES / sizeof *RULES && !fired; i++)
            fired = RULES[i](core, update);
    }
}
