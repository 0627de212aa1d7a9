/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/bft.h"

#include "chain/bft/emit.h"
#include "chain/bft/round.h"
#include "chain/bft/rules.h"
#include "chain/bft/store.h"

static const struct hash NIL;

/* --- memory
 * ------------------------------------------------------------------------------------------------------------- */

#define ALIGN        16
#define CERTIFICATES 5

static size_t aligned(size_t len) {
    return (len + ALIGN - 1) / ALIGN * ALIGN;
}

size_t bft_size(uint16_t validators) {
    return aligned(sizeof(struct bft)) + aligned(validators * sizeof(uint64_t)) + aligned(validators * sizeof(bool)) +
           aligned(validators) + aligned(validators * sizeof(struct vote)) +
           2 * BFT_ROUNDS_KEPT * tally_memory(validators) + CERTIFICATES * aligned(sizeof(struct certificate));
}

/* Takes the next `len` bytes of the caller's memory. */
static void *carve(uint8_t **at, size_t len) {
    void *got = *at;
    *at += aligned(len);
    return got;
}

static struct certificate *carve_certificate(uint8_t **at) {
    struct certificate *cert = carve(at, sizeof *cert);
    cert->n = 0;
    return cert;
}

struct bft *bft_init(void *memory, uint16_t validators) {
    assert(validators > 0 && validators <= VALIDATORS_MAX);
    assert((uintptr_t)memory % ALIGN == 0);
    uint8_t *at = memory;
    struct bft *core = carve(&at, sizeof *core);
    *core = (struct bft){.capacity = validators, .phase = BFT_PHASE_IDLE, .self = BFT_SELF_NONE};
    core->powers = carve(&at, validators * sizeof *core->powers);
    core->heard = carve(&at, validators * sizeof *core->heard);
    core->far_left = carve(&at, validators);
    core->newest = carve(&at, validators * sizeof *core->newest);
    for (uint32_t i = 0; i < BFT_ROUNDS_KEPT; i++) {
        tally_init(&core->rounds[i].prevotes, carve(&at, tally_memory(validators)), validators);
        tally_init(&core->rounds[i].precommits, carve(&at, tally_memory(validators)), validators);
    }
    core->far_polka = carve_certificate(&at);
    core->far_commit = carve_certificate(&at);
    core->round_cert = carve_certificate(&at);
    core->valid_polka = carve_certificate(&at);
    core->commit = carve_certificate(&at);
    assert((size_t)(at - (uint8_t *)memory) == bft_size(validators));
    return core;
}

/* --- START
 * -------------------------------------------------------------------------------------------------------------- */

static void forget_height(struct bft *core) {
    core->round = 0;
    core->locked_round = core->valid_round = -1;
    core->locked = core->valid = core->decided = NIL;
    core->building = core->proposed = core->propose_armed = core->skip_possible = false;
    for (uint32_t i = 0; i < BFT_ROUNDS_KEPT; i++)
        core->rounds[i].used = false;
    memset(core->heard, 0, core->validators * sizeof *core->heard);
    memset(core->far_left, BFT_FAR_MAX, core->validators);
    core->far_certificates_left = BFT_FAR_MAX;
    values_reset(&core->values);
    memset(core->is_asked, 0, sizeof core->is_asked);
    memset(core->is_own, 0, sizeof core->is_own);
    core->far_polka->n = core->far_commit->n = core->round_cert->n = core->valid_polka->n = core->commit->n = 0;
}

static void on_start(struct bft *core, const struct bft_start *start, struct bft_update *update) {
    assert(start->height > core->height);
    assert(start->validators > 0 && start->validators <= core->capacity);
    assert(start->self == BFT_SELF_NONE || start->self < start->validators);
    for (int kind = BFT_TIMER_START; kind < BFT_TIMER_KINDS; kind++)
        emit_cancel(core, update, (enum bft_timer_kind)kind);
    emit_log(core, update);
    core->height = start->height;
    core->validators = start->validators;
    core->self = start->self;
    core->config = start->config;
    core->total = 0;
    for (uint16_t v = 0; v < start->validators; v++) {
        assert(start->powers[v] > 0 && start->powers[v] <= UINT64_MAX / 3 - core->total);
        core->powers[v] = start->powers[v];
        core->total += start->powers[v];
    }
    forget_height(core);
    core->phase = BFT_PHASE_NEW_HEIGHT;
    core->due = start->due || start->heartbeat_ms == 0;
    emit_arm(core, update, BFT_TIMER_REBROADCAST, 0, core->config.rebroadcast_ms);
    if (!core->due)
        emit_arm(core, update, BFT_TIMER_HEARTBEAT, 0, start->heartbeat_ms);
    if (start->wait_ms == 0)
        round_start(core, 0, update);
    else
        emit_arm(core, update, BFT_TIMER_START, 0, start->wait_ms);
}

/* --- what peers sent
 * ------------------------------------------------------------------------------------------------------- */

