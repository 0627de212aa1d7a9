/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_VALIDATOR_H
#define CAIRN_CHAIN_TYPES_KEYS_VALIDATOR_H
/* Keys of x/validator. */
#include "chain/types/key.h"

struct bytes key_validator(struct key *k, const struct addr *addr); /* 'v' addr of the consensus key -> Validator */
struct bytes key_validators(struct key *k); /* prefix of all, ascending by address: the set's order */
struct bytes key_validator_set(struct key *k,
                               uint64_t from); /* 's' first height -> ValidatorSet that votes from there on */
struct bytes key_validator_sets(struct key *k);
struct bytes key_seed(struct key *k); /* 'e' -> SeedState: what challenges are drawn from */

#endif
