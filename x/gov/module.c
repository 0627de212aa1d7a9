/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_gov.h"
#include "x/gov/proposal.h"

#include "cairn/state.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_PROPOSE, .desc = &msg_propose__descriptor, .check = msg_propose_check, .run = msg_propose_run},
    {.kind = MSG__BODY_VOTE, .desc = &msg_vote__descriptor, .check = msg_vote_check, .run = msg_vote_run},
};

static uint64_t cap(const struct ctx *ctx) {
    return ctx->params->gov->closings_per_block;
}

static const struct hook end[] = {
    {.name = "gov.end", .cap = cap, .module = KEY_GOV, .queue = 'q', .due = proposal_due},
    {.name = "gov.forget", .cap = cap, .module = KEY_GOV, .queue = 'k', .due = proposal_forget_due},
};

/* --- queries --- */

static int query_proposal(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_proposal(ret, ((const IdQuery *)question)->id);
    return CODE_OK;
}

static int query_upgrade(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_upgrade(ret);
    return CODE_OK;
}

static int query_ballot(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    const BallotQuery *q = question;
    struct addr validator;
    int rc = addr_need(q->validator, "validator", &validator, err);
    if (rc == CODE_OK)
        key_ballot(ret, q->proposal_id, &validator);
    return rc;
}

struct page {
    ProposalsAnswer *answer;
    size_t limit;
};

static int add(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct page *p = arg;
    ProposalsAnswer *a = p->answer;
    (void)rest, (void)value, (void)err;
    if (ctx_page_full(ctx, a->n_proposals, p->limit)) {
        a->next = a->proposals[a->n_proposals - 1]->id;
        return RECORD_STOP;
    }
    a->proposals[a->n_proposals++] = msg;
    return CODE_OK;
}

static int query_proposals(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const ProposalsQuery *q = question;
    struct page p = {CTX_NEW(ctx, ProposalsAnswer), query_limit(q->limit)};
    struct key prefix, after;
    proposals_answer__init(p.answer);
    p.answer->proposals = ctx_array(ctx, p.limit, sizeof *p.answer->proposals);
    struct bytes from = q->start_after ? key_proposal(&after, q->start_after) : BYTES_NONE;
    int rc = record_each(ctx, key_proposals(&prefix), from, 0, &gov_proposal__descriptor, add, &p, err);
    if (rc == CODE_OK)
        *(ProposalsAnswer **)ret_answer = p.answer;
    return rc;
}

static const struct query queries[] = {
    {.path = "/gov/proposal",
     .help = "a proposal: id",
     .question = &id_query__descriptor,
     .answer = &gov_proposal__descriptor,
     .key = query_proposal},
    {.path = "/gov/proposals",
     .help = "proposals, open and decided a while ago: start_after, limit",
     .question = &proposals_query__descriptor,
     .answer = &proposals_answer__descriptor,
     .run = query_proposals},
    {.path = "/gov/vote",
     .help = "what a validator has said: proposal_id, validator",
     .question = &ballot_query__descriptor,
     .answer = &ballot__descriptor,
     .key = query_ballot},
    {.path = "/gov/upgrade",
     .help = "the newest upgrade that was decided",
     .question = &empty_query__descriptor,
     .answer = &upgrade_plan__descriptor,
     .key = query_upgrade},
};

const struct module gov_module = {
    .name = "gov",
    .id = KEY_GOV,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .end = end,
    .end_n = COUNT_OF(end),
    .queries = queries,
    .queries_n = COUNT_OF(queries),
    .invariants = gov_invariants,
};
