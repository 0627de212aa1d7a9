/* SPDX-License-Identifier: Apache-2.0 */
/* Two contradicting signatures of one validator, as the record that proves it. */
#include "chain/node/core_rooms.h"

#include "chain/codec/pb.h"
#include "chain/os/log.h"

#include <inttypes.h>

static int vote_evidence(const struct bft_evidence *e, struct arena *arena, Evidence *pb) {
    pb->kind = EVIDENCE_KIND_DOUBLE_VOTE;
    int rc = vote_to_pb(&e->votes[0], arena, &pb->vote_a, NULL);
    return rc == CODE_OK ? vote_to_pb(&e->votes[1], arena, &pb->vote_b, NULL) : rc;
}

/* Proposals without their headers: the ids and signatures are in two votes-like halves. */
static void proposal_half(const struct proposal *p, Proposal *pb) {
    proposal__init(pb);
    pb->height = p->height;
    pb->round = p->round;
    pb->pol_round = p->pol_round;
    pb->proposer = p->validator;
    pb->signature = pb_data(sig_bytes(&p->sig));
    pb->value_id = pb_data(hash_bytes(&p->value));
}

/* Logged, and never given away: who runs two copies by mistake loses less than who is slashed for it. */
static void against_self(struct core *c, uint64_t height) {
    struct err err;
    err_set(&err, CODE_CONFLICT,
            "this validator's key signed two contradicting messages of height %" PRIu64
            ": another copy of the key runs; stop all copies but one, for this is what validators are slashed for",
            height);
    log_error("node", "evidence against this very node", "why=%s", log_quote(err_text(&err)).s);
    if (c->alone && c->twin.code == CODE_OK)
        c->twin = err;
}

void evidence_emit(struct core *c, const struct bft_evidence *e) {
    Evidence pb = EVIDENCE__INIT;
    Proposal a, b;
    struct bytes bytes;
    int rc = CODE_OK;
    bool proposals = e->type == VOTE_PROPOSAL;
    struct arena_mark mark = arena_mark(&c->arena);
    if (proposals) {
        proposal_half(&e->proposals[0], &a);
        proposal_half(&e->proposals[1], &b);
        pb.kind = EVIDENCE_KIND_DOUBLE_PROPOSAL;
        pb.proposal_a = &a;
        pb.proposal_b = &b;
    } else {
        rc = vote_evidence(e, &c->arena, &pb);
    }
    if (rc == CODE_OK)
        rc = pb_encode(&pb, &c->arena, &bytes, NULL);
    uint16_t index = proposals ? e->proposals[0].validator : e->votes[0].validator;
    uint64_t height = proposals ? e->proposals[0].height : e->votes[0].height;
    metric_add(c->metrics.evidence, 1);
    if (c->signer != NULL && index == validator_set_find(&c->head->info.validators, &c->self))
        against_self(c, height);
    else if (rc == CODE_OK)
        c->host.evidence(c->host.ctx, height, index, bytes);
    arena_rewind(&c->arena, mark);
}
