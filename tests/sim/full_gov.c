/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/node/own_tx.h"
#include "chain/types/keys_gov.h"

#include "cairn/gov.h"

/* Validators change what the engine runs by while it runs, and the rules themselves: honest ones propose and vote, most
 * of them yes. A node whose program does not know the rules of the next height has to stop; it gets another program and
 * starts again. */

enum { OPEN_MAX = 3, NOTICE_BLOCKS = 3, VOTING_MS = 8000 };

/* The ledger wants some of the longest steps of its time for a vote. */
void full_gov_params(const struct sim *s, GovParams *p) {
    uint64_t steps = 8 * (uint64_t)s->drawn.heartbeat_ms;
    p->voting_ms = p->closed_kept_ms = steps > VOTING_MS ? steps : VOTING_MS;
    p->deposit = PEBBLE_PER_CAIRN;
    p->open_max = OPEN_MAX;
    p->upgrade_notice_blocks = NOTICE_BLOCKS;
}

/* Within these the network has to go on. Some are refused beside the others: a heartbeat below the least interval. */
static const struct {
    const char *name;
    uint64_t least, most;
} changeable[] = {
    {"consensus.heartbeat_ms", 100, 5000},
    {"consensus.min_interval_ms", 0, 400},
    {"consensus.timeout_propose_ms", 200, 800},
    {"consensus.timeout_prevote_ms", 75, 300},
    {"consensus.timeout_precommit_ms", 75, 300},
    {"consensus.timeout_delta_ms", 100, 400},
    {"consensus.message_delay_ms", 1500, 4000},
    {"consensus.precision_ms", 400, 1000},
    {"consensus.block_bytes_max", 64 << 10, 1 << 20},
    {"consensus.block_txs_max", 1, 200},
    {"consensus.block_signatures_max", 20, 800},
    {"auth.tx_bytes_max", 8 << 10, 32 << 10},
    {"auth.fee_per_byte", 0, 20},
    {"auth.tx_window_blocks", 60, 400},
    {"gov.voting_ms", 4000, 50000},
    {"gov.closings_per_block", 1, 8},
};

enum { CHANGES_MAX = 3 };

static void draw_changes(struct sim *s, MsgPropose *m, ParamChanges *changes, ParamChange list[CHANGES_MAX],
                         ParamChange *at[CHANGES_MAX]) {
    size_t n = 1 + (size_t)rng_below(&s->load, CHANGES_MAX);
    for (size_t i = 0; i < n; i++) {
        size_t which = (size_t)rng_below(&s->load, COUNT_OF(changeable));
        param_change__init(&list[i]);
        list[i].name = (char *)(uintptr_t)changeable[which].name;
        list[i].value = rng_range(&s->load, changeable[which].least, changeable[which].most);
        at[i] = &list[i];
    }
    changes->changes = at;
    changes->n_changes = n;
    m->content_case = MSG_PROPOSE__CONTENT_PARAMS;
    m->params = changes;
}

static int propose(struct full *f, uint16_t v, struct arena *arena, struct bytes *ret) {
    struct sim *s = f->sim;
    struct addr addr = addr_of_key(&s->pubkeys[v]);
    Msg msg = MSG__INIT;
    MsgPropose m = MSG_PROPOSE__INIT;
    ParamChanges changes = PARAM_CHANGES__INIT;
    ParamChange list[CHANGES_MAX], *at[CHANGES_MAX];
    UpgradePlan plan = UPGRADE_PLAN__INIT;
    m.creator = pb_data(addr_bytes(&addr));
    m.title = pb_text("a change");
    if (s->drawn.upgrade && rng_chance(&s->load, 1, 4)) {
        plan.height = f->executor.head->height + NOTICE_BLOCKS + rng_below(&s->load, 8);
        plan.version = FULL_PROGRAMS;
        m.content_case = MSG_PROPOSE__CONTENT_UPGRADE;
        m.upgrade = &plan;
    } else {
        draw_changes(s, &m, &changes, list, at);
    }
    msg.body_case = MSG__BODY_PROPOSE;
    msg.propose = &m;
    s->full->proposed++;
    return full_sign_own(f, v, &msg, arena, ret);
}

static int vote(struct full *f, uint16_t v, uint64_t proposal, struct arena *arena, struct bytes *ret) {
    struct sim *s = f->sim;
    struct addr addr = addr_of_key(&s->pubkeys[v]);
    Msg msg = MSG__INIT;
    MsgVote m = MSG_VOTE__INIT;
    m.creator = m.validator = pb_data(addr_bytes(&addr));
    m.proposal_id = proposal;
    m.option = rng_chance(&s->load, 1, 10) ? VOTE_OPTION_NO : VOTE_OPTION_YES;
    msg.body_case = MSG__BODY_VOTE;
    msg.vote = &m;
    s->full->voted++;
    return full_sign_own(f, v, &msg, arena, ret);
}

static bool speaks(const struct sim *s, uint16_t v) {
    return s->natures[v] == HONEST && full_is_here(s, v);
}

/* Is it open, and has the validator not voted yet, as far as this node knows? */
static bool awaits(struct full *f, uint16_t v, uint64_t proposal, struct arena *arena) {
    struct state *st = store_state(f->store);
    struct addr addr = addr_of_key(&f->sim->pubkeys[v]);
    GovProposal *p = NULL;
    Ballot *ballot = NULL;
    struct key k;
    return own_read(st, key_proposal(&k, proposal), &gov_proposal__descriptor, arena, &p, NULL) == CODE_OK &&
           p->status == PROPOSAL_STATUS_VOTING &&
           own_read(st, key_ballot(&k, proposal, &addr), &ballot__descriptor, arena, &ballot, NULL) == CODE_NOT_FOUND;
}

static uint64_t newest_proposal(struct full *f, struct arena *arena) {
    GovState *state = NULL;
    struct key k;
    return own_read(store_state(f->store), key_gov_state(&k), &gov_state__descriptor, arena, &state, NULL) == CODE_OK
               ? state->last_id
               : 0;
}

void full_gov_load(struct full *f, struct arena *arena) {
    struct sim *s = f->sim;
    struct bytes wire;
    uint64_t newest = newest_proposal(f, arena);
    uint16_t proposer = (uint16_t)rng_below(&s->load, s->validators);
    bool any = false;
    for (uint16_t v = 0; v < s->validators; v++)
        for (uint64_t id = newest; id > 0 && id + OPEN_MAX > newest; id--)
            if (speaks(s, v) && awaits(f, v, id, arena)) {
                any = true;
                if (rng_chance(&s->load, 3, 4) && vote(f, v, id, arena, &wire) == CODE_OK)
                    full_submit(f, wire);
            }
    if ((!any || rng_chance(&s->load, 1, 4)) && speaks(s, proposer) && propose(f, proposer, arena, &wire) == CODE_OK)
        full_submit(f, wire);
}
