/* SPDX-License-Identifier: Apache-2.0 */
/* What an observer may see of a core. */
#include "chain/bft/proposer.h"
#include "chain/bft/round.h"
#include "chain/bft/store.h"

bool bft_has_vote(const struct bft *core, const struct vote *vote) {
    if (core->phase == BFT_PHASE_IDLE || vote->height != core->height || vote->validator >= core->validators ||
        !round_is_kept(core, vote->round))
        return false;
    const struct round *round = &core->rounds[vote->round % BFT_ROUNDS_KEPT];
    if (!round->used || round->number != vote->round)
        return false;
    const struct tally *tally = vote->type == VOTE_PREVOTE ? &round->prevotes : &round->precommits;
    for (unsigned i = 0; i < tally->held[vote->validator]; i++) {
        const struct tally_vote *held = &tally->votes[2 * vote->validator + i];
        if (hash_eq(&held->value, &vote->value) && sig_eq(&held->sig, &vote->sig))
            return true;
    }
    return false;
}

bool bft_knows(const struct bft *core, const struct hash *value) {
    for (uint32_t i = 0; i < core->values.n; i++)
        if (hash_eq(&core->values.list[i].id, value))
            return true;
    return false;
}

bool bft_commit_of(const struct bft *core, const struct hash *value, struct certificate *ret_certificate) {
    if (core->phase == BFT_PHASE_IDLE)
        return false;
    for (uint32_t i = 0; i < BFT_ROUNDS_KEPT; i++) {
        const struct round *r = &core->rounds[i];
        if (!r->used || !round_is_kept(core, r->number) || !r->precommits.quorum ||
            !hash_eq(&r->precommits.quorum_value, value))
            continue;
        store_commit_cert(core, r, ret_certificate);
        return true;
    }
    if (core->far_commit->n == 0 || !hash_eq(&core->far_commit->value, value))
        return false;
    certificate_copy(ret_certificate, core->far_commit);
    return true;
}

uint16_t bft_proposer(const struct bft *core, uint32_t round) {
    return proposer_draw(core->height, round, core->powers, core->validators);
}

enum bft_phase bft_phase(const struct bft *core) {
    return core->phase;
}

void bft_view(const struct bft *core, struct bft_view *ret_view) {
    *ret_view = (struct bft_view){.phase = core->phase, .locked_round = -1, .valid_round = -1, .self = core->self};
    if (core->phase == BFT_PHASE_IDLE)
        return;
    ret_view->height = core->height;
    ret_view->round = core->round;
    ret_view->validators = core->validators;
    ret_view->proposer = bft_proposer(core, core->round);
    ret_view->due = core->due;
    ret_view->locked_round = core->locked_round;
    ret_view->locked = core->locked;
    ret_view->valid_round = core->valid_round;
    ret_view->valid = core->valid;
    ret_view->decided = core->decided;
    ret_view->total_power = core->total;
    const struct round *round = &core->rounds[core->round % BFT_ROUNDS_KEPT];
    if (round->used && round->number == core->round) {
        ret_view->prevote_power = round->prevotes.power;
        ret_view->precommit_power = round->precommits.power;
    }
}

/* --- fingerprint
 * ----------------------------------------------------------------------------------------------------------- */

/* FNV-1a; enough to notice a difference, not to resist one. */
static void mix(uint64_t *h, const void *data, size_t len) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        *h = (*h ^ bytes[i]) * 0x100000001b3ull;
}

static void mix_u64(uint64_t *h, uint64_t v) {
    uint8_t bytes[8];
    store_le64(bytes, v);
    mix(h, bytes, sizeof bytes);
}

static void mix_tally(uint64_t *h, const struct tally *tally) {
    for (uint16_t v = 0; v < tally->validators; v++)
        for (unsigned i = 0; i < tally->held[v]; i++) {
            mix_u64(h, v);
            mix(h, tally->votes[2 * v + i].value.b, sizeof(struct hash));
        }
    mix_u64(h, tally->power);
    mix_u64(h, tally->quorum);
}

static void mix_round(uint64_t *h, const struct round *round) {
    if (round->proposals_n == 0 && round->prevotes.power == 0 && round->precommits.power == 0)
        return; /* the same as not used */
    mix_u64(h, round->number);
    mix_u64(h,
            (uint64_t)round->polka_seen | (uint64_t)round->prevotes_seen << 1 | (uint64_t)round->precommits_seen << 2);
    for (uint8_t i = 0; i < round->proposals_n; i++) {
        mix(h, round->proposals[i].proposal.value.b, sizeof(struct hash));
        mix_u64(h, (uint64_t)round->proposals[i].proposal.pol_round);
        mix_u64(h, round->proposals[i].timely);
    }
    mix_tally(h, &round->prevotes);
    mix_tally(h, &round->precommits);
}

uint64_t bft_fingerprint(const struct bft *core) {
    uint64_t h = 0xcbf29ce484222325ull;
    mix_u64(&h, core->height);
    mix_u64(&h, (uint64_t)core->phase);
    if (core->phase == BFT_PHASE_IDLE)
        return h;
    mix_u64(&h, core->round);
    mix_u64(&h, (uint64_t)core->locked_round);
    mix(&h, core->locked.b, sizeof core->locked);
    mix_u64(&h, (uint64_t)core->valid_round);
    mix(&h, core->valid.b, sizeof core->valid);
    mix(&h, core->decided.b, sizeof core->decided);
    mix_u64(&h, (uint64_t)core->due | (uint64_t)core->building << 1 | (uint64_t)core->proposed << 2 |
                    (uint64_t)core->propose_armed << 3);
    for (uint32_t i = 0; i < BFT_ROUNDS_KEPT; i++) {
        const struct round *round = &core->rounds[(rounds_low(core) + i) % BFT_ROUNDS_KEPT];
        if (round->used && round->number == rounds_low(core) + i)
            mix_round(&h, round);
    }
    for (uint16_t v = 0; v < core->validators; v++)
        mix_u64(&h, (core->heard[v] ? core->newest[v].round + 1ull : 0) | (uint64_t)core->far_left[v] << 32);
    mix_u64(&h, core->far_certificates_left);
    for (uint32_t i = 0; i < core->values.n; i++) {
        mix(&h, core->values.list[i].id.b, sizeof(struct hash));
        mix_u64(&h, core->values.list[i].verdict);
    }
    for (int type = VOTE_PROPOSAL; type <= VOTE_PRECOMMIT; type++)
        mix_u64(&h, (uint64_t)core->is_asked[type] | (uint64_t)core->is_own[type] << 1);
    return h;
}
