/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_validator.h"

static struct bytes table(struct key *k, char which) {
    key_begin(k, KEY_VALIDATOR, which);
    return key_bytes(k);
}

static struct bytes with_addr(struct key *k, char which, const struct addr *addr) {
    table(k, which);
    key_add_addr(k, addr);
    return key_bytes(k);
}

static struct bytes with_number(struct key *k, char which, uint64_t v) {
    table(k, which);
    key_add_u64(k, v);
    return key_bytes(k);
}

static struct bytes with_both(struct key *k, char which, uint64_t v, const struct addr *addr) {
    with_number(k, which, v);
    key_add_addr(k, addr);
    return key_bytes(k);
}

struct bytes key_validators(struct key *k) {
    return table(k, 'v');
}

struct bytes key_validator(struct key *k, const struct addr *addr) {
    return with_addr(k, 'v', addr);
}

struct bytes key_validator_sets(struct key *k) {
    return table(k, 's');
}

struct bytes key_validator_set(struct key *k, uint64_t from) {
    return with_number(k, 's', from);
}

struct bytes key_set_state(struct key *k) {
    return table(k, 'c');
}

struct bytes key_set_due(struct key *k) {
    return table(k, 'd');
}

struct bytes key_height_pages(struct key *k) {
    return table(k, 'h');
}

struct bytes key_height_page(struct key *k, uint64_t height) {
    return with_number(k, 'h', height / HEIGHT_PAGE);
}

struct bytes key_candidates(struct key *k) {
    return table(k, 'p');
}

struct bytes key_candidate(struct key *k, uint64_t power, const struct addr *addr) {
    return with_both(k, 'p', UINT64_MAX - power, addr);
}

struct bytes key_unbondings(struct key *k) {
    return table(k, 'q');
}

struct bytes key_unbonding(struct key *k, uint64_t release_at, const struct addr *addr) {
    return with_both(k, 'q', release_at, addr);
}

struct bytes key_rewards_all(struct key *k) {
    return table(k, 'r');
}

struct bytes key_rewards(struct key *k, const struct addr *addr) {
    return with_addr(k, 'r', addr);
}

struct bytes key_reward_state(struct key *k) {
    return table(k, 'f');
}

struct bytes key_downtime(struct key *k) {
    return table(k, 'l');
}

struct bytes key_missed_all(struct key *k) {
    return table(k, 'm');
}

struct bytes key_missed(struct key *k, uint64_t height) {
    return with_number(k, 'm', height);
}

struct bytes key_used_evidence(struct key *k, const struct hash *id) {
    table(k, 'x');
    key_add_bytes(k, hash_bytes(id));
    return key_bytes(k);
}

struct bytes key_seed(struct key *k) {
    return table(k, 'e');
}