static void on_proposal(struct bft *core, const struct proposal *proposal, bool timely, struct bft_update *update) {
    if (proposal->height != core->height)
        return;
    const char *reason = store_check_proposal(core, proposal);
    if (reason) {
        emit_rejected(update, reason);
        return;
    }
    if (!store_wants_proposal(core, proposal)) {
        /* Sent again, perhaps with the body that was missing before. */
        const struct value *value = values_find(&core->values, &proposal->value);
        if (value && value->verdict == VALUE_UNKNOWN)
            emit_body(core, update, BFT_OUT_VALIDATE, proposal->round, &proposal->value);
        return;
    }
    emit_log(core, update);
    store_proposal(core, proposal, timely, update);
}

static void on_vote(struct bft *core, const struct vote *vote, struct bft_update *update) {
    if (vote->height != core->height)
        return;
    const char *reason = store_check_vote(core, vote);
    if (reason) {
        emit_rejected(update, reason);
        return;
    }
    if (!store_wants_vote(core, vote))
        return;
    emit_log(core, update);
    store_vote(core, vote, false, update);
}

static void on_certificate(struct bft *core, const struct certificate *cert, struct bft_update *update) {
    if (cert->height != core->height)
        return;
    const char *reason = store_check_certificate(core, cert);
    if (reason) {
        emit_rejected(update, reason);
        return;
    }
    if (!store_wants_certificate(core, cert))
        return;
    emit_log(core, update);
    store_certificate(core, cert, update);
}

/* --- what the host answers
 * ------------------------------------------------------------------------------------------------- */

static void on_body(struct bft *core, const struct hash *id, enum bft_verdict verdict, struct bft_update *update) {
    assert(verdict == BFT_VERDICT_VALID || verdict == BFT_VERDICT_INVALID);
    struct value *value = values_find(&core->values, id);
    if (!value || value->verdict != VALUE_UNKNOWN)
        return;
    emit_log(core, update);
    value->verdict = (uint8_t)verdict;
}

static void on_built(struct bft *core, uint64_t height, uint32_t round, const struct hash *id,
                     struct bft_update *update) {
    if (height != core->height || round != core->round || !core->building || core->phase != BFT_PHASE_PROPOSE)
        return;
    emit_log(core, update);
    if (hash_is_zero(id)) {
        /* Nothing to propose after all: wait again for a transaction or the heartbeat. */
        core->building = core->due = core->propose_armed = false;
        emit_cancel(core, update, BFT_TIMER_PROPOSE);
        if (!core->armed[BFT_TIMER_HEARTBEAT].kind)
            emit_arm(core, update, BFT_TIMER_HEARTBEAT, core->round, core->config.propose_ms);
        return;
    }
    bool added;
    struct value *value = values_add(&core->values, id, round, &core->locked, &core->valid, &added);
    value->verdict = VALUE_VALID;
    round_propose_built(core, id, update);
}

static bool sign_matches(const struct bft_sign *asked, const struct bft_sign *got) {
    if (got->type == VOTE_PROPOSAL)
        return asked->proposal.height == got->proposal.height && asked->proposal.round == got->proposal.round &&
               asked->proposal.pol_round == got->proposal.pol_round &&
               hash_eq(&asked->proposal.value, &got->proposal.value);
    return asked->vote.height == got->vote.height && asked->vote.round == got->vote.round &&
           hash_eq(&asked->vote.value, &got->vote.value);
}

static void send_own(const struct bft *core, enum vote_type type, struct bft_update *update) {
    if (!core->is_own[type])
        return;
    const struct bft_sign *own = &core->own[type];
    if (type == VOTE_PROPOSAL && own->proposal.pol_round >= 0)
        emit_certificate(update, core->valid_polka);
    struct bft_output *out = emit(update, BFT_OUT_SEND);
    if (type == VOTE_PROPOSAL) {
        out->send.kind = BFT_SEND_PROPOSAL;
        out->send.proposal = own->proposal;
    } else {
        out->send.kind = BFT_SEND_VOTE;
        out->send.vote = own->vote;
    }
}

/* Sent without a SYNC: when the record of this event is lost, the replay asks the signer again, and gets the same
 * signature. */
static void on_signed(struct bft *core, const struct bft_sign *sign, struct bft_update *update) {
    assert(sign->type <= VOTE_PRECOMMIT);
    if (core->phase == BFT_PHASE_DECIDED || !core->is_asked[sign->type] ||
        !sign_matches(&core->asked[sign->type], sign))
        return;
    emit_log(core, update);
    core->is_asked[sign->type] = false;
    core->own[sign->type] = *sign;
    core->is_own[sign->type] = true;
    send_own(core, (enum vote_type)sign->type, update);
    if (sign->type != VOTE_PROPOSAL)
        store_vote(core, &sign->vote, false, update);
    else if (store_wants_proposal(core, &sign->proposal))
        store_proposal(core, &sign->proposal, true, update);
}

static void on_due(struct bft *core, struct bft_update *update) {
    if (core->due || core->phase == BFT_PHASE_DECIDED)
        return;
    emit_log(core, update);
    core->due = true;
}

/* --- time
 * ------------------------------------------------------------------------------------------------------------------ */

static void send_status(const struct bft *core, struct bft_update *update) {
    struct bft_output *out = emit(update, BFT_OUT_SEND);
    out->send.kind = BFT_SEND_STATUS;
    out->send.status.height = core->height;
    out->send.status.round = core->round;
}

