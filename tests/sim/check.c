/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SENDS_MAX = 80 };

void check_fail(struct sim *s, const char *fmt, ...) {
    if (s->failure[0])
        return; /* the first one explains the others */
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->failure, sizeof s->failure, fmt, ap);
    va_end(ap);
    trace(s, NULL, 0, 0, "FAILED: %s", s->failure);
}

/* A round is a proposal, two votes and at most three certificates; a height a status more; all of it repeated once a
 * second. Rounds without a pause take a quorum for nil, and that takes a timeout or a round trip each. */
void check_sends(struct sim *s, struct sim_node *n) {
    if (n->sent_second != s->now / 1000) {
        n->sent_second = s->now / 1000;
        n->sent = 0;
    }
    if (++n->sent > SENDS_MAX && n->nature == HONEST)
        check_fail(s, "node %u says more than %d things in a second", n->index, SENDS_MAX);
}

/* --- everything that was ever signed
 * ------------------------------------------------------------------------------------------- */

static bool quorum(const struct sim *s, uint64_t height, uint64_t power) {
    const struct full_set *set = s->full ? full_set_at(s, height) : NULL;
    return power * 3 > (s->full ? (set ? set->total : UINT64_MAX / 4) : s->total) * 2;
}

static uint64_t power_at(const struct sim *s, uint64_t height, uint16_t validator) {
    const struct full_set *set = s->full ? full_set_at(s, height) : NULL;
    return s->full ? (set ? set->power[validator] : 0) : s->powers[validator];
}

/* All that was signed at a height, the newest first: for (v = first(...); v; v = next(...)). */
static const struct signed_vote *first(const struct sim *s, uint64_t height) {
    uint32_t i = height < HEIGHTS_MAX ? s->votes_height[height] : 0;
    return i ? &s->votes[i - 1] : NULL;
}

static const struct signed_vote *next(const struct sim *s, const struct signed_vote *v) {
    return v->next ? &s->votes[v->next - 1] : NULL;
}

/* Power that prevoted for `value` in (height, round), liars included: what any node can have seen at most. */
static uint64_t prevoted(const struct sim *s, uint64_t height, uint32_t round, const struct hash *value) {
    bool counted[VALIDATORS_SIM_MAX] = {false};
    uint64_t power = 0;
    for (const struct signed_vote *v = first(s, height); v; v = next(s, v)) {
        if (v->type != VOTE_PREVOTE || v->round != round || counted[v->validator] || !hash_eq(&v->value, value))
            continue;
        counted[v->validator] = true;
        power += power_at(s, height, v->validator);
    }
    return power;
}

static void remember(struct sim *s, const struct signed_vote *vote) {
    if (vote->height >= HEIGHTS_MAX)
        return;
    if (s->votes_n == s->votes_room) {
        s->votes_room = s->votes_room ? 2 * s->votes_room : 1024;
        s->votes = realloc(s->votes, s->votes_room * sizeof *s->votes);
        if (!s->votes)
            abort();
    }
    s->votes[s->votes_n] = *vote;
    s->votes[s->votes_n].next = s->votes_height[vote->height];
    s->votes_height[vote->height] = ++s->votes_n;
}

/* No honest key signs two messages for one (height, round, type), not even across crashes. */
static void check_no_equivocation(struct sim *s, const struct sim_node *n, const struct signed_vote *now) {
    for (const struct signed_vote *v = first(s, now->height); v; v = next(s, v)) {
        if (v->validator == now->validator && v->round == now->round && v->type == now->type &&
            (!hash_eq(&v->value, &now->value) || v->pol_round != now->pol_round))
            check_fail(s, "honest node %u signed two messages in height %llu round %u", n->index,
                       (unsigned long long)now->height, now->round);
    }
}

/* The very same, said again. */
static bool is_known(const struct sim *s, const struct signed_vote *now) {
    for (const struct signed_vote *v = first(s, now->height); v; v = next(s, v))
        if (v->validator == now->validator && v->round == now->round && v->type == now->type &&
            v->pol_round == now->pol_round && hash_eq(&v->value, &now->value))
            return true;
    return false;
}

