/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_EVIDENCE_H
#define CAIRN_CHAIN_TYPES_EVIDENCE_H
/*
 * Evidence: two messages of one validator for the same step of the same round that differ, both with its signature. An
 * honest validator signs one proposal, one prevote and one precommit a round, so nothing else is needed to convict; who
 * submits it does not matter.
 *
 *     double vote      two votes: height, round, type, validator equal, value ids differ (nil is a value)
 *     double proposal  two proposals: height, round, proposer equal, value id or pol_round differ
 *
 *     id   H(cairn.evidence, address 20 | height u64be | round u32be | type u8), type as in the signed layouts: one a
 *          step, whichever two of its messages are shown and in whichever order
 *
 * In message Evidence the two halves carry nothing but what is signed, the validator and the signature: no header,
 * hashes, bodies or certificate.
 *
 *     rc = evidence_from_pb(pb, &e, err);
 *     rc = evidence_verify(&e, &chain_tag, set_of_its_height, err);
 */
#include "chain/types/validator_set.h"
#include "chain/types/vote.h"

#include "cairn/block.h"

struct evidence_half {
    struct hash value;
    int32_t pol_round; /* POL_ROUND_NONE in votes */
    struct sig sig;
};

struct evidence {
    uint64_t height;
    uint32_t round;
    uint16_t validator; /* index in the set of the height */
    uint8_t type;       /* enum vote_type */
    struct evidence_half half[2];
};

/* Checks the shape and that the two contradict each other. CODE_EVIDENCE says what is wrong, CODE_EVIDENCE_SAME; *ret
 * untouched then. */
int evidence_from_pb(const Evidence *in, struct evidence *ret, struct err *err);

/* Are both signatures the validator's? CODE_EVIDENCE when the set has no such validator, CODE_EVIDENCE_SIGNATURE. */
int evidence_verify(const struct evidence *evidence, const struct hash *chain_tag, const struct validator_set *set,
                    struct err *err);

struct hash evidence_id(const struct evidence *evidence, const struct addr *validator);

#endif
