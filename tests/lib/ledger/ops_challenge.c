/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about challenges. */
#include "tests/lib/ledger/ops.h"

static void op_challenge(struct world *w) {
    struct deal *d = a_deal(w);
    MsgSubmitChallenge m = MSG_SUBMIT_CHALLENGE__INIT;
    m.bucket_name = text(w, d->bucket);
    m.object_name = text(w, d->object);
    m.position = (uint32_t)below(w, profile_positions(&d->profile) + seldom(w, 5));
    m.any_segment = seldom(w, 2);
    m.segment = m.any_segment ? 0 : below(w, 5);
    fixture_do(&w->f, seldom(w, 5) ? anybody(w) : d->owner, &m.base);
}

static struct deal *deal_named(struct world *w, const char *object) {
    for (unsigned i = 0; i < WORLD_DEALS; i++)
        if (strcmp(w->deals[i].object, object) == 0)
            return &w->deals[i];
    return NULL;
}

static void op_answer(struct world *w) {
    const ChallengesAnswer *open = fixture_query(&w->f, "/challenge/challenges", NULL);
    if (!open->n_challenges)
        return;
    const Challenge *c = open->challenges[below(w, open->n_challenges)];
    struct deal *d = deal_named(w, c->object_name);
    MsgAnswerChallenge m;
    if (!d || (c->status != CHALLENGE_STATUS_OPEN && !seldom(w, 10)))
        return;
    if (c->position >= profile_positions(&d->profile))
        return; /* of more copies than the deal has now */
    deal_answer(d, c, &m);
    if (seldom(w, 8))
        m.leaves[0]->data.data[0] ^= 1;
    if (seldom(w, 12))
        m.n_leaves--;
    fixture_do(&w->f, seldom(w, 12) ? anybody(w) : arena_printf(&w->f.tx_arena, "sp%u.seal", (unsigned)c->sp_id - 1),
               &m.base);
}

void ops_answer_of(struct world *w, uint32_t sp_id) {
    const ChallengesAnswer *open =
        fixture_query(&w->f, "/challenge/challenges", "sp_id", arena_printf(&w->f.tx_arena, "%u", sp_id), NULL);
    for (size_t i = 0, sent = 0; i < open->n_challenges && sent < 4; i++) {
        const Challenge *c = open->challenges[i];
        struct deal *d = deal_named(w, c->object_name);
        MsgAnswerChallenge m;
        if (!d || c->status != CHALLENGE_STATUS_OPEN || c->position >= profile_positions(&d->profile))
            continue;
        deal_answer(d, c, &m);
        fixture_do(&w->f, arena_printf(&w->f.tx_arena, "sp%u.seal", sp_id - 1), &m.base);
        sent++;
    }
}

/* Mostly of a repair that is owed, by who owes it. */
static void op_declare_lost(struct world *w) {
    const RepairDutiesAnswer *owed = fixture_query(&w->f, "/challenge/repairs", NULL);
    MsgDeclareLost m = MSG_DECLARE_LOST__INIT;
    if (!owed->n_duties && !seldom(w, 10))
        return;
    const RepairDuty *duty = owed->n_duties ? owed->duties[below(w, owed->n_duties)] : NULL;
    m.object_id = duty ? duty->object_id : below(w, 20);
    m.position = duty && !seldom(w, 10) ? duty->position : (uint32_t)below(w, 70);
    const char *who = duty ? arena_printf(&w->f.tx_arena, seldom(w, 2) ? "sp%u" : "sp%u.seal", duty->sp_id - 1) : "";
    fixture_do(&w->f, !duty || seldom(w, 8) ? anybody(w) : who, &m.base);
}

static const struct world_op rows[] = {
    {"declare_lost", 3, op_declare_lost},
    {"challenge", 4, op_challenge},
    {"answer", 24, op_answer},
};
const struct world_ops ops_challenge = WORLD_OPS(rows);
