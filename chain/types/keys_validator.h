/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_VALIDATOR_H
#define CAIRN_CHAIN_TYPES_KEYS_VALIDATOR_H
/* Keys of x/validator. */
#include "chain/types/key.h"

#define HEIGHT_PAGE 128 /* heights in one HeightPage: page n has n * 128 .. n * 128 + 127 */

struct bytes key_validator(struct key *k, const struct addr *addr); /* 'v' addr of the consensus key -> Validator */
struct bytes key_validators(struct key *k); /* prefix of all, ascending by address: the set's order */
struct bytes key_validator_set(struct key *k,
                               uint64_t from); /* 's' first height -> ValidatorSet that votes from there on */
struct bytes key_validator_sets(struct key *k);
struct bytes key_set_state(struct key *k);                    /* 'c' -> SetState: the newest sets */
struct bytes key_set_due(struct key *k);                      /* 'd' -> nothing: the next set may differ */
struct bytes key_height_page(struct key *k, uint64_t height); /* 'h' height / HEIGHT_PAGE -> HeightPage */
struct bytes key_height_pages(struct key *k);
struct bytes key_candidate(struct key *k, uint64_t power,
                           const struct addr *addr); /* 'p' 2^64 - 1 - power, addr -> nothing: strongest first */
struct bytes key_candidates(struct key *k);
struct bytes key_unbonding(struct key *k, uint64_t release_at,
                           const struct addr *addr); /* 'q' time, addr -> nothing: part of a bond that is due */
struct bytes key_unbondings(struct key *k);
struct bytes key_rewards(struct key *k, const struct addr *addr); /* 'r' addr -> ValidatorRewards */
struct bytes key_rewards_all(struct key *k);
struct bytes key_reward_state(struct key *k);            /* 'f' -> RewardState */
struct bytes key_downtime(struct key *k);                /* 'l' -> Downtime */
struct bytes key_missed(struct key *k, uint64_t height); /* 'm' height -> MissedHeight */
struct bytes key_missed_all(struct key *k);
struct bytes key_used_evidence(struct key *k, const struct hash *id); /* 'x' id of the evidence -> UsedEvidence */
struct bytes key_seed(struct key *k); /* 'e' -> SeedState: what challenges are drawn from */

#endif