/* All that peers may have missed of us, and all that we still miss. */
static void repeat(struct bft *core, struct bft_update *update) {
    send_status(core, update);
    emit_certificate(update, core->round_cert);
    for (int type = VOTE_PROPOSAL; type <= VOTE_PRECOMMIT; type++)
        send_own(core, (enum vote_type)type, update);
    for (uint32_t i = 0; i < core->values.n && emit_has_room(update); i++) {
        const struct value *value = &core->values.list[i];
        if (value->wanted && value->verdict == VALUE_UNKNOWN)
            emit_body(core, update, BFT_OUT_NEED, value->round, &value->id);
    }
}

static void on_timer(struct bft *core, const struct bft_timer *timer, struct bft_update *update) {
    if (timer->kind == 0 || timer->kind >= BFT_TIMER_KINDS)
        return;
    struct bft_timer *armed = &core->armed[timer->kind];
    if (!armed->kind || armed->height != timer->height || armed->round != timer->round)
        return;
    armed->kind = 0;
    if (timer->kind == BFT_TIMER_REBROADCAST) {
        repeat(core, update);
        emit_arm(core, update, BFT_TIMER_REBROADCAST, 0, core->config.rebroadcast_ms);
        return;
    }
    emit_log(core, update);
    switch ((enum bft_timer_kind)timer->kind) {
    case BFT_TIMER_START:
        round_start(core, 0, update);
        break;
    case BFT_TIMER_HEARTBEAT:
        core->due = true;
        break;
    case BFT_TIMER_PROPOSE: /* L57 */
        round_prevote(core, &NIL, update);
        break;
    case BFT_TIMER_PREVOTE: /* L61 */
        round_precommit(core, &NIL, update);
        break;
    case BFT_TIMER_PRECOMMIT: /* L65 */
        round_start(core, core->round + 1, update);
        break;
    case BFT_TIMER_REBROADCAST:
    case BFT_TIMER_KINDS:
        assert(false);
    }
}

/* --- after a replay
 * ---------------------------------------------------------------------------------------------------------- */

static void resume_asked(struct bft *core, struct bft_update *update) {
    for (int type = VOTE_PROPOSAL; type <= VOTE_PRECOMMIT; type++)
        if (core->is_asked[type])
            emit(update, BFT_OUT_SIGN)->sign = core->asked[type];
    if (core->building && core->phase == BFT_PHASE_PROPOSE) {
        struct bft_output *out = emit(update, BFT_OUT_BUILD);
        out->build.height = core->height;
        out->build.round = core->round;
    }
    for (uint32_t i = 0; i < core->values.n; i++) {
        const struct value *value = &core->values.list[i];
        if (value->verdict == VALUE_UNKNOWN && !value->wanted)
            emit_body(core, update, BFT_OUT_VALIDATE, value->round, &value->id);
        if (value->diverged)
            emit_body(core, update, BFT_OUT_DIVERGED, value->round, &value->id);
    }
}

static void on_resume(struct bft *core, struct bft_update *update) {
    core->unsynced = false; /* the host made the log durable before this event */
    if (core->phase == BFT_PHASE_DECIDED) {
        emit_decide(core, update);
        return;
    }
    for (int kind = BFT_TIMER_START; kind < BFT_TIMER_KINDS; kind++)
        if (core->armed[kind].kind)
            emit(update, BFT_OUT_ARM)->timer = core->armed[kind];
    resume_asked(core, update);
    repeat(core, update);
}

/* --- the step
 * ---------------------------------------------------------------------------------------------------------------- */

void bft_step(struct bft *core, const struct bft_event *event, struct bft_update *update) {
    update->n = 0;
    if (event->kind == BFT_EVENT_START) {
        on_start(core, &event->start, update);
        rules_run(core, update);
        return;
    }
    if (core->phase == BFT_PHASE_IDLE || (core->phase == BFT_PHASE_DECIDED && event->kind != BFT_EVENT_RESUME))
        return;
    switch (event->kind) {
    case BFT_EVENT_START:
        break;
    case BFT_EVENT_PROPOSAL:
        on_proposal(core, &event->proposal.proposal, event->proposal.timely, update);
        break;
    case BFT_EVENT_VOTE:
        on_vote(core, &event->vote, update);
        break;
    case BFT_EVENT_CERTIFICATE:
        on_certificate(core, event->certificate, update);
        break;
    case BFT_EVENT_BODY:
        on_body(core, &event->body.value, (enum bft_verdict)event->body.verdict, update);
        break;
    case BFT_EVENT_BUILT:
        on_built(core, event->built.height, event->built.round, &event->built.value, update);
        break;
    case BFT_EVENT_TIMER:
        on_timer(core, &event->timer, update);
        break;
    case BFT_EVENT_SIGNED:
        on_signed(core, &event->sign, update);
        break;
    case BFT_EVENT_DUE:
        on_due(core, update);
        break;
    case BFT_EVENT_RESUME:
        on_resume(core, update);
        return;
    }
    rules_run(core, update);
}
