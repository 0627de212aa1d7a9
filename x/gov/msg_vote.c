/* SPDX-License-Identifier: Apache-2.0 */
/* MsgVote: a validator's operator says yes or no; the last word counts. */
#include "x/gov/proposal.h"

#include "chain/crypto/address.h"
#include "chain/types/keys_gov.h"
#include "x/validator/sets.h"
#include "x/validator/validator.h"

#include <inttypes.h>

int msg_vote_check(const void *message, const Params *params, struct err *err) {
    const MsgVote *msg = message;
    struct addr validator;
    (void)params;
    if (msg->option != VOTE_OPTION_YES && msg->option != VOTE_OPTION_NO)
        return err_set(err, CODE_GOV_VOTE, "a vote is yes or no");
    return addr_need(msg->validator, "validator", &validator, err);
}

static int need_power(struct ctx *ctx, const struct addr *validator, struct err *err) {
    struct validator_set set;
    int rc = set_at(ctx, ctx->height, &set, err);
    for (size_t i = 0; rc == CODE_OK && i < set.n; i++) {
        struct addr addr = addr_of_key(&set.at[i].key);
        if (addr_eq(&addr, validator))
            return CODE_OK;
    }
    return rc ? rc
              : err_set(err, CODE_GOV_VOTE, "validator %s does not vote at height %" PRIu64,
                        ctx_addr_text(ctx, validator), ctx->height);
}

static int put_ballot(struct ctx *ctx, GovProposal *p, const struct addr *validator, VoteOption option,
                      struct err *err) {
    struct key k;
    Ballot ballot = BALLOT__INIT;
    bool again = false;
    struct bytes key = key_ballot(&k, p->id, validator);
    int rc = record_has(ctx, key, &again, err);
    if (rc == CODE_OK && !again && p->votes >= BALLOTS_MAX)
        rc = err_set(err, CODE_GOV_LIMIT, "the proposal has %d votes, as many as allowed", BALLOTS_MAX);
    if (rc)
        return rc;
    p->votes += !again;
    ballot.option = option;
    ballot.height = ctx->height;
    return record_put(ctx, key, &ballot, err);
}

int msg_vote_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgVote *msg = message;
    struct addr validator;
    Validator *v;
    GovProposal *p;
    int rc = proposal_get(ctx, msg->proposal_id, &p, err);
    if (rc == CODE_OK && (p->status != PROPOSAL_STATUS_VOTING || p->ends_at <= ctx->time))
        rc = err_set(err, CODE_GOV_CLOSED, "proposal %" PRIu64 " is decided", msg->proposal_id);
    if (rc == CODE_OK)
        rc = validator_need_operator(ctx, msg->validator, &validator, &v, err);
    if (rc == CODE_OK)
        rc = need_power(ctx, &validator, err);
    if (rc == CODE_OK)
        rc = put_ballot(ctx, p, &validator, msg->option, err);
    if (rc == CODE_OK)
        rc = proposal_count(ctx, p, err);
    if (rc == CODE_OK && (proposal_passes(p) || proposal_cannot_pass(p)))
        rc = proposal_move_end(ctx, p, ctx->time, err);
    if (rc == CODE_OK)
        rc = proposal_put(ctx, p, err);
    if (rc)
        return rc;
    ctx_event(ctx, "gov.voted", "proposal", ctx_u64_text(ctx, msg->proposal_id), "validator",
              ctx_addr_text(ctx, &validator), "option", msg->option == VOTE_OPTION_YES ? "yes" : "no", NULL);
    return CODE_OK;
}