/* Having precommitted w in round q, a prevote in a later round r for another v needs a polka for v in [q, r). */
static void check_lock(struct sim *s, const struct sim_node *n, const struct signed_vote *now) {
    const struct signed_vote *lock = NULL;
    for (const struct signed_vote *v = first(s, now->height); v; v = next(s, v)) {
        if (v->validator == now->validator && v->type == VOTE_PRECOMMIT && !hash_is_zero(&v->value) &&
            v->round < now->round && (!lock || v->round > lock->round))
            lock = v;
    }
    if (!lock || hash_eq(&lock->value, &now->value))
        return;
    for (uint32_t r = lock->round; r < now->round; r++)
        if (quorum(s, now->height, prevoted(s, now->height, r, &now->value)))
            return;
    check_fail(s, "node %u prevotes against its lock of round %u in height %llu round %u", n->index, lock->round,
               (unsigned long long)now->height, now->round);
}

/* L55, L65: a round is entered because more than a third is there or beyond, or more than two thirds ended the one
 * before. */
static void check_entered(struct sim *s, const struct sim_node *n, const struct signed_vote *now) {
    bool there[VALIDATORS_SIM_MAX] = {false}, ended[VALIDATORS_SIM_MAX] = {false};
    uint64_t power_there = 0, power_ended = 0;
    for (const struct signed_vote *v = first(s, now->height); v; v = next(s, v)) {
        uint64_t power = power_at(s, now->height, v->validator);
        if (v->round >= now->round && v->type != VOTE_PROPOSAL && !there[v->validator]) {
            there[v->validator] = true;
            power_there += power;
        }
        if (v->round + 1 == now->round && v->type == VOTE_PRECOMMIT && !ended[v->validator]) {
            ended[v->validator] = true;
            power_ended += power;
        }
    }
    if (!quorum(s, now->height, power_ended) && !quorum(s, now->height, 2 * power_there))
        check_fail(s, "node %u has no reason to be in round %u of height %llu", n->index, now->round,
                   (unsigned long long)now->height);
}

static void check_precommit(struct sim *s, const struct sim_node *n, const struct signed_vote *now, bool durable) {
    if (!quorum(s, now->height, prevoted(s, now->height, now->round, &now->value)))
        check_fail(s, "node %u precommits without a polka in height %llu round %u", n->index,
                   (unsigned long long)now->height, now->round);
    if (!durable)
        check_fail(s, "node %u precommits a body that is not durable in height %llu round %u", n->index,
                   (unsigned long long)now->height, now->round);
}

/* What the world knows of the value: may it be signed for, does the node hold it? */
static void judge(const struct sim *s, const struct sim_node *n, const struct signed_vote *now, bool *ret_valid,
                  bool *ret_durable) {
    if (s->full) {
        const struct full_block *b = full_block_find(s, &now->value);
        *ret_valid = b && b->height == now->height && b->judged && b->valid;
        *ret_durable = full_has_body(&s->full->nodes[n->index], &now->value, now->height);
        return;
    }
    uint32_t block = sim_block_find(s, &now->value);
    const struct sim_block *parent = n->committed ? &s->blocks[n->store[n->committed].block] : NULL;
    *ret_valid = block != UINT32_MAX && sim_block_is_valid(s, block, now->height, parent);
    *ret_durable = block != UINT32_MAX && sim_node_has_durable_body(n, block);
}

