/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/vote.h"

#include "chain/crypto/hash.h"

void vote_bytes(const struct vote *vote, uint8_t ret_bytes[VOTE_BYTES]) {
    ret_bytes[0] = vote->type;
    store_be64(ret_bytes + 1, vote->height);
    store_be32(ret_bytes + 9, vote->round);
    memcpy(ret_bytes + 13, vote->value.b, sizeof vote->value.b);
}

void proposal_bytes(const struct proposal *proposal, uint8_t ret_bytes[PROPOSAL_BYTES]) {
    ret_bytes[0] = VOTE_PROPOSAL;
    store_be64(ret_bytes + 1, proposal->height);
    store_be32(ret_bytes + 9, proposal->round);
    store_be32(ret_bytes + 13, (uint32_t)proposal->pol_round);
    memcpy(ret_bytes + 17, proposal->value.b, sizeof proposal->value.b);
}

struct hash vote_digest(const struct hash *chain_tag, const struct vote *vote) {
    uint8_t layout[VOTE_BYTES];
    vote_bytes(vote, layout);
    return hash_signed(DOMAIN_VOTE, chain_tag, bytes_of(layout, sizeof layout));
}

struct hash proposal_digest(const struct hash *chain_tag, const struct proposal *proposal) {
    uint8_t layout[PROPOSAL_BYTES];
    proposal_bytes(proposal, layout);
    return hash_signed(DOMAIN_PROPOSAL, chain_tag, bytes_of(layout, sizeof layout));
}

void certificate_copy(struct certificate *dst, const struct certificate *src) {
    memcpy(dst, src, offsetof(struct certificate, votes) + src->n * sizeof *src->votes);
}

static bool vote_fits(const struct certificate *cert, const struct vote *vote) {
    bool known = vote->type == VOTE_PREVOTE || vote->type == VOTE_PRECOMMIT;
    switch ((enum certificate_kind)cert->kind) {
    case CERTIFICATE_POLKA:
        return vote->type == VOTE_PREVOTE && vote->round == cert->round && hash_eq(&vote->value, &cert->value);
    case CERTIFICATE_COMMIT:
        return vote->type == VOTE_PRECOMMIT && vote->round == cert->round && hash_eq(&vote->value, &cert->value);
    case CERTIFICATE_ROUND:
        return known && (vote->round >= cert->round ||
                         (vote->type == VOTE_PRECOMMIT && (uint64_t)vote->round + 1 == cert->round));
    }
    return false;
}

bool certificate_well_formed(const struct certificate *cert, uint32_t validators) {
    bool of_value = cert->kind != CERTIFICATE_ROUND;
    if (cert->n == 0 || cert->n > VALIDATORS_MAX || of_value == hash_is_zero(&cert->value))
        return false;
    for (uint16_t i = 0; i < cert->n; i++) {
        const struct vote *vote = &cert->votes[i];
        if (vote->height != cert->height || vote->validator >= validators || !vote_fits(cert, vote))
            return false;
        if (i > 0 && cert->votes[i - 1].validator >= vote->validator)
            return false;
    }
    return true;
}
