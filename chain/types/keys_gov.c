/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_gov.h"

struct bytes key_proposals(struct key *k) {
    key_begin(k, KEY_GOV, 'p');
    return key_bytes(k);
}

struct bytes key_proposal(struct key *k, uint64_t id) {
    key_proposals(k);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_ballots(struct key *k, uint64_t id) {
    key_begin(k, KEY_GOV, 'v');
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_ballot(struct key *k, uint64_t id, const struct addr *validator) {
    key_ballots(k, id);
    key_add_addr(k, validator);
    return key_bytes(k);
}

struct bytes key_proposal_ends(struct key *k) {
    key_begin(k, KEY_GOV, 'q');
    return key_bytes(k);
}

struct bytes key_proposal_end(struct key *k, uint64_t time, uint64_t id) {
    key_proposal_ends(k);
    key_add_u64(k, time);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_proposal_kept(struct key *k, uint64_t time, uint64_t id) {
    key_begin(k, KEY_GOV, 'k');
    key_add_u64(k, time);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_gov_state(struct key *k) {
    key_begin(k, KEY_GOV, 's');
    return key_bytes(k);
}

struct bytes key_upgrade(struct key *k) {
    key_begin(k, KEY_GOV, 'u');
    return key_bytes(k);
}