void check_signed(struct sim *s, const struct sim_node *n, const struct bft_sign *sign) {
    struct signed_vote now = {.type = sign->type, .pol_round = POL_ROUND_NONE, .validator = n->validator};
    if (sign->type == VOTE_PROPOSAL) {
        now.height = sign->proposal.height;
        now.round = sign->proposal.round;
        now.value = sign->proposal.value;
        now.pol_round = sign->proposal.pol_round;
    } else {
        now.height = sign->vote.height;
        now.round = sign->vote.round;
        now.value = sign->vote.value;
    }
    if (is_known(s, &now))
        return;
    if (n->nature == HONEST && now.round > s->rounds_max)
        s->rounds_max = now.round;
    if (n->nature == HONEST) {
        bool valid = true, durable = true;
        if (!hash_is_zero(&now.value))
            judge(s, n, &now, &valid, &durable);
        check_no_equivocation(s, n, &now);
        if (!valid)
            check_fail(s, "node %u signs for an invalid value in height %llu round %u", n->index,
                       (unsigned long long)now.height, now.round);
        if (sign->type == VOTE_PREVOTE && !hash_is_zero(&now.value))
            check_lock(s, n, &now);
        if (sign->type == VOTE_PRECOMMIT && !hash_is_zero(&now.value))
            check_precommit(s, n, &now, durable);
        if (sign->type == VOTE_PREVOTE && now.round > 0)
            check_entered(s, n, &now);
    }
    remember(s, &now);
}

/* --- decisions
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void check_certified(struct sim *s, const struct sim_node *n, uint64_t height, const struct hash *value,
                            const struct certificate *cert) {
    uint64_t power = 0;
    bool good = cert->kind == CERTIFICATE_COMMIT && cert->height == height && hash_eq(&cert->value, value) &&
                certificate_well_formed(cert, s->validators) && key_check_certificate(s, cert);
    for (uint16_t i = 0; good && i < cert->n; i++)
        power += s->powers[cert->votes[i].validator];
    if (!good || !quorum(s, height, power))
        check_fail(s, "node %u decides height %llu without a commit certificate", n->index, (unsigned long long)height);
}

/* Honest nodes with more than a third of the power have the body on their disks, so it outlives any crash. */
static void check_body_held(struct sim *s, uint64_t height, uint32_t block) {
    uint64_t power = 0;
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (s->nodes[i].nature == HONEST && sim_node_has_durable_body(&s->nodes[i], block))
            power += s->powers[s->nodes[i].validator];
    if (s->drawn.fork ? power == 0 : power * 3 <= s->total)
        check_fail(s, "the body decided at height %llu is on too few disks", (unsigned long long)height);
}

/* Liars were too many and agreement is broken, as it may be. When both decisions are of one round, the certificates
 * together prove more than a third of the power to have signed both. (Over two rounds nobody needs to sign twice: that
 * takes a forgotten lock, which no two signatures prove.) */
static void check_fork(struct sim *s, const struct sim_node *n, uint64_t height, const struct certificate *cert) {
    const struct certificate *other = NULL;
    uint64_t power = 0;
    for (uint32_t i = 0; i < s->nodes_n && !other; i++)
        if (&s->nodes[i] != n && s->nodes[i].nature == HONEST && s->nodes[i].committed >= height &&
            s->nodes[i].store[height].cert && !hash_eq(&s->nodes[i].store[height].cert->value, &cert->value))
            other = s->nodes[i].store[height].cert;
    s->forked = true;
    trace(s, n, height, cert->round, "agreement is broken at height %llu", (unsigned long long)height);
    if (!other || other->round != cert->round)
        return;
    for (uint16_t i = 0; i < cert->n; i++)
        for (uint16_t j = 0; j < other->n; j++)
            if (cert->votes[i].validator == other->votes[j].validator) {
                power += s->powers[cert->votes[i].validator];
                if (s->natures[cert->votes[i].validator] == HONEST)
                    check_fail(s, "honest validator %u signed for both sides of the fork at height %llu",
                               cert->votes[i].validator, (unsigned long long)height);
            }
    if (power * 3 <= s->total)
        check_fail(s, "the fork at height %llu proves only %llu of %llu to have lied", (unsigned long long)height,
                   (unsigned long long)power, (unsigned long long)s->total);
}

