/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_challenge.h"

static void start(struct key *k, char kind) {
    key_begin(k, KEY_CHALLENGE, kind);
}

struct bytes key_challenge_all(struct key *k) {
    start(k, 'c');
    return key_bytes(k);
}

struct bytes key_challenge(struct key *k, uint64_t id) {
    key_challenge_all(k);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_challenge_stats(struct key *k) {
    start(k, 'T');
    return key_bytes(k);
}

struct bytes key_challenge_deadline_all(struct key *k) {
    start(k, 'd');
    return key_bytes(k);
}

struct bytes key_challenge_deadline(struct key *k, uint64_t deadline, uint64_t id) {
    key_challenge_deadline_all(k);
    key_add_u64(k, deadline);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_challenge_sp_all(struct key *k, uint32_t sp_id) {
    start(k, 's');
    key_add_u32(k, sp_id);
    return key_bytes(k);
}

struct bytes key_challenge_sp(struct key *k, uint32_t sp_id, uint64_t id) {
    key_challenge_sp_all(k, sp_id);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_challenge_object_all(struct key *k, uint64_t object_id) {
    start(k, 'o');
    key_add_u64(k, object_id);
    return key_bytes(k);
}

struct bytes key_challenge_object(struct key *k, uint64_t object_id, uint64_t id) {
    key_challenge_object_all(k, object_id);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_challenge_submitter_all(struct key *k, const struct addr *account) {
    start(k, 'a');
    key_add_addr(k, account);
    return key_bytes(k);
}

struct bytes key_challenge_submitter(struct key *k, const struct addr *account, uint64_t id) {
    key_challenge_submitter_all(k, account);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_challenge_segment(struct key *k, uint64_t object_id, uint32_t position, uint64_t segment) {
    start(k, 'n');
    key_add_u64(k, object_id);
    key_add_u32(k, position);
    key_add_u64(k, segment);
    return key_bytes(k);
}

struct bytes key_challenge_closed_all(struct key *k) {
    start(k, 'k');
    return key_bytes(k);
}

struct bytes key_challenge_closed(struct key *k, uint64_t kept_until, uint64_t id) {
    key_challenge_closed_all(k);
    key_add_u64(k, kept_until);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_repair_all(struct key *k) {
    start(k, 'r');
    return key_bytes(k);
}

struct bytes key_repair_of_object(struct key *k, uint64_t object_id) {
    key_repair_all(k);
    key_add_u64(k, object_id);
    return key_bytes(k);
}

struct bytes key_repair(struct key *k, uint64_t object_id, uint32_t position) {
    key_repair_of_object(k, object_id);
    key_add_u32(k, position);
    return key_bytes(k);
}

struct bytes key_repair_due_all(struct key *k) {
    start(k, 'q');
    return key_bytes(k);
}

struct bytes key_repair_due(struct key *k, uint64_t next_draw, uint64_t object_id, uint32_t position) {
    key_repair_due_all(k);
    key_add_u64(k, next_draw);
    key_add_u64(k, object_id);
    key_add_u32(k, position);
    return key_bytes(k);
}

struct bytes key_floor_due_all(struct key *k) {
    start(k, 'f');
    return key_bytes(k);
}

struct bytes key_floor_due(struct key *k, uint64_t next_draw, uint32_t sp_id) {
    key_floor_due_all(k);
    key_add_u64(k, next_draw);
    key_add_u32(k, sp_id);
    return key_bytes(k);
}

struct bytes key_cooling_all(struct key *k) {
    start(k, 'u');
    return key_bytes(k);
}

struct bytes key_cooling(struct key *k, uint64_t object_id, uint32_t position) {
    key_cooling_all(k);
    key_add_u64(k, object_id);
    key_add_u32(k, position);
    return key_bytes(k);
}

struct bytes key_cooling_due_all(struct key *k) {
    start(k, 'v');
    return key_bytes(k);
}

struct bytes key_cooling_due(struct key *k, uint64_t until, uint64_t object_id, uint32_t position) {
    key_cooling_due_all(k);
    key_add_u64(k, until);
    key_add_u64(k, object_id);
    key_add_u32(k, position);
    return key_bytes(k);
}
