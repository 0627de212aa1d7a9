/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_GOV_PROPOSAL_H
#define CAIRN_X_GOV_PROPOSAL_H
/* One proposal: its records, its votes, its end. Private to x/gov. */
#include "x/gov/gov.h"

#define TITLE_MAX   200
#define INFO_MAX    500
#define BALLOTS_MAX 512 /* of one proposal: validators come and go while it is open */

/* CODE_GOV_PROPOSAL. */
int proposal_get(struct ctx *ctx, uint64_t id, GovProposal **ret, struct err *err);
int proposal_put(struct ctx *ctx, const GovProposal *p, struct err *err);
int gov_state_get(struct ctx *ctx, GovState **ret, struct err *err);
int gov_state_put(struct ctx *ctx, const GovState *state, struct err *err);

/* Could what it asks for be done now? CODE_GOV_CONTENT, and the codes of what would be done. Writes nothing. */
int content_check(struct ctx *ctx, const GovProposal *p, struct err *err);
/* Does it. */
int content_do(struct ctx *ctx, const GovProposal *p, struct err *err);

/* Adds up the votes by the power that validators have in this block's set. */
int proposal_count(struct ctx *ctx, GovProposal *p, struct err *err);
static inline bool proposal_passes(const GovProposal *p) { /* more than 2/3 */
    return (u128)p->yes * 3 > (u128)p->power * 2;
}
static inline bool proposal_cannot_pass(const GovProposal *p) {
    return (u128)p->no * 3 >= (u128)p->power;
}
/* Moves its place in the queue of ends. */
int proposal_move_end(struct ctx *ctx, GovProposal *p, uint64_t ends_at, struct err *err);

int proposal_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
int proposal_forget_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
int gov_invariants(struct ctx *ctx, struct err *err);

int msg_propose_check(const void *message, const Params *params, struct err *err);
int msg_propose_run(struct ctx *ctx, const void *message, struct err *err);
int msg_vote_check(const void *message, const Params *params, struct err *err);
int msg_vote_run(struct ctx *ctx, const void *message, struct err *err);

#endif
