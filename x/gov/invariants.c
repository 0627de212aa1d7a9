/* SPDX-License-Identifier: Apache-2.0 */
#include "x/gov/proposal.h"

#include "chain/types/keys_gov.h"
#include "x/auth/account.h"

#include <inttypes.h>

struct sums {
    uint64_t deposits, open, last;
};

static int count_ballot(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

static int check_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct sums *s = arg;
    const GovProposal *p = msg;
    struct key k;
    uint64_t ballots = 0;
    bool queued = false, open = p->status == PROPOSAL_STATUS_VOTING;
    (void)rest, (void)value;
    int rc = record_has(ctx, key_proposal_end(&k, p->ends_at, p->id), &queued, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_ballots(&k, p->id), BYTES_NONE, 0, NULL, count_ballot, &ballots, err);
    if (rc)
        return rc;
    if (queued != open)
        return err_set(err, CODE_INTERNAL, "proposal %" PRIu64 " is %s, and %s the queue of ends", p->id,
                       open ? "open" : "decided", queued ? "in" : "not in");
    if (ballots != p->votes)
        return err_set(err, CODE_INTERNAL, "proposal %" PRIu64 " says %" PRIu64 " votes, there are %" PRIu64, p->id,
                       p->votes, ballots);
    s->open += open;
    s->deposits += open ? p->deposit : 0;
    s->last = u64_max(s->last, p->id);
    return CODE_OK;
}

/* The module's coins are the deposits of what is open; what is open is in the queue. */
int gov_invariants(struct ctx *ctx, struct err *err) {
    struct sums s = {0};
    struct key k;
    uint64_t coins;
    GovState *state;
    int rc = record_each(ctx, key_proposals(&k), BYTES_NONE, 0, &gov_proposal__descriptor, check_one, &s, err);
    if (rc == CODE_OK)
        rc = coins_of_module(ctx, MODULE_GOV, &coins, err);
    if (rc == CODE_OK)
        rc = gov_state_get(ctx, &state, err);
    if (rc)
        return rc;
    if (coins != s.deposits)
        return err_set(err, CODE_INTERNAL, "open proposals have deposits of %" PRIu64 ", the module holds %" PRIu64,
                       s.deposits, coins);
    if (state->open != s.open || state->last_id < s.last)
        return err_set(err, CODE_INTERNAL, "%" PRIu64 " proposals are open, %" PRIu64 " are counted", s.open,
                       state->open);
    return CODE_OK;
}
