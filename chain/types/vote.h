/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_VOTE_H
#define CAIRN_CHAIN_TYPES_VOTE_H
/*
 * What validators sign and send each other to agree on a block: votes, proposals, certificates.
 *
 * These are plain values of fixed size (no pointers, no protobuf), because the consensus core works on them without an
 * allocation. The value that is voted upon is a header's id; the id of all zeroes means "nil" (vote for nothing).
 *
 * What is signed is a fixed-width layout, so that the signatures of a certificate can be checked without the votes:
 *
 *   vote       u8 type | u64be height | u32be round | 32 value id                                 under "cairn.vote"
 *   proposal   u8 type | u64be height | u32be round | i32be pol_round | 32 value id               under
 * "cairn.proposal"
 *
 * The voter is not in it: the signature's key says who voted, and all votes of a certificate share one digest.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain/base/fixed.h"
#include "chain/base/limits.h"

/* The first byte of every signed layout; ascending in the order in which one validator signs within a round. */
enum vote_type {
    VOTE_PROPOSAL = 0,
    VOTE_PREVOTE = 1,
    VOTE_PRECOMMIT = 2,
};

#define VOTE_BYTES     45
#define PROPOSAL_BYTES 49
#define POL_ROUND_NONE (-1)

/* A prevote or precommit. `validator` is the index in the height's validator set (sorted by address). */
struct vote {
    uint64_t height;
    uint32_t round;
    uint16_t validator;
    uint8_t type; /* enum vote_type */
    struct hash value;
    struct sig sig;
};

/* A proposal of `value` for (height, round). pol_round: the earlier round in which `value` had its polka, or
 * POL_ROUND_NONE. */
struct proposal {
    uint64_t height;
    uint32_t round;
    int32_t pol_round;
    uint16_t validator;
    struct hash value;
    struct sig sig;
};

enum certificate_kind {
    CERTIFICATE_POLKA = 1,  /* > 2/3 prevotes for `value` in `round` */
    CERTIFICATE_COMMIT = 2, /* > 2/3 precommits for `value` in `round`: `value` is decided */
    CERTIFICATE_ROUND =
        3, /* why `round` may be entered: > 2/3 precommits of round - 1, or > 1/3 votes of round or later */
};

/* A set of votes of distinct validators, ascending by validator, that proves something. Only the first `n` votes are
 * set. */
struct certificate {
    uint64_t height;
    uint32_t round;
    uint8_t kind; /* enum certificate_kind */
    uint16_t n;
    struct hash value; /* zero for CERTIFICATE_ROUND */
    struct vote votes[VALIDATORS_MAX];
};

/* Writes the signed layout. The outputs are exactly VOTE_BYTES and PROPOSAL_BYTES long. */
void vote_bytes(const struct vote *vote, uint8_t ret_bytes[VOTE_BYTES]);
void proposal_bytes(const struct proposal *proposal, uint8_t ret_bytes[PROPOSAL_BYTES]);

/* What is signed: H("cairn.vote", chain tag | layout) and H("cairn.proposal", chain tag | layout). */
struct hash vote_digest(const struct hash *chain_tag, const struct vote *vote);
struct hash proposal_digest(const struct hash *chain_tag, const struct proposal *proposal);

/* Copies only the votes in use: a certificate is 16 KiB at its largest, and mostly far smaller. */
void certificate_copy(struct certificate *dst, const struct certificate *src);

/*
 * Whether the certificate has the shape of its kind: n within the cap, voters ascending and below `validators`, every
 * vote of the certificate's height, and type, round and value as the kind asks. Says nothing of signatures or power.
 */
bool certificate_well_formed(const struct certificate *cert, uint32_t validators);

#endif
