/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/validators.h"

#include "chain/types/signed.h"
#include "x/validator/sets.h"

MsgCreateValidator validators_create(struct fixture *f, const char *operator, const char * key, uint64_t bond) {
    MsgCreateValidator m = MSG_CREATE_VALIDATOR__INIT;
    struct addr addr = fixture_addr(operator);
    struct hash digest = signed_possession(&addr, &f->chain_tag);
    m.pubkey = fixture_pubkey_data(f, key);
    m.possession = fixture_sign(f, key, &digest);
    m.bond = bond;
    m.name = arena_strdup(&f->tx_arena, key);
    return m;
}

struct hash validators_digest(const struct fixture *f, uint8_t step, uint64_t height, uint32_t round, int32_t pol_round,
                              uint8_t which) {
    struct hash value = {{which}};
    struct proposal p = {.height = height, .round = round, .pol_round = pol_round, .value = value};
    struct vote v = {.height = height, .round = round, .type = step, .value = value};
    return step == VOTE_PROPOSAL ? proposal_digest(&f->chain_tag, &p) : vote_digest(&f->chain_tag, &v);
}

static ProtobufCBinaryData value_of(struct fixture *f, uint8_t which) {
    uint8_t value[32] = {which};
    return fixture_data(f, value, sizeof value);
}

static void make_vote(struct fixture *f, Vote *v, uint8_t step, const char *signer, uint16_t place, uint64_t height,
                      uint32_t round, uint8_t which) {
    struct hash digest = validators_digest(f, step, height, round, POL_ROUND_NONE, which);
    vote__init(v);
    v->type = step;
    v->height = height;
    v->round = round;
    v->validator = place;
    v->value_id = value_of(f, which);
    v->signature = fixture_sign(f, signer, &digest);
}

static void make_proposal(struct fixture *f, Proposal *p, const char *signer, uint16_t place, uint64_t height,
                          uint32_t round, uint8_t which) {
    struct hash digest = validators_digest(f, VOTE_PROPOSAL, height, round, POL_ROUND_NONE, which);
    proposal__init(p);
    p->height = height;
    p->round = round;
    p->pol_round = POL_ROUND_NONE;
    p->proposer = place;
    p->value_id = value_of(f, which);
    p->signature = fixture_sign(f, signer, &digest);
}

struct contradiction *validators_contradict(struct fixture *f, uint8_t step, const char *signer, uint16_t place,
                                            uint64_t height, uint32_t round) {
    struct contradiction *c = ARENA_NEW(&f->tx_arena, struct contradiction);
    evidence__init(&c->evidence);
    msg_submit_evidence__init(&c->msg);
    c->msg.evidence = &c->evidence;
    for (uint8_t i = 0; i < 2; i++) {
        make_vote(f, &c->votes[i], step, signer, place, height, round, i);
        make_proposal(f, &c->proposals[i], signer, place, height, round, (uint8_t)(1 + i));
    }
    if (step == VOTE_PROPOSAL) {
        c->evidence.kind = EVIDENCE_KIND_DOUBLE_PROPOSAL;
        c->evidence.proposal_a = &c->proposals[0];
        c->evidence.proposal_b = &c->proposals[1];
    } else {
        c->evidence.kind = EVIDENCE_KIND_DOUBLE_VOTE;
        c->evidence.vote_a = &c->votes[0];
        c->evidence.vote_b = &c->votes[1];
    }
    return c;
}

struct look {
    uint64_t height;
    struct validator_set *set;
    int rc;
};

static void look_at(struct ctx *ctx, void *arg) {
    struct look *look = arg;
    look->rc = set_at(ctx, look->height, look->set, NULL);
}

int validators_at(struct fixture *f, uint64_t height, struct validator_set *ret) {
    struct look look = {.height = height, .set = ret};
    fixture_with_ctx(f, look_at, &look);
    return look.rc;
}