/* Times are judged at receipt by clocks that are apart by skew_ms, so a decided one is at most that far ahead. */
static void check_time(struct sim *s, const struct sim_node *n, const struct sim_block *block, uint64_t height) {
    if (block->time > GENESIS_CLOCK + s->now + s->drawn.skew_ms + TIMELY_MS)
        check_fail(s, "node %u decides a block from the future at height %llu", n->index, (unsigned long long)height);
}

/* Nothing is lost, nobody lies, everybody is quick: then who decides last needs no repetition, no timeout, no help. */
static void check_prompt(struct sim *s, const struct sim_node *n, uint64_t height) {
    const struct drawn *d = &s->drawn;
    uint64_t delay = d->delay_min + 8 * (uint64_t)d->delay_mean;
    uint64_t late = 3 * delay + 3 * (uint64_t)d->ledger_ms + d->interval_ms + 2 * (uint64_t)d->skew_ms;
    if (n->nature == SILENT || late >= s->config.rebroadcast_ms || !is_fair_weather(d))
        return;
    if (s->now > s->decided_at[height] + late)
        check_fail(s, "node %u decides height %llu %llu ms after the first in a network without faults", n->index,
                   (unsigned long long)height, (unsigned long long)(s->now - s->decided_at[height]));
}

void check_decided(struct sim *s, const struct sim_node *n, uint64_t height, const struct hash *value,
                   const struct certificate *cert) {
    if (height == 0 || height >= HEIGHTS_MAX) {
        check_fail(s, "liveness: somebody stands still while node %u decides height %llu", n->index,
                   (unsigned long long)height);
        return;
    }
    check_certified(s, n, height, value, cert);
    uint32_t block = sim_block_find(s, value);
    const struct sim_block *parent = n->committed ? &s->blocks[n->store[n->committed].block] : NULL;
    if (block == UINT32_MAX || !sim_block_is_valid(s, block, height, parent)) {
        check_fail(s, "node %u decides an invalid value at height %llu", n->index, (unsigned long long)height);
        return;
    }
    if (hash_is_zero(&s->decided[height])) {
        s->decided[height] = *value;
        s->decided_at[height] = s->now;
        check_time(s, n, &s->blocks[block], height);
        s->highest = height > s->highest ? height : s->highest;
        s->empty_blocks += s->blocks[block].txs == 0;
        check_body_held(s, height, block);
    } else if (!hash_eq(&s->decided[height], value) && s->drawn.fork) {
        check_fork(s, n, height, cert);
    } else if (!hash_eq(&s->decided[height], value)) {
        check_fail(s, "agreement is broken at height %llu: node %u decides another value", (unsigned long long)height,
                   n->index);
    }
    check_prompt(s, n, height);
}

/* --- evidence
 * ------------------------------------------------------------------------------------------------------------------------
 */

static bool is_honest(const struct sim *s, uint16_t validator) {
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (s->nodes[i].validator == validator && s->nodes[i].nature != HONEST)
            return false;
    return true;
}

void check_evidence(struct sim *s, const struct sim_node *n, const struct bft_evidence *e) {
    bool good;
    uint16_t accused;
    if (e->type == VOTE_PROPOSAL) {
        const struct proposal *a = &e->proposals[0], *b = &e->proposals[1];
        accused = a->validator;
        good = key_check_proposal(s, a) && key_check_proposal(s, b) && a->validator == b->validator &&
               a->height == b->height && a->round == b->round &&
               (!hash_eq(&a->value, &b->value) || a->pol_round != b->pol_round);
    } else {
        const struct vote *a = &e->votes[0], *b = &e->votes[1];
        accused = a->validator;
        good = key_check_vote(s, a) && key_check_vote(s, b) && a->validator == b->validator && a->height == b->height &&
               a->round == b->round && a->type == b->type && a->type == e->type && !hash_eq(&a->value, &b->value);
    }
    s->evidence++;
    trace(s, n, accused, e->type, "evidence against validator %u", accused);
    if (!good)
        check_fail(s, "node %u reports evidence that proves nothing", n->index);
    else if (is_honest(s, accused))
        check_fail(s, "node %u reports evidence against honest validator %u", n->index, accused);
}
