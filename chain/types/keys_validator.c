/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_validator.h"

struct bytes key_validators(struct key *k) {
    key_begin(k, KEY_VALIDATOR, 'v');
    return key_bytes(k);
}

struct bytes key_validator(struct key *k, const struct addr *addr) {
    key_validators(k);
    key_add_addr(k, addr);
    return key_bytes(k);
}

struct bytes key_validator_sets(struct key *k) {
    key_begin(k, KEY_VALIDATOR, 's');
    return key_bytes(k);
}

struct bytes key_validator_set(struct key *k, uint64_t from) {
    key_validator_sets(k);
    key_add_u64(k, from);
    return key_bytes(k);
}

struct bytes key_seed(struct key *k) {
    key_begin(k, KEY_VALIDATOR, 'e');
    return key_bytes(k);
}
