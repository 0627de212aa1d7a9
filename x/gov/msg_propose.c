/* SPDX-License-Identifier: Apache-2.0 */
/* MsgPropose: puts something to the validators' vote, with a deposit. */
#include "x/gov/proposal.h"

#include "chain/types/keys_gov.h"
#include "x/auth/account.h"

#include <inttypes.h>

static int check_text(const char *what, const char *text, size_t min, size_t max, struct err *err) {
    size_t len = strlen(text);
    return len >= min && len <= max
               ? CODE_OK
               : err_set(err, CODE_GOV_CONTENT, "the %s has %zu bytes, it must have %zu to %zu", what, len, min, max);
}

static int check_content(const MsgPropose *msg, const GovParams *params, struct err *err) {
    switch (msg->content_case) {
    case MSG_PROPOSE__CONTENT_PARAMS:
        return msg->params->n_changes >= 1 && msg->params->n_changes <= params->changes_max
                   ? CODE_OK
                   : err_set(err, CODE_GOV_CONTENT, "%zu parameters are named, it must be 1 to %" PRIu64,
                             msg->params->n_changes, params->changes_max);
    case MSG_PROPOSE__CONTENT_UPGRADE:
        if (msg->upgrade->proposal_id)
            return err_set(err, CODE_GOV_CONTENT, "the proposal's number is given by the ledger");
        return check_text("info", msg->upgrade->info, 0, INFO_MAX, err);
    case MSG_PROPOSE__CONTENT_ADMISSION:
        return CODE_OK;
    case MSG_PROPOSE__CONTENT_EXIT:
        return check_text("reason", msg->exit->reason, 1, INFO_MAX, err);
    default:
        return err_set(err, CODE_GOV_CONTENT, "the proposal asks for nothing");
    }
}

int msg_propose_check(const void *message, const Params *params, struct err *err) {
    const MsgPropose *msg = message;
    int rc = check_text("title", msg->title, 1, TITLE_MAX, err);
    return rc ? rc : check_content(msg, params->gov, err);
}

static GovProposal build(struct ctx *ctx, const MsgPropose *msg, uint64_t id) {
    GovProposal p = GOV_PROPOSAL__INIT;
    p.id = id;
    p.proposer = ctx_addr(ctx, &ctx->signer);
    p.title = msg->title;
    switch (msg->content_case) {
    case MSG_PROPOSE__CONTENT_PARAMS:
        p.content_case = GOV_PROPOSAL__CONTENT_PARAMS;
        p.params = msg->params;
        break;
    case MSG_PROPOSE__CONTENT_UPGRADE:
        p.content_case = GOV_PROPOSAL__CONTENT_UPGRADE;
        p.upgrade = msg->upgrade;
        break;
    case MSG_PROPOSE__CONTENT_ADMISSION:
        p.content_case = GOV_PROPOSAL__CONTENT_ADMISSION;
        p.admission = msg->admission;
        break;
    case MSG_PROPOSE__CONTENT_EXIT:
        p.content_case = GOV_PROPOSAL__CONTENT_EXIT;
        p.exit = msg->exit;
        break;
    default:
        break;
    }
    p.deposit = ctx->params->gov->deposit;
    p.created_at = ctx->time;
    p.ends_at = ctx->time + ctx->params->gov->voting_ms;
    p.status = PROPOSAL_STATUS_VOTING;
    return p;
}

int msg_propose_run(struct ctx *ctx, const void *message, struct err *err) {
    GovState *state;
    struct key k;
    int rc = gov_state_get(ctx, &state, err);
    if (rc)
        return rc;
    if (state->open >= ctx->params->gov->open_max)
        return err_set(err, CODE_GOV_LIMIT, "%" PRIu64 " proposals are open, as many as allowed", state->open);
    GovProposal p = build(ctx, message, state->last_id + 1);
    rc = content_check(ctx, &p, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, &ctx->signer, MODULE_GOV, p.deposit, err);
    if (rc == CODE_OK)
        rc = proposal_count(ctx, &p, err);
    if (rc)
        return rc;
    state->last_id++;
    state->open++;
    rc = gov_state_put(ctx, state, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_proposal_end(&k, p.ends_at, p.id), err);
    if (rc == CODE_OK)
        rc = proposal_put(ctx, &p, err);
    ctx_id(ctx, p.id);
    ctx_event(ctx, "gov.proposed", "proposal", ctx_u64_text(ctx, p.id), "proposer", ctx_addr_text(ctx, &ctx->signer),
              "ends_at", ctx_u64_text(ctx, p.ends_at), NULL);
    return rc;
}
