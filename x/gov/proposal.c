/* SPDX-License-Identifier: Apache-2.0 */
#include "x/gov/proposal.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_gov.h"
#include "x/auth/account.h"
#include "x/validator/sets.h"

#include <inttypes.h>

int gov_upgrade(struct ctx *ctx, UpgradePlan **ret, struct err *err) {
    struct key k;
    return record_get(ctx, key_upgrade(&k), &upgrade_plan__descriptor, ret, err);
}

int proposal_get(struct ctx *ctx, uint64_t id, GovProposal **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_proposal(&k, id), &gov_proposal__descriptor, ret, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_GOV_PROPOSAL, "there is no proposal %" PRIu64, id) : rc;
}

int proposal_put(struct ctx *ctx, const GovProposal *p, struct err *err) {
    struct key k;
    return record_put(ctx, key_proposal(&k, p->id), p, err);
}

int gov_state_get(struct ctx *ctx, GovState **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_gov_state(&k), &gov_state__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = CTX_NEW(ctx, GovState);
    gov_state__init(*ret);
    return CODE_OK;
}

int gov_state_put(struct ctx *ctx, const GovState *state, struct err *err) {
    struct key k;
    return record_put(ctx, key_gov_state(&k), state, err);
}

/* --- votes --- */

int proposal_count(struct ctx *ctx, GovProposal *p, struct err *err) {
    struct validator_set set;
    struct key k;
    int rc = set_at(ctx, ctx->height, &set, err);
    p->yes = p->no = p->power = 0;
    for (size_t i = 0; rc == CODE_OK && i < set.n; i++) {
        struct addr addr = addr_of_key(&set.at[i].key);
        Ballot *ballot;
        p->power += set.at[i].power;
        rc = record_get(ctx, key_ballot(&k, p->id, &addr), &ballot__descriptor, &ballot, err);
        if (rc == CODE_OK)
            *(ballot->option == VOTE_OPTION_YES ? &p->yes : &p->no) += set.at[i].power;
        else if (rc == CODE_NOT_FOUND)
            rc = CODE_OK;
    }
    return rc;
}

int proposal_move_end(struct ctx *ctx, GovProposal *p, uint64_t ends_at, struct err *err) {
    struct key k;
    int rc = record_del(ctx, key_proposal_end(&k, p->ends_at, p->id), err);
    p->ends_at = ends_at;
    return rc ? rc : record_put_mark(ctx, key_proposal_end(&k, ends_at, p->id), err);
}

static int drop_ballot(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const GovProposal *p = arg;
    struct addr addr;
    struct key k;
    (void)value, (void)msg;
    if (!addr_from(rest, &addr))
        return ctx_fault(ctx, CODE_CORRUPT, "a vote without its validator");
    return record_del(ctx, key_ballot(&k, p->id, &addr), err);
}

/* --- the end --- */

/* Passed or not, the deposit goes back; more than a third against it say that it was not worth their time. */
static int return_deposit(struct ctx *ctx, const GovProposal *p, struct err *err) {
    struct addr proposer;
    int rc = addr_need(p->proposer, "proposer", &proposer, err);
    if (rc)
        return rc;
    return p->status == PROPOSAL_STATUS_REJECTED && proposal_cannot_pass(p)
               ? coins_between_modules(ctx, MODULE_GOV, MODULE_SLASHED, p->deposit, err)
               : coins_from_module(ctx, MODULE_GOV, &proposer, p->deposit, err);
}

/* In a journal of its own: what cannot be done leaves nothing behind but the reason. */
static int carry_out(struct ctx *ctx, GovProposal *p, struct err *err) {
    struct err why = {0};
    size_t mark = state_mark(ctx->state), events = ctx->events.len;
    uint64_t next = ctx->params_next;
    int rc = content_do(ctx, p, &why);
    if (rc == CODE_OK) {
        state_commit(ctx->state, mark);
        p->status = PROPOSAL_STATUS_PASSED;
        return CODE_OK;
    }
    state_rollback(ctx->state, mark);
    ctx->events.len = events;
    ctx->params_next = next;
    p->status = PROPOSAL_STATUS_FAILED;
    p->failure = ctx_str(ctx, err_text(&why));
    return ctx_failed(ctx, err);
}

static const char *status_name(const GovProposal *p) {
    return p->status == PROPOSAL_STATUS_PASSED ? "passed" : p->status == PROPOSAL_STATUS_FAILED ? "failed" : "rejected";
}

static int close(struct ctx *ctx, GovProposal *p, struct err *err) {
    struct key k;
    GovState *state;
    int rc = gov_state_get(ctx, &state, err);
    if (rc)
        return rc;
    if (state->open == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "fewer proposals are open than there are");
    state->open--;
    p->ends_at = ctx->time;
    p->closed_at = ctx->height;
    rc = return_deposit(ctx, p, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_ballots(&k, p->id), BYTES_NONE, 0, NULL, drop_ballot, p, err);
    p->votes = 0;
    if (rc == CODE_OK)
        rc = gov_state_put(ctx, state, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_proposal_kept(&k, ctx->time + ctx->params->gov->closed_kept_ms, p->id), err);
    if (rc == CODE_OK)
        rc = proposal_put(ctx, p, err);
    ctx_event(ctx, "gov.decided", "proposal", ctx_u64_text(ctx, p->id), "status", status_name(p), "yes",
              ctx_u64_text(ctx, p->yes), "no", ctx_u64_text(ctx, p->no), "power", ctx_u64_text(ctx, p->power), NULL);
    return rc;
}

int proposal_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    GovProposal *p;
    (void)due_time, (void)value;
    if (rest.len != 8)
        return ctx_fault(ctx, CODE_CORRUPT, "an entry in the queue of proposals without its id");
    int rc = proposal_get(ctx, load_be64(rest.data), &p, err);
    if (rc == CODE_OK)
        rc = proposal_count(ctx, p, err);
    if (rc)
        return rc;
    p->status = PROPOSAL_STATUS_REJECTED;
    if (proposal_passes(p))
        rc = carry_out(ctx, p, err);
    return rc ? rc : close(ctx, p, err);
}

int proposal_forget_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    (void)due_time, (void)value;
    if (rest.len != 8)
        return ctx_fault(ctx, CODE_CORRUPT, "an entry in the queue of decided proposals without its id");
    return record_del(ctx, key_proposal(&k, load_be64(rest.data)), err);
}
