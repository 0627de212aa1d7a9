/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_VALIDATORS_H
#define CAIRN_TESTS_LIB_LEDGER_VALIDATORS_H
/* Messages about validators with every signature made by test keys; and who votes. Memory: f->tx_arena. */
#include "tests/lib/ledger/fixture.h"

#include "cairn/evidence.h"
#include "chain/types/validator_set.h"

/* A validator of the key called `key` for the operator, with its possession shown and a bond. */
MsgCreateValidator validators_create(struct fixture *f, const char *operator, const char * key, uint64_t bond);

/* Two contradicting messages signed by `signer`, as validator number `place` of a height: votes of a type, or proposals
 * (step VOTE_PROPOSAL). Everything in it may be changed afterwards. */
struct contradiction {
    MsgSubmitEvidence msg;
    Evidence evidence;
    Vote votes[2];
    Proposal proposals[2];
};
struct contradiction *validators_contradict(struct fixture *f, uint8_t step, const char *signer, uint16_t place,
                                            uint64_t height, uint32_t round);
/* What such a message signs: the value is `which` and zeros. */
struct hash validators_digest(const struct fixture *f, uint8_t step, uint64_t height, uint32_t round, int32_t pol_round,
                              uint8_t which);

/* The set that votes at a height. */
int validators_at(struct fixture *f, uint64_t height, struct validator_set *ret);

#endif
