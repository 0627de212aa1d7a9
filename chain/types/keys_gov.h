/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_GOV_H
#define CAIRN_CHAIN_TYPES_KEYS_GOV_H
/* Keys of x/gov. */
#include "chain/types/key.h"

struct bytes key_proposal(struct key *k, uint64_t id);                             /* 'p' id u64 -> GovProposal */
struct bytes key_proposals(struct key *k);                                         /* prefix of all */
struct bytes key_ballot(struct key *k, uint64_t id, const struct addr *validator); /* 'v' id u64, address -> Ballot */
struct bytes key_ballots(struct key *k, uint64_t id);                              /* prefix of a proposal's */
struct bytes key_proposal_end(struct key *k, uint64_t time, uint64_t id);          /* 'q' time u64, id u64 -> - */
struct bytes key_proposal_ends(struct key *k);
struct bytes key_proposal_kept(struct key *k, uint64_t time, uint64_t id); /* 'k' time u64, id u64 -> - */
struct bytes key_gov_state(struct key *k);                                 /* 's' -> GovState */
struct bytes key_upgrade(struct key *k);                                   /* 'u' -> UpgradePlan, the newest */

#endif
