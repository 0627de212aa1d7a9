/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/round.h"

#include "chain/bft/emit.h"
#include "chain/bft/proposer.h"
#include "chain/bft/store.h"

struct round *round_at(struct bft *core, uint32_t number) {
    assert(round_is_kept(core, number));
    struct round *r = &core->rounds[number % BFT_ROUNDS_KEPT];
    if (r->used && r->number == number)
        return r;
    struct tally prevotes = r->prevotes, precommits = r->precommits;
    memset(r, 0, sizeof *r);
    r->used = true;
    r->number = number;
    r->proposer = proposer_draw(core->height, number, core->powers, core->validators);
    r->prevotes = prevotes;
    r->precommits = precommits;
    tally_reset(&r->prevotes, core->powers, core->validators, core->total);
    tally_reset(&r->precommits, core->powers, core->validators, core->total);
    return r;
}

struct round *round_find(struct bft *core, uint32_t number) {
    if (!round_is_kept(core, number))
        return NULL;
    struct round *r = &core->rounds[number % BFT_ROUNDS_KEPT];
    return r->used && r->number == number ? r : NULL;
}

/* timeoutX(r) = base + r * delta, capped. */
static uint32_t timeout(const struct bft *core, uint32_t base_ms, uint32_t delta_ms) {
    uint64_t ms = base_ms + (uint64_t)core->round * delta_ms;
    return ms < core->config.timeout_max_ms ? (uint32_t)ms : core->config.timeout_max_ms;
}

static void sign_vote(struct bft *core, enum vote_type type, const struct hash *value, struct bft_update *update) {
    if (!is_validator(core))
        return;
    struct bft_sign sign = {.type = (uint8_t)type};
    sign.vote = (struct vote){
        .height = core->height, .round = core->round, .validator = core->self, .type = (uint8_t)type, .value = *value};
    emit_sign(core, update, &sign);
}

static void sign_proposal(struct bft *core, const struct hash *value, int32_t pol_round, struct bft_update *update) {
    assert(!hash_is_zero(value) && pol_round < (int32_t)core->round);
    struct bft_sign sign = {.type = VOTE_PROPOSAL};
    sign.proposal = (struct proposal){
        .height = core->height, .round = core->round, .pol_round = pol_round, .validator = core->self, .value = *value};
    core->proposed = true;
    core->building = false;
    emit_sign(core, update, &sign);
}

static void far_again(uint8_t *left) {
    *left = *left > BFT_FAR_MAX - BFT_FAR_AGAIN ? BFT_FAR_MAX : (uint8_t)(*left + BFT_FAR_AGAIN);
}

/* Paper, L11: "Function StartRound(round): round_p <- round, step_p <- propose". */
void round_start(struct bft *core, uint32_t number, struct bft_update *update) {
    assert(core->phase == BFT_PHASE_NEW_HEIGHT || number > core->round);
    emit_cancel(core, update, BFT_TIMER_START);
    emit_cancel(core, update, BFT_TIMER_PROPOSE);
    emit_cancel(core, update, BFT_TIMER_PREVOTE);
    emit_cancel(core, update, BFT_TIMER_PRECOMMIT);
    store_justify(core, number, core->round_cert); /* before the votes that justify it may be forgotten */
    core->round = number;
    core->phase = BFT_PHASE_PROPOSE;
    core->building = core->proposed = core->propose_armed = false;
    memset(core->is_asked, 0, sizeof core->is_asked);
    memset(core->is_own, 0, sizeof core->is_own);
    round_at(core, number);
    for (uint16_t v = 0; v < core->validators; v++)
        far_again(&core->far_left[v]);
    far_again(&core->far_certificates_left);
    emit_certificate(update, core->round_cert);
    store_recall(core, update);
}

/* L15: "if validValue_p != nil then proposal <- validValue_p else proposal <- getValue()". */
void round_propose(struct bft *core, struct bft_update *update) {
    assert(core->phase == BFT_PHASE_PROPOSE && !core->proposed && !core->building);
    if (core->valid_round >= 0) {
        sign_proposal(core, &core->valid, core->valid_round, update);
        return;
    }
    core->building = true;
    struct bft_output *out = emit(update, BFT_OUT_BUILD);
    out->build.height = core->height;
    out->build.round = core->round;
}

void round_propose_built(struct bft *core, const struct hash *value, struct bft_update *update) {
    assert(core->phase == BFT_PHASE_PROPOSE && core->building && core->valid_round < 0);
    sign_proposal(core, value, POL_ROUND_NONE, update);
}

void round_arm_propose(struct bft *core, struct bft_update *update) {
    core->propose_armed = true;
    emit_arm(core, update, BFT_TIMER_PROPOSE, core->round,
             timeout(core, core->config.propose_ms, core->config.propose_delta_ms));
}

void round_prevote(struct bft *core, const struct hash *value, struct bft_update *update) {
    assert(core->phase == BFT_PHASE_PROPOSE);
    emit_cancel(core, update, BFT_TIMER_PROPOSE);
    core->phase = BFT_PHASE_PREVOTE;
    sign_vote(core, VOTE_PREVOTE, value, update);
}

void round_arm_prevote(struct bft *core, struct bft_update *update) {
    emit_arm(core, update, BFT_TIMER_PREVOTE, core->round,
             timeout(core, core->config.prevote_ms, core->config.prevote_delta_ms));
}

/* L36: lock and precommit when still in prevote; "validValue_p <- v, validRound_p <- round_p" in any case (L42, L43),
 * also after a nil precommit: otherwise a lock elsewhere could stay hidden from the proposers to come. */
void round_polka(struct bft *core, struct round *round, struct bft_update *update) {
    assert(round->number == core->round && core->phase >= BFT_PHASE_PREVOTE);
    struct hash value = round->prevotes.quorum_value;
    round->polka_seen = true;
    core->valid = value;
    core->valid_round = (int32_t)core->round;
    store_polka(core, round, core->valid_polka);
    if (core->phase == BFT_PHASE_PREVOTE) {
        core->locked = value;
        core->locked_round = (int32_t)core->round;
        round_precommit(core, &value, update);
    }
}

void round_precommit(struct bft *core, const struct hash *value, struct bft_update *update) {
    assert(core->phase == BFT_PHASE_PREVOTE);
    assert(hash_is_zero(value) || hash_eq(value, &core->locked));
    emit_cancel(core, update, BFT_TIMER_PREVOTE);
    core->phase = BFT_PHASE_PRECOMMIT;
    sign_vote(core, VOTE_PRECOMMIT, value, update);
}

void round_arm_precommit(struct bft *core, struct bft_update *update) {
    emit_arm(core, update, BFT_TIMER_PRECOMMIT, core->round,
             timeout(core, core->config.precommit_ms, core->config.precommit_delta_ms));
}

void round_decide(struct bft *core, struct bft_update *update) {
    assert(core->phase != BFT_PHASE_DECIDED && core->commit->n > 0);
    for (int kind = BFT_TIMER_START; kind < BFT_TIMER_KINDS; kind++)
        emit_cancel(core, update, (enum bft_timer_kind)kind);
    core->phase = BFT_PHASE_DECIDED;
    core->decided = core->commit->value;
    assert(!hash_is_zero(&core->decided));
    emit_decide(core, update);
}
