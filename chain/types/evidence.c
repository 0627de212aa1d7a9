/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/evidence.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/crypto/key.h"

#include <inttypes.h>

static int not_evidence(struct err *err, const char *why) {
    return err_set(err, CODE_EVIDENCE, "this is not evidence: %s", why);
}

static bool take_half(ProtobufCBinaryData value, int32_t pol_round, ProtobufCBinaryData sig,
                      struct evidence_half *ret) {
    ret->pol_round = pol_round;
    return hash_from(pb_bytes(value), &ret->value) && sig_from(pb_bytes(sig), &ret->sig);
}

static int take_votes(const Vote *a, const Vote *b, struct evidence *e, struct err *err) {
    if (!a || !b)
        return not_evidence(err, "a double vote needs two votes");
    if (a->height != b->height || a->round != b->round || a->type != b->type || a->validator != b->validator)
        return not_evidence(err, "its votes are not of one validator, height, round and type");
    if ((a->type != VOTE_PREVOTE && a->type != VOTE_PRECOMMIT) || a->validator >= VALIDATORS_MAX)
        return not_evidence(err, "its votes are of no known type or validator");
    if (!take_half(a->value_id, POL_ROUND_NONE, a->signature, &e->half[0]) ||
        !take_half(b->value_id, POL_ROUND_NONE, b->signature, &e->half[1]))
        return not_evidence(err, "a vote lacks its value id or signature");
    e->height = a->height;
    e->round = a->round;
    e->type = (uint8_t)a->type;
    e->validator = (uint16_t)a->validator;
    return CODE_OK;
}

/* Nothing beside what is signed: evidence is small, and has one form. */
static bool is_bare(const Proposal *p) {
    return p->header.len == 0 && p->n_wire_hashes == 0 && !p->last_certificate && p->n_txs == 0;
}

static int take_proposals(const Proposal *a, const Proposal *b, struct evidence *e, struct err *err) {
    if (!a || !b)
        return not_evidence(err, "a double proposal needs two proposals");
    if (a->height != b->height || a->round != b->round || a->proposer != b->proposer)
        return not_evidence(err, "its proposals are not of one validator, height and round");
    if (a->proposer >= VALIDATORS_MAX)
        return not_evidence(err, "its proposals are of no known validator");
    if (!is_bare(a) || !is_bare(b))
        return not_evidence(err, "its proposals must come without header, hashes, certificate and transactions");
    if (!take_half(a->value_id, a->pol_round, a->signature, &e->half[0]) ||
        !take_half(b->value_id, b->pol_round, b->signature, &e->half[1]))
        return not_evidence(err, "a proposal lacks its value id or signature");
    e->height = a->height;
    e->round = a->round;
    e->type = VOTE_PROPOSAL;
    e->validator = (uint16_t)a->proposer;
    return CODE_OK;
}

int evidence_from_pb(const Evidence *in, struct evidence *ret, struct err *err) {
    struct evidence e = {0};
    bool votes = in->vote_a || in->vote_b, proposals = in->proposal_a || in->proposal_b;
    int rc;
    if (votes && proposals)
        rc = not_evidence(err, "it has votes and proposals");
    else if (in->kind == EVIDENCE_KIND_DOUBLE_VOTE)
        rc = take_votes(in->vote_a, in->vote_b, &e, err);
    else if (in->kind == EVIDENCE_KIND_DOUBLE_PROPOSAL)
        rc = take_proposals(in->proposal_a, in->proposal_b, &e, err);
    else
        rc = not_evidence(err, "its kind is unknown");
    if (rc != CODE_OK)
        return rc;
    if (e.height == 0)
        return not_evidence(err, "nobody votes at height 0");
    if (hash_eq(&e.half[0].value, &e.half[1].value) && e.half[0].pol_round == e.half[1].pol_round)
        return err_set(err, CODE_EVIDENCE_SAME, "both messages of the evidence say the same: nobody did wrong");
    *ret = e;
    return CODE_OK;
}

static struct hash digest_of(const struct evidence *e, const struct evidence_half *half, const struct hash *chain_tag) {
    if (e->type == VOTE_PROPOSAL) {
        struct proposal p = {
            .height = e->height, .round = e->round, .pol_round = half->pol_round, .value = half->value};
        return proposal_digest(chain_tag, &p);
    }
    struct vote v = {.height = e->height, .round = e->round, .type = e->type, .value = half->value};
    return vote_digest(chain_tag, &v);
}

int evidence_verify(const struct evidence *e, const struct hash *chain_tag, const struct validator_set *set,
                    struct err *err) {
    if (e->validator >= set->n)
        return err_set(err, CODE_EVIDENCE, "height %" PRIu64 " had %u validators, there is no number %u", e->height,
                       set->n, e->validator);
    for (unsigned i = 0; i < 2; i++) {
        struct hash digest = digest_of(e, &e->half[i], chain_tag);
        if (!key_verify(&set->at[e->validator].key, &digest, &e->half[i].sig))
            return err_set(err, CODE_EVIDENCE_SIGNATURE,
                           "the %s message of the evidence is not signed by validator %u of height %" PRIu64
                           " on this chain",
                           i ? "second" : "first", e->validator, e->height);
    }
    return CODE_OK;
}

struct hash evidence_id(const struct evidence *e, const struct addr *validator) {
    struct hasher hasher;
    hasher_init(&hasher, DOMAIN_EVIDENCE);
    hasher_add(&hasher, validator->b, sizeof validator->b);
    hasher_add_u64(&hasher, e->height);
    hasher_add_u32(&hasher, e->round);
    hasher_add(&hasher, &e->type, 1);
    return hasher_done(&hasher);
}
